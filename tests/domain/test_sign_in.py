"""Signing in and out, sessions, forgotten and changed passwords (spec 01 sign-in; T7, T8, T9)."""

import datetime as dt
import re

import pytest
from smtp_server import SmtpServer

import models
from domain import accounts, agency, audit, links, notices, passwords, resets, settings, sign_in, store
from domain.rules import NotFound, RuleBroken
from models import AuditEntry, Delivery, Device, Link, LoginSession, PortalAccount, Worker, db

NEW = "eleven grey seals rest"


def enter(cast, email, password, network="192.0.2.7", device_token=""):
    return sign_in.sign_in(email, password, device_token=device_token, agent="a phone", by=cast.visitor(network))


def refused(verb, *arguments, **options):
    with pytest.raises(RuleBroken) as refusal:
        verb(*arguments, **options)
    return refusal.value


def entered(cast, name, **options):
    return enter(cast, cast.email_of(name), cast.password_of(name), **options)


# ---------------------------------------------------------------- who gets in


@pytest.mark.parametrize("name", ["alice", "bob", "dora", "ada"])
def test_who_may_sign_in_gets_in(cast, name):
    signed_in = entered(cast, name)
    session = sign_in.session_of(signed_in.session_token)
    owner = session.account.individual if session.account_id else session.worker
    assert owner == getattr(cast, name)


@pytest.mark.parametrize("email", ["ALICE@Example.org", " alice@example.org ", "ａｌｉｃｅ@example.org"])
def test_an_address_is_the_same_however_it_is_written(cast, email):
    assert enter(cast, email, cast.password_of("alice")).account == cast.alice_account


def pending(cast):
    accounts.disable(cast.alice_account, cast.by("ada"))
    accounts.enable(cast.alice_account, cast.by("ada"))


def deactivated(cast):
    with store.writing():
        Worker.update(is_active=False).where(Worker.external_id == "dora").execute()


SHUT_OUT = {
    "a wrong password": ("alice", "not her password", lambda cast: None),
    "an empty password": ("alice", "", lambda cast: None),
    "an endless password": ("alice", "x" * 5000, lambda cast: None),
    "somebody else's password": ("alice", "bob likes 9 quiet otters", lambda cast: None),
    "an unknown address": ("nobody", "alice likes 9 quiet otters", lambda cast: None),
    "a suspended account": ("eve", "eve likes 9 quiet otters", lambda cast: None),
    "a pending account": ("alice", "alice likes 9 quiet otters", pending),
    "a disabled account": (
        "alice",
        "alice likes 9 quiet otters",
        lambda c: accounts.disable(c.alice_account, c.by("ada")),
    ),
    "a closed account": ("alice", "alice likes 9 quiet otters", lambda c: accounts.close(c.alice_account, c.by("ada"))),
    "a worker who left": ("dora", "dora likes 9 quiet otters", deactivated),
}


@pytest.mark.parametrize("why", SHUT_OUT)
def test_who_may_not_sign_in_hears_the_same_whatever_the_reason(cast, why):
    name, password, prepare = SHUT_OUT[why]
    prepare(cast)
    sessions, mails = LoginSession.select().count(), Delivery.select().count()
    refusal = refused(enter, cast, cast.email_of(name), password)
    assert (refusal.code, refusal.field) == ("no_match", "email")
    assert str(refusal) == "The e-mail address and the password do not match."
    assert (LoginSession.select().count(), Delivery.select().count()) == (sessions, mails)


def test_a_worker_without_a_password_cannot_sign_in(cast):
    with store.writing():
        Worker.update(password_hash=None).where(Worker.external_id == "dora").execute()
    assert refused(entered, cast, "dora").code == "no_match"
    assert refused(enter, cast, "dora@example.org", "nobody has this password").code == "no_match"


def test_each_sign_in_and_each_refusal_is_in_the_audit(cast):
    entered(cast, "alice", network="203.0.113.5")
    refused(enter, cast, "alice@example.org", "wrong", network="203.0.113.6")
    refused(enter, cast, "nobody@example.org", "wrong", network="203.0.113.7")
    told = [
        (entry.kind, entry.individual_id, entry.network, audit.values_of(entry))
        for entry in AuditEntry.select().where(AuditEntry.kind.startswith("sign_in"))
    ]
    assert told == [
        ("sign_in.done", cast.alice.id, "203.0.113.5", {"is_new_device": True}),
        ("sign_in.refused", cast.alice.id, "203.0.113.6", {"reason": "password"}),
        ("sign_in.refused", None, "203.0.113.7", {"reason": "unknown"}),
    ]


def statements(verb):
    """What a verb asks the database, without the values: the work that can be measured from outside."""
    heard, execute = [], db.obj.execute_sql

    def noted(sql, params=None):
        heard.append(re.sub(r'"s[0-9a-f]{32}"', "?", sql))
        return execute(sql, params)

    db.obj.execute_sql = noted
    try:
        verb()
    finally:
        del db.obj.execute_sql
    return heard


def test_asking_for_a_reset_is_the_same_work_for_every_address(cast, frozen):
    frozen()
    settings.get("mail_rate")  # what the agency decided is asked for once by the process
    for email in ("alice@example.org", "eve@example.org", "nobody@example.org", "dora@example.org"):
        frozen.shift(seconds=1)  # twice in one thousandth of a second is once
        work = statements(lambda email=email: resets.ask(email, cast.visitor()))
        assert work == statements(lambda: resets.ask("somebody@example.org", cast.visitor("203.0.113.9")))


# ---------------------------------------------------------------- how often


def test_ten_tries_a_minute_for_one_address_then_even_the_right_one_waits(cast, frozen, decided):
    frozen("2026-06-01 09:00:00")
    decided(sign_in_tries=20)
    codes = [refused(enter, cast, "alice@example.org", "wrong", network=f"203.0.113.{n}").code for n in range(12)]
    assert codes == ["no_match"] * 10 + ["too_many"] * 2
    assert refused(entered, cast, "alice", network="203.0.113.77").code == "too_many"
    assert entered(cast, "bob")
    frozen.shift(minutes=1)
    assert entered(cast, "alice")


def test_ten_tries_a_minute_from_one_network_for_all_addresses_together(cast, frozen):
    frozen("2026-06-01 09:00:00")
    codes = [refused(enter, cast, f"nobody{n}@example.org", "wrong", network="203.0.113.1").code for n in range(11)]
    assert codes == ["no_match"] * 10 + ["too_many"]
    assert refused(entered, cast, "alice", network="203.0.113.1").code == "too_many"
    assert entered(cast, "alice", network="203.0.113.2")


def test_five_resets_an_hour_for_one_address_and_for_one_network(cast, frozen):
    frozen("2026-06-01 09:00:00")
    for number in range(5):
        resets.ask("nobody@example.org", cast.visitor(f"203.0.113.{number}"))
        resets.ask(f"nobody{number}@example.org", cast.visitor("198.51.100.1"))
    assert refused(resets.ask, "NOBODY@example.org", cast.visitor("203.0.113.9")).code == "too_many"
    assert refused(resets.ask, "alice@example.org", cast.visitor("198.51.100.1")).code == "too_many"
    frozen.shift(hours=1)
    resets.ask("nobody@example.org", cast.visitor("198.51.100.1"))


# ---------------------------------------------------------------- sessions


def test_the_table_holds_no_token(cast):
    signed_in = entered(cast, "alice")
    kept = str(list(LoginSession.select().dicts())) + str(list(Device.select().dicts()))
    assert signed_in.session_token not in kept
    assert signed_in.device_token not in kept
    assert len(signed_in.session_token) >= 43


def test_each_sign_in_has_a_token_of_its_own(cast):
    tokens = {entered(cast, "alice").session_token for _ in range(5)}
    assert len(tokens) == 5
    assert all(sign_in.session_of(token) for token in tokens)


@pytest.mark.parametrize("token", ["", "x", "x" * 9999, "\x00"])
def test_a_made_up_token_is_no_session(cast, token):
    entered(cast, "alice")
    assert sign_in.session_of(token) is None
    assert sign_in.session_of(LoginSession.get().token_hash) is None


def test_an_idle_session_ends_after_half_an_hour(cast, frozen):
    frozen()
    token = entered(cast, "alice").session_token
    frozen.shift(minutes=29, seconds=59)
    assert sign_in.session_of(token)
    frozen.shift(seconds=1)
    assert sign_in.session_of(token) is None


def test_a_session_in_use_goes_on_but_never_longer_than_twelve_hours(cast, frozen):
    frozen()
    token = entered(cast, "alice").session_token
    for _ in range(35):
        frozen.shift(minutes=20)
        sign_in.touch(sign_in.session_of(token))
    frozen.shift(minutes=19, seconds=59)
    assert sign_in.session_of(token)
    frozen.shift(seconds=1)
    assert sign_in.session_of(token) is None


def test_looking_at_a_session_does_not_lengthen_it(cast, frozen):
    frozen()
    token = entered(cast, "alice").session_token
    for _ in range(3):
        frozen.shift(minutes=10)
        found = sign_in.session_of(token)
    assert found is None


def test_the_sessions_clock_is_written_at_most_once_a_minute(cast, frozen):
    frozen()
    session = cast.session("alice")
    began = session.seen_at
    frozen.shift(seconds=59)
    sign_in.touch(session)
    assert LoginSession.get().seen_at == began
    frozen.shift(seconds=1)
    sign_in.touch(session)
    assert LoginSession.get().seen_at == began + dt.timedelta(minutes=1)


def test_the_agency_decides_how_long_sessions_last(cast, frozen, decided):
    frozen()
    token = entered(cast, "alice").session_token
    decided(idle_minutes=5)
    frozen.shift(minutes=5)
    assert sign_in.session_of(token) is None
    decided(idle_minutes=240, session_hours=1)
    assert sign_in.session_of(token)
    frozen.shift(minutes=55)
    assert sign_in.session_of(token) is None


ENDS = {
    "suspend": lambda cast: accounts.suspend(cast.alice_account, cast.by("ada")),
    "disable": lambda cast: accounts.disable(cast.alice_account, cast.by("ada")),
    "close": lambda cast: accounts.close(cast.alice_account, cast.by("ada")),
    "sign out": lambda cast: sign_in.sign_out(LoginSession.get(account=cast.alice_account), cast.by("alice")),
    "reset": lambda cast: reset(cast, "alice"),
    "password": lambda cast: sign_in.change_password(
        LoginSession.get(account=cast.alice_account), cast.password_of("alice"), NEW, cast.by("alice")
    ),
}


def reset(cast, name):
    owner = getattr(cast, name) if name in ("dora", "ada") else getattr(cast, f"{name}_account")
    kind = "worker" if isinstance(owner, Worker) else "account"
    link = links.make("password_reset", dt.datetime.now(dt.UTC) + dt.timedelta(minutes=30), **{kind: owner})
    resets.reset(link, NEW, cast.visitor())
    return link


@pytest.mark.parametrize("act", ENDS)
def test_what_ends_sessions_ends_them_at_once_and_for_good(cast, act):
    token, bobs = entered(cast, "alice").session_token, entered(cast, "bob").session_token
    session = sign_in.session_of(token)
    ENDS[act](cast)
    assert sign_in.session_of(token) is None
    with store.writing():
        LoginSession.update(seen_at=dt.datetime.now(dt.UTC) - dt.timedelta(minutes=2)).execute()
    session.seen_at -= dt.timedelta(minutes=2)
    sign_in.touch(session)  # a request that was on its way meanwhile
    assert sign_in.session_of(token) is None
    assert sign_in.session_of(bobs)


def test_unlocking_does_not_bring_old_sessions_back(cast):
    token = entered(cast, "alice").session_token
    accounts.suspend(cast.alice_account, cast.by("ada"))
    accounts.unlock(cast.alice_account, cast.by("ada"))
    assert sign_in.session_of(token) is None


@pytest.mark.parametrize("changes", [{"is_active": False}, {"password_hash": None}])
def test_a_worker_who_left_is_out_at_once_with_all_fifty_sessions(cast, changes):
    with store.writing():
        tokens = [
            sign_in.start(None, cast.dora, device_token="", agent="", network="").session_token for _ in range(50)
        ]
    assert all(sign_in.session_of(token) for token in tokens)
    with store.writing():
        Worker.update(**changes).where(Worker.external_id == "dora").execute()
    assert [sign_in.session_of(token) for token in tokens] == [None] * 50


def test_signing_out_twice_is_harmless_and_told_once(cast):
    session = cast.session("alice")
    sign_in.sign_out(session, cast.by("alice"))
    sign_in.sign_out(session, cast.by("alice"))
    assert AuditEntry.select().where(AuditEntry.kind == "sign_out.done").count() == 1


def test_a_late_second_sign_out_does_not_end_somebody_elses_session(cast):
    alices = cast.session("alice")
    sign_in.sign_out(alices, cast.by("alice"))
    bobs = cast.session("bob")
    assert store.is_postgres() or bobs.id == alices.id  # SQLite gives the number of a deleted row to the next one
    sign_in.sign_out(alices, cast.by("alice"))
    alices.seen_at -= dt.timedelta(minutes=5)
    sign_in.touch(alices)
    assert LoginSession.get().seen_at == bobs.seen_at
    assert LoginSession.get().account == cast.bob_account


def test_old_sessions_are_removed_from_the_table_and_living_ones_stay(cast, frozen):
    frozen()
    cast.session("alice")
    frozen.shift(hours=12, minutes=59)
    assert sign_in.forget_old_sessions() == 0  # what is typed in it may still arrive
    living = cast.session("bob")
    frozen.shift(minutes=1, seconds=1)
    assert sign_in.forget_old_sessions() == 1
    assert list(LoginSession.select()) == [living]


def test_somebody_suspended_while_the_password_was_compared_does_not_get_in(cast):
    account = cast.alice_account  # as it was read before the comparison
    accounts.suspend(account, cast.by("ada"))
    assert refused(sign_in.start, account, None, device_token="", agent="", network="").code == "no_match"
    assert LoginSession.select().count() == 0


@pytest.mark.parametrize("name", ["alice", "dora"])
def test_the_old_password_does_not_get_in_while_it_is_being_changed(cast, name):
    worker, account = (cast.dora, None) if name == "dora" else (None, cast.alice_account)
    reset(cast, name)  # between the comparison with the old password and the start of the session
    assert refused(sign_in.start, account, worker, device_token="", agent="", network="").code == "no_match"
    assert LoginSession.select().count() == 0


# ---------------------------------------------------------------- devices


def new_device_mails():
    return Delivery.select().where(Delivery.kind == "new_device")


def test_a_new_device_is_told_by_mail_and_a_known_one_is_not(cast):
    first = entered(cast, "alice")
    assert [(mail.to_address, mail.account) for mail in new_device_mails()] == [
        ("alice@example.org", cast.alice_account)
    ]
    again = entered(cast, "alice", device_token=first.device_token)
    assert again.device_token == first.device_token
    assert new_device_mails().count() == 1
    assert entered(cast, "alice", device_token="made up").device_token != "made up"
    assert new_device_mails().count() == 2


def test_a_shared_browser_is_a_new_device_once_for_each_of_the_people_who_use_it(cast):
    shared = entered(cast, "bob").device_token
    for _ in range(3):
        for name in ("alice", "bob", "dora"):
            assert entered(cast, name, device_token=shared).device_token == shared
    assert sorted(mail.to_address for mail in new_device_mails()) == [
        "alice@example.org", "bob@example.org", "dora@example.org",
    ]  # fmt: skip


# ---------------------------------------------------------------- changing the password


def test_changing_the_password_ends_every_session_and_gives_a_fresh_one(cast, frozen):
    frozen()
    other = entered(cast, "alice").session_token
    mine = entered(cast, "alice").session_token
    frozen.shift(hours=2, minutes=-100)
    fresh = sign_in.change_password(sign_in.session_of(mine), cast.password_of("alice"), NEW, cast.by("alice"))
    assert [bool(sign_in.session_of(token)) for token in (other, mine, fresh)] == [False, False, True]
    assert refused(entered, cast, "alice").code == "no_match"
    assert enter(cast, "alice@example.org", NEW).account == cast.alice_account


def test_the_fresh_session_is_as_old_as_the_one_it_follows(cast, frozen, decided):
    frozen()
    decided(idle_minutes=240)
    token = entered(cast, "alice").session_token
    for hours in (3, 3, 3):
        frozen.shift(hours=hours)
        sign_in.touch(sign_in.session_of(token))
    fresh = sign_in.change_password(sign_in.session_of(token), cast.password_of("alice"), NEW, cast.by("alice"))
    frozen.shift(hours=3)
    assert sign_in.session_of(fresh) is None


def test_a_change_of_password_is_told_by_mail_and_in_the_audit(cast):
    session = cast.session("alice")
    sign_in.change_password(session, cast.password_of("alice"), NEW, cast.by("alice"))
    mail = Delivery.get(Delivery.kind == "password_changed")
    assert (mail.to_address, mail.account, mail.state) == ("alice@example.org", cast.alice_account, "due")
    assert AuditEntry.get(AuditEntry.kind == "password.changed").individual == cast.alice


@pytest.mark.parametrize(
    ("current", "new", "field", "code"),
    [
        ("not my password", NEW, "current", "no_match"),
        ("alice likes 9 quiet otters", "short", "password", "too_short"),
        ("alice likes 9 quiet otters", "alice archer 1", "password", "too_near"),
    ],
)
def test_a_password_that_may_not_be_chosen_changes_nothing(cast, current, new, field, code):
    session = cast.session("alice")
    refusal = refused(sign_in.change_password, session, current, new, cast.by("alice"))
    assert (refusal.field, refusal.code) == (field, code)
    assert LoginSession.select().count() == 1
    assert entered(cast, "alice")


def test_two_changes_at_once_are_one_change(cast, at_once):
    sessions = [cast.session("alice") for _ in range(4)]
    by = cast.by("alice")
    answers = at_once(
        [
            lambda n=n: sign_in.change_password(sessions[n], cast.password_of("alice"), f"{NEW} {n}", by)
            for n in range(4)
        ]
    )
    assert sum(isinstance(answer, str) for answer in answers) == 1
    assert AuditEntry.select().where(AuditEntry.kind == "password.changed").count() == 1
    assert LoginSession.select().count() == 1


def test_guesses_at_the_current_password_are_limited(cast, frozen):
    frozen()
    session = cast.session("alice")
    codes = [refused(sign_in.change_password, session, "wrong", NEW, cast.by("alice")).code for _ in range(11)]
    assert codes == ["no_match"] * 10 + ["too_many"]


def test_a_worker_changes_the_own_password_too(cast):
    fresh = sign_in.change_password(cast.session("dora"), cast.password_of("dora"), NEW, cast.by("dora"))
    assert sign_in.session_of(fresh).worker == cast.dora
    assert Delivery.get(Delivery.kind == "password_changed").worker == cast.dora


# ---------------------------------------------------------------- forgotten passwords


def reset_mail(cast, deliver, typed):
    resets.ask(typed, cast.visitor())
    with SmtpServer() as server:
        deliver(server)
        return list(server.accepted)


def link_in(received):
    text = received.message.get_body(("plain",)).get_content()
    token = next(word for word in text.split() if "/reset/" in word).rpartition("/")[2]
    return resets.find(token)


def test_alice_chooses_a_new_password_by_mail(cast, deliver):
    old = entered(cast, "alice").session_token
    mails = [
        mail for mail in reset_mail(cast, deliver, "ALICE@EXAMPLE.ORG") if "new password" in mail.message["Subject"]
    ]
    assert [mail.recipients for mail in mails] == [("alice@example.org",)]
    link = link_in(mails[0])
    assert (link.account, link.worker) == (cast.alice_account, None)
    resets.reset(link, NEW, cast.visitor())
    assert sign_in.session_of(old) is None
    assert enter(cast, "alice@example.org", NEW)
    assert Delivery.select().where(Delivery.kind == "password_changed", Delivery.state == "due").count() == 1


def test_a_worker_chooses_a_new_password_by_mail(cast, deliver):
    link = link_in(reset_mail(cast, deliver, "dora@example.org")[0])
    assert link.worker == cast.dora
    resets.reset(link, NEW, cast.visitor())
    assert enter(cast, "dora@example.org", NEW).worker == cast.dora


def test_the_mail_goes_to_the_stored_address_never_to_the_typed_one(cast, deliver):
    mails = reset_mail(cast, deliver, "ａｌｉｃｅ@example.org")
    assert [mail.recipients for mail in mails] == [("alice@example.org",)]
    assert "alice@example.org" in mails[0].message["To"]


def test_an_address_is_written_as_its_owner_writes_it(cast, deliver):
    cast.activated(cast.person(email="Nora.North@example.org"))
    mails = reset_mail(cast, deliver, "nora.north@EXAMPLE.org")
    assert [mail.recipients for mail in mails if "new password" in mail.message["Subject"]] == [("Nora.North@example.org",)]


@pytest.mark.parametrize("name", ["nobody", "eve", "sam", "pia"])
def test_for_who_cannot_sign_in_the_same_is_written_and_nothing_is_sent(cast, deliver, name):
    assert reset_mail(cast, deliver, cast.email_of(name)) == []
    delivery = Delivery.get(Delivery.kind == "password_reset")
    assert (delivery.state, delivery.link, delivery.account) == ("suppressed", None, None)
    assert not Link.select().where(Link.purpose == "password_reset").exists()


def test_what_is_written_for_a_reset_tells_not_whether_the_address_is_known(cast):
    rows = []
    for email in ("alice@example.org", "nobody@example.org"):
        resets.ask(email, cast.visitor())
        row = Delivery.select().order_by(Delivery.id.desc()).dicts().get()
        told = {"id", "public_id", "dedupe_key", "to_address", "created_at", "next_at", "expires_at"}
        rows.append({name: value for name, value in row.items() if name not in told})
    assert rows[0] == rows[1]
    assert not AuditEntry.select().where(AuditEntry.kind == "password.reset_wanted").exists()


def test_a_reset_link_works_once(cast):
    link = reset(cast, "alice")
    assert refused(resets.reset, link, "another fine passphrase", cast.visitor()).code == "no_longer"
    assert enter(cast, "alice@example.org", NEW)


def test_of_ten_resets_by_one_link_at_once_one_counts(cast, at_once):
    link = links.make("password_reset", dt.datetime.now(dt.UTC) + dt.timedelta(minutes=30), account=cast.alice_account)
    visitor = cast.visitor()
    answers = at_once([lambda n=n: resets.reset(link, f"{NEW} {n}", visitor) for n in range(10)])
    assert answers.count(None) == 1
    assert AuditEntry.select().where(AuditEntry.kind == "password.reset").count() == 1


def test_a_reset_link_lives_for_half_an_hour(cast, deliver, frozen):
    frozen()
    link = link_in(reset_mail(cast, deliver, "alice@example.org")[0])
    frozen.shift(minutes=30)
    assert refused(resets.reset, link, NEW, cast.visitor()).code == "no_longer"
    frozen.shift(seconds=-1)
    resets.reset(link, NEW, cast.visitor())


def test_a_newer_reset_link_replaces_the_older_one(cast, deliver):
    first = link_in(reset_mail(cast, deliver, "alice@example.org")[0])
    second = link_in(reset_mail(cast, deliver, "alice@example.org")[0])
    assert refused(resets.reset, first, NEW, cast.visitor()).code == "no_longer"
    resets.reset(second, NEW, cast.visitor())


def test_a_changed_password_voids_the_reset_links_that_are_out(cast, deliver):
    link = link_in(reset_mail(cast, deliver, "alice@example.org")[0])
    sign_in.change_password(cast.session("alice"), cast.password_of("alice"), NEW, cast.by("alice"))
    assert refused(resets.reset, link, "another fine passphrase", cast.visitor()).code == "no_longer"


@pytest.mark.parametrize("act", ["suspend", "disable", "close"])
def test_who_was_shut_out_meanwhile_cannot_reset(cast, deliver, act):
    link = link_in(reset_mail(cast, deliver, "alice@example.org")[0])
    ENDS[act](cast)
    before = cast.alice_account.password_hash
    assert refused(resets.reset, link, NEW, cast.visitor()).code == "no_longer"
    assert cast.alice_account.password_hash == before


def test_a_worker_who_left_meanwhile_cannot_reset(cast, deliver):
    link = link_in(reset_mail(cast, deliver, "dora@example.org")[0])
    deactivated(cast)
    assert refused(resets.reset, link, NEW, cast.visitor()).code == "no_longer"


def test_a_password_that_may_not_be_chosen_leaves_the_reset_link_as_it_was(cast, deliver):
    link = link_in(reset_mail(cast, deliver, "alice@example.org")[0])
    assert refused(resets.reset, link, "password1234", cast.visitor()).code == "too_common"
    resets.reset(link, NEW, cast.visitor())


def test_an_activation_link_resets_nothing(cast):
    with pytest.raises(NotFound):
        resets.find(links.token(cast.invited()))


def test_looking_the_asker_up_twice_makes_one_link(cast):
    resets.ask("alice@example.org", cast.visitor())
    for _ in range(2):
        delivery = Delivery.get(Delivery.kind == "password_reset")
        assert resets.resolve(delivery)
    assert Link.select().where(Link.purpose == "password_reset").count() == 1
    assert notices.is_doubtful("alice@example.org") is False


def test_the_password_hash_of_a_client_is_argon2id_and_nothing_else_is_kept(cast):
    assert cast.alice_account.password_hash.startswith("$argon2id$v=19$")
    assert passwords.matches(cast.password_of("alice"), cast.alice_account.password_hash)
    tables = str([list(table.select().dicts()) for table in models.TABLES])
    assert cast.password_of("alice") not in tables


def test_the_support_phone_is_the_main_sites(cast):
    assert agency.support_phone() == "+1 902 555 0100"
    assert PortalAccount.select().count() == 3


@pytest.mark.parametrize("name", ["alice", "dora"])
def test_a_change_of_password_on_its_way_revives_no_session_that_ended_meanwhile(cast, name):
    session = cast.session(name)
    with store.writing():
        LoginSession.delete().where(LoginSession.token_hash == session.token_hash).execute()
    with pytest.raises(RuleBroken) as refused:
        sign_in.change_password(session, cast.password_of(name), "seven brave geese fly", cast.by(name))
    assert refused.value.code == "ended"
    assert not LoginSession.select().exists()
    assert sign_in.sign_in(cast.email_of(name), cast.password_of(name), device_token="", agent="", by=cast.visitor())
