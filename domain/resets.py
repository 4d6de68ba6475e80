"""Forgotten passwords: the e-mailed link, and the new password in place of the old one.

The same work for every address, so that neither answers nor time tell whether somebody has it (spec 01, sign-in).
"""

from __future__ import annotations

import contextlib

from peewee import IntegrityError

from domain import (
    activation,
    audit,
    clock,
    devices,
    holders,
    limits,
    links,
    lockout,
    notices,
    passwords,
    profile,
    second_step,
    settings,
    store,
)
from domain.actor import SYSTEM, Actor
from domain.rules import N_, RuleBroken
from models import Delivery, Link, LoginSession, PortalAccount, Worker


def ask(email: str, by: Actor, *, request: str = "", is_proved: bool = False) -> None:
    """Note that somebody at ``email`` forgot their password; ``request`` is the form's one-time id.  Raises RuleBroken ``too_many``.

    The same work for every address: who that is gets looked up later, by ``resolve`` in the background.  Who has ``is_proved``
    the password does not guess, and is kept from no link by others of the same network.
    """
    key, most = profile.email_key(email), settings.get("resets_an_hour")
    if is_proved:
        limits.within_alone("reset", key, most, 3600)
    else:
        limits.within("reset", key, by, most, 3600)
    with store.writing(), contextlib.suppress(IntegrityError), store.writing():  # the same request in the same moment
        number = int(clock.now().timestamp() * 1000)
        notices.put("password_reset", number, to=key[:254], version=int(devices.digest(key + request)[:7], 16),
                    expires_at=clock.ahead(minutes=settings.get("reset_minutes")))  # fmt: skip


def resolve(delivery: Delivery) -> bool:
    """Find who asked and make the link, once, in the row and in ``delivery``; False when nobody who could sign in has
    that address.  The mail goes to the stored address, never to the typed one."""
    if delivery.link_id:
        return True
    worker, account = holders.owner_of(profile.email_key(delivery.to_address))
    owner = worker or account
    if owner is None:
        return False
    with store.writing():
        link = links.make("password_reset", delivery.expires_at, account=account, worker=worker)
        learned = {"link": link, "account": account, "worker": worker, "to_address": owner.email,
                   "individual": account.individual if account else None}  # fmt: skip
        Delivery.update(**learned).where(Delivery.id == delivery.id).execute()
        audit.record("password.reset_wanted", SYSTEM, individual=account.individual if account else None,
                     subject=holders.subject(owner))  # fmt: skip
    for name, value in learned.items():
        setattr(delivery, name, value)
    return True


def find(token: str) -> Link:
    """The reset link of a token, in whatever state.  Raises NotFound for what we did not sign."""
    return links.find("password_reset", token)


def reset(link: Link, new: str, by: Actor) -> None:
    """Set a new password by link, once; all sessions end.  Raises RuleBroken.

    Who has the mailbox could unlock by e-mail as well, so a reset unlocks what wrong passwords had locked.
    """
    fresh = Link.get_by_id(link.id)
    owner = fresh.account or fresh.worker
    if not links.is_good(fresh) or holders.owner_of(owner.email_key) == (None, None):
        raise RuleBroken(N_("This link no longer works."), code="no_longer")
    passwords.check(new, near=near(owner))
    kept = passwords.hash(new)
    with store.writing():
        store.hold(owner)
        if not links.use(fresh):
            raise RuleBroken(N_("This link no longer works."), code="no_longer")
        set_password(owner, kept, by, "password.reset", was=owner.password_hash)
        lockout.open_again(owner, by)


def set_password(owner: PortalAccount | Worker, kept: str, by: Actor, audited: str, *, was: str | None) -> None:
    """Put a hash in place of the one that ``was``: all sessions end, and an e-mail tells.  Raises RuleBroken ``stale``."""
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
        entry = audit.record(audited, by, individual=owner.individual if is_client else None, subject=holders.subject(owner))
        notices.put("password_changed", entry.id, to=owner.email, individual=owner.individual if is_client else None,
                    **{"account" if is_client else "worker": owner})  # fmt: skip


def near(owner: PortalAccount | Worker) -> tuple[str, ...]:
    """What a password of theirs must not be made of."""
    if isinstance(owner, PortalAccount):
        return activation.near(owner)
    return (owner.first_name, owner.last_name, owner.name, owner.email)
