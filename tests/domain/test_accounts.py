"""Portal accounts: who may have one, and every move of its life (spec 01, transitions and creating)."""

import datetime as dt

import pytest

from domain import accounts, activation, audit, links, passwords, profile, sign_in, store
from domain.actor import SYSTEM
from domain.rules import RuleBroken
from models import (
    Agency,
    AuditEntry,
    Contact,
    Delivery,
    Individual,
    Link,
    LoginSession,
    PortalAccount,
    Site,
)

# ---------------------------------------------------------------- how Pia's account gets into each state


def bring(cast, frozen, state):
    """Pia's account in a state such as ``closed expired``, reached by the verbs that lead there."""
    ada = cast.by("ada")
    link = cast.invited()
    account = link.account
    if state.startswith(("active", "locked", "disabled", "closed staff")):
        account = activated(cast, link)
    if state == "closed expired":
        frozen(account.invited_at + dt.timedelta(days=14))
        accounts.expire_due()
    elif state == "locked attempts":
        with store.writing():  # the fifth wrong password is a rule of its own
            PortalAccount.update(state="locked", reason="attempts").where(PortalAccount.id == account.id).execute()
    else:
        {
            "closed date_of_birth": lambda: accounts.fail_birth_date(account),
            "closed cancelled": lambda: accounts.cancel(account, ada),
            "closed staff": lambda: accounts.close(account, ada),
            "locked suspended": lambda: accounts.suspend(account, ada),
            "disabled": lambda: accounts.disable(account, ada),
        }.get(state, lambda: None)()
    fresh = PortalAccount.get_by_id(account.id)
    assert describe(fresh) == state
    return fresh


def activated(cast, link):
    kept = passwords.hash("nine quiet otters swim")
    with store.writing():
        privacy, terms = activation.pages_to_accept("en")
        activation.accept_terms(link, privacy, terms, cast.visitor())
        accounts.activate(link.account, kept, cast.visitor())
    return link.account


def describe(account):
    return f"{account.state} {account.reason or ''}".strip()


STATES = (
    "pending", "active", "locked suspended", "locked attempts", "disabled",
    "closed expired", "closed date_of_birth", "closed cancelled", "closed staff",
)  # fmt: skip

# What the table of spec 01 allows: (state, verb) -> the state that it leads to.  Everything else is refused.
TABLE = {
    ("pending", "resend"): "pending",
    ("pending", "activate"): "active",
    ("pending", "expire"): "closed expired",
    ("pending", "fail_birth_date"): "closed date_of_birth",
    ("pending", "cancel"): "closed cancelled",
    ("pending", "close"): "closed cancelled",
    ("active", "suspend"): "locked suspended",
    ("active", "disable"): "disabled",
    ("active", "close"): "closed staff",
    ("locked suspended", "unlock"): "active",
    ("locked suspended", "disable"): "disabled",
    ("locked suspended", "close"): "closed staff",
    ("locked attempts", "unlock"): "active",
    ("locked attempts", "disable"): "disabled",
    ("locked attempts", "close"): "closed staff",
    ("disabled", "enable"): "pending",
    ("disabled", "close"): "closed staff",
    ("closed expired", "send_new"): "pending",
    ("closed date_of_birth", "send_new"): "pending",
    ("closed cancelled", "send_new"): "pending",
}
VERBS = (
    "resend",
    "activate",
    "fail_birth_date",
    "cancel",
    "close",
    "suspend",
    "disable",
    "unlock",
    "enable",
    "send_new",
)
LEADS_TO = {
    "resend": "pending", "activate": "active", "fail_birth_date": "closed", "cancel": "closed", "close": "closed",
    "suspend": "locked", "disable": "disabled", "unlock": "active", "enable": "pending", "send_new": "pending",
}  # fmt: skip
AUDITED = {
    "resend": "account.activation_resent", "activate": "account.activated",
    "fail_birth_date": "account.birth_date_failed", "cancel": "account.cancelled", "close": "account.closed",
    "suspend": "account.suspended", "disable": "account.disabled", "unlock": "account.unlocked",
    "enable": "account.enabled", "send_new": "account.created",
}  # fmt: skip


def act(cast, verb, account):
    ada = cast.by("ada")
    if verb == "activate":
        kept = passwords.hash("nine quiet otters swim")
        with store.writing():
            PortalAccount.update(accepted_privacy=1, accepted_terms=2).where(PortalAccount.id == account.id).execute()
            accounts.activate(account, kept, ada)
    elif verb == "fail_birth_date":
        accounts.fail_birth_date(account)
    else:
        getattr(accounts, verb)(account, ada)


ALLOWED = [pair for pair in TABLE if pair[1] != "expire"]
REFUSED = [(state, verb) for state in STATES for verb in VERBS if (state, verb) not in TABLE]


@pytest.mark.parametrize(("state", "verb"), ALLOWED)
def test_what_the_table_allows_happens_with_one_audit_entry(cast, frozen, state, verb):
    account, count = bring(cast, frozen, state), AuditEntry.select().count()
    act(cast, verb, account)
    assert describe(cast.pia_account) == TABLE[state, verb]
    entries = list(AuditEntry.select().order_by(AuditEntry.id).offset(count))
    expected = "account.cancelled" if TABLE[state, verb] == "closed cancelled" else AUDITED[verb]
    assert [entry.kind for entry in entries] == [expected]
    assert entries[0].individual == cast.pia
    if verb not in ("resend", "activate", "send_new"):
        values = audit.values_of(entries[0])
        assert (values["before"], values["after"]) == (state.split()[0], TABLE[state, verb].split()[0])


@pytest.mark.parametrize(("state", "verb"), REFUSED)
def test_what_the_table_does_not_allow_is_refused_with_both_states_and_changes_nothing(cast, frozen, state, verb):
    account = bring(cast, frozen, state)
    before = everything()
    with pytest.raises(RuleBroken) as refusal:
        act(cast, verb, account)
    assert refusal.value.code == "wrong_state"
    assert f"is {state.split()[0]} " in str(refusal.value)
    assert f"become {LEADS_TO[verb]}." in str(refusal.value)
    assert everything() == before


def everything():
    return [list(table.select().dicts()) for table in (PortalAccount, Link, Delivery, AuditEntry, LoginSession)]


@pytest.mark.parametrize("state", STATES)
def test_staff_are_offered_exactly_what_the_table_allows(cast, frozen, state):
    account = bring(cast, frozen, state)
    offered = {verb for verb, _ in accounts.STAFF_VERBS[account.state]} - {"reset"}  # moves nothing
    if account.state == "closed" and account.reason not in accounts.RENEWABLE:
        offered.discard("send_new")  # the page asks RENEWABLE, too
    system = {"activate", "fail_birth_date", "expire"}
    same = {"close"} if state == "pending" else set()  # closing a pending account is cancelling it
    assert offered == {verb for (origin, verb) in TABLE if origin == state} - system - same


# ---------------------------------------------------------------- what else the moves bring


def test_suspending_and_disabling_end_all_sessions_at_once(cast):
    for verb in (accounts.suspend, accounts.disable):
        cast.session("alice"), cast.session("alice")
        stranger = cast.session("bob")
        verb(cast.alice_account, cast.by("ada"))
        assert [session.id for session in LoginSession.select()] == [stranger.id]
        LoginSession.get_by_id(stranger.id)
        if verb is accounts.suspend:
            accounts.unlock(cast.alice_account, cast.by("ada"))
        with store.writing():
            LoginSession.delete().execute()


def test_unlocking_lets_eve_in_again_with_her_own_password(cast):
    accounts.unlock(cast.eve_account, cast.by("ada"))
    signed_in = sign_in.sign_in(
        cast.email_of("eve"), cast.password_of("eve"), device_token="", agent="", by=cast.visitor()
    )
    assert signed_in.account == cast.eve_account


def test_enabling_takes_the_password_away_and_sends_a_new_activation(cast):
    accounts.disable(cast.alice_account, cast.by("ada"))
    assert cast.alice_account.password_hash
    accounts.enable(cast.alice_account, cast.by("ada"))
    account = cast.alice_account
    assert (account.state, account.password_hash) == ("pending", None)
    assert waiting(account) == ["activation"]
    assert activation.standing(cast.link_of(account)) == activation.GOOD


def test_closing_takes_password_sessions_and_waiting_messages_away(cast):
    cast.session("alice")
    sign_in.start(cast.alice_account, None, device_token="", agent="", network="")  # a new device is told of
    assert waiting(cast.alice_account) == ["new_device"]
    accounts.close(cast.alice_account, cast.by("ada"))
    assert cast.alice_account.password_hash is None
    assert waiting(cast.alice_account) == []
    assert not LoginSession.select().where(LoginSession.account == cast.alice_account).exists()


def test_a_closed_account_stays_readable_and_a_new_one_is_a_new_record(cast):
    accounts.close(cast.alice_account, cast.by("ada"))
    old = cast.alice_account
    new = accounts.create(cast.alice, cast.by("ada"))
    assert new != old
    assert PortalAccount.get_by_id(old.id).reason == "staff"
    assert accounts.newest(cast.alice) == new


def test_cancelling_takes_the_waiting_activation_back(cast):
    link = cast.invited()
    assert waiting(link.account) == ["activation"]
    accounts.cancel(link.account, cast.by("ada"))
    assert waiting(link.account) == []
    assert activation.standing(Link.get_by_id(link.id)) == "cancelled"


def test_a_new_activation_follows_the_closed_one_and_may_go_elsewhere(cast):
    first = cast.invited().account
    accounts.cancel(first, cast.by("ada"))
    profile.add_contact(cast.pia, profile.Reach("email", "pia.pell@example.org"), cast.by("ines"), country="CA")
    second = accounts.send_new(cast.pia_account, cast.by("ada"), email="pia.pell@example.org")
    assert (second.previous, second.email, second.state) == (first, "pia.pell@example.org", "pending")
    assert Delivery.get(Delivery.account == second).to_address == "pia.pell@example.org"
    assert describe(PortalAccount.get_by_id(first.id)) == "closed cancelled"


def test_the_same_click_twice_is_one_new_activation(cast):
    closed = cast.invited().account
    accounts.cancel(closed, cast.by("ada"))
    stale = cast.pia_account
    accounts.send_new(stale, cast.by("ada"))
    with pytest.raises(RuleBroken) as refusal:
        accounts.send_new(stale, cast.by("ada"))
    assert refusal.value.code == "has_account"


def waiting(account):
    due = Delivery.select().where(Delivery.account == account, Delivery.state == "due").order_by(Delivery.id)
    return [delivery.kind for delivery in due]


def test_a_stale_page_changes_nothing(cast):
    stale = cast.alice_account
    accounts.suspend(cast.alice_account, cast.by("ada"))
    accounts.disable(cast.alice_account, cast.by("ada"))
    with pytest.raises(RuleBroken, match="is disabled and cannot become locked"):
        accounts.suspend(stale, cast.by("ines"))


# ---------------------------------------------------------------- resending and expiry


def test_resending_replaces_the_link_and_starts_the_expiry_again(cast, frozen):
    frozen()
    first = cast.invited()
    frozen.shift(days=13)
    accounts.resend(first.account, cast.by("ada"))
    second = cast.link_of(first.account)
    assert activation.standing(Link.get_by_id(first.id)) == "replaced"
    assert waiting(first.account) == ["activation"]  # the earlier mail, still waiting, is not sent any more
    frozen.shift(days=13)
    accounts.expire_due()
    assert activation.standing(second) == activation.GOOD
    frozen.shift(days=1)
    assert accounts.expire_due() == 1
    assert describe(cast.pia_account) == "closed expired"


def test_an_activation_expires_after_the_agencys_days_to_the_second(cast, frozen, decided):
    frozen()
    decided(activation_expiry_days=3)
    cast.invited()
    frozen.shift(days=3, seconds=-1)
    assert accounts.expire_due() == 0
    frozen.shift(seconds=1)
    assert accounts.expire_due() == 1
    assert accounts.expire_due() == 0


def test_the_job_closes_no_more_than_it_is_told_and_the_rest_the_next_time(cast, frozen):
    frozen()
    for _ in range(5):
        accounts.create(cast.person(), cast.by("ada"))
    frozen.shift(days=14)
    assert [accounts.expire_due(most=3), accounts.expire_due(most=3), accounts.expire_due(most=3)] == [3, 2, 0]


def test_an_account_that_was_resent_meanwhile_is_not_expired(cast, frozen):
    frozen()
    account = cast.invited().account
    frozen.shift(days=15)
    stale = PortalAccount.get_by_id(account.id)
    with store.writing():
        PortalAccount.update(invited_at=dt.datetime.now(dt.UTC)).where(PortalAccount.id == account.id).execute()
    assert not accounts._expire(stale)
    assert cast.pia_account.state == "pending"


def test_resending_what_expired_says_so_even_if_the_job_did_not_run(cast, frozen):
    frozen()
    account = cast.invited().account
    frozen.shift(days=14)
    with pytest.raises(RuleBroken, match="is closed and cannot become pending"):
        accounts.resend(account, cast.by("ada"))
    assert describe(cast.pia_account) == "closed expired"


def test_activating_what_expired_is_refused_even_if_the_job_did_not_run(cast, frozen):
    frozen()
    account = cast.invited().account
    frozen.shift(days=14)
    with pytest.raises(RuleBroken):
        act(cast, "activate", account)
    assert cast.pia_account.state != "active"


# ---------------------------------------------------------------- creating


def codes(individual, address=None):
    suggested = accounts.suggested_address(individual) if address is None else address
    return [refusal.code for refusal in accounts.missing(individual, suggested)]


def test_pia_has_all_that_an_account_needs(cast):
    assert codes(cast.pia) == []
    account = accounts.create(cast.pia, cast.by("ada"))
    assert (account.state, account.email, account.birth_date_tries) == ("pending", "pia@example.org", 0)
    delivery = Delivery.get(Delivery.account == account)
    assert (delivery.kind, delivery.state, delivery.priority, delivery.to_address) == (
        "activation", "due", 0, "pia@example.org",
    )  # fmt: skip


def forget_contacts(cast):
    for contact in cast.pia.contacts:
        profile.remove_contact(contact, cast.by("ines"))


def use_no_longer(cast):
    contact = cast.pia.contacts.get()
    profile.change_contact(contact, profile.Reach("email", contact.value, is_in_use=False), SYSTEM, country="CA", version=1)


def was_born(cast, born):
    change(cast, birth_date=born)


def change(cast, **changes):
    pia = cast.pia
    kept = {name: getattr(pia, name) for name in profile.Details.__dataclass_fields__}
    profile.change(pia, profile.Details(**{**kept, **changes}), cast.by("ines"), version=pia.version)


MISSING = {
    "address": forget_contacts,
    "consent": lambda cast: profile.record_consent(cast.pia, "email", False, cast.by("ines")),
    "birth_date": lambda cast: was_born(cast, None),
    "age": lambda cast: was_born(cast, dt.date.today() - dt.timedelta(days=3000)),
    "deceased": lambda cast: change(cast, death_date=dt.date(2024, 5, 1)),
}


@pytest.mark.parametrize("code", MISSING)
def test_each_missing_thing_is_named_and_refuses_the_account(cast, code):
    MISSING[code](cast)
    assert codes(cast.pia) == [code]
    with pytest.raises(RuleBroken) as refusal:
        accounts.create(cast.pia, cast.by("ada"))
    assert refusal.value.code == code
    assert not PortalAccount.select().where(PortalAccount.individual == cast.pia).exists()
    assert not Delivery.select().where(Delivery.individual == cast.pia).exists()


def test_an_address_out_of_use_is_no_address(cast):
    use_no_longer(cast)
    assert codes(cast.pia) == ["address"]
    assert codes(cast.pia, "pia@example.org") == ["address_not_in_use"]


def test_a_typed_address_must_be_among_the_contacts(cast):
    assert codes(cast.pia, "somebody@example.org") == ["address_not_in_use"]
    assert codes(cast.pia, "PIA@Example.ORG") == []


def test_what_has_not_the_form_of_an_address_is_told_beside_the_field(cast):
    [refusal] = accounts.missing(cast.pia, "pia at example")
    assert (refusal.code, refusal.field) == ("address", "email")


def test_everything_that_is_missing_is_named_at_once(cast):
    for lack in ("address", "consent", "birth_date", "deceased"):
        MISSING[lack](cast)
    assert codes(cast.pia) == ["address", "consent", "birth_date", "deceased"]


def test_the_agencys_placeholder_is_no_date_of_birth(cast, decided):
    was_born(cast, dt.date(1900, 1, 1))
    assert codes(cast.pia) == ["birth_date"]
    decided(placeholder_birth_date="1901-02-03")
    assert codes(cast.pia) == []
    was_born(cast, dt.date(1901, 2, 3))
    assert codes(cast.pia) == ["birth_date"]


def test_nobody_gets_an_account_the_evening_before_the_birthday_in_halifax(cast, frozen):
    was_born(cast, dt.date(2010, 5, 10))
    frozen("2026-05-10 02:59:59")  # 9 May, 23:59:59 in Halifax
    assert codes(cast.pia) == ["age"]
    frozen("2026-05-10 03:00:00")
    assert codes(cast.pia) == []


def test_the_birthday_begins_where_the_agency_is(cast, frozen):
    was_born(cast, dt.date(2010, 5, 10))
    with store.writing():
        Site.update(time_zone="Pacific/Auckland").execute()
    frozen("2026-05-09 12:00:00")  # midnight in Auckland
    assert codes(cast.pia) == []
    frozen("2026-05-09 11:59:59")
    assert codes(cast.pia) == ["age"]


@pytest.mark.parametrize(
    ("day", "age"),
    [
        (dt.date(2024, 2, 28), 15),
        (dt.date(2024, 2, 29), 16),
        (dt.date(2025, 2, 28), 16),
        (dt.date(2025, 3, 1), 17),
        (dt.date(2008, 2, 29), 0),
    ],
)
def test_who_was_born_on_29_february_has_the_birthday_on_1_march_of_other_years(day, age):
    assert accounts.age_on(dt.date(2008, 2, 29), day) == age


def test_the_minimum_age_is_the_agencys(cast, decided):
    was_born(cast, dt.date(dt.date.today().year - 17, 1, 1))
    assert codes(cast.pia) == []
    decided(minimum_age=19)
    [refusal] = accounts.missing(cast.pia, "pia@example.org")
    assert (refusal.code, str(refusal)) == ("age", "Clients need to be at least 19 years old.")


@pytest.mark.parametrize("typed", ["bob@example.org", "BOB@EXAMPLE.ORG", "ｂｏｂ@example.org"])
def test_an_address_that_another_account_uses_is_refused_however_it_is_written(cast, typed):
    with store.writing():
        Contact.create(individual=cast.pia, kind="email", value=typed, lookup=profile.email_key(typed))
    assert "address_taken" in codes(cast.pia, typed)


def test_an_address_is_free_again_once_its_account_is_closed(cast):
    profile.add_contact(cast.pia, profile.Reach("email", "bob@example.org"), SYSTEM, country="CA")
    for refuse in (accounts.suspend, accounts.disable):
        refuse(cast.bob_account, cast.by("ada"))
        assert codes(cast.pia, "bob@example.org") == ["address_taken"]
    accounts.close(cast.bob_account, cast.by("ada"))
    assert codes(cast.pia, "bob@example.org") == []


def test_a_workers_address_cannot_be_a_clients(cast):
    profile.add_contact(cast.pia, profile.Reach("email", "Dora@Example.org"), SYSTEM, country="CA")
    assert codes(cast.pia, "dora@example.org") == ["address_taken"]


@pytest.mark.parametrize("typed", [" pia@example.org ", "PIA@EXAMPLE.ORG", "ｐｉａ@example.org"])
def test_mail_goes_to_the_address_of_the_record_however_it_was_typed(cast, typed):
    account = accounts.create(cast.pia, cast.by("ada"), email=typed)
    assert account.email == "pia@example.org"
    assert Delivery.get(Delivery.account == account).to_address == "pia@example.org"


def test_an_address_with_a_plus_is_another_address(cast):
    profile.add_contact(cast.pia, profile.Reach("email", "bob+pia@example.org"), SYSTEM, country="CA")
    assert codes(cast.pia, "bob+pia@example.org") == []


def test_when_all_licences_are_in_use_an_account_must_be_closed_first(cast, decided):
    assert accounts.open_accounts() == 3  # alice, bob, and eve though she is suspended
    decided(licence_count=3)
    assert codes(cast.pia) == ["licences"]
    accounts.disable(cast.bob_account, cast.by("ada"))
    assert codes(cast.pia) == ["licences"]
    accounts.close(cast.bob_account, cast.by("ada"))
    assert codes(cast.pia) == []
    accounts.create(cast.pia, cast.by("ada"))
    with pytest.raises(RuleBroken) as refusal:
        accounts.create(cast.person(), cast.by("ada"))
    assert (refusal.value.code, refusal.value.fields["limit"]) == ("licences", 3)


def test_a_new_activation_needs_a_free_licence_too(cast, decided):
    account = cast.invited().account
    accounts.cancel(account, cast.by("ada"))
    decided(licence_count=3)
    with pytest.raises(RuleBroken) as refusal:
        accounts.send_new(cast.pia_account, cast.by("ada"))
    assert refusal.value.code == "licences"


@pytest.mark.parametrize("name", ["alice", "eve"])
def test_who_has_an_open_account_gets_no_second_one(cast, name):
    with pytest.raises(RuleBroken) as refusal:
        accounts.create(getattr(cast, name), cast.by("ada"))
    assert refusal.value.code == "has_account"
    assert getattr(cast, name).accounts.count() == 1


def test_the_database_itself_refuses_a_second_open_account_and_a_shared_address(cast):
    from peewee import IntegrityError

    now = dt.datetime.now(dt.UTC)
    common = {"created_at": now, "invited_at": now, "changed_at": now}
    for individual, key in ((cast.alice, "new@example.org"), (cast.pia, "alice@example.org")):
        with pytest.raises(IntegrityError), store.writing():
            PortalAccount.create(individual=individual, email=key, email_key=key, **common)


def test_the_main_address_is_suggested_else_the_first_in_use(cast):
    profile.add_contact(cast.pia, profile.Reach("email", "second@example.org"), SYSTEM, country="CA")
    assert accounts.suggested_address(cast.pia) == "pia@example.org"
    contact = cast.pia.contacts.where(Contact.value == "second@example.org").get()
    profile.change_contact(contact, profile.Reach("email", contact.value, is_main=True), SYSTEM, country="CA", version=1)
    assert accounts.suggested_address(cast.pia) == "second@example.org"
    assert accounts.suggested_address(cast.sam) == ""


def test_the_audit_of_a_new_account_tells_no_address(cast):
    account = accounts.create(cast.pia, cast.by("ada", network="198.51.100.4"))
    entry = AuditEntry.get(AuditEntry.kind == "account.created", AuditEntry.individual == cast.pia)
    assert (entry.worker, entry.subject, entry.network) == (cast.ada, f"account {account.id}", "198.51.100.4")
    assert audit.values_of(entry) == {"email": "p…a@example.org", "previous": None}


def test_account_audit_and_mail_come_together_or_not_at_all(cast):
    before = everything()
    with pytest.raises(ZeroDivisionError), store.writing():
        accounts.create(cast.pia, cast.by("ada"))
        raise ZeroDivisionError
    assert everything() == before
    assert audit.verify() == []


def test_links_of_one_move_do_not_touch_another_persons(cast):
    pia, nora = cast.invited(), cast.invited(cast.person())
    accounts.cancel(pia.account, cast.by("ada"))
    assert links.is_good(Link.get_by_id(nora.id))


def test_ages_are_counted_at_the_main_site_and_without_one_in_utc(cast, frozen):
    was_born(cast, dt.date(2010, 5, 10))
    with store.writing():
        Site.update(is_main=False).execute()
    frozen("2026-05-10 00:00:00")
    assert codes(cast.pia) == []
    assert Agency.select().count() == 1
    assert Individual.select().count() == 5
