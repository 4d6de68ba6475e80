"""Too many wrong passwords: who is kept out, who is not, and the ways back (spec 01; T7, T8, P6)."""

import datetime as dt
import re

import pytest

from domain import accounts, clock, letters, links, lockout, resets, schema, settings, sign_in, store
from domain.rules import NotFound, RuleBroken
from models import AuditEntry, Delivery, Device, Link, LoginSession, PortalAccount, Setting, Worker, db

NEW = "eleven grey seals rest"


@pytest.fixture(autouse=True)
def _any_pace(cast):
    """Tries a minute are tried in test_sign_in."""
    with store.writing():
        Setting.insert(key="sign_ins_a_minute", value="1000").execute()


def enter(cast, name, password=None, device="", network="203.0.113.5"):
    email = name if "@" in name else cast.email_of(name)
    return sign_in.sign_in(email, password or cast.password_of(name), device_token=device, agent="a phone", by=cast.visitor(network))


def wrong(cast, name="alice", times=1, device=""):
    for _ in range(times):
        with pytest.raises(RuleBroken) as refused:
            enter(cast, name, "not this one", device)
        assert refused.value.code == "no_match"


def is_refused(cast, name="alice", device=""):
    try:
        enter(cast, name, None, device)
    except RuleBroken as refused:
        assert str(refused) == "The e-mail address and the password do not match."
        return True
    return False


def is_locked(cast, name="alice"):
    if name == "dora":
        return cast.dora.locked_until is not None and cast.dora.locked_until > clock.now()
    return (cast.alice_account.state, cast.alice_account.reason) == ("locked", "attempts")


def unlock_link(purpose="unlock"):
    return Link.select().where(Link.purpose == purpose).order_by(Link.id.desc()).get()


def kinds(*prefixes):
    return [entry.kind for entry in AuditEntry.select().order_by(AuditEntry.id) if entry.kind.startswith(prefixes)]


def statements(verb):
    """What a verb asks the database, without the values."""
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


BOTH = pytest.mark.parametrize("name", ["alice", "dora"])


# ---------------------------------------------------------------- counting and locking


@BOTH
def test_the_fifth_wrong_password_in_a_row_locks(cast, name):
    wrong(cast, name, 4)
    assert not is_locked(cast, name)
    wrong(cast, name)
    assert is_locked(cast, name)
    assert is_refused(cast, name)


@BOTH
def test_a_right_password_sets_the_counter_back(cast, name):
    for _ in range(3):
        wrong(cast, name, 4)
        enter(cast, name)
    assert not is_locked(cast, name)


@BOTH
def test_the_lock_is_told_once_by_e_mail_and_in_the_audit(cast, name):
    wrong(cast, name, 9)
    mails = Delivery.select().where(Delivery.kind == "sign_in_locked")
    assert [mail.to_address for mail in mails] == [cast.email_of(name)]
    kind = "account.locked" if name == "alice" else "worker.locked"
    entry = AuditEntry.get(AuditEntry.kind == kind)
    assert entry.actor_kind == "system"
    assert kinds(kind) == [kind]
    assert entry.individual == (cast.alice if name == "alice" else None)


@BOTH
def test_fifty_guesses_at_once_are_five(cast, at_once, name):
    answers = at_once([lambda n=n: enter(cast, name, f"guess {n}", network=f"203.0.113.{n}") for n in range(50)])
    assert {answer.code for answer in answers} == {"no_match"}
    assert is_locked(cast, name)
    owner = cast.dora if name == "dora" else cast.alice_account
    assert owner.failed_sign_ins == 5
    reasons = [sign_in.audit.values_of(entry)["reason"] for entry in AuditEntry.select().where(AuditEntry.kind == "sign_in.refused")]
    assert sorted(reasons) == ["locked"] * 45 + ["password"] * 5
    assert Delivery.select().where(Delivery.kind == "sign_in_locked").count() == 1


def test_ten_thousand_would_be_five_too_even_if_one_of_them_is_right(cast):
    wrong(cast, times=5)
    with pytest.raises(RuleBroken):
        enter(cast, "alice")
    assert LoginSession.select().where(LoginSession.account == cast.alice_account).count() == 0


def test_a_try_that_was_counted_but_never_answered_still_locks_at_the_next(cast):
    with store.writing():
        PortalAccount.update(failed_sign_ins=5).where(PortalAccount.id == cast.alice_account.id).execute()
    assert is_refused(cast)
    assert is_locked(cast)
    assert Delivery.select().where(Delivery.kind == "sign_in_locked").count() == 1


def test_the_agency_decides_how_many_tries(cast, decided):
    decided(sign_in_tries=3)
    wrong(cast, times=3)
    assert is_locked(cast)
    with pytest.raises(RuleBroken):
        settings.change("sign_in_tries", "2", cast.by("ada"))


def test_who_is_suspended_or_unknown_is_never_locked_and_gets_no_mail(cast):
    for name in ("eve", "nobody@example.org"):
        wrong(cast, name, 7)
    assert cast.eve_account.reason == "suspended"
    assert not Delivery.select().where(Delivery.kind == "sign_in_locked").exists()


def test_each_of_the_answers_is_the_same_work_whoever_it_is_about(cast):
    """The fifth wrong one, one of a locked account, and one of nobody: what is asked of the database differs in nothing that
    can be counted."""

    def work(email):
        with pytest.raises(RuleBroken):
            enter(cast, email, "not this one")

    enter(cast, "alice")
    settings.get("mail_rate")
    wrong(cast, times=4)
    counted = {
        what: [re.sub(r"\bIS NULL|= (\?|%s)", "…", sql) for sql in statements(lambda email=email: work(email))]
        for what, email in (("fifth", "alice@example.org"), ("locked", "alice@example.org"), ("nobody", "none@example.org"),
                            ("suspended", "eve@example.org"), ("first", "bob@example.org"))
    }  # fmt: skip
    assert is_locked(cast)
    whole = [sql for sql in counted["fifth"] if "FOR NO KEY UPDATE" not in sql]
    for what, sqls in counted.items():
        plain = [sql for sql in sqls if not sql.startswith("ROLLBACK TO") and "FOR NO KEY UPDATE" not in sql]
        assert [sql for sql in plain if not sql.startswith("RELEASE")] == [s for s in whole if not s.startswith("RELEASE")], what


# ---------------------------------------------------------------- known devices and sessions


@BOTH
def test_a_known_device_may_sign_in_while_the_account_is_locked(cast, name):
    device = enter(cast, name).device_token
    wrong(cast, name, 5)
    assert is_refused(cast, name)
    assert not is_refused(cast, name, device)
    assert is_locked(cast, name)  # for all others


@BOTH
def test_sessions_stay_when_an_account_is_locked(cast, name):
    token = enter(cast, name).session_token
    wrong(cast, name, 5)
    assert sign_in.session_of(token)


@BOTH
def test_a_known_device_has_five_tries_of_its_own(cast, name):
    device = enter(cast, name).device_token
    wrong(cast, name, 4, device)
    assert not is_refused(cast, name, device)
    wrong(cast, name, 5, device)
    assert not is_locked(cast, name)
    assert Device.get(Device.failed_sign_ins == 5)
    wrong(cast, name, 5, device)  # from then on it is as any other
    assert is_locked(cast, name)
    assert is_refused(cast, name, device)


def test_somebody_elses_device_is_unknown(cast):
    bobs = enter(cast, "bob").device_token
    wrong(cast, times=5)
    assert is_refused(cast, "alice", bobs)


def test_guesses_from_everywhere_do_not_keep_a_known_device_waiting(cast, decided, frozen):
    frozen()
    decided(sign_ins_a_minute=10)
    device = enter(cast, "alice").device_token
    codes = []
    for number in range(30):
        with pytest.raises(RuleBroken) as refused:
            enter(cast, "alice", "not this one", network=f"198.51.100.{number}")
        codes.append(refused.value.code)
    assert "too_many" in codes
    assert not is_refused(cast, "alice", device)


def test_a_password_can_be_changed_while_locked(cast):
    session = sign_in.session_of(enter(cast, "alice").session_token)
    wrong(cast, times=5)
    token = sign_in.change_password(session, cast.password_of("alice"), NEW, cast.by("alice"))
    assert sign_in.session_of(token)


# ---------------------------------------------------------------- the ways back


@BOTH
def test_the_link_unlocks_once(cast, name):
    wrong(cast, name, 5)
    link = unlock_link()
    lockout.unlock(link, cast.visitor())
    assert not is_locked(cast, name)
    assert not is_refused(cast, name)
    assert lockout.standing(Link.get_by_id(link.id)) == "open"
    wrong(cast, name, 5)
    assert is_locked(cast, name)
    with pytest.raises(RuleBroken) as refused:
        lockout.unlock(link, cast.visitor())
    assert refused.value.code == "no_longer"
    assert is_locked(cast, name)


def test_twice_at_once_it_unlocks_once(cast, at_once):
    wrong(cast, times=5)
    link = unlock_link()
    answers = at_once([lambda: lockout.unlock(link, cast.visitor())] * 8)
    assert [answer for answer in answers if answer is None] == [None]
    assert kinds("account.unlocked") == ["account.unlocked"]


def test_the_link_works_for_half_an_hour_and_the_worker_is_let_in_after_it(cast, frozen):
    frozen()
    wrong(cast, "alice", 5)
    wrong(cast, "dora", 5)
    frozen.shift(minutes=29, seconds=59)
    assert [lockout.standing(link) for link in Link.select().where(Link.purpose == "unlock")] == ["good", "good"]
    assert is_refused(cast, "dora")
    frozen.shift(seconds=1)
    assert [lockout.standing(link) for link in Link.select().where(Link.purpose == "unlock")] == ["expired", "open"]
    assert not is_refused(cast, "dora")
    assert is_refused(cast, "alice")
    wrong(cast, "dora", 4)
    assert not is_locked(cast, "dora")


def test_a_worker_whose_time_is_over_is_locked_again_by_five_more(cast, frozen):
    frozen()
    wrong(cast, "dora", 5)
    frozen.shift(minutes=31)
    wrong(cast, "dora", 5)
    assert is_locked(cast, "dora")
    assert Delivery.select().where(Delivery.kind == "sign_in_locked").count() == 2


def test_the_link_does_not_undo_what_staff_decided(cast):
    wrong(cast, times=5)
    link = unlock_link()
    accounts.unlock(cast.alice_account, cast.by("ada"))
    accounts.suspend(cast.alice_account, cast.by("ada"))
    assert lockout.standing(link) == "suspended"
    with pytest.raises(RuleBroken):
        lockout.unlock(link, cast.visitor())
    assert cast.alice_account.reason == "suspended"


@pytest.mark.parametrize(("verb", "standing"), [("disable", "ended"), ("close", "ended"), ("unlock", "open")])
def test_the_link_tells_what_became_of_the_account(cast, verb, standing):
    wrong(cast, times=5)
    link = unlock_link()
    getattr(accounts, verb)(cast.alice_account, cast.by("ada"))
    assert lockout.standing(link) == standing


def test_staff_unlock_with_all_tries_and_their_devices_too(cast):
    device = enter(cast, "alice").device_token
    wrong(cast, "alice", 10, device)
    accounts.unlock(cast.alice_account, cast.by("ada"))
    assert cast.alice_account.failed_sign_ins == 0
    assert not Device.select().where(Device.failed_sign_ins > 0).exists()
    wrong(cast, times=4)
    assert not is_locked(cast)


@BOTH
def test_a_new_password_by_e_mail_unlocks_and_the_record_says_so(cast, name):
    wrong(cast, name, 5)
    resets.ask(cast.email_of(name), cast.visitor())
    mail = Delivery.get(Delivery.kind == "password_reset")
    assert resets.resolve(mail)
    resets.reset(mail.link, NEW, cast.visitor())
    assert not is_locked(cast, name)
    assert enter(cast, name, NEW)
    assert kinds("account.unlocked", "worker.unlocked")[-1] == ("account.unlocked" if name == "alice" else "worker.unlocked")


def test_a_new_password_does_not_undo_a_suspension(cast):
    link = links.make("password_reset", clock.ahead(minutes=30), account=cast.eve_account)
    with pytest.raises(RuleBroken):
        resets.reset(link, NEW, cast.visitor())
    assert cast.eve_account.reason == "suspended"


def test_an_account_that_was_disabled_while_locked_begins_anew(cast):
    wrong(cast, times=5)
    accounts.disable(cast.alice_account, cast.by("ada"))
    accounts.enable(cast.alice_account, cast.by("ada"))
    assert cast.alice_account.failed_sign_ins == 0


def test_the_mail_is_not_sent_when_it_is_of_no_more_use(cast):
    wrong(cast, times=5)
    mail = Delivery.get(Delivery.kind == "sign_in_locked")
    assert "/unlock/" in letters.letter(mail, "https://portal.example.org").button[1]
    accounts.unlock(cast.alice_account, cast.by("ada"))
    with pytest.raises(letters.Unwanted):
        letters.letter(Delivery.get_by_id(mail.id), "https://portal.example.org")


def test_a_made_up_link_is_none(cast):
    wrong(cast, times=5)
    for token in ("", "x", links.token(unlock_link())[:-1], links.token(cast.invited())):
        with pytest.raises(NotFound):
            lockout.find(token)


def test_a_worker_who_left_is_told_so_by_the_link(cast):
    wrong(cast, "dora", 5)
    with store.writing():
        Worker.update(is_active=False).where(Worker.external_id == "dora").execute()
    assert lockout.standing(unlock_link()) == "ended"


def test_half_an_hour_is_a_setting(cast, decided, frozen):
    frozen()
    decided(unlock_minutes=60)
    wrong(cast, times=5)
    assert unlock_link().expires_at == clock.now() + dt.timedelta(minutes=60)


def test_the_version_of_before_and_this_one_again_find_everybody(cast):
    """Down and up with people in the tables: who is locked may come in again, links stay as dead ones, devices get names."""
    enter(cast, "alice")
    wrong(cast, times=5)
    made, sessions = Link.select().count(), LoginSession.select().count()
    schema.down("0011_lockout")
    assert db.execute_sql("SELECT state, reason FROM portal_account WHERE id = 1").fetchone() == ("active", None)
    assert db.execute_sql("SELECT count(*) FROM link WHERE purpose = 'unlock'").fetchone() == (0,)
    schema.up()
    assert (Link.select().count(), LoginSession.select().count()) == (made, sessions)
    assert all(len(row.public_id) == 22 for table in (Device, LoginSession) for row in table.select())
    assert not is_refused(cast)
    wrong(cast, times=5)
    assert is_locked(cast)
