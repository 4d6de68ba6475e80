"""From the e-mailed link to an active account: terms, date of birth, password (spec 01, activation).

The date of birth is a check against misdelivery, not a proof of identity: that is the link's 256-bit nonce.
"""

from __future__ import annotations

import datetime as dt

from domain import (
    accounts,
    agency,
    audit,
    birth_dates,
    clock,
    inbox_notices,
    links,
    notices,
    passwords,
    settings,
    store,
    work_queue,
)
from domain.actor import Actor
from domain.rules import N_, NotFound, RuleBroken
from models import ACTIVE, PENDING, Link, PageVersion, PortalAccount

GOOD = "good"


def find(token: str) -> Link:
    """The activation link of a token, in whatever state.  Raises NotFound for what we did not sign."""
    return links.find("activation", token)


def standing(link: Link) -> str:
    """``good``, or why the link no longer works: ``used``, ``replaced``, ``expired``, ``cancelled``,
    ``date_of_birth``, ``closed``.  Asks; changes nothing."""
    account = PortalAccount.get_by_id(link.account_id)
    if account.state == PENDING:
        if link.voided_at is not None or link.used_at is not None:  # a used one: the account was enabled again
            return "replaced"
        expiry = account.invited_at + dt.timedelta(days=settings.get("activation_expiry_days"))
        return GOOD if links.is_good(link) and clock.now() < expiry else "expired"
    newest = accounts.newest(account.individual)
    if newest is not None and newest != account and newest.is_open:
        return "replaced" if newest.state == PENDING else "used" if newest.state == ACTIVE else "closed"
    if account.state == ACTIVE:
        return "used"
    return str(account.reason) if account.reason in accounts.RENEWABLE else "closed"


def pages_to_accept(language: str) -> tuple[PageVersion, PageVersion]:
    """The privacy policy and the terms in force.  Raises NotFound before the first start is done."""
    privacy, terms = agency.page("privacy", language), agency.page("terms", language)
    if privacy is None or terms is None:
        raise NotFound
    return privacy, terms


def accept_terms(link: Link, privacy: PageVersion, terms: PageVersion, by: Actor) -> None:
    """Store which versions were accepted.  Raises RuleBroken when the link no longer works."""
    account = _usable(link)
    with store.writing():
        stored = PortalAccount.update(accepted_privacy=privacy, accepted_terms=terms).where(
            PortalAccount.id == account.id, PortalAccount.state == PENDING
        )
        if not stored.execute():
            raise _no_longer(link)
        audit.record("account.terms_accepted", by, individual=account.individual, subject=accounts.subject(account),
                     privacy=privacy.version, terms=terms.version)  # fmt: skip


def prove_birth_date(link: Link, born: dt.date, by: Actor) -> str:
    """Compare the date of birth; the word returned proves it for this browser for half an hour.

    A try is claimed by one guarded update before anything is compared, so that fifty at once are three.
    Raises RuleBroken: ``wrong`` with what is left, ``closed`` after the last that is allowed, ``too_many`` from one network or in
    one day, ``no_longer`` when the link does not work.
    """
    account = _usable(link)
    with store.writing():
        verdict = _try(account, link, born, by)
        proof = links.give_proof(link) if verdict is None else ""
    if verdict is not None:
        raise verdict
    return proof


def _try(account: PortalAccount, link: Link, born: dt.date, by: Actor) -> RuleBroken | None:
    """What was wrong with an evaluated date.  What refuses before that is raised, so that nothing of it counts."""
    birth_dates.spend(account.individual_id, by)
    mine = PortalAccount.id == account.id
    claimed = PortalAccount.update(birth_date_tries=PortalAccount.birth_date_tries + 1).where(
        mine, PortalAccount.state == PENDING, PortalAccount.birth_date_tries < settings.get("birth_date_tries"), ~accounts.is_past_expiry()
    )
    if not claimed.execute() or standing(Link.get_by_id(link.id)) != GOOD:
        raise _no_longer(link)
    if birth_dates.is_right(account.individual, born):
        PortalAccount.update(birth_date_tries=PortalAccount.birth_date_tries - 1).where(mine).execute()
        birth_dates.give_back(account.individual_id, by)
        return None
    return _wrong(account, by)


def _wrong(account: PortalAccount, by: Actor) -> RuleBroken:
    tries = PortalAccount.get_by_id(account.id).birth_date_tries
    audit.record("account.birth_date_wrong", by, individual=account.individual, subject=accounts.subject(account),
                 tries=tries)  # fmt: skip
    left = settings.get("birth_date_tries") - tries
    if left > 0:
        return birth_dates.wrong(left)
    accounts.fail_birth_date(account)
    notices.put("birth_date_closed", account.id, to=account.email, account=account, individual=account.individual)
    work_queue.add("birth_date_closed", "intake", account.individual, accounts.subject(account))
    return RuleBroken(birth_dates.CLOSED, code="closed")


def activate(link: Link, password: str, *, proof: str, by: Actor) -> PortalAccount:
    """pending -> active with the chosen password; the link is spent.

    Raises RuleBroken: a password that may not be chosen, a date of birth not proved by this browser, terms not
    accepted, a link that no longer works.  Of many at once exactly one activates.
    """
    account = _usable(link)
    if not links.is_proved(Link.get_by_id(link.id), proof):
        raise RuleBroken(N_("Please enter your date of birth again."), code="not_proved")
    if account.accepted_privacy_id is None:
        raise RuleBroken(N_("Please accept the privacy policy and the terms first."), code="not_accepted")
    passwords.check(password, near=near(account))
    kept = passwords.hash(password)
    with store.writing():
        store.hold(account)
        if not links.use(link):
            raise _no_longer(link)
        inbox_notices.begin(account.individual)
        accounts.activate(account, kept, Actor(account=account, network=by.network))
    return PortalAccount.get_by_id(account.id)


def near(account: PortalAccount) -> tuple[str, ...]:
    """What a password of this account must not be."""
    who = account.individual
    return (who.first_name, who.last_name, who.preferred_name, who.legal_name, who.legal_name.replace(" ", ""), account.email)


def ask_for_new_link(link: Link, by: Actor) -> None:
    """Put a task into the intake queue, at most one a day per account; the answer is the same every time."""
    ask_again(PortalAccount.get_by_id(link.account_id), by)


def ask_again(account: PortalAccount, by: Actor) -> None:
    """The same for whoever came by another link."""
    with store.writing():
        day = agency.today().isoformat()
        if work_queue.add("new_activation_wanted", "intake", account.individual, f"{accounts.subject(account)} {day}"):
            audit.record("account.new_link_wanted", by, individual=account.individual, subject=accounts.subject(account))


def _usable(link: Link) -> PortalAccount:
    fresh = Link.get_by_id(link.id)
    if standing(fresh) != GOOD:
        raise _no_longer(fresh)
    account: PortalAccount = PortalAccount.get_by_id(fresh.account_id)
    return account


def _no_longer(link: Link) -> RuleBroken:
    return RuleBroken(N_("This link no longer works."), code="no_longer")
