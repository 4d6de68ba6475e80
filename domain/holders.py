"""Who signs in with an e-mail address: asked the same of every address, whoever has it."""

from __future__ import annotations

from typing import Any

from peewee import SQL

from domain import accounts, devices, lockout, statements
from models import ACTIVE, PortalAccount, Worker


def known(key: str, device_token: str) -> lockout.Known:
    """What is known of whoever has an address, in numbers."""
    _, worker, account, individual, kept, wanted_at = _IN_NUMBERS.first(key, key) or (None,) * 6
    device = devices.number_of(account or 0, worker or 0, device_token)
    return lockout.Known(worker, account, individual, kept, device, wanted_at is not None)


def numbered(found: lockout.Known) -> tuple[Worker | None, PortalAccount | None]:
    """Whose password was right.  Of a client it says no more than is known: whoever starts the session reads the row."""
    if found.worker:
        return Worker.get_by_id(found.worker), None
    return None, PortalAccount(id=found.account, individual=found.individual, password_hash=found.password_hash)


def owner_of(key: str) -> tuple[Worker | None, PortalAccount | None]:
    """The worker, else the account, that may sign in with an address."""
    worker = _WORKER.first(key)
    return worker, _ACCOUNT.first(key) if worker is None else None


def _may_sign_in(table: Any, key: str) -> tuple[Any, ...]:
    may = (Worker.is_active, Worker.password_hash.is_null(False)) if table is Worker else (IS_IN_USE,)
    return (table.email_key == key, *may)


# Locked for wrong passwords is locked for unknown devices only: sessions and known devices stay.
IS_IN_USE = (PortalAccount.state == ACTIVE) | (PortalAccount.reason == "attempts")


def _in_numbers(key: Any, same: Any) -> Any:
    """The worker before the account: their place, their numbers, the hash, and since when a new password is wanted."""
    none = SQL("NULL")
    workers = Worker.select(SQL("1 AS place"), Worker.id, none, none, Worker.password_hash, none).where(*_may_sign_in(Worker, key))
    clients = PortalAccount.select(
        SQL("2"), none, PortalAccount.id, PortalAccount.individual, PortalAccount.password_hash, PortalAccount.password_reset_wanted_at
    ).where(*_may_sign_in(PortalAccount, same))
    return workers.union_all(clients).order_by(SQL("place")).tuples()


_IN_NUMBERS = statements.Question(_in_numbers)
_WORKER = statements.Question(lambda key: Worker.select().where(*_may_sign_in(Worker, key)))
_ACCOUNT = statements.Question(lambda key: PortalAccount.select().where(*_may_sign_in(PortalAccount, key)))


def subject(owner: PortalAccount | Worker) -> str:
    """How the audit names them."""
    return accounts.subject(owner) if isinstance(owner, PortalAccount) else f"worker {owner.id}"
