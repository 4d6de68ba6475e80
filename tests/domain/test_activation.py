"""From the e-mailed link to an active account: terms, date of birth, password (spec 01, activation; T4, T5, T6)."""

import datetime as dt

import pytest

import models
from domain import accounts, activation, agency, audit, links, sign_in, store, work_queue
from domain.actor import SYSTEM, Actor
from domain.rules import NotFound, RuleBroken
from models import AuditEntry, Delivery, Individual, Link, PageVersion, PortalAccount, RateCount, Setting, Task

WRONG = dt.date(1970, 7, 7)
GOOD_PASSWORD = "seven blue herons wade"


def right(link):
    return link.account.individual.birth_date


def accept(link, by):
    activation.accept_terms(link, *activation.pages_to_accept("en"), by)


def refused(verb, *arguments, **options):
    with pytest.raises(RuleBroken) as refusal:
        verb(*arguments, **options)
    return refusal.value


def try_wrong(link, by):
    return refused(activation.prove_birth_date, link, WRONG, by).code


def tries(link):
    return PortalAccount.get_by_id(link.account_id).birth_date_tries


# ---------------------------------------------------------------- the whole way


def test_pia_activates_her_account_and_signs_in(cast):
    link, visitor = cast.invited(), cast.visitor("203.0.113.9")
    assert activation.standing(activation.find(links.token(link))) == activation.GOOD
    accept(link, visitor)
    proof = activation.prove_birth_date(link, right(link), visitor)
    account = activation.activate(link, GOOD_PASSWORD, proof=proof, by=visitor)
    assert (account.state, account.individual) == ("active", cast.pia)
    assert account.activated_at is not None
    assert sign_in.sign_in("pia@example.org", GOOD_PASSWORD, device_token="", agent="", by=visitor).account == account
    kinds = [entry.kind for entry in AuditEntry.select().where(AuditEntry.individual == cast.pia)]
    assert kinds[-4:] == ["account.created", "account.terms_accepted", "account.activated", "sign_in.done"]


def test_which_versions_were_accepted_is_stored(cast):
    link = cast.invited()
    agency.publish("terms", "en", "The terms of next year.", SYSTEM)
    accept(link, cast.visitor())
    account = PortalAccount.get_by_id(link.account_id)
    assert (account.accepted_privacy.version, account.accepted_terms.version) == (1, 2)
    entry = AuditEntry.get(AuditEntry.kind == "account.terms_accepted", AuditEntry.individual == cast.pia)
    assert audit.values_of(entry) == {"privacy": 1, "terms": 2}


def test_before_the_pages_are_published_there_is_nothing_to_accept(db):
    with pytest.raises(NotFound):
        activation.pages_to_accept("en")


def test_the_act_is_recorded_as_the_clients_own(cast):
    cast.activated()
    entry = AuditEntry.select().where(AuditEntry.kind == "account.activated").order_by(AuditEntry.id.desc()).get()
    assert (entry.actor_kind, entry.account, entry.individual) == ("client", cast.pia_account, cast.pia)


# ---------------------------------------------------------------- opening changes nothing


def test_a_mail_scanner_that_opens_the_link_a_hundred_times_changes_nothing_but_the_openings(cast):
    link = cast.invited()
    before = dump(without=("link_opening",))
    for _ in range(100):
        found = activation.find(links.token(link))
        assert activation.standing(found) == activation.GOOD
        links.opened(found, network="203.0.113.1", agent="scanner")
    assert dump(without=("link_opening",)) == before
    assert models.LinkOpening.select().where(models.LinkOpening.link == link).count() == 100
    assert activation.prove_birth_date(link, right(link), cast.visitor())


def dump(without=()):
    return {
        table._meta.table_name: list(table.select().tuples())
        for table in models.TABLES
        if table._meta.table_name not in without
    }


# ---------------------------------------------------------------- the date of birth


def test_a_wrong_date_says_how_many_tries_are_left(cast):
    link, visitor = cast.invited(), cast.visitor()
    first = refused(activation.prove_birth_date, link, WRONG, visitor)
    assert (first.code, first.field, first.count) == ("wrong", "birth_date", 2)
    assert str(first) == "That date of birth does not match. You have 2 tries left."
    second = refused(activation.prove_birth_date, link, WRONG, visitor)
    assert str(second) == "That date of birth does not match. You have 1 try left."


def test_the_third_wrong_date_closes_the_account_and_tells_staff_and_client(cast):
    link, visitor = cast.invited(), cast.visitor()
    assert [try_wrong(link, visitor) for _ in range(3)] == ["wrong", "wrong", "closed"]
    account = PortalAccount.get_by_id(link.account_id)
    assert (account.state, account.reason, account.birth_date_tries) == ("closed", "date_of_birth", 3)
    task = Task.get()
    assert (task.kind, task.category, task.individual) == ("birth_date_closed", "intake", cast.pia)
    mails = [(d.kind, d.state, d.to_address) for d in Delivery.select().where(Delivery.account == account)]
    assert mails == [("activation", "cancelled", "pia@example.org"), ("birth_date_closed", "due", "pia@example.org")]
    wrong = AuditEntry.select().where(AuditEntry.kind == "account.birth_date_wrong").order_by(AuditEntry.id)
    assert [audit.values_of(entry)["tries"] for entry in wrong] == [1, 2, 3]
    failed = AuditEntry.get(AuditEntry.kind == "account.birth_date_failed")
    assert (failed.actor_kind, audit.values_of(failed)) == ("system", {"before": "pending", "after": "closed"})


def test_after_the_third_wrong_date_the_right_one_comes_too_late(cast):
    link, visitor = cast.invited(), cast.visitor()
    for _ in range(3):
        try_wrong(link, visitor)
    assert refused(activation.prove_birth_date, link, right(link), visitor).code == "no_longer"
    assert activation.standing(Link.get_by_id(link.id)) == "date_of_birth"


def test_a_resend_does_not_start_the_tries_again(cast):
    link, visitor = cast.invited(), cast.visitor()
    assert [try_wrong(link, visitor), try_wrong(link, visitor)] == ["wrong", "wrong"]
    accounts.resend(link.account, cast.by("ada"))
    assert try_wrong(cast.link_of(link.account), visitor) == "closed"


def test_disabling_and_enabling_does_not_start_the_tries_again_either(cast):
    link, visitor = cast.invited(), cast.visitor()
    try_wrong(link, visitor)
    accept(link, visitor)
    proof = activation.prove_birth_date(link, right(link), visitor)
    account = activation.activate(link, GOOD_PASSWORD, proof=proof, by=visitor)
    accounts.disable(account, cast.by("ada"))
    accounts.enable(account, cast.by("ada"))
    assert tries(link) == 1


@pytest.mark.parametrize(("stored", "verdicts"), [(1, ["closed"]), (2, ["wrong", "closed"]), (5, ["wrong", "wrong", "closed"])])
def test_the_agency_may_allow_fewer_than_three_tries_but_never_more(cast, stored, verdicts):
    with store.writing():  # as an earlier version let it be
        Setting.insert(key="birth_date_tries", value=str(stored)).execute()
    link, visitor = cast.invited(), cast.visitor()
    assert [try_wrong(link, visitor) for _ in verdicts] == verdicts
    assert try_wrong(link, visitor) == "no_longer"
    assert PortalAccount.get_by_id(link.account_id).reason == "date_of_birth"


def test_whose_three_tries_are_used_up_gets_no_fourth_whatever_the_state_says(cast):
    link = cast.invited()
    with store.writing():  # as if the closing had not followed
        PortalAccount.update(birth_date_tries=3).where(PortalAccount.id == link.account_id).execute()
    assert refused(activation.prove_birth_date, link, right(link), cast.visitor()).code == "no_longer"
    assert try_wrong(link, cast.visitor()) == "no_longer"


def test_the_right_date_gives_the_try_back(cast):
    link, visitor = cast.invited(), cast.visitor()
    try_wrong(link, visitor)
    counted = sorted(row.count for row in RateCount.select())
    for _ in range(10):
        assert activation.prove_birth_date(link, right(link), visitor)
    assert tries(link) == 1
    assert sorted(row.count for row in RateCount.select()) == counted
    assert try_wrong(link, visitor) == "wrong"


def test_one_person_has_five_tries_a_day_whatever_the_number_of_links(cast, frozen):
    frozen("2026-06-01 09:00")
    link, visitor = cast.invited(), cast.visitor()
    for _ in range(3):
        try_wrong(link, visitor)
    link = cast.link_of(accounts.send_new(link.account.individual.accounts.get(), cast.by("ada")))
    assert [try_wrong(link, visitor), try_wrong(link, visitor)] == ["wrong", "wrong"]
    assert try_wrong(link, visitor) == "too_many"
    assert refused(activation.prove_birth_date, link, right(link), cast.visitor("203.0.113.80")).code == "too_many"
    assert tries(link) == 2
    frozen.shift(days=1)
    assert activation.prove_birth_date(link, right(link), visitor)


def test_one_network_has_twenty_tries_an_hour_for_all_people_together(cast, frozen):
    frozen("2026-06-01 09:00")
    everybody = [cast.invited(cast.person(f"Nora{number}")) for number in range(11)]
    for link in everybody[:10]:
        assert [try_wrong(link, cast.visitor("198.51.100.1")) for _ in range(2)] == ["wrong", "wrong"]
    last = everybody[10]
    assert try_wrong(last, cast.visitor("198.51.100.1")) == "too_many"
    assert tries(last) == 0
    assert try_wrong(last, cast.visitor("198.51.100.2")) == "wrong"
    frozen.shift(hours=1)
    assert activation.prove_birth_date(last, right(last), cast.visitor("198.51.100.1"))


def test_a_try_that_a_busy_network_refused_does_not_count_against_the_person(cast, frozen, decided):
    frozen("2026-06-01 09:00")
    decided(birth_date_tries_a_network=5)
    shared = cast.visitor("198.51.100.1")
    for number in range(5):
        try_wrong(cast.invited(cast.person(f"Nora{number}")), shared)
    link = cast.invited()
    assert [try_wrong(link, shared) for _ in range(9)] == ["too_many"] * 9
    assert activation.prove_birth_date(link, right(link), cast.visitor("198.51.100.2"))


def test_thirty_days_of_guessing_on_fresh_links_stay_within_the_daily_limit(cast, frozen):
    frozen("2026-06-01 09:00")
    account, guesses = cast.invited().account, 0
    for day in range(30):
        for guess in range(7):
            if PortalAccount.get_by_id(account.id).state == "closed":
                account = accounts.send_new(PortalAccount.get_by_id(account.id), cast.by("ada"))
            code = try_wrong(cast.link_of(account), cast.visitor(f"198.51.100.{guess}"))
            guesses += code in ("wrong", "closed")
        assert guesses <= 5 * (day + 1)
        frozen.shift(days=1)
    wrong = AuditEntry.select().where(AuditEntry.kind == "account.birth_date_wrong").count()
    assert wrong == guesses
    assert guesses > 100  # else this test would show nothing


def test_the_placeholder_never_activates_an_account_even_if_it_came_later(cast):
    link = cast.invited()
    with store.writing():
        Individual.update(birth_date=dt.date(1900, 1, 1)).where(Individual.id == cast.pia.id).execute()
    assert refused(activation.prove_birth_date, link, dt.date(1900, 1, 1), cast.visitor()).code == "wrong"


def test_a_date_that_was_taken_out_meanwhile_activates_nothing(cast):
    link = cast.invited()
    born = right(link)
    with store.writing():
        Individual.update(birth_date=None).where(Individual.id == cast.pia.id).execute()
    assert refused(activation.prove_birth_date, link, born, cast.visitor()).code == "wrong"


class Meddler(Actor):
    """A visitor at whose very try a worker presses Resend: after the link was looked at, before the try is claimed."""

    @property
    def network(self):
        accounts.resend(self.worker_resends, SYSTEM)
        return ""

    @network.setter
    def network(self, value):
        pass


def test_a_try_on_a_link_that_was_replaced_at_that_moment_does_not_count(cast):
    link = cast.invited()
    visitor = Meddler()
    object.__setattr__(visitor, "worker_resends", link.account)
    assert refused(activation.prove_birth_date, link, WRONG, visitor).code == "no_longer"
    assert tries(link) == 0


def test_a_wrong_date_counts_only_with_a_valid_link(cast):
    old, visitor = cast.invited(), cast.visitor()
    accounts.resend(old.account, cast.by("ada"))
    before = dump()
    for _ in range(5):
        assert try_wrong(old, visitor) == "no_longer"
    assert dump() == before


# ---------------------------------------------------------------- choosing the password


def proved(cast):
    link, visitor = cast.invited(), cast.visitor()
    accept(link, visitor)
    return link, activation.prove_birth_date(link, right(link), visitor), visitor


@pytest.mark.parametrize(
    ("password", "code"),
    [("short", "too_short"), ("password1234", "too_common"), ("Pia Pell 1234", "too_near"), ("é" * 600, "too_long")],
)
def test_a_password_that_may_not_be_chosen_leaves_the_link_as_it_was(cast, password, code):
    link, proof, visitor = proved(cast)
    refusal = refused(activation.activate, link, password, proof=proof, by=visitor)
    assert (refusal.code, refusal.field) == (code, "password")
    assert activation.activate(link, GOOD_PASSWORD, proof=proof, by=visitor).state == "active"


def test_without_the_date_of_birth_nothing_is_activated(cast):
    link, visitor = cast.invited(), cast.visitor()
    accept(link, visitor)
    for proof in ("", "x" * 43):
        assert refused(activation.activate, link, GOOD_PASSWORD, proof=proof, by=visitor).code == "not_proved"
    activation.prove_birth_date(link, right(link), visitor)
    assert refused(activation.activate, link, GOOD_PASSWORD, proof="x" * 43, by=visitor).code == "not_proved"
    assert cast.pia_account.state == "pending"


def test_without_accepting_the_terms_nothing_is_activated(cast):
    link, visitor = cast.invited(), cast.visitor()
    proof = activation.prove_birth_date(link, right(link), visitor)
    assert refused(activation.activate, link, GOOD_PASSWORD, proof=proof, by=visitor).code == "not_accepted"


def test_the_proof_is_good_for_half_an_hour(cast, frozen):
    frozen()
    link, proof, visitor = proved(cast)
    frozen.shift(minutes=30, seconds=1)
    assert refused(activation.activate, link, GOOD_PASSWORD, proof=proof, by=visitor).code == "not_proved"
    proof = activation.prove_birth_date(link, right(link), visitor)
    frozen.shift(minutes=30)
    assert activation.activate(link, GOOD_PASSWORD, proof=proof, by=visitor).state == "active"


def test_one_persons_proof_does_not_serve_another_link(cast):
    _, proof, visitor = proved(cast)
    other = cast.invited(cast.person())
    accept(other, visitor)
    assert refused(activation.activate, other, GOOD_PASSWORD, proof=proof, by=visitor).code == "not_proved"


def test_a_link_activates_once(cast):
    link, proof, visitor = proved(cast)
    activation.activate(link, GOOD_PASSWORD, proof=proof, by=visitor)
    kept = cast.pia_account.password_hash
    assert refused(activation.activate, link, "another good passphrase", proof=proof, by=visitor).code == "no_longer"
    assert cast.pia_account.password_hash == kept
    assert activation.standing(Link.get_by_id(link.id)) == "used"


# ---------------------------------------------------------------- links that no longer work


def late(cast, link):
    with store.writing():
        PortalAccount.update(invited_at=dt.datetime.now(dt.UTC) - dt.timedelta(days=15)).execute()


def closed_by_staff(cast, link):
    accept(link, cast.visitor())
    activation.activate(
        link, GOOD_PASSWORD, proof=activation.prove_birth_date(link, right(link), cast.visitor()), by=cast.visitor()
    )
    with store.writing():
        Link.update(used_at=None, voided_at=dt.datetime.now(dt.UTC)).execute()
    accounts.close(cast.pia_account, cast.by("ada"))


ENDINGS = {
    "replaced": lambda cast, link: accounts.resend(link.account, cast.by("ada")),
    "cancelled": lambda cast, link: accounts.cancel(link.account, cast.by("ada")),
    "date_of_birth": lambda cast, link: [try_wrong(link, cast.visitor()) for _ in range(3)],
    "expired": late,
    "closed": closed_by_staff,
}


@pytest.mark.parametrize("word", ENDINGS)
def test_a_link_that_no_longer_works_says_why_and_opens_nothing(cast, word):
    link = cast.invited()
    ENDINGS[word](cast, link)
    found = activation.find(links.token(link))
    assert activation.standing(found) == word
    visitor = cast.visitor()
    before = dump()
    assert refused(accept, found, visitor).code == "no_longer"
    assert refused(activation.prove_birth_date, found, right(link), visitor).code == "no_longer"
    assert refused(activation.activate, found, GOOD_PASSWORD, proof="", by=visitor).code == "no_longer"
    assert dump() == before


def test_the_used_link_of_an_account_that_was_enabled_again_is_replaced(cast):
    link, proof, visitor = proved(cast)
    activation.activate(link, GOOD_PASSWORD, proof=proof, by=visitor)
    assert activation.standing(Link.get_by_id(link.id)) == "used"
    accounts.disable(cast.pia_account, cast.by("ada"))
    assert activation.standing(Link.get_by_id(link.id)) == "closed"
    accounts.enable(cast.pia_account, cast.by("ada"))
    assert activation.standing(Link.get_by_id(link.id)) == "replaced"
    assert activation.standing(cast.link_of(cast.pia_account)) == activation.GOOD


def test_a_link_expires_by_the_clock_though_no_job_ran(cast, frozen):
    frozen()
    link = cast.invited()
    frozen.shift(days=14, seconds=-1)
    assert activation.standing(Link.get_by_id(link.id)) == activation.GOOD
    frozen.shift(seconds=1)
    assert activation.standing(Link.get_by_id(link.id)) == "expired"
    assert refused(activation.prove_birth_date, link, right(link), cast.visitor()).code == "no_longer"


def test_a_shorter_expiry_counts_for_the_links_that_are_out_already(cast, frozen, decided):
    frozen()
    link = cast.invited()
    frozen.shift(days=4)
    decided(activation_expiry_days=3)
    assert activation.standing(Link.get_by_id(link.id)) == "expired"


@pytest.mark.parametrize("word", ENDINGS)
def test_whoever_holds_a_dead_link_may_ask_for_a_new_one_once_a_day(cast, frozen, word):
    link = cast.invited()
    ENDINGS[word](cast, link)
    tasks = Task.select().where(Task.kind == "new_activation_wanted")
    frozen(dt.datetime.now(dt.UTC).replace(hour=15))
    for _ in range(5):
        assert activation.ask_for_new_link(link, cast.visitor()) is None
    task = tasks.get()
    assert (tasks.count(), task.category, task.individual) == (1, "intake", cast.pia)
    assert AuditEntry.select().where(AuditEntry.kind == "account.new_link_wanted").count() == 1
    work_queue.done(task, cast.by("ines"))
    activation.ask_for_new_link(link, cast.visitor())
    assert tasks.count() == 1
    frozen.shift(days=1)
    activation.ask_for_new_link(link, cast.visitor())
    assert tasks.count() == 2


def test_a_day_ends_at_midnight_in_halifax(cast, frozen):
    frozen("2026-06-02 02:59")
    link = cast.invited()
    activation.ask_for_new_link(link, cast.visitor())
    frozen.shift(minutes=1)
    activation.ask_for_new_link(link, cast.visitor())
    assert Task.select().count() == 2


def test_a_token_that_we_did_not_sign_leads_nowhere(cast):
    for token in ("", "x", "x" * 5000, "\x00", "é", "a.b", links.token(cast.invited())[:-1]):
        with pytest.raises(NotFound):
            activation.find(token)


def test_the_pages_of_the_readers_language_are_accepted_else_the_agencys(cast):
    french = agency.publish("terms", "fr", "Les conditions.", SYSTEM)
    privacy, terms = activation.pages_to_accept("fr")
    assert (privacy, terms) == (PageVersion.get(slug="privacy"), french)
