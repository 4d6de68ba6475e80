"""What a worker who is signed in does about their own app: new recovery codes, another phone."""

from __future__ import annotations

from collections.abc import Callable

from domain import audit, clock, devices, second_step, sign_in, store
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import HalfSignIn, LoginSession, Worker


class _Wrong(Exception):
    """The code was compared and does not count; why."""


def begun(session: LoginSession) -> HalfSignIn | None:
    """What this session has begun and not finished; None when there is nothing, or it took too long."""
    row: HalfSignIn | None = HalfSignIn.get_or_none(
        HalfSignIn.token_hash == _token(session), HalfSignIn.is_within, HalfSignIn.finished_at.is_null(),
        HalfSignIn.expires_at > clock.now(),
    )  # fmt: skip
    return row


def begin_move(session: LoginSession, typed: str, by: Actor) -> None:
    """After a code of the app, or a recovery code: another phone may be set up.  Raises RuleBroken (field ``code``)."""

    def spend(worker: Worker) -> str:
        if second_step.use_recovery_code(worker, typed):
            second_step.note_recovery(worker, by)
            return ""
        return second_step.use_code(worker, typed)

    def begin(worker: Worker) -> None:
        _begin(session, worker, nonce=second_step.new_nonce())

    _after_proof(session, spend, begin, by, "second_step" if second_step.is_of_app(typed) else "recovery code")


def begin_codes(session: LoginSession, typed: str, by: Actor) -> None:
    """After a code of the app: fresh recovery codes, to be shown once.  Raises RuleBroken (field ``code``)."""

    def begin(worker: Worker) -> None:
        _begin(session, worker, codes_nonce=second_step.new_codes(worker))
        audit.record("two_step.codes_made", by, subject=f"worker {worker.id}")

    _after_proof(session, lambda worker: second_step.use_code(worker, typed), begin, by)


def move(session: LoginSession, typed: str, by: Actor) -> None:
    """The new phone's app takes the place of the old one's; recovery codes are made anew.

    Trust in devices ends, and so do all sessions but this one.  Raises RuleBroken (field ``code``).
    """
    with store.writing():
        store.hold(session.worker)
        sign_in.must_be_there(session)
        row = begun(session)
        if row is None or not row.nonce:
            raise RuleBroken(N_("This took too long. Please begin again."), code="over", field="code")
        second_step.set_up(session.worker, row.nonce, typed)
        shown = {"nonce": "", "codes_nonce": second_step.new_codes(session.worker), "expires_at": second_step.expiry()}
        HalfSignIn.update(**shown).where(HalfSignIn.id == row.id).execute()
        _end_what_the_old_one_opened(session, row)
        second_step.note_set_up(session.worker, by, "two_step.moved")


def _end_what_the_old_one_opened(session: LoginSession, row: HalfSignIn) -> None:
    """Other sessions, trust in devices, and what is half done: whoever holds the old phone may have begun them."""
    worker = session.worker_id
    LoginSession.delete().where(LoginSession.worker == worker, LoginSession.token_hash != session.token_hash).execute()
    HalfSignIn.delete().where(HalfSignIn.worker == worker, HalfSignIn.id != row.id).execute()
    second_step.end_trust(session.worker)


def kept(session: LoginSession) -> None:
    """The recovery codes are in safe hands and are not shown again."""
    with store.writing():
        HalfSignIn.delete().where(HalfSignIn.token_hash == _token(session), HalfSignIn.is_within).execute()


def _after_proof(
    session: LoginSession, spend: Callable[[Worker], str], begin: Callable[[Worker], None], by: Actor, what: str = "second_step"
) -> None:
    worker: Worker = session.worker
    with store.aside():
        if not second_step.count_try(worker, session.device_id, what):
            raise RuleBroken(N_("There were too many wrong codes. Wait a day and try again."), code="too_many", field="code")
    try:
        with store.writing():
            store.hold(worker)
            sign_in.must_be_there(session)
            if why := spend(worker):
                raise _Wrong(why)
            second_step.was_right(worker, session.device_id, what)
            begin(worker)
    except _Wrong as wrong:
        with store.aside(), store.writing():
            audit.record("two_step.failed", by, subject=f"worker {worker.id}", reason=str(wrong))
        sentence = N_("This code was used already. Wait for the next one.") if str(wrong) == "used" else N_("This code does not work.")
        raise RuleBroken(sentence, code=str(wrong), field="code") from None


def _begin(session: LoginSession, worker: Worker, **what: str) -> None:
    HalfSignIn.delete().where(HalfSignIn.token_hash == _token(session)).execute()
    HalfSignIn.create(token_hash=_token(session), worker=worker.id, is_within=True, expires_at=second_step.expiry(), **what)


def _token(session: LoginSession) -> str:
    return devices.digest(f"within {session.token_hash}")
