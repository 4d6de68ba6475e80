"""Staff sign in with an authenticator app: what counts, how often, and what ends it (spec 01, sign-in)."""

import pyotp
import pytest

from domain import (
    audit,
    clock,
    devices,
    half_sign_ins,
    leaving,
    lockout,
    own_second_step,
    second_step,
    security_classes,
    sign_in,
    store,
    workers,
)
from domain.rules import RuleBroken
from domain.sign_in import Half, SignedIn
from models import (
    AuditEntry,
    Authenticator,
    Delivery,
    Device,
    HalfSignIn,
    Link,
    LoginSession,
    RecoveryCode,
    Worker,
)

NOON = "2026-11-27 12:00:05"


@pytest.fixture(autouse=True)
def _is_on(cast, decided, frozen):
    frozen(NOON)
    decided(staff_2step=1)


def enter(cast, name="dora", device="", network="192.0.2.7", password=""):
    """The right password, unless it is another."""
    typed = password or cast.password_of(name)
    return sign_in.sign_in(cast.email_of(name), typed, device_token=device, agent="a test", by=cast.visitor(network))


def half_of(cast, name="dora", device=""):
    signed = enter(cast, name, device)
    assert isinstance(signed, Half)
    found = half_sign_ins.find(signed.token)
    assert found is not None
    return found


def shown(cast, name="dora", steps=0):
    """What the app of somebody shows now, or some steps later."""
    app = Authenticator.get(Authenticator.worker == getattr(cast, name))
    return pyotp.TOTP(second_step.secret(app.nonce)).at(clock.now(), counter_offset=steps)


def here(cast, device=""):
    return {"device_token": device, "agent": "a test", "by": cast.visitor()}


def set_up(cast, name="dora"):
    """Somebody goes through it the first time: their session, and their recovery codes."""
    half = half_of(cast, name)
    half_sign_ins.set_up(half, pyotp.TOTP(second_step.secret(half.nonce)).at(clock.now()), cast.visitor())
    half = half_sign_ins.HalfSignIn.get_by_id(half.id)
    codes = second_step.codes(half.codes_nonce)
    return half_sign_ins.kept(half, **here(cast)), codes


@pytest.fixture
def enrolled(cast, frozen):
    """Dora has an app, and its next code."""
    signed, codes = set_up(cast)
    frozen.shift(minutes=1)
    return signed, codes


def kinds():
    return [row.kind for row in AuditEntry.select().order_by(AuditEntry.id)]


def reasons():
    """Why each code that was refused did not count."""
    return [audit.values_of(row)["reason"] for row in AuditEntry.select().where(AuditEntry.kind == "two_step.failed")]


def warnings():
    """The e-mails to Dora that somebody may have her password."""
    return Delivery.select().where(Delivery.kind == "password_known", Delivery.to_address == "dora@example.org").count()


# ---------------------------------------------------------------- half a sign-in


def test_the_right_password_alone_gives_no_session(cast, enrolled):
    before = LoginSession.select().count()
    assert isinstance(enter(cast), Half)
    assert LoginSession.select().count() == before


def test_clients_are_asked_for_no_code_and_neither_is_staff_when_it_is_off(cast, decided):
    assert isinstance(enter(cast, "alice"), SignedIn)
    decided(staff_2step=0)
    assert isinstance(enter(cast), SignedIn)


def test_the_app_is_set_up_before_the_first_session_and_its_code_opens_the_next(cast, enrolled):
    assert sign_in.session_of(enrolled[0].session_token).worker == cast.dora
    signed = half_sign_ins.enter(half_of(cast), shown(cast), **here(cast))
    assert sign_in.session_of(signed.session_token).worker == cast.dora
    assert "two_step.enrolled" in kinds()
    assert Delivery.select().where(Delivery.kind == "authenticator_set_up", Delivery.worker == cast.dora).count() == 1


def test_nothing_is_kept_of_the_secret_and_of_the_codes_but_what_takes_the_key(cast, enrolled):
    secret = second_step.secret(Authenticator.get().nonce)
    kept = [row.code_hash for row in RecoveryCode.select()] + [Authenticator.get().nonce]
    assert len(kept) == 11
    assert not {secret, *enrolled[1], *(code.replace("-", "") for code in enrolled[1])} & set(kept)
    second_step.use_key("somebody else's")
    assert second_step.secret(Authenticator.get().nonce) != secret
    second_step.use_key("a key that only the tests have, and long enough for anybody")


def test_half_a_sign_in_lasts_ten_minutes(cast, enrolled, frozen):
    token = enter(cast).token
    frozen.shift(minutes=9, seconds=59)
    assert half_sign_ins.find(token) is not None
    frozen.shift(seconds=2)
    assert half_sign_ins.find(token) is None


@pytest.mark.parametrize(("steps", "is_in"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(cast, enrolled, steps, is_in):
    half = half_of(cast)
    if is_in:
        assert half_sign_ins.enter(half, shown(cast, steps=steps), **here(cast)).worker == cast.dora
    else:
        with pytest.raises(RuleBroken) as refused:
            half_sign_ins.enter(half, shown(cast, steps=steps), **here(cast))
        assert (refused.value.code, refused.value.count) == ("wrong", 4)


def test_a_code_counts_once(cast, enrolled, frozen):
    code = shown(cast)
    half_sign_ins.enter(half_of(cast), code, **here(cast))
    frozen.shift(seconds=20)
    with pytest.raises(RuleBroken) as refused:
        half_sign_ins.enter(half_of(cast), code, **here(cast))
    assert refused.value.code == "used"


def test_the_code_that_set_the_app_up_is_spent(cast):
    set_up(cast)
    with pytest.raises(RuleBroken) as refused:
        half_sign_ins.enter(half_of(cast), shown(cast), **here(cast))
    assert refused.value.code == "used"


@pytest.mark.parametrize("how", [" {0}{1}{2} {3}{4}{5} ", "{0}{1}{2}-{3}{4}{5}", "{0} {1} {2} {3} {4} {5}"])
def test_spaces_and_strokes_are_forgiven_and_arabic_digits_understood(cast, enrolled, how):
    code = shown(cast).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert half_sign_ins.enter(half_of(cast), how.format(*code), **here(cast)).worker == cast.dora


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "½½½½½½", "\0" * 6, "²" * 6, "9" * 5000])
def test_nonsense_is_a_wrong_code(cast, enrolled, typed):
    with pytest.raises(RuleBroken) as refused:
        half_sign_ins.enter(half_of(cast), typed, **here(cast))
    assert refused.value.code == "wrong"


def test_fifty_guesses_at_once_are_five(cast, enrolled, at_once):
    half = half_of(cast)
    wrong = str((int(shown(cast)) + 1) % 10**6).zfill(6)
    answers = at_once([lambda: half_sign_ins.enter(half, wrong, **here(cast))] * 50)
    assert {type(each) for each in answers} == {RuleBroken}
    assert kinds().count("two_step.failed") == 5
    with pytest.raises(RuleBroken) as refused:
        half_sign_ins.enter(half, shown(cast), **here(cast))
    assert refused.value.code == "over"


def test_the_same_code_twice_at_once_lets_one_in(cast, enrolled, at_once):
    halves, code = [half_of(cast) for _ in range(6)], shown(cast)
    answers = at_once([lambda half=half: half_sign_ins.enter(half, code, **here(cast)) for half in halves])
    assert sum(isinstance(each, SignedIn) for each in answers) == 1


def test_guesses_over_many_sign_ins_are_counted_for_the_worker(cast, enrolled, decided):
    decided(second_step_tries_a_day=7, sign_ins_a_minute=1000)
    codes = []
    for _ in range(4):
        half = half_of(cast)
        for _ in range(4):
            with pytest.raises(RuleBroken) as refused:
                half_sign_ins.enter(half, "nonsense", **here(cast))
            codes.append(refused.value.code)
    assert codes == ["wrong"] * 7 + ["too_many"] * 9
    with pytest.raises(RuleBroken):
        half_sign_ins.enter(half_of(cast), shown(cast), **here(cast))
    known = half_of(cast, device=enrolled[0].device_token)
    assert half_sign_ins.enter(known, shown(cast), **here(cast, enrolled[0].device_token)).worker == cast.dora


def guess_all_day(guess):
    """As often as anything is compared; what the guess after that is answered."""
    for _ in range(10):
        with pytest.raises(RuleBroken):
            guess()
    with pytest.raises(RuleBroken) as refused:
        guess()
    assert refused.value.code == "too_many"
    return refused.value


def guess_elsewhere(cast):
    """Somebody with Dora's password guesses codes until none is compared any more."""
    return guess_all_day(lambda: half_sign_ins.enter(half_of(cast), "000000", **here(cast)))


def test_of_all_guesses_of_a_day_ten_are_compared(cast, enrolled, decided, frozen):
    decided(sign_ins_a_minute=1000)
    frozen("2026-11-28 00:00:05")
    for hours in range(0, 48, 6):
        frozen("2026-11-28 00:00:05")
        frozen.shift(hours=hours)
        for _ in range(6):
            with pytest.raises(RuleBroken):
                half_sign_ins.enter(half_of(cast), "000000", **here(cast))
    assert reasons().count("code") == 20


def test_whoever_guesses_all_day_keeps_nobody_out_who_has_a_recovery_code_or_a_device(cast, trusted, enrolled, decided, frozen):
    decided(sign_ins_a_minute=1000)
    frozen.shift(seconds=30)
    told = guess_elsewhere(cast)
    assert str(told) == "There were too many wrong codes. Use a recovery code, or wait a day."
    with pytest.raises(RuleBroken) as refused:
        half_sign_ins.enter(half_of(cast), shown(cast), **here(cast))
    assert refused.value.code == "too_many"
    assert isinstance(enter(cast, device=trusted), SignedIn)
    _revoke(cast, sign_in.session_of(enter(cast, device=trusted).session_token))
    assert half_sign_ins.enter(half_of(cast, device=trusted), shown(cast), **here(cast, trusted)).worker == cast.dora
    assert half_sign_ins.enter_by_recovery(half_of(cast), enrolled[1][0], **here(cast))[0].worker == cast.dora


def test_whoever_has_no_password_spends_no_tries_of_the_code(cast, enrolled, decided, frozen):
    decided(sign_ins_a_minute=1000, second_step_tries_a_day=5)
    for _ in range(20):
        with pytest.raises(RuleBroken):
            enter(cast, password="not hers at all")
    frozen.shift(minutes=31)
    assert half_sign_ins.enter(half_of(cast), shown(cast), **here(cast)).worker == cast.dora


def guess(cast, half, times=1):
    for _ in range(times):
        with pytest.raises(RuleBroken):
            half_sign_ins.enter(half, "000000", **here(cast))


def test_the_right_password_without_the_right_code_is_in_the_audit_and_its_owner_is_told(cast, enrolled):
    half = half_of(cast)
    guess(cast, half, 4)
    assert ("two_step.no_code" in kinds(), warnings()) == (False, 0)
    guess(cast, half)
    entry = AuditEntry.get(AuditEntry.kind == "two_step.no_code")
    assert (entry.subject, entry.network, warnings()) == (f"worker {cast.dora.id}", "192.0.2.7", 1)


def test_it_is_told_once_however_many_guesses_there_are_and_again_in_another_hour(cast, enrolled, decided, frozen):
    decided(sign_ins_a_minute=1000)
    for _ in range(4):
        guess(cast, half_of(cast), 5)
    assert (kinds().count("two_step.no_code") >= 4, warnings()) == (True, 1)
    frozen.shift(hours=1)
    guess(cast, half_of(cast), 5)
    assert warnings() == 2


def test_whoever_begins_anew_before_the_last_try_is_noticed_all_the_same(cast, enrolled):
    for _ in range(5):
        guess(cast, half_of(cast))
    assert warnings() == 1


def test_guesses_at_a_recovery_code_are_told_too(cast, enrolled):
    half = half_of(cast)
    for _ in range(5):
        with pytest.raises(RuleBroken):
            half_sign_ins.enter_by_recovery(half, "aaaaa-aaaaa", **here(cast))
    assert ("two_step.no_code" in kinds(), warnings()) == (True, 1)


def test_guesses_beyond_the_days_limit_are_counted_for_the_sign_in_too(cast, enrolled, decided):
    decided(second_step_tries_a_day=5)
    guess(cast, half_of(cast), 5)
    half = half_of(cast)
    guess(cast, half, 5)
    assert HalfSignIn.get_by_id(half.id).tries == 5
    assert (reasons().count("code"), kinds().count("two_step.no_code")) == (5, 6)


def test_fifty_guesses_at_once_are_told_once(cast, enrolled, at_once, decided):
    decided(sign_ins_a_minute=1000)
    halves = [half_of(cast) for _ in range(10)]
    at_once([lambda half=half: half_sign_ins.enter(half, "000000", **here(cast)) for half in halves * 5])
    assert (reasons().count("code"), warnings()) == (10, 1)


def test_right_codes_count_for_no_limit(cast, enrolled, decided, frozen):
    decided(second_step_tries_a_day=5, sign_ins_a_minute=1000)
    for _ in range(8):
        half_sign_ins.enter(half_of(cast), shown(cast), **here(cast))
        frozen.shift(seconds=30)


def test_a_right_password_without_its_code_spends_no_tries_of_the_password(cast, enrolled, decided):
    decided(sign_ins_a_minute=1000)
    for _ in range(8):
        assert isinstance(enter(cast), Half)
    assert cast.dora.failed_sign_ins == 0


def lock(cast):
    """Somebody elsewhere types wrong passwords until only known devices are let in."""
    for _ in range(5):
        with pytest.raises(RuleBroken):
            enter(cast, network="203.0.113.9", password="not hers at all")


@pytest.mark.parametrize("by_recovery", [False, True])
def test_whoever_has_password_and_code_right_is_told_that_the_sign_in_is_locked(cast, enrolled, by_recovery):
    half, verb = half_of(cast), half_sign_ins.enter_by_recovery if by_recovery else half_sign_ins.enter
    lock(cast)
    right, wrong = (enrolled[1][0], "aaaaa-aaaaa") if by_recovery else (shown(cast), shown(cast, steps=5))
    for typed, code in ((wrong, "wrong"), (right, "locked")):
        with pytest.raises(RuleBroken) as refused:
            verb(half, typed, **here(cast))
        assert refused.value.code == code
    assert str(refused.value).startswith("Somebody typed wrong passwords, so your sign-in is locked.")
    lockout.unlock(Link.get(Link.purpose == "unlock"), cast.visitor())
    verb(half, right, **here(cast))


def test_whoever_sets_an_app_up_while_the_sign_in_is_locked_is_told_so(cast):
    half = half_of(cast)
    half_sign_ins.set_up(half, pyotp.TOTP(second_step.secret(half.nonce)).at(clock.now()), cast.visitor())
    lock(cast)
    with pytest.raises(RuleBroken) as refused:
        half_sign_ins.kept(HalfSignIn.get_by_id(half.id), **here(cast))
    assert refused.value.code == "locked"


# ---------------------------------------------------------------- recovery codes


def test_a_recovery_code_works_once_and_its_owner_is_told(cast, enrolled):
    code = enrolled[1][3]
    signed, left = half_sign_ins.enter_by_recovery(half_of(cast), code.upper().replace("-", " "), **here(cast))
    assert (signed.worker, left) == (cast.dora, 9)
    assert Delivery.select().where(Delivery.kind == "recovery_code_used").count() == 1
    with pytest.raises(RuleBroken) as refused:
        half_sign_ins.enter_by_recovery(half_of(cast), code, **here(cast))
    assert refused.value.code == "wrong"


def test_a_recovery_code_at_once_lets_one_in(cast, enrolled, at_once):
    halves = [half_of(cast) for _ in range(5)]
    answers = at_once([lambda half=half: half_sign_ins.enter_by_recovery(half, enrolled[1][0], **here(cast)) for half in halves])
    assert sum(isinstance(each, tuple) for each in answers) == 1


def test_a_recovery_code_of_somebody_else_opens_nothing(cast, enrolled, frozen):
    _, codes = set_up(cast, "otto")
    frozen.shift(minutes=1)
    with pytest.raises(RuleBroken):
        half_sign_ins.enter_by_recovery(half_of(cast), codes[0], **here(cast))


def test_of_two_who_set_up_an_app_at_once_one_does(cast, at_once):
    halves = [half_of(cast) for _ in range(4)]

    def verb(half):
        code = pyotp.TOTP(second_step.secret(half.nonce)).at(clock.now())
        return lambda: half_sign_ins.set_up(half, code, cast.visitor())

    answers = at_once([verb(half) for half in halves])
    assert sorted("" if each is None else each.code for each in answers) == ["", "over", "over", "over"]
    assert HalfSignIn.select().count() == 1


# ---------------------------------------------------------------- trusted devices


@pytest.fixture
def trusted(cast, enrolled):
    """The token of a device that Dora trusts."""
    return half_sign_ins.enter(half_of(cast), shown(cast), **here(cast, enrolled[0].device_token), trusts=True).device_token


def test_a_trusted_device_skips_the_code_but_never_the_password(cast, trusted, frozen):
    assert isinstance(enter(cast, device=trusted), SignedIn)
    with pytest.raises(RuleBroken):
        sign_in.sign_in(cast.email_of("dora"), "not hers at all", device_token=trusted, agent="", by=cast.visitor())
    assert isinstance(enter(cast, "otto", device=trusted), Half)
    frozen.shift(days=29, hours=23)
    assert isinstance(enter(cast, device=trusted), SignedIn)
    frozen.shift(hours=2)
    assert isinstance(enter(cast, device=trusted), Half)


def test_trust_takes_a_fresh_token_that_nobody_had_before(cast, enrolled, trusted):
    earlier = enrolled[0].device_token
    assert trusted != earlier
    assert Device.select().where(Device.worker == cast.dora).count() == 1
    assert isinstance(enter(cast, device=earlier), Half)
    assert isinstance(enter(cast, device=trusted), SignedIn)


@pytest.mark.parametrize("name", ["otto", "alice"])
def test_trust_ends_when_somebody_else_signs_in_there(cast, trusted, decided, name):
    decided(staff_2step=0)
    assert enter(cast, name, device=trusted).device_token == trusted
    decided(staff_2step=1)
    assert isinstance(enter(cast, device=trusted), Half)
    ended = AuditEntry.get(AuditEntry.kind == "device.trust_ended")
    assert (ended.subject, ended.actor_kind) == (f"worker {cast.dora.id}", "system")
    assert Device.select().where(Device.trusted_at.is_null(False)).count() == 0


def test_half_a_sign_in_of_somebody_else_ends_no_trust(cast, trusted):
    assert isinstance(enter(cast, "otto", device=trusted), Half)
    assert isinstance(enter(cast, device=trusted), SignedIn)


def test_fewer_days_end_trust_that_was_given_before(cast, trusted, decided, frozen):
    frozen.shift(days=3)
    decided(trusted_device_days=2)
    assert isinstance(enter(cast, device=trusted), Half)


def _revoke(cast, session):
    devices.end_trust(session, session.device.public_id, cast.by("dora"))


def _forget(cast, session):
    devices.remove(session, session.device.public_id, cast.by("dora"))


def _change_password(cast, session):
    return sign_in.change_password(session, cast.password_of("dora"), "seven brave geese fly", cast.by("dora"))


def _remove_app(cast, session):
    workers.remove_app(cast.dora, cast.by("ada"))


def _leave(cast, session):
    leaving.leave(cast.dora, cast.by("ada"))


@pytest.mark.parametrize("ends", [_revoke, _forget, _change_password, _remove_app, _leave])
def test_trust_ends(cast, trusted, ends):
    signed = enter(cast, device=trusted)
    ends(cast, sign_in.session_of(signed.session_token))
    assert not second_step.is_trusted(cast.dora, trusted)
    assert Device.select().where(Device.trusted_at.is_null(False), Device.token_hash != "").count() == 0


# ---------------------------------------------------------------- ends


def test_a_new_password_ends_what_is_half_done(cast, enrolled):
    half = half_of(cast)
    _change_password(cast, sign_in.session_of(enrolled[0].session_token))
    with pytest.raises(RuleBroken) as refused:
        half_sign_ins.enter(half, shown(cast), **here(cast))
    assert refused.value.code == "over"


def test_who_left_finishes_nothing_and_has_no_app_any_more(cast, enrolled):
    half, code = half_of(cast), shown(cast)
    _leave(cast, None)
    with pytest.raises(RuleBroken) as refused:
        half_sign_ins.enter(half, code, **here(cast))
    assert refused.value.code == "over"
    assert not Authenticator.select().exists()
    assert not RecoveryCode.select().exists()


def test_an_administrator_lets_somebody_set_the_app_up_again(cast, enrolled):
    half = half_of(cast)
    _remove_app(cast, None)
    assert LoginSession.select().where(LoginSession.worker == cast.dora).count() == 0
    assert half_sign_ins.HalfSignIn.get_or_none(HalfSignIn.id == half.id) is None
    assert half_of(cast).nonce
    assert "two_step.removed" in kinds()
    assert Delivery.select().where(Delivery.kind == "authenticator_removed", Delivery.worker == cast.dora).count() == 1


@pytest.mark.parametrize(("who", "code"), [("dora", "own"), ("ada", "no_app")])
def test_nobody_removes_their_own_app_and_there_must_be_one(cast, enrolled, who, code):
    with pytest.raises(RuleBroken) as refused:
        workers.remove_app(cast.dora if who == "dora" else cast.otto, cast.by(who))
    assert refused.value.code == code


def test_whoever_has_fewer_rights_removes_no_app(cast, frozen):
    set_up(cast, "ada")
    with pytest.raises(RuleBroken) as refused:
        workers.remove_app(cast.ada, cast.by("finn"))
    assert refused.value.code == "too_high"


def test_switched_off_and_on_again_the_app_is_the_same(cast, enrolled, decided):
    decided(staff_2step=0)
    assert isinstance(enter(cast), SignedIn)
    decided(staff_2step=1)
    assert half_sign_ins.stage(half_of(cast)) == half_sign_ins.CODE


def test_sessions_of_before_go_on_when_it_is_switched_on(cast, decided):
    decided(staff_2step=0)
    signed = enter(cast)
    decided(staff_2step=1)
    assert sign_in.session_of(signed.session_token) is not None
    assert half_sign_ins.stage(half_of(cast)) == half_sign_ins.APP


def test_other_rights_end_what_is_half_done(cast, enrolled):
    made = security_classes.create("Readers", ["manage_workers"], cast.by("ada"))
    with store.writing():
        Worker.update(security_class=made).where(Worker.id == cast.dora.id).execute()
    half = half_of(cast)
    security_classes.change(made, "Readers", [], cast.by("ada"), version=made.version)
    assert HalfSignIn.get_or_none(HalfSignIn.id == half.id) is None


def _sign_out_others(cast, session):
    devices.sign_out_others(session, cast.by("dora"))


@pytest.mark.parametrize("ends", [_forget, _sign_out_others])
def test_a_form_that_is_sent_again_begins_no_session_in_place_of_one_that_was_ended(cast, enrolled, ends):
    token, code = enter(cast).token, shown(cast)
    half_sign_ins.enter(half_sign_ins.find(token), code, **here(cast))
    assert half_sign_ins.once_more(token, code, cast.dora, "hers") == "hers"
    ends(cast, session_of(enrolled))
    assert half_sign_ins.once_more(token, code, cast.dora, "hers") is None


def test_trust_that_ended_meanwhile_starts_no_session_for_the_password_alone(cast, trusted):
    here_again = {"device_token": trusted, "agent": "a test", "network": "192.0.2.7", "by_password_alone": True}
    signed = sign_in.start(None, cast.dora, **here_again)
    _revoke(cast, sign_in.session_of(signed.session_token))
    with pytest.raises(RuleBroken) as refused:
        sign_in.start(None, cast.dora, **here_again)
    assert refused.value.code == "no_match"


def test_old_ones_are_removed(cast, enrolled, frozen):
    half_of(cast)
    frozen.shift(minutes=12)
    assert half_sign_ins.forget_old() == 2
    assert not HalfSignIn.select().exists()


def all_at_once(cast, at_once, codes, frozen):
    """Guesses and right codes, a colleague's "lost their phone", another password, and Alice on a browser that Dora trusts."""
    known = half_sign_ins.enter(half_of(cast), shown(cast), **here(cast), trusts=True).device_token
    frozen.shift(minutes=1)
    session, halves, right = cast.session("dora"), [half_of(cast) for _ in range(3)], shown(cast)
    return at_once([
        lambda: _change_password(cast, session),
        lambda: workers.remove_app(cast.dora, cast.by("ada")),
        *[lambda half=half: half_sign_ins.enter(half, "000000", **here(cast)) for half in halves * 2],
        lambda: half_sign_ins.enter(halves[0], right, **here(cast), trusts=True),
        lambda: half_sign_ins.enter_by_recovery(halves[1], codes[0], **here(cast, known)),
        lambda: enter(cast), lambda: enter(cast, "alice", device=known),
    ])  # fmt: skip


def test_guesses_a_lost_phone_and_a_new_password_at_once_wait_for_each_other_in_no_circle(cast, decided, at_once, frozen):
    decided(sign_ins_a_minute=1000, second_step_tries_a_day=50)
    kept = cast.dora.password_hash
    for _ in range(4):
        _, codes = set_up(cast)
        frozen.shift(minutes=1)
        changed, removed, *_ = all_at_once(cast, at_once, codes, frozen)
        assert (removed, Authenticator.select().exists()) == (None, False)
        left = {each.token_hash for each in LoginSession.select().where(LoginSession.worker == cast.dora)}
        assert left <= ({devices.digest(changed)} if isinstance(changed, str) else set())
        with store.writing():
            Worker.update(password_hash=kept).where(Worker.id == cast.dora.id).execute()
            second_step.end_halves(cast.dora)
    assert audit.verify() == []


# ---------------------------------------------------------------- one's own


def session_of(enrolled):
    return sign_in.session_of(enrolled[0].session_token)


def test_new_recovery_codes_take_a_code_and_end_the_old_ones(cast, enrolled):
    session = session_of(enrolled)
    with pytest.raises(RuleBroken):
        own_second_step.begin_codes(session, enrolled[1][0], cast.by("dora"))
    own_second_step.begin_codes(session, shown(cast), cast.by("dora"))
    fresh = second_step.codes(own_second_step.begun(session).codes_nonce)
    assert not set(fresh) & set(enrolled[1])
    own_second_step.kept(session)
    assert own_second_step.begun(session) is None
    with pytest.raises(RuleBroken):
        half_sign_ins.enter_by_recovery(half_of(cast), enrolled[1][1], **here(cast))
    assert half_sign_ins.enter_by_recovery(half_of(cast), fresh[1], **here(cast))[1] == 9


@pytest.mark.parametrize("by_recovery", [False, True])
def test_the_app_moves_to_another_phone(cast, enrolled, frozen, by_recovery):
    session, old = session_of(enrolled), Authenticator.get().nonce
    own_second_step.begin_move(session, enrolled[1][0] if by_recovery else shown(cast), cast.by("dora"))
    nonce = own_second_step.begun(session).nonce
    assert Authenticator.get().nonce == old
    with pytest.raises(RuleBroken):
        own_second_step.move(session, "000000", cast.by("dora"))
    own_second_step.move(session, pyotp.TOTP(second_step.secret(nonce)).at(clock.now()), cast.by("dora"))
    assert Authenticator.get().nonce == nonce != old
    assert len(second_step.codes(own_second_step.begun(session).codes_nonce)) == 10
    assert "two_step.moved" in kinds()


def begun_move(cast, enrolled):
    """As far as the code of the new phone's app."""
    session = session_of(enrolled)
    own_second_step.begin_move(session, enrolled[1][0], cast.by("dora"))
    return session, own_second_step.begun(session).nonce


def test_another_phone_ends_what_the_old_one_opened(cast, enrolled):
    trusted = half_sign_ins.enter(half_of(cast), shown(cast), **here(cast, enrolled[0].device_token), trusts=True).device_token
    assert second_step.is_trusted(cast.dora, trusted)
    other, half = cast.session("dora"), half_of(cast)
    session, nonce = begun_move(cast, enrolled)
    own_second_step.move(session, pyotp.TOTP(second_step.secret(nonce)).at(clock.now()), cast.by("dora"))
    assert not second_step.is_trusted(cast.dora, trusted)
    left = [row.token_hash for row in LoginSession.select().where(LoginSession.worker == cast.dora)]
    assert left == [session.token_hash] != [other.token_hash]
    assert HalfSignIn.get_or_none(HalfSignIn.id == half.id) is None
    assert own_second_step.begun(session).codes_nonce


def test_the_codes_of_another_phone_can_be_seen_for_ten_minutes_again(cast, enrolled, frozen):
    session, nonce = begun_move(cast, enrolled)
    frozen.shift(minutes=9)
    own_second_step.move(session, pyotp.TOTP(second_step.secret(nonce)).at(clock.now()), cast.by("dora"))
    frozen.shift(minutes=9)
    assert own_second_step.begun(session).codes_nonce


def test_whoever_guesses_elsewhere_does_not_keep_out_who_is_signed_in(cast, enrolled, decided):
    decided(second_step_tries_a_day=5)
    half = half_of(cast)
    for _ in range(5):
        with pytest.raises(RuleBroken):
            half_sign_ins.enter(half, "nonsense", **here(cast))
    own_second_step.begin_move(session_of(enrolled), shown(cast), cast.by("dora"))


def test_what_one_session_began_is_of_no_use_to_another_browser(cast, enrolled):
    session = session_of(enrolled)
    own_second_step.begin_move(session, shown(cast), cast.by("dora"))
    other = cast.session("dora")
    assert own_second_step.begun(other) is None
    assert half_sign_ins.find(f"within {session.token_hash}") is None


def test_guesses_of_a_signed_in_browser_are_limited_too(cast, enrolled, at_once):
    session, by = session_of(enrolled), cast.by("dora")
    at_once([lambda: own_second_step.begin_move(session, "000000", by)] * 50)
    assert kinds().count("two_step.failed") == 10


def test_a_recovery_code_moves_the_app_although_the_codes_of_the_day_are_spent(cast, enrolled, decided):
    session, by = session_of(enrolled), cast.by("dora")
    told = guess_all_day(lambda: own_second_step.begin_move(session, "000000", by))
    assert str(told) == "There were too many wrong codes. Wait a day and try again."
    own_second_step.begin_move(session, enrolled[1][0], by)
    assert own_second_step.begun(session).nonce


def test_recovery_codes_are_guessed_no_more_often_in_a_session(cast, enrolled):
    session, by = session_of(enrolled), cast.by("dora")
    guess_all_day(lambda: own_second_step.begin_move(session, "aaaaa-aaaaa", by))
    own_second_step.begin_move(session, shown(cast), by)
    assert own_second_step.begun(session).nonce


def test_the_audit_and_the_outbox_tell_no_secret(cast, enrolled):
    half_sign_ins.enter_by_recovery(half_of(cast), enrolled[1][0], **here(cast))
    secret = second_step.secret(Authenticator.get().nonce)
    told = str([audit.values_of(row) for row in AuditEntry.select()])
    assert not any(word in told for word in (secret, Authenticator.get().nonce, *enrolled[1]))
    assert audit.verify() == []
