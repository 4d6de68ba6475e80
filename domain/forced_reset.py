"""Staff ask for a new password: the old one starts no session any more, the e-mailed link leads to the new one (spec 01).

The hash stays: who knows the old password is told that a new one is wanted, and everybody else hears what they always do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from domain import accounts, audit, calendar_feeds, clock, links, notices, store
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import ACTIVE, LOCKED, Individual, LoginSession, PortalAccount

VERB = "reset"
ORIGINS = (ACTIVE, LOCKED)
ASKED_ALREADY = "asked_already"
SENTENCES = {ASKED_ALREADY: N_("They were asked for a new password already, and have not chosen one yet.")}


def obstacle(account: PortalAccount) -> str:
    """The code of what keeps an account from being asked for a new password; empty when nothing does."""
    if account.state not in ORIGINS:
        return f"is_{account.state}"
    return ASKED_ALREADY if account.password_reset_wanted_at is not None else ""


def open_to_it(query: Any) -> Any:
    """Of these accounts (a query) those that can be asked."""
    return query.where(PortalAccount.state.in_(ORIGINS), PortalAccount.password_reset_wanted_at.is_null())


def force(account: PortalAccount, by: Actor) -> None:
    """Ask one client for a new password; all sessions of theirs end at once, and the address of their own calendar.

    Raises RuleBroken for an account that is neither active nor locked, or was asked already.
    """
    if force_many([account], by):
        return
    now = PortalAccount.get_by_id(account.id)
    if obstacle(now) == ASKED_ALREADY:
        raise RuleBroken(SENTENCES[ASKED_ALREADY], code=ASKED_ALREADY)
    raise RuleBroken(
        N_("This account is %(state)s. A new password is asked for only where an account is %(active)s or %(locked)s."),
        code="wrong_state", state=accounts.STATE_NAMES[now.state], active=accounts.STATE_NAMES[ACTIVE],
        locked=accounts.STATE_NAMES[LOCKED],
    )  # fmt: skip


def force_many(every: Sequence[PortalAccount], by: Actor) -> set[int]:
    """The numbers of those accounts that were asked now, each guarded by its own state, all in one transaction: sessions
    and the addresses of own calendars end, known devices stay known, and one e-mail tells each who could sign in.  Raises
    nothing."""
    with store.writing():
        store.lock(PortalAccount.select(PortalAccount.id).where(PortalAccount.id.in_([each.id for each in every])).order_by(
            PortalAccount.id)).execute()  # fmt: skip
        asked = open_to_it(PortalAccount.update(password_reset_wanted_at=clock.now())).where(
            PortalAccount.id.in_([each.id for each in every])
        )
        numbers = {row.id for row in asked.returning(PortalAccount.id)}
        found = list(PortalAccount.select().where(PortalAccount.id.in_(numbers)).order_by(PortalAccount.id))
        LoginSession.delete().where(LoginSession.account.in_(found)).execute()
        links.void_many(("address_code",), found)
        calendar_feeds.end_many([Individual(id=account.individual_id) for account in found], by)
        entries = audit.record_many("account.reset_forced", by, [
            (Individual(id=account.individual_id), accounts.subject(account), {}) for account in found
        ])  # fmt: skip
        told = [(entry.id, account) for entry, account in zip(entries, found, strict=True) if account.reason != "suspended"]
        notices.tell_many("new_password_wanted", told)
    return numbers


# What staff may do to one account, by verb.
STAFF_MOVES: dict[str, Callable[[PortalAccount, Actor], None]] = accounts.STAFF_MOVES | {VERB: force}
