"""The portal's address has changed: an administrator says whether it moved or was copied; until then no message leaves (09 B14).

The address is noted when the portal is switched on.  What was kept since it changed waits for the answer: where the portal moved it
goes out, in a copy it stays held.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from domain import agency, audit, clock, leases, notices, sandbox, settings, store
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import Delivery


def plain(url: str, *, development: bool = False) -> str:
    """An address as it is compared: its letters small, without the port that goes without saying.  On a developer's own machine
    another port is no other portal."""
    parts = urlsplit(url.lower())
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if development or parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"


def begin() -> None:
    """Note the address at start: the first time, and as long as the portal is not switched on and so nobody has any link to it."""
    house, noted = agency.current(), settings.noted(sandbox.NOTED)
    if sandbox.address() not in ("", noted) and (not noted or house is None or not house.is_on):
        settings.note(sandbox.NOTED, sandbox.address())


def is_real(by: Actor) -> int:
    """The portal lives here from now on: what was held because of that goes out; how many.  Raises RuleBroken, ``decided`` where
    nobody has to say any more."""
    with store.writing():
        before = _still_asked()
        settings.note(sandbox.NOTED, sandbox.address())
        store.forget()
        sent = release()
        audit.record("portal_address.noted", by, before=before, after=sandbox.address(), released=sent)
    return sent


def is_copy(by: Actor) -> None:
    """This is one for trying out: it gets the mark, and what is held stays so.  Raises RuleBroken as ``is_real`` does."""
    with store.writing():
        noted = _still_asked()
        Delivery.update(last_error=sandbox.SANDBOX).where(leases.unlocked(_held())).execute()
        settings.change("sandbox", "1", by)
        audit.record("portal_address.is_a_copy", by, noted=noted, now=sandbox.address())


def _still_asked() -> str:
    store.one_at_a_time(sandbox.NOTED)
    store.forget()
    if not sandbox.is_moved():
        raise RuleBroken(N_("Somebody has said it already."), code="decided")
    return settings.noted(sandbox.NOTED)


def release() -> int:
    """What is held only because of the address becomes due, unless it must be; how many.  Said each minute too: who held a row in the
    moment of the answer is not waited for."""
    if sandbox.is_moved() or sandbox.is_on() or not Delivery.select().where(_held()).exists():
        return 0
    now = clock.now()
    with store.writing():
        later = Delivery.update(state="due", last_error="").where(leases.unlocked(_held(), Delivery.next_at > now)).execute()
        soon = Delivery.update(state="due", last_error="", next_at=now).where(leases.unlocked(_held())).execute()
        store.after_commit(notices.ring)
    return int(later + soon)


def waiting() -> int:
    """How many messages are held because of the address."""
    return int(Delivery.select().where(_held()).count())


def _held() -> Any:
    return (Delivery.state == "held") & (Delivery.last_error == sandbox.MOVED)
