"""Staff ask for a new password: sessions end, the old password leads to the e-mailed link, and no session begins with it."""

import pytest
from smtp_server import SmtpServer

from domain import accounts, audit, bulk, bulk_jobs, forced_reset, notices, resets, sign_in, viewer
from domain.rules import RuleBroken
from models import AuditEntry, BulkJob, Delivery, Device, LoginSession, PortalAccount, Worker

NEW = "eleven grey seals rest"
OLD = "alice likes 9 quiet otters"


def enter(cast, password=OLD, device_token="", name="alice", network="192.0.2.7"):
    return sign_in.sign_in(cast.email_of(name), password, device_token=device_token, agent="a phone", by=cast.visitor(network))


def forced(cast):
    forced_reset.force(cast.alice_account, cast.by("ada"))


def mails(kind):
    return Delivery.select().where(Delivery.kind == kind)


def is_wanted(cast):
    return cast.alice_account.password_reset_wanted_at is not None


def sessions_of(cast):
    return LoginSession.select().where(LoginSession.account == cast.alice_account).count()


# ---------------------------------------------------------------- what it does to one account


def test_all_sessions_end_and_known_devices_stay_known(cast):
    signed = [enter(cast), enter(cast)]
    ada = sign_in.sign_in("ada@example.org", cast.password_of("ada"), device_token="", agent="a desk", by=cast.visitor())
    known = Device.select().where(Device.account == cast.alice_account).count()
    forced(cast)
    assert [sign_in.session_of(each.session_token) for each in signed] == [None, None]
    assert Device.select().where(Device.account == cast.alice_account).count() == known
    assert sign_in.session_of(ada.session_token).worker == cast.ada
    entry = AuditEntry.select().where(AuditEntry.kind == "account.reset_forced").get()
    assert (entry.worker_id, entry.individual_id, audit.verify()) == (cast.ada.id, cast.alice.id, [])
    assert cast.alice_account.state == "active"


def test_the_old_password_leads_to_the_link_and_the_new_one_in(cast, deliver):
    forced(cast)
    with pytest.raises(sign_in.NewPasswordWanted):
        enter(cast)
    assert (sessions_of(cast), mails("password_reset").count()) == (0, 1)
    with SmtpServer() as server:
        deliver(server)
        assert sorted(mail.message["Subject"] for mail in server.accepted) == ["Choose a new password", "Please choose a new password"]
    resets.reset(mails("password_reset").get().link, NEW, cast.visitor())
    assert not is_wanted(cast)
    assert enter(cast, NEW).account == cast.alice_account


def test_who_does_not_know_the_password_learns_nothing_and_sends_nothing(cast):
    forced(cast)
    with pytest.raises(RuleBroken) as refused:
        enter(cast, "a wrong password")
    assert (refused.value.code, mails("password_reset").count()) == ("no_match", 0)


def test_right_passwords_never_lock_an_account_that_is_asked_for_a_new_one(cast, decided):
    decided(sign_in_tries=3, resets_an_hour=100)
    forced(cast)
    for _ in range(5):
        with pytest.raises(sign_in.NewPasswordWanted):
            enter(cast)
    assert (cast.alice_account.state, cast.alice_account.failed_sign_ins) == ("active", 0)


def test_links_are_sent_no_more_often_than_for_a_forgotten_password(cast, decided):
    decided(resets_an_hour=2)
    forced(cast)
    for _ in range(2):
        with pytest.raises(sign_in.NewPasswordWanted):
            enter(cast)
    with pytest.raises(RuleBroken) as refused:
        enter(cast)
    assert (refused.value.code, mails("password_reset").count()) == ("too_many", 2)


def test_whoever_waits_in_the_same_room_gets_a_link_of_their_own(cast, decided):
    """After a reset of everybody, many sign in over the agency's network; what they know is proof enough."""
    decided(resets_an_hour=2)
    for number in range(2):
        resets.ask(f"somebody{number}@example.org", cast.visitor())
    everybody(cast, "3")
    bulk_jobs.run_due()
    for name in ("alice", "bob"):
        with pytest.raises(sign_in.NewPasswordWanted):
            enter(cast, cast.password_of(name), name=name)
    with pytest.raises(RuleBroken) as refused:
        resets.ask("pia@example.org", cast.visitor())
    assert (refused.value.code, mails("password_reset").count()) == ("too_many", 4)


def locked(cast, decided):
    decided(sign_in_tries=3)
    for _ in range(3):
        with pytest.raises(RuleBroken):
            enter(cast, "a wrong password", network="203.0.113.5")
    assert cast.alice_account.reason == "attempts"


def test_where_wrong_passwords_locked_it_only_a_known_device_hears_of_it(cast, decided):
    device = enter(cast).device_token
    locked(cast, decided)
    forced(cast)
    with pytest.raises(RuleBroken) as refused:
        enter(cast)
    assert (refused.value.code, mails("password_reset").count()) == ("no_match", 0)
    with pytest.raises(sign_in.NewPasswordWanted):
        enter(cast, device_token=device)


def test_whoever_chose_a_password_by_a_link_asked_for_before_has_done_what_was_wanted(cast, deliver):
    resets.ask("alice@example.org", cast.visitor())
    with SmtpServer() as server:
        deliver(server)
    forced(cast)
    resets.reset(mails("password_reset").get().link, NEW, cast.visitor())
    assert not is_wanted(cast)


def test_enabling_and_closing_ask_for_no_password_any_more(cast):
    forced(cast)
    accounts.disable(cast.alice_account, cast.by("ada"))
    accounts.enable(cast.alice_account, cast.by("ada"))
    assert not is_wanted(cast)


@pytest.mark.parametrize("state", ["pending", "disabled", "closed"])
def test_other_states_are_refused_with_a_sentence_that_names_them(cast, state):
    if state == "closed":
        accounts.close(cast.alice_account, cast.by("ada"))
    else:
        accounts.disable(cast.alice_account, cast.by("ada"))
    if state == "pending":
        accounts.enable(cast.alice_account, cast.by("ada"))
    with pytest.raises(RuleBroken) as refused:
        forced(cast)
    assert refused.value.code == "wrong_state"
    assert str(refused.value).startswith(f"This account is {state}.")
    assert "active or locked" in str(refused.value)
    assert not is_wanted(cast)


def test_a_second_tap_is_told_that_it_was_done_and_sends_nothing(cast):
    forced(cast)
    with pytest.raises(RuleBroken) as refused:
        forced(cast)
    assert (refused.value.code, mails("new_password_wanted").count()) == ("asked_already", 1)
    assert "reset" not in accounts.staff_verbs(cast.alice_account, frozenset({"manage_accounts"}))


def test_who_is_suspended_is_asked_without_an_e_mail(cast):
    forced_reset.force(cast.eve_account, cast.by("ada"))
    assert mails("new_password_wanted").count() == 0
    assert cast.eve_account.password_reset_wanted_at is not None


def test_the_notice_is_not_sent_to_whoever_chose_one_meanwhile(cast, deliver):
    forced(cast)
    resets.ask("alice@example.org", cast.visitor())
    resets.resolve(mails("password_reset").get())
    resets.reset(mails("password_reset").get().link, NEW, cast.visitor())
    with SmtpServer() as server:
        deliver(server)
    assert mails("new_password_wanted").get().state == "suppressed"


# ---------------------------------------------------------------- at once


def test_no_session_that_began_with_the_old_password_outlives_it(cast, at_once, decided):
    """Eight sign-ins while two administrators ask: whoever was first, nobody is in afterwards."""

    decided(sign_in_tries=20, sign_ins_a_minute=100, resets_an_hour=100)

    def try_to_enter():
        try:
            return enter(cast)
        except sign_in.NewPasswordWanted:
            return "wanted"

    answers = at_once([*[try_to_enter] * 4, lambda: forced(cast), lambda: forced(cast), *[try_to_enter] * 4])
    assert sum(answer is None for answer in answers) == 1  # of the two, one asked
    assert (sessions_of(cast), mails("new_password_wanted").count()) == (0, 1)
    assert {a.code for a in answers if isinstance(a, RuleBroken)} <= {"asked_already", "ended"}


def test_a_change_of_password_at_the_same_moment_leaves_either_the_new_one_or_nobody_in(cast, at_once):
    session = sign_in.session_of(enter(cast).session_token)
    changed, _ = at_once([lambda: sign_in.change_password(session, OLD, NEW, cast.by("alice")), lambda: forced(cast)])
    if isinstance(changed, RuleBroken):
        assert changed.code == "ended"
    assert (is_wanted(cast), sessions_of(cast)) == (True, 0)


# ---------------------------------------------------------------- everybody


def everybody(cast, typed, name="ada"):
    return bulk.plan_reset_of_all(viewer.accounts_seen_by(getattr(cast, name)), typed, cast.by(name))


@pytest.mark.parametrize(("typed", "is_it"), [
    ("1,234", True), ("1 234", True), ("1.234", True), ("1\u202f234", True), ("١٬٢٣٤", True), ("1234", True), ("1235", False), ("12345", False),
    ("-1234", False), ("1234" * 2000, False), ("", False), (".", False),
])  # fmt: skip
def test_a_number_counts_however_it_is_written(typed, is_it):
    """The page itself writes it with a comma."""
    assert bulk.is_number(typed, 1234) == is_it


@pytest.mark.parametrize("typed", ["Harbour", "  harbour ", "3", "٣"])
def test_everybody_is_asked_once_the_name_or_the_number_was_typed(cast, typed):
    accounts.close(cast.activated(), cast.by("ada"))
    enter(cast)
    job = everybody(cast, typed)
    bulk_jobs.run_due()
    job = BulkJob.get_by_id(job.id)
    assert (job.state, bulk.count(job, "done"), bulk.count(job)) == ("done", 3, 3)
    assert LoginSession.select().where(LoginSession.account.is_null(False)).count() == 0
    assert {a.email for a in PortalAccount.select().where(PortalAccount.password_reset_wanted_at.is_null(False))} == {
        "alice@example.org", "bob@example.org", "eve@example.org"}  # fmt: skip
    assert Worker.select().where(Worker.is_active).count() > 0
    assert audit.verify() == []


@pytest.mark.parametrize("typed", ["", "yes", "4", "Harbour House and more"])
def test_nothing_is_done_when_something_else_was_typed(cast, typed):
    with pytest.raises(RuleBroken) as refused:
        everybody(cast, typed)
    assert (refused.value.code, BulkJob.select().count()) == ("not_confirmed", 0)


def test_two_administrators_who_ask_everybody_at_once_ask_each_client_once(cast, at_once):
    jobs = at_once([lambda: everybody(cast, "3"), lambda: everybody(cast, "3", "ada")])
    bulk_jobs.run_due()
    tallies = [BulkJob.get_by_id(job.id) for job in jobs]
    assert sum(bulk.count(job, "done") for job in tallies) == 3
    assert mails("new_password_wanted").count() == 2
    assert AuditEntry.select().where(AuditEntry.kind == "account.reset_forced").count() == 3


def test_a_job_that_was_interrupted_goes_on_and_nobody_gets_two_e_mails(cast, monkeypatch):
    monkeypatch.setattr(bulk_jobs, "AT_ONCE", 1)
    everybody(cast, "3")
    bulk_jobs._step()
    bulk_jobs._step()  # the preview is done, and it has begun by itself
    bulk_jobs._step()
    half = AuditEntry.select().where(AuditEntry.kind == "account.reset_forced").count()
    assert half == 1

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as cut, pytest.raises(Killed):
        cut.setattr(notices, "tell_many", die)
        bulk_jobs._step()
    assert AuditEntry.select().where(AuditEntry.kind == "account.reset_forced").count() == half
    bulk_jobs.run_due()
    assert AuditEntry.select().where(AuditEntry.kind == "account.reset_forced").count() == 3
    assert mails("new_password_wanted").count() == 2


def test_a_search_that_finds_everybody_is_no_way_around_the_confirmation(cast):
    with pytest.raises(RuleBroken) as refused:
        bulk.plan_change("reset", viewer.accounts_seen_by(cast.ada), cast.by("ada"), all_of=bulk.Sought())
    assert refused.value.code == "everybody"


def test_ticked_ones_are_asked_and_the_others_are_named_with_why(cast):
    accounts.disable(cast.bob_account, cast.by("ada"))
    ticked = [cast.alice_account.public_id, cast.bob_account.public_id]
    job = bulk.plan_change("reset", viewer.accounts_seen_by(cast.ada), cast.by("ada"), ticked=ticked)
    bulk_jobs.run_due()
    job = BulkJob.get_by_id(job.id)
    assert (job.state, bulk.count(job, "waiting"), bulk.reasons(job, "left_out")) == ("planned", 1, [("is_disabled", 1)])
    bulk.start(job, cast.by("ada"))
    bulk_jobs.run_due()
    assert is_wanted(cast)
