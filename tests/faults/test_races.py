"""Many at once at each limit: exactly so many get through, in one process and in four (P6, T4, T8)."""

import collections

import pytest

import models
from domain import accounts, activation, audit, passwords, profile, sign_in, store
from domain.actor import SYSTEM
from domain.rules import RuleBroken
from models import AuditEntry, Delivery, Individual, Link, LoginSession, PortalAccount, RateCount, Task

KEY = "a key that only the tests have, and long enough for anybody"
WRONG = "1970-07-07"


def count(outcomes):
    return dict(collections.Counter(outcome.code if isinstance(outcome, RuleBroken) else outcome for outcome in outcomes))


@pytest.fixture
def everybody(db, at_once, driver, request):
    """``everybody(verb, times, …)``: in threads of this process, or spread over four processes."""

    def in_processes(verb, times, **what):
        each, rest = divmod(times, 4)
        assert not rest
        return driver.race(4, verb=verb, times=each, url=f"sqlite:///{db.database}", key=KEY, **what)

    def in_threads(verb, times, **what):
        from faults.driver import RACES

        def run(number):
            return RACES[verb]({**what, "number": number})

        return at_once([lambda n=n: run(n) for n in range(times)])

    return in_processes if request.param == "four processes" else in_threads


both = pytest.mark.parametrize("everybody", ["threads", "four processes"], indirect=True)


# ---------------------------------------------------------------- dates of birth


@both
def test_of_fifty_wrong_dates_at_once_three_are_looked_at_and_the_third_closes(cast, everybody):
    link = cast.invited()
    outcomes = count(everybody("wrong_date", 52, link=link.id))
    assert outcomes == {"wrong": 2, "closed": 1, "no_longer": 49}
    account = PortalAccount.get_by_id(link.account_id)
    assert (account.state, account.reason, account.birth_date_tries) == ("closed", "date_of_birth", 3)
    wrong = AuditEntry.select().where(AuditEntry.kind == "account.birth_date_wrong").order_by(AuditEntry.id)
    assert [audit.values_of(entry)["tries"] for entry in wrong] == [1, 2, 3]
    assert AuditEntry.select().where(AuditEntry.kind == "account.birth_date_failed").count() == 1
    assert Task.select().count() == 1
    assert Delivery.select().where(Delivery.kind == "birth_date_closed").count() == 1
    assert audit.verify() == []


@both
def test_of_fifty_right_ones_at_once_exactly_one_activates(cast, everybody):
    link = cast.invited()
    activation.accept_terms(link, *activation.pages_to_accept("en"), SYSTEM)
    outcomes = count(everybody("right_date", 52, link=link.id))
    assert outcomes.pop("activated") == 1
    assert set(outcomes) <= {"no_longer", "not_proved"}
    account = PortalAccount.get_by_id(link.account_id)
    assert (account.state, account.birth_date_tries) == ("active", 0)
    assert AuditEntry.select().where(AuditEntry.kind == "account.activated", AuditEntry.individual == cast.pia).count() == 1
    assert sum(row.count for row in RateCount.select()) == 0
    assert audit.verify() == []


@both
def test_right_and_wrong_dates_at_once_never_make_more_than_three_tries(cast, at_once, everybody):
    """The right date takes its try and gives it back; meanwhile no fourth wrong one gets through."""
    link = cast.invited()
    born, visitor = cast.pia.birth_date, cast.visitor()

    def right():
        return activation.prove_birth_date(link, born, visitor)

    def wrong():
        return activation.prove_birth_date(link, models.dt.date(1970, 7, 7), visitor)

    outcomes = at_once([right, wrong] * 20)
    evaluated = [outcome.code for outcome in outcomes if isinstance(outcome, RuleBroken) and outcome.code in ("wrong", "closed")]
    assert sorted(evaluated) == ["closed", "wrong", "wrong"]
    assert PortalAccount.get_by_id(link.account_id).birth_date_tries == 3


# ---------------------------------------------------------------- accounts


@both
def test_of_twenty_creates_at_once_for_one_person_one_is_created(cast, everybody):
    outcomes = count(everybody("create", 20, individuals=[cast.pia.id] * 20))
    assert outcomes == {"created": 1, "has_account": 19}
    assert cast.pia.accounts.count() == 1
    assert Link.select().where(Link.account == cast.pia_account).count() == 1
    assert Delivery.select().where(Delivery.individual == cast.pia).count() == 1
    assert AuditEntry.select().where(AuditEntry.kind == "account.created", AuditEntry.individual == cast.pia).count() == 1


@both
def test_of_twenty_who_share_an_address_one_gets_an_account(cast, everybody):
    people = [cast.person(f"Nora{number}", email="shared@example.org") for number in range(20)]
    outcomes = count(everybody("create", 20, individuals=[person.id for person in people], email="shared@example.org"))
    assert outcomes == {"created": 1, "address_taken": 19}
    assert PortalAccount.select().where(PortalAccount.email_key == "shared@example.org").count() == 1


@both
def test_the_last_licences_are_given_exactly_once(cast, decided, everybody):
    decided(licence_count=8)  # three are in use
    people = [cast.person(f"Nora{number}") for number in range(20)]
    outcomes = count(everybody("create", 20, individuals=[person.id for person in people]))
    assert outcomes == {"created": 5, "licences": 15}
    assert accounts.open_accounts() == 8


def test_of_twenty_new_activations_at_once_one_is_sent(cast, at_once):
    closed = cast.invited().account
    accounts.cancel(closed, cast.by("ada"))
    closed, by = cast.pia_account, cast.by("ada")
    outcomes = at_once([lambda: accounts.send_new(closed, by) for _ in range(20)])
    assert sum(isinstance(outcome, PortalAccount) for outcome in outcomes) == 1
    assert cast.pia.accounts.count() == 2


@pytest.mark.parametrize("verb", ["suspend", "disable", "close"])
def test_of_twenty_who_press_the_same_button_at_once_one_moves_the_account(cast, at_once, verb):
    account, by = cast.alice_account, cast.by("ada")
    outcomes = at_once([lambda: getattr(accounts, verb)(account, by)] * 20)
    assert outcomes.count(None) == 1
    assert {outcome.code for outcome in outcomes if outcome} == {"wrong_state"}
    past = {"suspend": "suspended", "disable": "disabled", "close": "closed"}[verb]
    assert AuditEntry.select().where(AuditEntry.kind == f"account.{past}", AuditEntry.individual == cast.alice).count() == 1


def test_who_activates_and_who_cancels_at_once_do_not_both_succeed(cast, at_once):
    for number in range(10):
        person = cast.person(f"Nora{number}")
        link = cast.invited(person)
        activation.accept_terms(link, *activation.pages_to_accept("en"), SYSTEM)
        proof = activation.prove_birth_date(link, person.birth_date, SYSTEM)
        activated, cancelled = at_once(
            [
                lambda link=link, proof=proof: activation.activate(link, "seven blue herons", proof=proof, by=SYSTEM),
                lambda link=link: accounts.cancel(link.account, SYSTEM),
            ]
        )
        assert isinstance(activated, RuleBroken) != isinstance(cancelled, RuleBroken)
        state = PortalAccount.get_by_id(link.account_id).state
        assert state == ("active" if isinstance(cancelled, RuleBroken) else "closed")


def test_nobody_is_signed_in_to_an_account_that_is_being_suspended(cast, at_once):
    for _ in range(10):
        account = cast.alice_account
        at_once(
            [lambda account=account: sign_in.start(account, None, device_token="", agent="", network="")] * 5
            + [lambda account=account: accounts.suspend(account, SYSTEM)]
        )
        assert not LoginSession.select().exists()
        accounts.unlock(account, SYSTEM)


# ---------------------------------------------------------------- limits


@both
def test_of_thirty_sign_ins_at_once_ten_are_looked_at(cast, everybody):
    outcomes = count(everybody("enter", 32))
    assert outcomes in ({"no_match": 10, "too_many": 22}, {"no_match": 20, "too_many": 12})  # a minute may just begin
    refused = AuditEntry.select().where(AuditEntry.kind == "sign_in.refused").count()
    assert refused == outcomes["no_match"]


@both
def test_a_limit_is_a_limit_over_all_processes(cast, everybody):
    outcomes = count(everybody("spend", 100, most=17))
    assert outcomes in ({"spent": 17, "refused": 83}, {"spent": 34, "refused": 66})  # a day may just begin


def test_a_wrong_password_is_compared_at_most_twice_at_a_time(cast, at_once):
    """The bound on hashing holds under load and nobody is left waiting."""
    kept = passwords.hash("seven blue herons wade")
    assert at_once([lambda: passwords.matches("wrong", kept)] * 30) == [False] * 30
    assert passwords._at_once._value == 2


def test_consent_and_contacts_of_one_person_changed_by_many_at_once_stay_whole(cast, at_once):
    pia, by = cast.pia, cast.by("ines")
    at_once(
        [lambda n=n: profile.record_consent(pia, "sms", bool(n % 2), by) for n in range(10)]
        + [lambda n=n: profile.add_contact(pia, profile.Reach("email", f"p{n}@example.org", is_main=True), by, country="CA") for n in range(10)]
    )
    with store.reading():
        assert pia.contacts.where(models.Contact.is_main).count() == 1
        given = [row.is_given for row in pia.consents.where(models.Consent.channel == "sms").order_by(models.Consent.id)]
    assert all(one != other for one, other in zip(given, given[1:], strict=False))
    assert Individual.select().count() == 5
    assert audit.verify() == []
