"""Signing in and out, sessions, forgotten and changed passwords.

Answers and time do not tell whether an address has an account (spec 01, sign-in).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import secrets
from typing import Any

from peewee import IntegrityError

from domain import (
    accounts,
    activation,
    agency,
    audit,
    clock,
    devices,
    limits,
    links,
    lockout,
    notices,
    passwords,
    profile,
    second_step,
    settings,
    statements,
    store,
)
from domain.actor import SYSTEM, Actor
from domain.rules import N_, RuleBroken
from models import ACTIVE, Delivery, Device, Individual, Link, LoginSession, PortalAccount, SecurityClass, Worker

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
    known = _known(key, device_token)
    with store.aside(), store.writing():
        who = f"device {known.device}" if known.device else key  # whoever guesses keeps nobody out who is known
        within_limit("sign_in", who, by, "sign_ins_a_minute", 60)
        spent = lockout.claim(known)
    if not passwords.matches(password, known.password_hash) or not spent.counts:
        raise _refused(known, spent, by)
    worker, account = _numbered(known)
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
        audit.record("sign_in.refused", by, individual=account.individual, subject=_subject(account), reason="new_password_wanted")
    ask_for_reset(account.email, by, request="wanted")
    raise NewPasswordWanted


def _known(key: str, device_token: str) -> lockout.Known:
    """Asks the same of every address, whoever has it."""
    worker, account = _WORKER_IN_NUMBERS.first(key), _ACCOUNT_IN_NUMBERS.first(key)
    if worker is not None:
        return lockout.Known(worker[0], None, None, worker[1], _device_of(0, worker[0], device_token))
    number, individual, kept, wanted_at = account or (None, None, None, None)
    return lockout.Known(None, number, individual, kept, _device_of(number or 0, 0, device_token), wanted_at is not None)


def _numbered(known: lockout.Known) -> tuple[Worker | None, PortalAccount | None]:
    """Whose password was right.  Of a client it says no more than is known: whoever starts the session reads the row."""
    if known.worker:
        return Worker.get_by_id(known.worker), None
    return None, PortalAccount(id=known.account, individual=known.individual, password_hash=known.password_hash)


def _device_of(account: int, worker: int, token: str) -> int | None:
    found = _DEVICE_IN_NUMBERS.first(digest(token), account, worker)
    return found[0] if found else None


def _owner(key: str) -> tuple[Worker | None, PortalAccount | None]:
    worker = _WORKER.first(key)
    return worker, _ACCOUNT.first(key) if worker is None else None


def _may_sign_in(table: Any, key: str) -> tuple[Any, ...]:
    may = (Worker.is_active, Worker.password_hash.is_null(False)) if table is Worker else (_IS_IN_USE,)
    return (table.email_key == key, *may)


# Locked for wrong passwords is locked for unknown devices only: sessions and known devices stay.
_IS_IN_USE = (PortalAccount.state == ACTIVE) | (PortalAccount.reason == "attempts")

_WORKER_IN_NUMBERS = statements.Question(
    lambda key: Worker.select(Worker.id, Worker.password_hash).where(*_may_sign_in(Worker, key)).tuples()
)
_ACCOUNT_IN_NUMBERS = statements.Question(
    lambda key: PortalAccount.select(
        PortalAccount.id, PortalAccount.individual, PortalAccount.password_hash, PortalAccount.password_reset_wanted_at
    )
    .where(*_may_sign_in(PortalAccount, key))
    .tuples()
)
_DEVICE_IN_NUMBERS = statements.Question(
    lambda token_hash, account, worker: Device.select(Device.id)
    .where(Device.token_hash == token_hash, (Device.account == account) | (Device.worker == worker))
    .tuples()
)
_WORKER = statements.Question(lambda key: Worker.select().where(*_may_sign_in(Worker, key)))
_ACCOUNT = statements.Question(lambda key: PortalAccount.select().where(*_may_sign_in(PortalAccount, key)))


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
    tell_of_device: bool = True, trusts: bool = False, by_password_alone: bool = False,
) -> SignedIn:  # fmt: skip
    """A new session for somebody whose right is proved; a device not seen before is told by e-mail.

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
        if trusts:
            second_step.trust(device, who)
        audit.record(
            "sign_in.done", who, individual=Individual(id=account.individual_id) if account else None,
            subject=accounts.subject(account) if account else f"worker {worker.id}",  # type: ignore[union-attr]
            is_new_device=is_new,
        )  # fmt: skip
    if account is not None:
        account.individual = _PERSON.first(account.individual_id)
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


_PERSON = statements.Question(lambda number: Individual.select().where(Individual.id == number))
_STILL_CLIENT = statements.Question(
    lambda number, kept: store.lock(
        PortalAccount.select().where(PortalAccount.id == number, _IS_IN_USE, PortalAccount.password_hash == kept)
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
    session: LoginSession | None = _CLIENT_SESSION.first(*asked) or _STAFF_SESSION.first(*asked)
    return session


def _alive(token_hash: Any, seen_after: Any, created_after: Any) -> tuple[Any, ...]:
    return LoginSession.token_hash == token_hash, LoginSession.seen_at > seen_after, LoginSession.created_at > created_after


_CLIENT_SESSION = statements.Question(
    lambda *asked: (
        LoginSession.select(LoginSession, PortalAccount, Individual)
        .join(PortalAccount)
        .join(Individual)
        .where(*_alive(*asked), _IS_IN_USE)
    )
)
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
    passwords.check(new, near=_near(owner))
    kept = passwords.hash(new)
    with store.writing():
        store.hold(owner)  # before the session: so do all who end sessions
        must_be_there(session)
        _set_password(owner, kept, by, "password.changed", was=owner.password_hash)
        owner.password_hash = kept
        _still_allowed(session.account, session.worker)
        return carry_on(session)


def prove(session: LoginSession, current: str, by: Actor) -> None:
    """The owner of a session says their password once more.  Raises RuleBroken (field ``current``), or ``too_many``."""
    owner = session.account if session.account_id else session.worker
    within_limit("password", f"{type(owner).__name__} {owner.id}", by, "sign_ins_a_minute", 60)
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
        audit.record("password.refused", by, individual=individual, subject=_subject(owner))


def _set_password(owner: PortalAccount | Worker, kept: str, by: Actor, audited: str, *, was: str | None) -> None:
    is_client = isinstance(owner, PortalAccount)
    table = type(owner)
    mine = (LoginSession.account if is_client else LoginSession.worker) == owner
    with store.writing():
        wanted = {"password_reset_wanted_at": None} if is_client else {}
        if not table.update(password_hash=kept, **wanted).where(table.id == owner.id, table.password_hash == was).execute():
            raise RuleBroken(N_("The password was changed meanwhile. Sign in again."), code="stale", field="password")
        LoginSession.delete().where(mine).execute()
        if isinstance(owner, Worker):
            second_step.end_halves(owner)
            second_step.end_trust(owner)
        links.void("password_reset", **{"account" if is_client else "worker": owner})
        entry = audit.record(audited, by, individual=owner.individual if is_client else None, subject=_subject(owner))
        notices.put("password_changed", entry.id, to=owner.email, individual=owner.individual if is_client else None,
                    **{"account" if is_client else "worker": owner})  # fmt: skip


def ask_for_reset(email: str, by: Actor, *, request: str = "") -> None:
    """Note that somebody at ``email`` forgot their password; ``request`` is the form's one-time id.

    The same work for every address: who that is gets looked up later, by ``resolve_reset`` in the background.
    """
    key = profile.email_key(email)
    within_limit("reset", key, by, "resets_an_hour", 3600)
    with store.writing(), contextlib.suppress(IntegrityError), store.writing():  # the same request in the same moment
        number = int(clock.now().timestamp() * 1000)
        notices.put("password_reset", number, to=key[:254], version=int(digest(key + request)[:7], 16),
                    expires_at=clock.ahead(minutes=settings.get("reset_minutes")))  # fmt: skip


def resolve_reset(delivery: Delivery) -> bool:
    """Find who asked and make the link, once, in the row and in ``delivery``; False when nobody who could sign in has
    that address.  The mail goes to the stored address, never to the typed one."""
    if delivery.link_id:
        return True
    worker, account = _owner(profile.email_key(delivery.to_address))
    owner = worker or account
    if owner is None:
        return False
    with store.writing():
        link = links.make("password_reset", delivery.expires_at, account=account, worker=worker)
        learned = {"link": link, "account": account, "worker": worker, "to_address": owner.email,
                   "individual": account.individual if account else None}  # fmt: skip
        Delivery.update(**learned).where(Delivery.id == delivery.id).execute()
        audit.record("password.reset_wanted", SYSTEM, individual=account.individual if account else None,
                     subject=_subject(owner))  # fmt: skip
    for name, value in learned.items():
        setattr(delivery, name, value)
    return True


def find_reset(token: str) -> Link:
    """The reset link of a token, in whatever state.  Raises NotFound for what we did not sign."""
    return links.find("password_reset", token)


def reset_password(link: Link, new: str, by: Actor) -> None:
    """Set a new password by link, once; all sessions end.  Raises RuleBroken.

    Who has the mailbox could unlock by e-mail as well, so a reset unlocks what wrong passwords had locked.
    """
    fresh = Link.get_by_id(link.id)
    owner = fresh.account or fresh.worker
    if not links.is_good(fresh) or _owner(owner.email_key) == (None, None):
        raise RuleBroken(N_("This link no longer works."), code="no_longer")
    passwords.check(new, near=_near(owner))
    kept = passwords.hash(new)
    with store.writing():
        store.hold(owner)
        if not links.use(fresh):
            raise RuleBroken(N_("This link no longer works."), code="no_longer")
        _set_password(owner, kept, by, "password.reset", was=owner.password_hash)
        lockout.open_again(owner, by)


def _near(owner: PortalAccount | Worker) -> tuple[str, ...]:
    if isinstance(owner, PortalAccount):
        return activation.near(owner)
    return (owner.first_name, owner.last_name, owner.name, owner.email)


def _subject(owner: PortalAccount | Worker) -> str:
    return accounts.subject(owner) if isinstance(owner, PortalAccount) else f"worker {owner.id}"


def within_limit(what: str, who: str, by: Actor, setting: str, seconds: int) -> None:
    """Count one try for who it is about and for the network it comes from.  Raises RuleBroken ``too_many``."""
    most = settings.get(setting)
    with store.aside(), store.joining():  # a try that one of the two refuses does not count for the other
        if all(limits.spend(what, each, most=most, seconds=seconds) for each in (f"who {who}", f"network {limits.network_of(by.network)}")):
            return
        raise RuleBroken(N_("Too many tries. Wait a little and try again."), code="too_many")


def support_phone() -> str:
    """Whom a client calls who cannot get in."""
    site = agency.main_site()
    return site.phone if site else ""
