"""Where an e-mail leads: to the very thing for who can sign in, before that to activation and then to it (spec 01).

The address of who is to activate carries a sealed word and needs no row: it opens nothing, it knows only where its reader wants to go.
"""

from __future__ import annotations

import dataclasses

from domain import accounts, activation, limits, links, settings, store, ways
from domain.actor import Actor
from domain.rules import N_, NotFound, RuleBroken
from models import PENDING, Individual, Link, PortalAccount

_PLACES = {"d": "/inbox/{}/", "c": "/calendar/{}", "t": "/things-to-do/{}"}
_LETTERS = 22  # of a public id


@dataclasses.dataclass(frozen=True)
class Arrival:
    """Somebody came by an e-mail; ``account`` is the one that counts now, ``path`` the page that they came for."""

    account: PortalAccount
    path: str


def address(individual: Individual, portal_url: str, path: str) -> str | None:
    """What an e-mail's button leads to, to show a page of the portal; None for who has no account there.  A link that leads nowhere
    is none."""
    account = ways.newest(individual)
    if account is None or account.state not in (*ways.SIGNS_IN, PENDING):
        return None
    return f"{portal_url}{leading_to(account, path)}"


def leading_to(account: PortalAccount | None, path: str) -> str:
    """The page itself for who can sign in, else that from which activation leads there."""
    if account is None or account.state != PENDING:
        return path
    return f"/arrival/{token(account, path)}"


def token(account: PortalAccount, path: str) -> str:
    """What the address carries.  Raises ValueError for a page that is none of these."""
    for letter, place in _PLACES.items():
        before, _, after = place.partition("{}")
        if path.startswith(before) and path.endswith(after):
            return links.sealed("arrival", f"{account.public_id}{letter}{path[len(before) : len(path) - len(after)]}")
    raise ValueError(path)


def find(token: str) -> Arrival:
    """Who came, and what for.  Raises NotFound for what we did not seal."""
    words = links.unsealed("arrival", token)
    account = PortalAccount.get_or_none(PortalAccount.public_id == words[:_LETTERS])
    if account is None:
        raise NotFound
    newest = ways.newest(account.individual)
    assert newest is not None
    return Arrival(newest, _PLACES[words[_LETTERS]].format(words[_LETTERS + 1 :]))


def standing(arrival: Arrival) -> str:
    """``portal`` for who can sign in, ``pending``, or why neither: ``expired``, ``cancelled``, ``date_of_birth``, ``closed``."""
    account = arrival.account
    if account.state in ways.SIGNS_IN:
        return "portal"
    if account.state == PENDING:
        return "expired" if accounts.is_too_old(account) else "pending"
    return str(account.reason) if account.reason in accounts.RENEWABLE else "closed"


def send_again(arrival: Arrival, by: Actor) -> None:
    """The activation once more, as often as new passwords may be asked for; it leads to what they came for.

    Raises RuleBroken: ``too_many``, ``wrong_state``, ``unreachable``.
    """
    account = arrival.account
    limits.within("activation", accounts.subject(account), by, settings.get("resets_an_hour"), 3600)
    try:
        with store.writing():
            accounts.resend(account, by)
            Link.update(leads_to=arrival.path).where(
                Link.account == account, Link.purpose == "activation", Link.used_at.is_null(), Link.voided_at.is_null()
            ).execute()
    except RuleBroken as refused:
        if refused.code == "wrong_state":
            raise
        raise RuleBroken(N_("We cannot send it to you at the moment. Please call us."), code="unreachable") from None


def ask_for_new(arrival: Arrival, by: Actor) -> None:
    """Whose activation is over asks for another one: a task, at most once a day."""
    activation.ask_again(arrival.account, by)
