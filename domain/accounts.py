"""Portal accounts: who may have one, and the moves of its life (spec 01)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from peewee import IntegrityError, fn

from domain import agency, audit, clock, links, notices, profile, settings, store
from domain.actor import SYSTEM, Actor
from domain.rules import N_, RuleBroken, Term
from models import (
    ACTIVE,
    CLOSED,
    DISABLED,
    LOCKED,
    PENDING,
    Agency,
    Consent,
    Contact,
    Individual,
    Link,
    LinkOpening,
    LoginSession,
    PortalAccount,
    Worker,
)


@dataclasses.dataclass(frozen=True)
class Move:
    """One verb: where it starts, where it leads, with which reason, and how the audit calls it."""

    origins: tuple[str, ...]
    target: str
    reason: str | None
    audited: str


MOVES = {
    "activate": Move((PENDING,), ACTIVE, None, "account.activated"),
    "expire": Move((PENDING,), CLOSED, "expired", "account.expired"),
    "fail_birth_date": Move((PENDING,), CLOSED, "date_of_birth", "account.birth_date_failed"),
    "cancel": Move((PENDING,), CLOSED, "cancelled", "account.cancelled"),
    "suspend": Move((ACTIVE,), LOCKED, "suspended", "account.suspended"),
    "unlock": Move((LOCKED,), ACTIVE, None, "account.unlocked"),
    "disable": Move((ACTIVE, LOCKED), DISABLED, None, "account.disabled"),
    "enable": Move((DISABLED,), PENDING, None, "account.enabled"),
    "close": Move((ACTIVE, LOCKED, DISABLED), CLOSED, "staff", "account.closed"),
}

STATE_NAMES = {
    PENDING: Term(N_("pending")),
    ACTIVE: Term(N_("active")),
    LOCKED: Term(N_("locked")),
    DISABLED: Term(N_("disabled")),
    CLOSED: Term(N_("closed")),
}

REASON_NAMES = {
    "expired": Term(N_("not activated in time")),
    "date_of_birth": Term(N_("wrong date of birth")),
    "cancelled": Term(N_("activation cancelled")),
    "staff": Term(N_("by staff")),
    "attempts": Term(N_("too many wrong passwords")),
    "suspended": Term(N_("suspended by staff")),
}

# What staff may do now, by state: (verb, right).  The page offers these, the verbs refuse the rest.
STAFF_VERBS = {
    PENDING: (("resend", "send_activations"), ("cancel", "manage_accounts")),
    ACTIVE: (("suspend", "manage_accounts"), ("disable", "manage_accounts"), ("close", "manage_accounts")),
    LOCKED: (("unlock", "manage_accounts"), ("disable", "manage_accounts"), ("close", "manage_accounts")),
    DISABLED: (("enable", "manage_accounts"), ("close", "manage_accounts")),
    CLOSED: (("send_new", "send_activations"),),
}

def staff_verbs(account: PortalAccount, rights: frozenset[str]) -> list[str]:
    """What somebody with these rights may do with an account now; the page offers just that."""
    verbs = [verb for verb, right in STAFF_VERBS[account.state] if right in rights]
    return verbs if account.state != CLOSED or account.reason in RENEWABLE else []


RENEWABLE = ("expired", "cancelled", "date_of_birth")


# ---------------------------------------------------------------- who may have one


def newest(individual: Individual) -> PortalAccount | None:
    """The account that counts: the open one, else the one that was closed last."""
    account: PortalAccount | None = individual.accounts.order_by(PortalAccount.id.desc()).first()
    return account


def newest_of(individuals: Sequence[Individual]) -> dict[int, PortalAccount]:
    """The account that counts of each of these individuals, by the individual's number."""
    every = PortalAccount.select().where(PortalAccount.individual.in_(list(individuals))).order_by(PortalAccount.id)
    return {account.individual_id: account for account in every}


def openings_of(every: Sequence[PortalAccount], most: int = 20) -> dict[int, list[LinkOpening]]:
    """When the links of each of these accounts were opened, by the account's number, newest first, at most so many each."""
    place = fn.ROW_NUMBER().over(partition_by=[Link.account], order_by=[LinkOpening.id.desc()])
    ranked = LinkOpening.select(LinkOpening.id, place.alias("place")).join(Link).where(Link.account.in_(list(every)))
    newest = ranked.select_from(ranked.c.id).where(ranked.c.place <= most)
    found: dict[int, list[LinkOpening]] = {account.id: [] for account in every}
    for opening in LinkOpening.select(LinkOpening, Link).join(Link).where(LinkOpening.id.in_(newest)).order_by(LinkOpening.id.desc()):
        found[opening.link.account_id].append(opening)
    return found


@dataclasses.dataclass(frozen=True)
class Known:
    """What ``missing`` looks at: the newest account, every contact, the newest consent to e-mail."""

    account: PortalAccount | None
    contacts: Sequence[Contact]
    consent: Consent | None

    @property
    def address(self) -> str:
        """The main e-mail contact in use, else the first in use, else nothing."""
        in_use = [contact for contact in self.contacts if contact.kind == "email" and contact.is_in_use]
        return min(in_use, key=lambda contact: (not contact.is_main, contact.id)).value if in_use else ""


def known_of(individual: Individual) -> Known:
    """Asked anew; a page that has read all of it already makes its own."""
    return Known(newest(individual), list(individual.contacts), profile.consent_of(individual, "email"))


def suggested_address(individual: Individual) -> str:
    """Which of an individual's addresses an account would get; empty when there is none in use."""
    return known_of(individual).address


def missing(individual: Individual, address: str, known: Known | None = None) -> list[RuleBroken]:
    """Everything that stands between an individual and an account, each as its own sentence with a ``code``.

    Codes: has_account, address, address_not_in_use, consent, birth_date, age, deceased, address_taken, licences.
    """
    checks = (_about_account, _about_address, _about_consent, _about_birth_date, _about_death, _about_sharing, _about_licences)
    known = known or known_of(individual)
    return [refusal for check in checks if (refusal := check(individual, address, known)) is not None]


def unreachable(account: PortalAccount) -> RuleBroken | None:
    """The first thing that keeps an activation from an account's address; None when it may be sent.  Raises nothing."""
    known, checks = known_of(account.individual), (_about_address, _about_consent, _about_birth_date, _about_death)
    return next((refusal for check in checks if (refusal := check(account.individual, account.email, known))), None)


def _must_be_reachable(account: PortalAccount, state: str) -> None:
    """An activation that would be suppressed is refused now, to whoever asks for it."""
    if PortalAccount.get_by_id(account.id).state == state and (refusal := unreachable(account)):
        raise refusal


def _about_account(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    if known.account and known.account.is_open:
        return RuleBroken(N_("This person already has a portal account."), code="has_account")
    return None


def _about_address(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    if not address:
        return RuleBroken(N_("There is no e-mail address in use."), code="address")
    try:
        key = profile.email_key(profile.checked_email(address))
    except RuleBroken as refused:
        return RuleBroken(refused.message, code="address", field="email")
    if not any(_is_listed(contact, key) for contact in known.contacts):
        return RuleBroken(N_("This e-mail address is not among the contacts in use."), code="address_not_in_use")
    return None


def _is_listed(contact: Contact, key: str) -> bool:
    return bool(contact.kind == "email" and contact.is_in_use and contact.lookup == key)


def _about_consent(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    if known.consent and known.consent.is_given:
        return None
    return RuleBroken(N_("There is no consent to e-mail."), code="consent")


def _about_birth_date(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    born, least = individual.birth_date, settings.get("minimum_age")
    if born is None or born == settings.get("placeholder_birth_date"):
        return RuleBroken(N_("The date of birth is not known."), code="birth_date")
    if age_on(born, agency.today()) < least:
        return RuleBroken(N_("Clients need to be at least %(least)s years old."), code="age", least=least)
    return None


def _about_death(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    return RuleBroken(N_("This person has died."), code="deceased") if individual.death_date else None


def _about_sharing(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    key = profile.email_key(address)
    others = PortalAccount.select(PortalAccount.email_key).where(
        PortalAccount.email_key == key, PortalAccount.state != CLOSED, PortalAccount.individual != individual
    )
    if key and (others | Worker.select(Worker.email_key).where(Worker.email_key == key)).tuples().first():
        return RuleBroken(
            N_("Someone else already signs in with this address. Add another address of this person."),
            code="address_taken",
        )
    return None


def _about_licences(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    limit = settings.get("licence_count")
    if limit and open_accounts() >= limit:
        return RuleBroken(
            N_("All %(limit)s licences are in use. Close an account first."), code="licences", limit=limit
        )
    return None


def open_accounts() -> int:
    """How many licences are in use."""
    return int(PortalAccount.select(fn.COUNT(PortalAccount.id)).where(PortalAccount.state != CLOSED).scalar())


def age_on(born: dt.date, day: dt.date) -> int:
    """Full years on a day; who was born on 29 February has the birthday on 1 March of other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


# ---------------------------------------------------------------- none -> pending


def create(individual: Individual, by: Actor, *, email: str = "") -> PortalAccount:
    """A pending account and its activation e-mail.

    Raises RuleBroken: the first thing that is missing, or that there is an open account already.
    """
    return _new(individual, by, email or suggested_address(individual), previous=None)


def send_new(account: PortalAccount, by: Actor, *, email: str = "") -> PortalAccount:
    """*Send a new activation*: a new record that follows a closed one; the address may be changed.

    Raises RuleBroken unless the account was closed as expired, cancelled or for the date of birth.
    """
    if account.state != CLOSED or account.reason not in RENEWABLE:
        raise _refusal(account, PENDING)
    return _new(account.individual, by, email or account.email, previous=account)


def _new(individual: Individual, by: Actor, address: str, previous: PortalAccount | None) -> PortalAccount:
    with store.writing():
        store.lock(Agency.select()).first()  # licences are counted one at a time
        known, key = known_of(individual), profile.email_key(address)
        for refusal in missing(individual, address, known):
            raise refusal
        address = next(each.value for each in known.contacts if _is_listed(each, key))  # as it is on record, not as typed
        now = clock.now()
        try:
            with store.writing():
                account: PortalAccount = PortalAccount.create(
                    individual=individual, previous=previous, email=address, email_key=profile.email_key(address),
                    created_at=now, invited_at=now, changed_at=now,
                )  # fmt: skip
        except IntegrityError:
            raise RuleBroken(N_("This person already has a portal account."), code="has_account") from None
        audit.record(
            "account.created", by, individual=individual, subject=subject(account),
            email=notices.mask(address), previous=previous.public_id if previous else None,
        )  # fmt: skip
        _invite(account)
    return account


# ---------------------------------------------------------------- the moves


def resend(account: PortalAccount, by: Actor) -> None:
    """pending -> pending: a new link, the earlier one stops working, the expiry starts again.

    Raises RuleBroken when the e-mail would not go out: no consent, address not in use, age, death.
    """
    _expire(account)  # what is too old is closed by now, even if the job did not run
    with store.writing():
        store.hold(account)
        _must_be_reachable(account, PENDING)
        again = PortalAccount.update(invited_at=clock.now(), changed_at=clock.now()).where(
            PortalAccount.id == account.id, PortalAccount.state == PENDING, ~is_past_expiry()
        )
        if not again.execute():
            raise _refusal(account, PENDING)
        notices.drop_for(account, "activation")
        audit.record("account.activation_resent", by, individual=account.individual, subject=subject(account))
        _invite(PortalAccount.get_by_id(account.id))


def cancel(account: PortalAccount, by: Actor) -> None:
    """pending -> closed ``cancelled``."""
    _move(account, "cancel", by)


def suspend(account: PortalAccount, by: Actor) -> None:
    """active -> locked ``suspended``; all sessions end at once."""
    _move(account, "suspend", by)


def unlock(account: PortalAccount, by: Actor) -> None:
    """locked -> active."""
    _move(account, "unlock", by)


def disable(account: PortalAccount, by: Actor) -> None:
    """active, locked -> disabled; all sessions end at once."""
    _move(account, "disable", by)


def enable(account: PortalAccount, by: Actor) -> None:
    """disabled -> pending: credentials are removed and a new activation goes out."""
    now = clock.now()
    with store.writing():
        store.hold(account)
        _must_be_reachable(account, DISABLED)
        _move(account, "enable", by, password_hash=None, invited_at=now)
        _invite(PortalAccount.get_by_id(account.id))


def close(account: PortalAccount, by: Actor) -> None:
    """pending -> closed ``cancelled``; active, locked, disabled -> closed ``staff``, credentials removed."""
    with store.writing():
        store.hold(account)
        is_pending = PortalAccount.get_by_id(account.id).state == PENDING
        _move(account, "cancel" if is_pending else "close", by, password_hash=None)


def activate(account: PortalAccount, password_hash: str, by: Actor) -> None:
    """pending -> active, with the hash of the chosen password; said by ``activation`` once everything is proved."""
    with store.writing():
        _move(account, "activate", by, password_hash=password_hash, activated_at=clock.now(), also=~is_past_expiry())
        fresh = PortalAccount.get_by_id(account.id)
        audit.record(
            "account.activated", by, individual=fresh.individual, subject=subject(fresh),
            privacy=fresh.accepted_privacy.version, terms=fresh.accepted_terms.version,
        )  # fmt: skip


def fail_birth_date(account: PortalAccount) -> None:
    """pending -> closed ``date_of_birth``: the last wrong date that is allowed."""
    _move(account, "fail_birth_date", SYSTEM)


STAFF_MOVES = {
    "cancel": cancel, "suspend": suspend, "unlock": unlock, "disable": disable, "enable": enable, "close": close,
}  # fmt: skip


def expire_due(most: int = 500) -> int:
    """Close pending accounts whose activation is too old; how many were closed.  Said each minute by the timetable."""
    old = PortalAccount.select().where(PortalAccount.state == PENDING, is_past_expiry()).limit(most)
    return sum(_expire(account) for account in old)


def _expire(account: PortalAccount) -> bool:
    try:
        _move(account, "expire", SYSTEM, also=is_past_expiry())
    except RuleBroken:
        return False
    return True


def is_past_expiry() -> Any:
    """The condition that an account's activation is too old."""
    return PortalAccount.invited_at <= clock.ago(days=settings.get("activation_expiry_days"))


def _move(account: PortalAccount, verb: str, by: Actor, *, also: Any = True, **changes: Any) -> None:
    """One guarded update with its audit entry and what else the move brings.  Raises RuleBroken naming both states."""
    move = MOVES[verb]
    with store.writing():
        store.hold(account)
        before = PortalAccount.get_by_id(account.id)
        moved = (
            PortalAccount.update(state=move.target, reason=move.reason, changed_at=clock.now(), **changes)
            .where(PortalAccount.id == account.id, PortalAccount.state.in_(move.origins), also)
            .execute()
        )
        if not moved:
            raise _refusal(before, move.target)
        _end_what_ends(before, move.target)
        if move.audited != "account.activated":
            audit.record(
                move.audited, by, individual=before.individual, subject=subject(before),
                before=before.state, after=move.target,
            )  # fmt: skip


def _end_what_ends(account: PortalAccount, target: str) -> None:
    if target != ACTIVE:
        LoginSession.delete().where(LoginSession.account == account).execute()
    links.void("activation", account=account)
    links.void("password_reset", account=account)
    if target in (CLOSED, DISABLED):
        notices.drop_for(account)


def _invite(account: PortalAccount) -> None:
    expires = account.invited_at + dt.timedelta(days=settings.get("activation_expiry_days"))
    link = links.make("activation", expires, account=account)
    notices.put(
        "activation", link.id, to=account.email, account=account, individual=account.individual, link=link,
        expires_at=expires,
    )  # fmt: skip


def _refusal(account: PortalAccount, target: str) -> RuleBroken:
    now = PortalAccount.get_by_id(account.id)
    return RuleBroken(
        N_("This account is %(state)s and cannot become %(target)s. The page shows what is possible now."),
        code="wrong_state", state=STATE_NAMES[now.state], target=STATE_NAMES[target],
    )  # fmt: skip


def subject(account: PortalAccount) -> str:
    """How the audit names an account."""
    return f"account {account.id}"
