"""Portal accounts: who may have one, and the moves of its life (spec 01)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from peewee import IntegrityError, fn

from domain import audit, clock, eligibility, left_discussions, links, notices, profile, settings, store
from domain.actor import SYSTEM, Actor

# Who may have one: asked here, decided there.
from domain.eligibility import RENEWABLE as RENEWABLE
from domain.eligibility import Known as Known
from domain.eligibility import age_on as age_on
from domain.eligibility import known_of as known_of
from domain.eligibility import missing as missing
from domain.eligibility import newest as newest
from domain.eligibility import newest_of as newest_of
from domain.eligibility import open_accounts as open_accounts
from domain.eligibility import suggested_address as suggested_address
from domain.eligibility import unreachable as unreachable
from domain.rules import N_, RuleBroken, Term
from models import (
    ACTIVE,
    CLOSED,
    DISABLED,
    LOCKED,
    PENDING,
    Agency,
    Device,
    Individual,
    Link,
    LinkOpening,
    LoginSession,
    PortalAccount,
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
    "lock": Move((ACTIVE,), LOCKED, "attempts", "account.locked"),  # done by domain.lockout
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
    ACTIVE: (
        ("reset", "manage_accounts"), ("suspend", "manage_accounts"), ("disable", "manage_accounts"), ("close", "manage_accounts"),
    ),
    LOCKED: (
        ("unlock", "manage_accounts"), ("reset", "manage_accounts"), ("disable", "manage_accounts"), ("close", "manage_accounts"),
    ),
    DISABLED: (("enable", "manage_accounts"), ("close", "manage_accounts")),
    CLOSED: (("send_new", "send_activations"),),
}  # fmt: skip


def staff_verbs(account: PortalAccount, rights: frozenset[str]) -> list[str]:
    """What somebody with these rights may do with an account now; the page offers just that."""
    asked = ("reset",) if account.password_reset_wanted_at is not None else ()  # done by domain.forced_reset
    verbs = [verb for verb, right in STAFF_VERBS[account.state] if right in rights and verb not in asked]
    return verbs if account.state != CLOSED or account.reason in RENEWABLE else []


def openings_of(every: Sequence[PortalAccount], most: int = 20) -> dict[int, list[LinkOpening]]:
    """When the links of each of these accounts were opened, by the account's number, newest first, at most so many each."""
    place = fn.ROW_NUMBER().over(partition_by=[Link.account], order_by=[LinkOpening.id.desc()])
    ranked = LinkOpening.select(LinkOpening.id, place.alias("place")).join(Link).where(Link.account.in_(list(every)))
    newest = ranked.select_from(ranked.c.id).where(ranked.c.place <= most)
    found: dict[int, list[LinkOpening]] = {account.id: [] for account in every}
    for opening in LinkOpening.select(LinkOpening, Link).join(Link).where(LinkOpening.id.in_(newest)).order_by(LinkOpening.id.desc()):
        found[opening.link.account_id].append(opening)
    return found


def _must_be_reachable(account: PortalAccount, state: str) -> None:
    """An activation that would be suppressed is refused now, to whoever asks for it."""
    if PortalAccount.get_by_id(account.id).state == state and (refusal := unreachable(account)):
        raise refusal


# ---------------------------------------------------------------- none -> pending

_New = tuple[Individual, str, PortalAccount | None]  # who, at which address, after which account


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
        one: _New = (individual, known.on_record(key), previous)  # the address as it is on record, not as typed
        try:
            account = _inserted([one])[0]
        except IntegrityError:
            raise eligibility.refusal("has_account") from None
        _note_made([(account, one)], by)
        _invite([account])
    return account


def create_many(people: Sequence[Individual], by: Actor, *, ticked: Collection[int] = ()) -> dict[int, PortalAccount | str]:
    """An account for each who gets one in bulk, looked at again now; for each individual's number the account, or the code of
    what stood between.  ``ticked`` are the numbers of those who get one in spite of how the last one ended.

    Who is there first gets the last licence.  Raises nothing.
    """
    with store.writing():
        store.lock(Agency.select()).first()
        known = eligibility.known_of_each(people)
        answers: dict[int, PortalAccount | str] = {}
        ready: list[_New] = []
        for person in people:
            seen = known[person.id]
            assert seen.around is not None
            if refusal := eligibility.left_out(person, seen, is_ticked=person.id in ticked):
                answers[person.id] = refusal.code
            elif seen.around.free is not None and len(ready) >= seen.around.free:
                answers[person.id] = "licences"
            else:
                before = seen.account if seen.account and seen.account.reason in RENEWABLE else None
                ready.append((person, seen.on_record(profile.email_key(seen.next_address)), before))
        made, taken = _inserted_or_taken(ready)
        _note_made(made, by)
        _invite([account for account, _ in made])
        return answers | dict.fromkeys(taken, "address_taken") | {account.individual_id: account for account, _ in made}


def _inserted_or_taken(ready: Sequence[_New]) -> tuple[list[tuple[PortalAccount, _New]], list[int]]:
    """All together; one by one when somebody's address was taken in this very moment: those accounts, and these numbers."""
    try:
        return list(zip(_inserted(ready), ready, strict=True)), []
    except IntegrityError:
        if len(ready) == 1:
            return [], [ready[0][0].id]
    each = [_inserted_or_taken([one]) for one in ready]
    return [pair for made, _ in each for pair in made], [number for _, taken in each for number in taken]


def _inserted(ready: Sequence[_New]) -> list[PortalAccount]:
    """Pending accounts.  Raises IntegrityError when one cannot be; then none is."""
    now = clock.now()
    made = [
        PortalAccount(
            individual=person, previous=previous, email=address, email_key=profile.email_key(address),
            created_at=now, invited_at=now, changed_at=now,
        ) for person, address, previous in ready
    ]  # fmt: skip
    with store.writing():
        store.insert_rows(made)
    return made


def _note_made(made: Sequence[tuple[PortalAccount, _New]], by: Actor) -> None:
    audit.record_many("account.created", by, [
        (person, subject(account), {"email": notices.mask(address), "previous": previous.public_id if previous else None})
        for account, (person, address, previous) in made
    ])  # fmt: skip


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
        _invite([PortalAccount.get_by_id(account.id)])


def cancel(account: PortalAccount, by: Actor) -> None:
    """pending -> closed ``cancelled``."""
    _move(account, "cancel", by)


def suspend(account: PortalAccount, by: Actor) -> None:
    """active -> locked ``suspended``; all sessions end at once."""
    _move(account, "suspend", by)


def unlock(account: PortalAccount, by: Actor) -> None:
    """locked -> active, with all tries."""
    _move(account, "unlock", by)


def unlock_attempts(account: PortalAccount, by: Actor) -> None:
    """locked ``attempts`` -> active by whoever has the mailbox; one that is not locked gets its tries back, what staff
    suspended stays.  Said inside a transaction that holds the account."""
    if PortalAccount.get_by_id(account.id).reason == "attempts":
        _move(account, "unlock", by, also=PortalAccount.reason == "attempts")
    else:
        PortalAccount.update(failed_sign_ins=0).where(PortalAccount.id == account.id).execute()
        _all_tries([account])


def _all_tries(every: Sequence[PortalAccount]) -> None:
    Device.update(failed_sign_ins=0).where(Device.account.in_(every), Device.failed_sign_ins > 0).execute()


def disable(account: PortalAccount, by: Actor) -> None:
    """active, locked -> disabled; all sessions end at once."""
    _move(account, "disable", by)


def enable(account: PortalAccount, by: Actor) -> None:
    """disabled -> pending: credentials are removed and a new activation goes out."""
    with store.writing():
        store.hold(account)
        _must_be_reachable(account, DISABLED)
        _move(account, "enable", by)


def close(account: PortalAccount, by: Actor) -> None:
    """pending -> closed ``cancelled``; active, locked, disabled -> closed ``staff``, credentials removed."""
    with store.writing():
        store.hold(account)
        is_pending = PortalAccount.get_by_id(account.id).state == PENDING
        _move(account, "cancel" if is_pending else "close", by)


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


def is_too_old(account: PortalAccount) -> bool:
    """The same of one that was read."""
    return bool(account.invited_at <= clock.ago(days=settings.get("activation_expiry_days")))


def _move(account: PortalAccount, verb: str, by: Actor, *, also: Any = True, **changes: Any) -> None:
    """One guarded update with its audit entry and what else the move brings.  Raises RuleBroken naming both states."""
    if not move_many([account], verb, by, also=also, **changes):
        raise _refusal(account, MOVES[verb].target)


def _brings(verb: str) -> dict[str, Any]:
    """Which columns a move sets beside state and reason, whoever makes it, for one account or for many."""
    without: dict[str, Any] = {"password_hash": None, "password_reset_wanted_at": None}
    all_tries = {"failed_sign_ins": 0}
    return {
        "close": without, "cancel": without, "enable": without | all_tries | {"invited_at": clock.now()}, "unlock": all_tries,
    }.get(verb, {})  # fmt: skip


def move_many(every: Sequence[PortalAccount], verb: str, by: Actor, *, also: Any = True, **changes: Any) -> set[int]:
    """The numbers of those accounts that the verb moved: each guarded by its own state, each with its own audit entry, and
    with what else the move brings, all in one transaction.  Raises nothing."""
    move = MOVES[verb]
    with store.writing():
        held = store.lock(PortalAccount.select().where(PortalAccount.id.in_([account.id for account in every])))
        before = {account.id: account for account in held.order_by(PortalAccount.id)}
        columns = {"state": move.target, "reason": move.reason, "changed_at": clock.now(), **_brings(verb), **changes}
        update = PortalAccount.update(**columns).where(
            PortalAccount.id.in_(list(before)), PortalAccount.state.in_(move.origins), also
        )
        moved = [before[row.id] for row in update.returning(PortalAccount.id)]
        if not moved:
            return set()
        moved.sort(key=lambda account: account.id)
        _end_what_ends(moved, move.target)
        if move.reason == "staff":
            left_discussions.leave_all([account.individual_id for account in moved])
        if move.audited != "account.activated":
            audit.record_many(move.audited, by, [
                (Individual(id=account.individual_id), subject(account), {"before": account.state, "after": move.target})
                for account in moved
            ])  # fmt: skip
        if verb == "unlock":
            _all_tries(moved)
        if verb == "enable":
            _invite(list(PortalAccount.select().where(PortalAccount.id.in_([account.id for account in moved]))))
    return {account.id for account in moved}


def _end_what_ends(moved: Sequence[PortalAccount], target: str) -> None:
    if target != ACTIVE:
        LoginSession.delete().where(LoginSession.account.in_(moved)).execute()
    links.void_many(("activation", "password_reset", "unlock", "address_code"), moved)
    if target in (CLOSED, DISABLED):
        links.void_many(("address_undo",), moved)
        notices.drop_many(moved)


def _invite(every: Sequence[PortalAccount]) -> None:
    """A new link and its e-mail for each; they were all invited in this moment."""
    if every:
        expires = every[0].invited_at + dt.timedelta(days=settings.get("activation_expiry_days"))
        notices.put_many("activation", links.make_many("activation", expires, every), expires)


def _refusal(account: PortalAccount, target: str) -> RuleBroken:
    now = PortalAccount.get_by_id(account.id)
    return RuleBroken(
        N_("This account is %(state)s and cannot become %(target)s. The page shows what is possible now."),
        code="wrong_state", state=STATE_NAMES[now.state], target=STATE_NAMES[target],
    )  # fmt: skip


def subject(account: PortalAccount) -> str:
    """How the audit names an account."""
    return f"account {account.id}"
