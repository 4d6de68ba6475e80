"""Another address to sign in with: code, change, and the way back (spec 01 sign-in; 09 C)."""

import pytest

from domain import (
    accounts,
    address_change,
    clock,
    leaving,
    letters,
    links,
    passwords,
    profile,
    resets,
    sign_in,
    store,
    work_queue,
)
from domain.rules import NotFound, RuleBroken
from models import AddressChange, AuditEntry, Contact, Delivery, Device, Link, LoginSession, PortalAccount, Task, Worker

FRESH = "alice.new@example.org"


@pytest.fixture
def session(cast):
    return cast.session("alice")


def ask(cast, session, address=FRESH, password=None):
    return address_change.ask(session, password or cast.password_of("alice"), address, cast.by("alice"))


def confirm(cast, session, code):
    return address_change.confirm(session, code, cast.by("alice"))


def code_of(change):
    return links.digits(change.code)


def changed(cast, session, address=FRESH):
    """The change, done, and the fresh session."""
    change = ask(cast, session, address)
    token = confirm(cast, session, code_of(change))
    return AddressChange.get_by_id(change.id), sign_in.session_of(token)


def refused(verb, *arguments):
    with pytest.raises(RuleBroken) as refusal:
        verb(*arguments)
    return refusal.value


def text(delivery):
    return letters.letter(delivery, "https://portal.example.org")


def mails(kind):
    return list(Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id))


def later(seconds=61):
    """As if the newest code was asked for a minute ago."""
    with store.writing():
        AddressChange.update(asked_at=clock.ago(seconds=seconds)).execute()


# ---------------------------------------------------------------- asking


def test_a_code_goes_to_the_new_address_and_nothing_changes_yet(cast, session):
    change = ask(cast, session)
    (mail,) = mails("address_code")
    assert mail.to_address == FRESH
    assert f"{code_of(change)[:3]} {code_of(change)[3:]}" in text(mail).paragraphs
    assert cast.alice_account.email == "alice@example.org"
    assert address_change.waiting(cast.alice_account) == change


def test_the_password_is_asked_again(cast, session):
    assert refused(ask, cast, session, FRESH, "not this one").field == "current"
    assert not AddressChange.select().exists()
    assert AuditEntry.select().where(AuditEntry.kind == "password.refused").count() == 1


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("alice@example.org", "same"), ("ALICE@Example.ORG", "same"), ("ａｌｉｃｅ@example.org", "same"), ("nobody", "bad_email"),
        ("", "bad_email"), ("alicе@example.org", "bad_email"), ("alice@exаmple.org", "look_alike"),
        ("alice@xn--exmple-4nf.org", "look_alike"), ("a\x00@example.org", "bad_character"),
    ],
)  # fmt: skip
def test_what_is_no_other_address_is_refused(cast, session, address, code):
    assert refused(ask, cast, session, address).code == code
    assert not mails("address_code")


def test_wide_letters_are_the_plain_ones(cast, session):
    assert ask(cast, session, "ｎｅｗ@example.org").new_email == "new@example.org"


def test_one_code_a_minute_and_five_an_hour(cast, session, frozen):
    frozen("2026-06-01 09:00:00")
    for number in range(5):
        ask(cast, session, f"a{number}@example.org")
        assert refused(ask, cast, session).code in ("too_soon", "too_many")
        frozen.shift(minutes=1)
    assert refused(ask, cast, session).code == "too_many"


def test_twice_at_once_one_code_is_sent(cast, session, at_once):
    answers = at_once([lambda: ask(cast, session)] * 5)
    assert [getattr(answer, "code", "") for answer in answers if isinstance(answer, RuleBroken)] == ["too_soon"] * 4
    assert len(mails("address_code")) == 1


def test_a_newer_code_ends_the_earlier_one(cast, session):
    first = ask(cast, session)
    later()
    second = ask(cast, session, "third@example.org")
    assert refused(confirm, cast, session, code_of(first)).code == "bad_code"
    assert [mail.state for mail in mails("address_code")] == ["cancelled", "due"]
    confirm(cast, session, code_of(second))
    assert cast.alice_account.email == "third@example.org"


@pytest.mark.parametrize("taken", ["bob@example.org", "BOB@example.org", "eve@example.org", "dora@example.org", "pia@example.org"])
def test_an_address_of_somebody_else_is_answered_alike_and_never_taken(cast, session, taken):
    cast.invited()
    change = ask(cast, session, taken)
    (mail,) = mails("address_code")
    letter = text(mail)
    assert letter.subject == "Your e-mail address was entered"
    assert not any(c.isdigit() for line in (letter.subject, *letter.paragraphs, *letter.after) for c in line)
    told = refused(confirm, cast, session, code_of(change))
    assert str(told) == str(refused(confirm, cast, session, "000000" if code_of(change) != "000000" else "111111"))
    assert cast.alice_account.email == "alice@example.org"


def test_the_address_of_somebody_who_may_not_come_back_gets_no_letter(cast, session):
    accounts.disable(cast.bob_account, cast.by("ada"))
    ask(cast, session, "bob@example.org")
    with pytest.raises(letters.Unwanted):
        text(mails("address_code")[0])


def test_a_closed_accounts_address_is_free(cast, session):
    accounts.close(cast.bob_account, cast.by("ada"))
    changed(cast, session, "bob@example.org")
    assert cast.alice_account.email_key == "bob@example.org"


# ---------------------------------------------------------------- the change


def test_the_code_changes_the_address_and_ends_what_was_of_the_former(cast, session):
    other, reset = cast.session("alice"), links.make("password_reset", clock.ahead(minutes=30), account=cast.alice_account)
    change, fresh = changed(cast, session)
    assert (cast.alice_account.email, cast.alice_account.email_key) == (FRESH, FRESH)
    assert list(LoginSession.select().where(LoginSession.account == cast.alice_account)) == [fresh]
    assert fresh.device_id == session.device_id
    assert other.token_hash != fresh.token_hash
    assert not links.is_good(Link.get_by_id(reset.id))
    (mail,) = mails("address_changed")
    assert mail.to_address == "alice@example.org"
    letter = text(mail)
    assert "a…w@example.org" in " ".join(letter.paragraphs)
    assert letter.button[1].endswith(f"/former-address/{links.token(change.undo)}")
    entry = AuditEntry.get(AuditEntry.kind == "address.changed")
    assert (entry.individual, entry.account) == (cast.alice, cast.alice_account)


def test_signing_in_goes_by_the_new_address(cast, session):
    changed(cast, session)
    by = cast.visitor()
    assert sign_in.sign_in(FRESH.upper(), cast.password_of("alice"), device_token="", agent="", by=by)
    with pytest.raises(RuleBroken):
        sign_in.sign_in("alice@example.org", cast.password_of("alice"), device_token="", agent="", by=by)


def test_the_record_keeps_its_contacts(cast, session):
    before = list(Contact.select().where(Contact.individual == cast.alice).dicts())
    changed(cast, session)
    assert list(Contact.select().where(Contact.individual == cast.alice).dicts()) == before


def test_five_tries_however_many_at_once(cast, session, at_once, decided):
    decided(sign_ins_a_minute=1000)
    change = ask(cast, session)
    wrong = [f"{number:06}" for number in range(50) if f"{number:06}" != code_of(change)]
    answers = at_once([lambda code=code: confirm(cast, session, code) for code in wrong])
    assert {answer.code for answer in answers} == {"bad_code"}
    assert AddressChange.get_by_id(change.id).tries == 5
    assert refused(confirm, cast, session, code_of(change)).code == "bad_code"
    assert cast.alice_account.email == "alice@example.org"


def test_the_code_works_for_ten_minutes(cast, session, frozen):
    frozen()
    change = ask(cast, session)
    with store.writing():
        LoginSession.update(seen_at=clock.now()).execute()
    frozen.shift(minutes=10)
    assert refused(confirm, cast, session, code_of(change)).code == "bad_code"


def test_arabic_digits_and_a_space_are_the_same_code(cast, session):
    code = code_of(ask(cast, session))
    confirm(cast, session, " ".join(chr(0x660 + int(c)) for c in code))
    assert cast.alice_account.email == FRESH


def test_the_right_code_twice_at_once_changes_once(cast, session, at_once):
    change = ask(cast, session)
    answers = at_once([lambda: confirm(cast, session, code_of(change))] * 5)
    assert sum(not isinstance(answer, RuleBroken) for answer in answers) == 1
    assert len(mails("address_changed")) == 1


def test_two_people_who_want_one_address_at_once_one_gets_it(cast, session, at_once):
    bobs = cast.session("bob")
    alice_code = code_of(ask(cast, session))
    bob_code = code_of(address_change.ask(bobs, cast.password_of("bob"), FRESH, cast.by("bob")))
    answers = at_once([lambda: confirm(cast, session, alice_code), lambda: address_change.confirm(bobs, bob_code, cast.by("bob"))])
    assert sum(isinstance(answer, RuleBroken) for answer in answers) == 1
    assert PortalAccount.select().where(PortalAccount.email_key == FRESH).count() == 1


def test_an_address_taken_meanwhile_is_not_taken_away(cast, session):
    change = ask(cast, session)
    person = cast.person(email=FRESH)
    accounts.create(person, cast.by("ada"))
    assert refused(confirm, cast, session, code_of(change)).code == "bad_code"
    assert accounts.newest(person).email_key == FRESH
    assert cast.alice_account.email == "alice@example.org"


def test_nor_one_that_a_worker_got_meanwhile(cast, session):
    change = ask(cast, session)
    with store.writing():
        Worker.update(email=FRESH, email_key=FRESH).where(Worker.external_id == "finn").execute()
    assert refused(confirm, cast, session, code_of(change)).code == "bad_code"


def test_who_is_suspended_meanwhile_changes_nothing(cast, session):
    change = ask(cast, session)
    accounts.suspend(cast.alice_account, cast.by("ada"))
    assert refused(confirm, cast, session, code_of(change)).code == "bad_code"


def test_the_address_can_be_changed_while_locked_for_wrong_passwords(cast, session):
    with store.writing():
        PortalAccount.update(state="locked", reason="attempts").where(PortalAccount.id == cast.alice_account.id).execute()
    _, fresh = changed(cast, session)
    assert fresh is not None
    assert cast.alice_account.reason == "attempts"


# ---------------------------------------------------------------- this was not me


def test_the_former_address_comes_back_and_the_password_is_worth_nothing(cast, session):
    change, _ = changed(cast, session)
    reset = address_change.undo(change.undo, cast.visitor())
    assert cast.alice_account.email == "alice@example.org"
    assert not LoginSession.select().where(LoginSession.account == cast.alice_account).exists()
    assert not passwords.matches(cast.password_of("alice"), cast.alice_account.password_hash)
    assert not Device.select().where(Device.account == cast.alice_account, Device.token_hash != "").exists()
    task = Task.get(Task.kind == "address_undone")
    assert (task.category, task.individual) == ("intake", cast.alice)
    resets.reset(reset, "eleven grey seals rest", cast.visitor())
    assert sign_in.sign_in("alice@example.org", "eleven grey seals rest", device_token="", agent="", by=cast.visitor())
    assert AuditEntry.select().where(AuditEntry.kind == "address.undone", AuditEntry.individual == cast.alice).count() == 1


def test_it_works_once_however_many_at_once(cast, session, at_once):
    change, _ = changed(cast, session)
    answers = at_once([lambda: address_change.undo(change.undo, cast.visitor())] * 6)
    assert sum(isinstance(answer, Link) for answer in answers) == 1
    assert Task.select().where(Task.kind == "address_undone").count() == 1
    assert address_change.standing(Link.get_by_id(change.undo_id)) == "used"


def test_it_works_for_seven_days(cast, session, frozen):
    frozen()
    change, _ = changed(cast, session)
    frozen.shift(days=6, hours=23, minutes=59)
    assert address_change.standing(change.undo) == "good"
    frozen.shift(minutes=1)
    assert address_change.standing(change.undo) == "expired"
    assert refused(address_change.undo, change.undo, cast.visitor()).code == "no_longer"


def test_who_changes_it_twice_cannot_cut_off_the_way_back(cast, session):
    first, again = changed(cast, session)
    later()
    second, _ = changed(cast, again, "thief@example.org")
    assert address_change.standing(first.undo) == "good"
    address_change.undo(first.undo, cast.visitor())
    assert cast.alice_account.email == "alice@example.org"
    assert refused(address_change.undo, second.undo, cast.visitor()).code == "no_longer"
    assert cast.alice_account.email == "alice@example.org"


def test_the_later_way_back_leaves_the_earlier_one(cast, session):
    first, again = changed(cast, session)
    later()
    second, _ = changed(cast, again, "third@example.org")
    address_change.undo(second.undo, cast.visitor())
    assert cast.alice_account.email == FRESH
    assert address_change.standing(Link.get_by_id(first.undo_id)) == "good"


def test_when_somebody_else_has_the_former_address_by_now_everything_else_happens(cast, session):
    change, fresh = changed(cast, session)
    accounts.create(cast.person(email="alice@example.org"), cast.by("ada"), email="alice@example.org")
    assert address_change.undo(change.undo, cast.visitor()) is None
    assert cast.alice_account.email == FRESH
    assert sign_in.session_of(fresh.token_hash) is None
    assert Task.select().where(Task.kind == "address_undone").exists()
    assert (cast.alice_account.state, cast.alice_account.reason) == ("locked", "suspended"), "a reset to the new address lets nobody in"


def test_the_address_of_somebody_who_left_the_staff_is_free(cast, session):
    leaving.leave(cast.otto, cast.by("ada"))
    change = ask(cast, session, cast.email_of("otto"))
    confirm(cast, session, code_of(change))
    assert cast.alice_account.email == cast.email_of("otto")


def test_a_suspended_account_gets_its_address_back_but_nobody_in(cast, session):
    change, _ = changed(cast, session)
    accounts.suspend(cast.alice_account, cast.by("ada"))
    assert address_change.undo(change.undo, cast.visitor()) is None
    assert (cast.alice_account.email, cast.alice_account.reason) == ("alice@example.org", "suspended")


@pytest.mark.parametrize("verb", ["disable", "close"])
def test_an_account_that_ended_stays_as_it_is(cast, session, verb):
    change, _ = changed(cast, session)
    getattr(accounts, verb)(cast.alice_account, cast.by("ada"))
    assert address_change.standing(Link.get_by_id(change.undo_id)) == "ended"
    with pytest.raises(letters.Unwanted):
        text(mails("address_changed")[0])


def test_the_agency_can_switch_it_off(cast, decided):
    address_change.must_be_offered()
    decided(address_change=0)
    with pytest.raises(NotFound):
        address_change.must_be_offered()


def test_the_task_can_be_ticked_off(cast, session):
    change, _ = changed(cast, session)
    address_change.undo(change.undo, cast.visitor())
    assert work_queue.done(Task.get(Task.kind == "address_undone"), cast.by("ines"))


def test_addresses_are_compared_as_everywhere():
    assert profile.email_key("ALICE.New@Example.org") == FRESH
