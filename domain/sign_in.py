"""Signing in and out, sessions, and the change of one's own password.

Answers and time do not tell whether an address has an account (spec 01, sign-in).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
from typing import Any

from domain import (
    accounts,
    audit,
    clock,
    devices,
    holders,
    inbox,
    limits,
    lockout,
    passwords,
    profile,
    resets,
    second_step,
    settings,
    statements,
    store,
)
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import Individual, LoginSession, PortalAccount, SecurityClass, Worker

digest = devices.digest


@dataclasses.dataclass(frozen=True)
class SignedIn:
    """The tokens for the browser's cookies, and who signed in; ``session`` knows its owner as ``session_of`` says it."""

    session_token: str
    session: LoginSession
    device_token: str
    account: PortalAccount | None
    worker: Worker | None


class NewPasswordWanted(Exception):
    """The password is right, but staff asked for a new one: a link to it was sent, and no session began."""


@dataclasses.dataclass(frozen=True)
class Half:
    """The password was right, and the second step is to come: the token for its cookie, and whether the app is there yet."""

    token: str
    is_first: bool
    worker: Worker


def sign_in(email: str, password: str, *, device_token: str, agent: str, by: Actor) -> SignedIn | Half:
    """Start a session, or half of it.  Raises RuleBroken: ``too_many`` tries, or ``no_match`` for every other reason; NewPasswordWanted."""
    key = profile.email_key(email)
    known = holders.known(key, device_token)
    a_minute, tries = settings.get("sign_ins_a_minute"), settings.get("sign_in_tries")  # within a transaction they are read anew
    with store.aside(), store.writing():
        who = f"device {known.device}" if known.device else key  # whoever guesses keeps nobody out who is known
        limits.within("sign_in", who, by, a_minute, 60)
        spent = lockout.claim(known, tries)
    if not passwords.matches(password, known.password_hash) or not spent.counts:
        raise _refused(known, spent, by)
    worker, account = holders.numbered(known)
    if worker is not None and worker.password_hash != known.password_hash:  # changed while it was compared
        raise _refused(known, spent, by)
    if known.is_new_password_wanted:
        _lead_to_reset(PortalAccount.get_by_id(known.account), device_token, by)
    return let_in(account, worker, device_token=device_token, agent=agent, network=by.network)


def _lead_to_reset(account: PortalAccount, device_token: str, by: Actor) -> None:
    """Send the link to a new password.  Raises NewPasswordWanted; RuleBroken ``no_match`` where the account is locked for
    this device, ``too_many`` after many links."""
    if lockout.is_shut(account, device_token):
        raise _no_match()
    with store.aside(), store.writing():
        lockout.begin_anew(account, None)
        audit.record("sign_in.refused", by, individual=account.individual, subject=holders.subject(account), reason="new_password_wanted")
    resets.ask(account.email, by, request="wanted", is_proved=True)
    raise NewPasswordWanted


def _refused(known: lockout.Known, spent: lockout.Try, by: Actor) -> RuleBroken:
    named = f"worker {known.worker}" if known.worker else f"account {known.account}" if known.account else ""
    with store.aside(), store.writing():
        is_shut = lockout.shut(spent, known)
        audit.record("sign_in.refused", by, individual=Individual(id=known.individual) if known.individual else None,
                     subject=named, reason=("password" if spent.counts else "locked") if named else "unknown")  # fmt: skip
        lockout.tell(known, is_shut=is_shut)
    return _no_match()


def _no_match() -> RuleBroken:
    return RuleBroken(N_("The e-mail address and the password do not match."), code="no_match", field="email")


def let_in(
    account: PortalAccount | None, worker: Worker | None, *, device_token: str, agent: str, network: str,
    tell_of_device: bool = True,
) -> SignedIn | Half:  # fmt: skip
    """A session for somebody whose password was right; for staff who are asked for a second step, half of one.

    Raises RuleBroken ``no_match`` when the right ended at this very moment.
    """
    if worker is None or not second_step.is_asked(worker, device_token):
        return start(account, worker, device_token=device_token, agent=agent, network=network, tell_of_device=tell_of_device,
                     by_password_alone=True)  # fmt: skip
    with store.writing():
        _still_allowed(None, worker, device_token)
        token, is_first = second_step.begin(worker)
        lockout.begin_anew(None, worker)
        devices.begin_anew(worker, device_token)
    return Half(token, is_first, worker)


def start(
    account: PortalAccount | None, worker: Worker | None, *, device_token: str, agent: str, network: str,
    tell_of_device: bool = True, trust_token: str = "", by_password_alone: bool = False,
) -> SignedIn:  # fmt: skip
    """A new session for somebody whose right is proved; a device not seen before is told by e-mail, one that is to be trusted
    goes by ``trust_token`` from now on.

    Raises RuleBroken ``no_match`` when the right ended at this very moment.
    """
    token = secrets.token_urlsafe(32)
    with store.writing():
        fresh = _still_allowed(account, worker, device_token, by_password_alone=by_password_alone)
        account, worker = (fresh, None) if account else (None, fresh)
        who = Actor(worker=worker, account=account, network=network)
        now = clock.now()
        device, kept, is_new = devices.met(account, worker, device_token, agent)
        begun = {"account": account, "worker": worker, "device": device, "created_at": now, "seen_at": now}
        session = LoginSession(token_hash=digest(token), **begun)
        store.insert_rows([session])
        if fresh.failed_sign_ins:
            lockout.begin_anew(account, worker)
        if is_new and tell_of_device:
            devices.tell_of(device)
        if trust_token:
            kept = trust_token
            second_step.trust(device, kept, who)
        audit.record(
            "sign_in.done", who, individual=Individual(id=account.individual_id) if account else None,
            subject=accounts.subject(account) if account else f"worker {worker.id}",  # type: ignore[union-attr]
            is_new_device=is_new,
        )  # fmt: skip
    return SignedIn(token, session, kept, account, worker)


def _still_allowed(
    account: PortalAccount | None, worker: Worker | None, device_token: str | None = None, *, by_password_alone: bool = False
) -> Any:
    """The owner's row, locked.

    With a ``device_token`` for a new sign-in, which somebody locked for wrong passwords starts on a known device only.
    """
    owner = account or worker
    still = _STILL_CLIENT if account else _STILL_STAFF
    fresh = still.first(owner.id, owner.password_hash)  # type: ignore[union-attr]  # changed while it was compared: refused
    if fresh is None or (device_token is not None and lockout.is_shut(fresh, device_token)):
        raise _no_match()
    if by_password_alone and worker is not None and second_step.is_asked(fresh, device_token or ""):  # trust ended at this very moment
        raise _no_match()
    if account is not None and fresh.password_reset_wanted_at is not None:  # staff asked at this very moment
        raise RuleBroken(N_("You were signed out meanwhile. Sign in again."), code="ended")
    return fresh


_STILL_CLIENT = statements.Question(
    lambda number, kept: store.lock(
        PortalAccount.select().where(PortalAccount.id == number, holders.IS_IN_USE, PortalAccount.password_hash == kept)
    )
)
_STILL_STAFF = statements.Question(
    lambda number, kept: store.lock(Worker.select().where(Worker.id == number, Worker.is_active, Worker.password_hash == kept))
)


# ---------------------------------------------------------------- sessions


def session_of(token: str) -> LoginSession | None:
    """The session of a cookie with its account and individual, in one question; a worker's with the security class, in two.

    None when it ended, idled too long, is too old, or its owner may no longer sign in.
    """
    now, stored = clock.now(), LoginSession.seen_at.db_value
    asked = (
        digest(token),
        stored(now - dt.timedelta(minutes=settings.get("idle_minutes"))),
        stored(now - dt.timedelta(hours=settings.get("session_hours"))),
    )
    session: LoginSession | None = _CLIENT_SESSION.first(stored(now), stored(now), *asked) or _STAFF_SESSION.first(*asked)
    return session


def _alive(token_hash: Any, seen_after: Any, created_after: Any) -> tuple[Any, ...]:
    return LoginSession.token_hash == token_hash, LoginSession.seen_at > seen_after, LoginSession.created_at > created_after


def _of_client(now: Any, same: Any, *asked: Any) -> Any:
    """With how much of the Inbox is new, which every page says."""
    messages, told = inbox.counts(Individual.id, Individual.id, now, same)
    columns = (LoginSession, PortalAccount, Individual, messages.alias("new_messages"), told.alias("new_notices"))
    return LoginSession.select(*columns).join(PortalAccount).join(Individual).where(*_alive(*asked), holders.IS_IN_USE)


_CLIENT_SESSION = statements.Question(_of_client)
_STAFF_SESSION = statements.Question(
    lambda *asked: (
        LoginSession.select(LoginSession, Worker, SecurityClass)
        .join(Worker)
        .left_outer_join(SecurityClass)
        .where(*_alive(*asked), Worker.is_active, Worker.password_hash.is_null(False))
    )
)


def touch(session: LoginSession) -> None:
    """Move the session's clock, at most once a minute; an ended session is not revived."""
    if session.seen_at > clock.ago(minutes=1):
        return
    with store.writing():
        LoginSession.update(seen_at=clock.now()).where(_is(session)).execute()


def stay(session: LoginSession) -> None:
    """Move the session's clock now, because its owner said that they are still there."""
    with store.writing():
        LoginSession.update(seen_at=clock.now()).where(_is(session)).execute()


def seconds_left(session: LoginSession) -> int:
    """How long the session lasts at the least without another request, as its row said when this one began."""
    idle = 60 * int(settings.get("idle_minutes"))
    since = (clock.now() - session.seen_at).total_seconds()
    return idle if since > 60 else int(idle - since)


def sign_out(session: LoginSession, by: Actor) -> None:
    """End the session on the server; twice is harmless."""
    with store.writing():
        if LoginSession.delete().where(_is(session)).execute():
            audit.record("sign_out.done", by, individual=session.account.individual if session.account_id else None)


def _is(session: LoginSession) -> Any:
    """By its token: SQLite gives the number of a deleted row to the next one."""
    return LoginSession.token_hash == session.token_hash


def forget_old_sessions() -> int:
    """Remove sessions that ended by time, once what is still typed in them may not be kept any more."""
    with store.writing():
        late = settings.get("unsent_minutes")
        old = LoginSession.created_at < clock.ago(hours=settings.get("session_hours"), minutes=late)
        return int(LoginSession.delete().where(old).execute())


# ---------------------------------------------------------------- passwords


def change_password(session: LoginSession, current: str, new: str, by: Actor) -> str:
    """Change the password after a proof of the current one; every session ends, the token of a fresh one is returned.

    Raises RuleBroken (field ``current`` or ``password``).
    """
    owner = session.account if session.account_id else session.worker
    prove(session, current, by)
    passwords.check(new, near=resets.near(owner))
    kept = passwords.hash(new)
    with store.writing():
        store.hold(owner)  # before the session: so do all who end sessions
        must_be_there(session)
        resets.set_password(owner, kept, by, "password.changed", was=owner.password_hash)
        owner.password_hash = kept
        _still_allowed(session.account, session.worker)
        return carry_on(session)


def prove(session: LoginSession, current: str, by: Actor) -> None:
    """The owner of a session says their password once more.  Raises RuleBroken (field ``current``), or ``too_many``."""
    owner = session.account if session.account_id else session.worker
    limits.within("password", f"{type(owner).__name__} {owner.id}", by, settings.get("sign_ins_a_minute"), 60)
    if not passwords.matches(current, owner.password_hash):
        _note_refused(owner, by)
        raise RuleBroken(N_("This is not your current password."), code="no_match", field="current")


def must_be_there(session: LoginSession) -> None:
    """Raise RuleBroken when the session ended while its request was on its way: nothing brings it back.  Said inside a
    transaction."""
    if store.lock(LoginSession.select().where(_is(session))).first() is None:
        raise RuleBroken(N_("You were signed out meanwhile. Sign in again."), code="ended")


def carry_on(session: LoginSession) -> str:
    """A fresh session in place of one that ended with all others, in the same browser; its token.  Said inside a transaction."""
    token = secrets.token_urlsafe(32)
    LoginSession.create(token_hash=digest(token), account=session.account, worker=session.worker, device=session.device_id,
                        created_at=session.created_at, seen_at=clock.now())  # fmt: skip
    return token


def _note_refused(owner: PortalAccount | Worker, by: Actor) -> None:
    with store.aside(), store.writing():
        individual = owner.individual if isinstance(owner, PortalAccount) else None
        audit.record("password.refused", by, individual=individual, subject=holders.subject(owner))
