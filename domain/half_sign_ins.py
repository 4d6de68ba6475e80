"""Between the right password and the session: a stored row that opens nothing but the pages of the second step.

Its token is bound to one browser.  A try is counted before its code is compared, so that fifty at once are five.
"""

from __future__ import annotations

from collections.abc import Callable

from domain import clock, devices, lockout, second_step, settings, sign_in, store
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from domain.sign_in import SignedIn
from models import HalfSignIn, Worker

CODE, APP, CODES = "code", "app", "codes"


class _Wrong(Exception):
    """The code was compared and does not count; why."""


def find(token: str) -> HalfSignIn | None:
    """The half sign-in of a browser with its worker; None when there is none, it took too long, or its tries are spent."""
    if not token:
        return None
    alive = _alive() & Worker.is_active & Worker.password_hash.is_null(False)
    rows = HalfSignIn.select(HalfSignIn, Worker).join(Worker)
    half: HalfSignIn | None = rows.where(HalfSignIn.token_hash == devices.digest(token), ~HalfSignIn.is_within, alive).first()
    return half


def _alive() -> object:
    has_tries = HalfSignIn.tries < settings.get("second_step_tries")
    return HalfSignIn.finished_at.is_null() & (HalfSignIn.expires_at > clock.now()) & has_tries


def stage(half: HalfSignIn) -> str:
    """What comes next: the app's ``code``, setting up the ``app``, or looking at the recovery ``codes``."""
    return CODES if half.codes_nonce else APP if half.nonce else CODE


def end(token: str) -> None:
    """Whoever signs out, or starts again, leaves nothing behind."""
    if token:
        with store.writing():
            HalfSignIn.delete().where(HalfSignIn.token_hash == devices.digest(token), ~HalfSignIn.is_within).execute()


def forget_old() -> int:
    """Remove those that are over by time."""
    with store.writing():
        return int(HalfSignIn.delete().where(HalfSignIn.expires_at < clock.ago(minutes=1)).execute())


# ---------------------------------------------------------------- the code


def enter(half: HalfSignIn, typed: str, *, device_token: str, agent: str, by: Actor, trusts: bool = False) -> SignedIn:
    """A session for the code that the app shows.

    Raises RuleBroken (field ``code``): ``wrong``, ``used``, ``too_many``; ``locked``, when wrong passwords locked the sign-in
    meanwhile; or ``over``: then it begins anew.
    """
    device = devices.number_of(0, half.worker_id, device_token)

    def use(worker: Worker) -> str:
        if why := second_step.use_code(worker, typed):
            return why
        second_step.was_right(worker, device)
        return ""

    _claim(half)
    with store.aside():
        is_compared = second_step.count_try(half.worker, device)
    if not is_compared:
        raise _refused(half, "", by)
    return _proved(half, use, device_token=device_token, agent=agent, by=by, trusts=trusts)


def enter_by_recovery(half: HalfSignIn, typed: str, *, device_token: str, agent: str, by: Actor) -> tuple[SignedIn, int]:
    """A session for a recovery code, once, and how many are left.  Raises RuleBroken as ``enter`` does, but ``too_many``:
    nobody guesses one, so whoever has one gets in although somebody else guesses the app's codes all day."""
    left = []

    def spend(worker: Worker) -> str:
        return "" if second_step.use_recovery_code(worker, typed) else "recovery"

    def note(worker: Worker) -> None:  # after the session: a device is changed before anything is noted
        left.append(second_step.note_recovery(worker, Actor(worker=worker, network=by.network)))

    _claim(half)
    signed = _proved(half, spend, note, device_token=device_token, agent=agent, by=by)
    return signed, left[0]


def _claim(half: HalfSignIn) -> None:
    """Take one of the tries, before anything is compared.  Raises RuleBroken ``over``."""
    if stage(half) != CODE:
        raise _over(half.token_hash)
    with store.aside(), store.writing():
        if not HalfSignIn.update(tries=HalfSignIn.tries + 1).where(HalfSignIn.id == half.id, _alive()).execute():
            raise _over(half.token_hash)


def _proved(
    half: HalfSignIn, prove: Callable[[Worker], str], note: Callable[[Worker], object] = lambda _: None, *,
    device_token: str, agent: str, by: Actor, trusts: bool = False,
) -> SignedIn:  # fmt: skip
    try:
        with store.writing():
            worker = _held(half)
            if why := prove(worker):
                raise _Wrong(why)
            signed = _begin(half, worker, device_token=device_token, agent=agent, by=by, trusts=trusts)
            note(worker)
            return signed
    except _Wrong as wrong:
        raise _refused(half, str(wrong), by) from None


def _held(half: HalfSignIn) -> Worker:
    """The worker as they are now, and stay until the transaction ends.  Raises RuleBroken when the half is over."""
    store.hold(half.worker)
    is_there = HalfSignIn.select().where(HalfSignIn.id == half.id, HalfSignIn.token_hash == half.token_hash).exists()
    worker: Worker | None = Worker.get_or_none(Worker.id == half.worker_id, Worker.is_active, Worker.password_hash.is_null(False))
    if not is_there or worker is None:
        raise _over(half.token_hash)
    return worker


def _begin(half: HalfSignIn, worker: Worker, *, device_token: str, agent: str, by: Actor, trusts: bool = False) -> SignedIn:
    if lockout.is_shut(worker, device_token):  # since the password was right; the code is not spent
        raise RuleBroken(
            N_("Somebody typed wrong passwords, so your sign-in is locked. The link in our e-mail unlocks it."), code="locked"
        )
    mine = HalfSignIn.update(finished_at=clock.now()).where(HalfSignIn.id == half.id, HalfSignIn.finished_at.is_null())
    if not mine.execute():
        raise _over(half.token_hash)
    trust_token = second_step.trust_token(half) if trusts else ""
    return sign_in.start(None, worker, device_token=device_token, agent=agent, network=by.network, trust_token=trust_token)


def _refused(half: HalfSignIn, why: str, by: Actor) -> RuleBroken:
    """Note a code that did not count, and ``why``: empty for one that was not compared, because the day's tries are spent."""
    who = Actor(worker=half.worker, network=by.network)
    with store.aside(), store.writing():
        fresh = HalfSignIn.get_or_none(HalfSignIn.id == half.id)
        left = settings.get("second_step_tries") - fresh.tries if fresh else 0
        if why:
            second_step.note_wrong(half.worker, who, why)
        if not why or (fresh and left <= 0):
            second_step.note_no_code(half.worker, who)
    return _SENTENCES[why](left) if left > 0 else _over(half.token_hash)


_SENTENCES: dict[str, Callable[[int], RuleBroken]] = {
    "": lambda left: RuleBroken(
        N_("There were too many wrong codes. Use a recovery code, or wait a day."), code="too_many", field="code"
    ),
    "code": lambda left: RuleBroken(
        N_("That is not what the app shows now. You have %(count)s try left."),
        plural=N_("That is not what the app shows now. You have %(count)s tries left."), count=left, code="wrong", field="code",
    ),
    "used": lambda left: RuleBroken(
        N_("This code was used already. Wait for the next one. You have %(count)s try left."),
        plural=N_("This code was used already. Wait for the next one. You have %(count)s tries left."),
        count=left, code="used", field="code",
    ),
    "recovery": lambda left: RuleBroken(
        N_("This recovery code does not work. You have %(count)s try left."),
        plural=N_("This recovery code does not work. You have %(count)s tries left."), count=left, code="wrong", field="code",
    ),
}  # fmt: skip


def over(token: str) -> RuleBroken:
    """Why the half sign-in of a browser leads no further, and what to do.  Asks; changes nothing."""
    return _over(devices.digest(token))


def _over(token_hash: str) -> RuleBroken:
    half = HalfSignIn.get_or_none(HalfSignIn.token_hash == token_hash, ~HalfSignIn.is_within)
    if half is None:
        why = N_("This sign-in was ended meanwhile. Please sign in again.")
    elif half.finished_at is not None:
        why = N_("You were let in, but our answer may not have reached you. Please sign in again, with a new code.")
    elif half.tries >= settings.get("second_step_tries"):
        why = N_("There were too many wrong codes. Please sign in again.")
    else:
        why = N_("It took too long. Please sign in again.")
    return RuleBroken(why, code="over")


def once_more(token: str, typed: str, worker: Worker, device_token: str) -> str | None:
    """For a browser that sends again the form with the code that let it in a moment ago, because the answer did not arrive:
    the device's token that came with the answer.  None for any other."""
    mine = HalfSignIn.select().where(HalfSignIn.token_hash == devices.digest(token), HalfSignIn.worker == worker.id)
    half = mine.where(HalfSignIn.finished_at > clock.ago(minutes=1)).first() if token else None
    if half is None or not (second_step.is_last_code(worker, typed) or second_step.was_just_spent(worker, typed)):
        return None
    trusted = second_step.trust_token(half)
    return trusted if devices.number_of(0, worker.id, trusted) else device_token


# ---------------------------------------------------------------- the first time


def set_up(half: HalfSignIn, typed: str, by: Actor) -> None:
    """The app that was just set up is the worker's, and recovery codes are shown next.

    Raises RuleBroken (field ``code``), or ``over`` when somebody set one up meanwhile.
    """
    with store.writing():
        worker = _held(half)
        mine = HalfSignIn.update(nonce="").where(HalfSignIn.id == half.id, HalfSignIn.nonce == half.nonce, HalfSignIn.nonce != "")
        if not mine.where(_alive()).execute() or second_step.app_of(worker) is not None:
            raise _over(half.token_hash)
        second_step.set_up(worker, half.nonce, typed)
        HalfSignIn.delete().where(HalfSignIn.worker == worker.id, HalfSignIn.id != half.id).execute()
        shown = {"codes_nonce": second_step.new_codes(worker), "expires_at": second_step.expiry()}
        HalfSignIn.update(**shown).where(HalfSignIn.id == half.id).execute()
        second_step.note_set_up(worker, Actor(worker=worker, network=by.network), "two_step.enrolled")


def kept(half: HalfSignIn, *, device_token: str, agent: str, by: Actor) -> SignedIn:
    """The recovery codes are in safe hands: a session.  Raises RuleBroken ``over``, ``locked``."""
    if stage(half) != CODES:
        raise _over(half.token_hash)
    with store.writing():
        return _begin(half, _held(half), device_token=device_token, agent=agent, by=by)

