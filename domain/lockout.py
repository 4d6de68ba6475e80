"""Wrong passwords in a row: counted before they are compared, then only known devices are let in until somebody unlocks.

A client's account moves to ``locked`` (``attempts``); a worker is kept out for *unlock minutes* and never for ever.  What
is done for an address that somebody has takes as long as for one that nobody has (docs/decisions/0020-lockout.md).
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from typing import Any

from domain import accounts, audit, clock, devices, links, notices, settings, statements, store
from domain.actor import SYSTEM, Actor
from domain.rules import N_, RuleBroken
from models import (
    ACTIVE,
    CLOSED,
    DISABLED,
    LOCKED,
    PENDING,
    Device,
    Individual,
    Link,
    PortalAccount,
    UTCDateTimeField,
    Worker,
)

GOOD = "good"
_stored = UTCDateTimeField().db_value


@dataclasses.dataclass(frozen=True)
class Known:
    """Who has an address, in numbers: to build the rows of those who are known takes time that a stranger can measure."""

    worker: int | None
    account: int | None
    individual: int | None
    password_hash: str | None
    device: int | None  # the one that asks, if they signed in on it before
    is_new_password_wanted: bool = False  # by staff: the one that there is opens nothing any more


@dataclasses.dataclass(frozen=True)
class Try:
    """A try that was claimed: it may be compared only when it ``counts``; if the ``last`` one is wrong, it locks."""

    counts: bool
    is_last: bool


# ---------------------------------------------------------------- counting

_ON_DEVICE = statements.Change(
    lambda device, most: Device.update(failed_sign_ins=Device.failed_sign_ins + 1).where(
        Device.id == device, Device.failed_sign_ins < most
    )
)
_OF_ACCOUNT = statements.Change(
    lambda account, most: PortalAccount.update(failed_sign_ins=PortalAccount.failed_sign_ins + 1).where(
        PortalAccount.id == account, PortalAccount.state == ACTIVE, PortalAccount.failed_sign_ins < most
    )
)
_ANEW = statements.Change(
    lambda worker, now: Worker.update(failed_sign_ins=0, locked_until=None).where(Worker.id == worker, Worker.locked_until <= now)
)
_OF_WORKER = statements.Change(
    lambda worker, most: Worker.update(failed_sign_ins=Worker.failed_sign_ins + 1).where(
        Worker.id == worker, Worker.locked_until.is_null(), Worker.failed_sign_ins < most
    )
)
_TRIES_OF_ACCOUNT = statements.Question(
    lambda account: PortalAccount.select(PortalAccount.failed_sign_ins).where(PortalAccount.id == account).tuples()
)
_TRIES_OF_WORKER = statements.Question(lambda worker: Worker.select(Worker.failed_sign_ins).where(Worker.id == worker).tuples())


def claim(known: Known, most: int) -> Try:
    """Count a try before its password is compared, ``most`` in a row, so that fifty at once are five.  Said inside a transaction.

    A known device has tries of its own; once they are spent it counts as any other.
    """
    if _ON_DEVICE.run(known.device or 0, most):
        return Try(True, False)
    account, worker = known.account or 0, known.worker or 0
    _ANEW.run(worker, _stored(clock.now()))
    counts = _OF_ACCOUNT.run(account, most) + _OF_WORKER.run(worker, most)
    found = [_TRIES_OF_ACCOUNT.first(account), _TRIES_OF_WORKER.first(worker)]
    return Try(bool(counts), any(row is not None and row[0] >= most for row in found))


def is_shut(owner: PortalAccount | Worker, device_token: str) -> bool:
    """True for somebody who is locked for wrong passwords and comes from a device that they never signed in on."""
    if isinstance(owner, PortalAccount):
        is_locked, whose = owner.state != ACTIVE, (owner.id, 0)
    else:
        is_locked, whose = owner.locked_until is not None and owner.locked_until > clock.now(), (0, owner.id)
    return is_locked and devices.number_of(*whose, device_token) is None


def begin_anew(account: PortalAccount | None, worker: Worker | None) -> None:
    """A right password sets the counter back; who is locked stays so for other devices.  Said inside the sign-in's transaction."""
    if account is not None:
        _ACCOUNT_ANEW.run(account.id)
    elif worker is not None:
        _WORKER_ANEW.run(worker.id)


_ACCOUNT_ANEW = statements.Change(
    lambda account: PortalAccount.update(failed_sign_ins=0).where(
        PortalAccount.id == account, PortalAccount.state == ACTIVE, PortalAccount.failed_sign_ins > 0
    )
)
_WORKER_ANEW = statements.Change(
    lambda worker: Worker.update(failed_sign_ins=0).where(
        Worker.id == worker, Worker.locked_until.is_null(), Worker.failed_sign_ins > 0
    )
)


# ---------------------------------------------------------------- locking


class _Undone(Exception):
    pass


_LOCK = statements.Change(
    lambda account, most, reason, now: PortalAccount.update(state=LOCKED, reason=reason, changed_at=now).where(
        PortalAccount.id == account, PortalAccount.state == ACTIVE, PortalAccount.failed_sign_ins >= most
    )
)
_SHUT = statements.Change(
    lambda worker, most, until: Worker.update(locked_until=until).where(
        Worker.id == worker, Worker.locked_until.is_null(), Worker.failed_sign_ins >= most
    )
)


def shut(spent: Try, known: Known) -> bool:
    """active -> locked ``attempts`` when the last try was wrong, by one guarded update; True when it was this one.

    Said first in the transaction that notes the refusal: accounts are taken before the audit.
    """
    account, worker = (known.account, known.worker) if spent.is_last else (0, 0)
    most, until = settings.get("sign_in_tries"), _stored(_until())
    return bool(_LOCK.run(account or 0, most, "attempts", _stored(clock.now())) + _SHUT.run(worker or 0, most, until))


def _until() -> dt.datetime:
    return clock.ahead(minutes=settings.get("unlock_minutes"))


def tell(known: Known, *, is_shut: bool) -> None:
    """Audit and e-mail of one that was just locked, in the same transaction.

    Whoever was not has the same work done and undone, so that time does not tell them apart.
    """
    with contextlib.suppress(_Undone), store.writing():
        _tell(*((known.account, known.worker, known.individual) if is_shut else (None, None, None)))
        if not is_shut:
            raise _Undone


def _tell(account: int | None, worker: int | None, individual: int | None) -> None:
    until = _until()
    who: dict[str, Any] = {"account": PortalAccount(id=account) if account else None, "worker": Worker(id=worker) if worker else None}
    whose = Individual(id=individual) if individual else None
    if worker:
        audit.record("worker.locked", SYSTEM, subject=f"worker {worker}")
    else:
        audit.record("account.locked", SYSTEM, individual=whose, subject=f"account {account}", before=ACTIVE, after=LOCKED)
    link = links.make("unlock", until, **who)
    notices.put("sign_in_locked", link.id, to=_address(account, worker), individual=whose, link=link, expires_at=until, **who)


def _address(account: int | None, worker: int | None) -> str:
    email = PortalAccount.select(PortalAccount.email).where(PortalAccount.id == (account or 0)).tuples().first()
    of_staff = Worker.select(Worker.email).where(Worker.id == (worker or 0)).tuples().first()
    return str((email or of_staff or ("",))[0])


# ---------------------------------------------------------------- unlocking


def find(token: str) -> Link:
    """The unlock link of a token, in whatever state.  Raises NotFound for what we did not sign."""
    return links.find("unlock", token)


def standing(link: Link) -> str:
    """``good``, or why the link does nothing: ``open`` (nobody is locked), ``suspended``, ``ended``, ``replaced``, ``expired``.
    Asks; changes nothing."""
    if link.account_id:
        account = PortalAccount.get_by_id(link.account_id)
        if account.state in (CLOSED, DISABLED, PENDING) or account.reason == "suspended":
            return "suspended" if account.state == LOCKED else "ended"
        is_locked = account.reason == "attempts"
    else:
        worker = Worker.get_by_id(link.worker_id)
        if not worker.is_active:
            return "ended"
        is_locked = worker.locked_until is not None and worker.locked_until > clock.now()
    if not is_locked:
        return "open"
    return GOOD if links.is_good(link) else "expired" if link.voided_at is None else "replaced"


def unlock(link: Link, by: Actor) -> None:
    """locked ``attempts`` -> active by the e-mailed link, once; counters begin anew.

    Raises RuleBroken ``no_longer``: staff may have suspended the account meanwhile.
    """
    fresh = Link.get_by_id(link.id)
    owner = fresh.account or fresh.worker
    with store.writing():
        store.hold(owner)
        if standing(fresh) != GOOD or not links.use(fresh):
            raise RuleBroken(N_("This link no longer works."), code="no_longer")
        open_again(owner, by)


def open_again(owner: PortalAccount | Worker, by: Actor) -> None:
    """Whoever proved that the mailbox is theirs, by an unlock link or a reset, has all tries again and is not locked for
    wrong passwords any more; what staff decided stays.  Said inside a transaction that holds the owner."""
    if isinstance(owner, PortalAccount):
        accounts.unlock_attempts(owner, by)
        return
    until = Worker.get_by_id(owner.id).locked_until
    Worker.update(failed_sign_ins=0, locked_until=None).where(Worker.id == owner.id).execute()
    Device.update(failed_sign_ins=0).where(Device.worker == owner, Device.failed_sign_ins > 0).execute()
    links.void("unlock", worker=owner)
    if until is not None and until > clock.now():
        audit.record("worker.unlocked", by, subject=f"worker {owner.id}")
