"""Who signs in with an e-mail address: asked the same of every address, whoever has it."""

from __future__ import annotations

from typing import Any

from domain import accounts, devices, lockout, statements
from models import ACTIVE, PortalAccount, Worker


def known(key: str, device_token: str) -> lockout.Known:
    """What is known of whoever has an address, in numbers."""
    worker, account = _WORKER_IN_NUMBERS.first(key), _ACCOUNT_IN_NUMBERS.first(key)
    if worker is not None:
        return lockout.Known(worker[0], None, None, worker[1], devices.number_of(0, worker[0], device_token))
    number, individual, kept, wanted_at = account or (None, None, None, None)
    return lockout.Known(None, number, individual, kept, devices.number_of(number or 0, 0, device_token), wanted_at is not None)


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
_WORKER = statements.Question(lambda key: Worker.select().where(*_may_sign_in(Worker, key)))
_ACCOUNT = statements.Question(lambda key: PortalAccount.select().where(*_may_sign_in(PortalAccount, key)))


def subject(owner: PortalAccount | Worker) -> str:
    """How the audit names them."""
    return accounts.subject(owner) if isinstance(owner, PortalAccount) else f"worker {owner.id}"
