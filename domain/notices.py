"""The outbox: every message is a row, written in the transaction of what it tells of, sent at least once.

States and their reasons are those of the outbox contract: ``due -> leased -> sent | dead | expired | cancelled |
suppressed``, and ``held``.  The queue is only a bell; this table is the book.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import logging
import random
from collections.abc import Callable, Sequence
from typing import Any

from peewee import JOIN, Select, Value, fn

from domain import audit, clock, leases, links, profile, sandbox, statements, store, work_queue
from domain.actor import Actor
from domain.leases import PROBE_EVERY, Claim
from domain.rules import N_, RuleBroken
from gateways.mail import Outcome, Verdict
from models import (
    AddressHealth,
    ChannelHealth,
    Contact,
    Delivery,
    DeliveryAttempt,
    EventMessage,
    Individual,
    Link,
    PortalAccount,
    Worker,
    db,
)

log = logging.getLogger(__name__)
GIVE_UP_AFTER = dt.timedelta(hours=48)
RETRY_MINUTES = (1, 5, 15, 60)
DOUBTFUL_AFTER = 3

# Each kind with its priority: 0 goes before everything else (codes, resets, activations).
KINDS = {
    "activation": 0, "password_reset": 0, "mail_test": 0, "password_changed": 3, "new_device": 3, "birth_date_closed": 3,
    "sign_in_locked": 0, "address_code": 0, "address_changed": 0, "invitation": 0, "worker_address_changed": 0,
    "authenticator_set_up": 3, "authenticator_removed": 3, "recovery_code_used": 3, "password_known": 3,
    "new_password_wanted": 3,
    "event_booked": 5, "event_moved": 5, "event_changed": 5, "event_cancelled": 5, "event_confirmation": 6,
    "request_offered": 3, "request_declined": 5, "request_expired": 5, "client_requested": 1, "client_booked": 1,
    "client_running_late": 1, "client_cannot_come": 1, "client_cancelled": 1,
    "message_waiting": 3, "client_wrote": 3, "message_overdue": 3, "reply_link_closed": 3,
    "document_assigned": 5, "document_due": 4,
    "event_reminder": 1, "client_confirmed": 5, "client_missed": 5,
}  # fmt: skip


def _nobody() -> None:
    """No dispatcher listens in this process: the next tick of another one finds the row."""


ring: Callable[[], object] = _nobody  # set by the application: wakes the dispatcher


def put(
    kind: str,
    subject_id: int,
    *,
    to: str,
    account: PortalAccount | None = None,
    worker: Worker | None = None,
    individual: Individual | None = None,
    link: Link | None = None,
    expires_at: dt.datetime | None = None,
    version: int | str = 0,
    again: Delivery | None = None,
    next_at: dt.datetime | None = None,
) -> Delivery:
    """Write one message into the outbox, beside its cause, in the cause's transaction.

    The key is derived from what the message tells of, never random: a second put of the same raises IntegrityError.
    """
    who = f"account{account.id}" if account else f"worker{worker.id}" if worker else "nobody"
    with store.writing():
        delivery: Delivery = Delivery.create(
            dedupe_key=key_of(kind, subject_id, version, again.id if again else 0, who), kind=kind, priority=KINDS[kind],
            to_address=to, account=account, worker=worker, individual=individual, link=link, again=again,
            next_at=next_at or clock.now(), created_at=clock.now(), expires_at=expires_at,
        )  # fmt: skip
        store.after_commit(ring)
    return delivery


def key_of(kind: str, subject_id: int, version: int | str, offset: int = 0, who: str = "nobody") -> str:
    """What makes one message differ from every other."""
    return f"{kind}:{subject_id}:{version}:{offset}:{who}:email"


def put_many(kind: str, every: Sequence[Link], expires_at: dt.datetime) -> None:
    """One message about each of these links to the account that it is for, as ``put`` does, with one statement."""
    _put_rows(kind, [(link.id, link.account, link.id) for link in every], expires_at)


def tell_many(kind: str, every: Sequence[tuple[int, PortalAccount]]) -> None:
    """One message to each of these accounts about the subject with that number, as ``put`` does, with one statement."""
    _put_rows(kind, [(subject_id, account, None) for subject_id, account in every], None)


def _put_rows(kind: str, every: Sequence[tuple[int, PortalAccount, int | None]], expires_at: dt.datetime | None) -> None:
    now = clock.now()
    with store.writing():
        store.insert_rows([
            Delivery(
                dedupe_key=f"{kind}:{subject_id}:0:0:account{account.id}:email", kind=kind, priority=KINDS[kind],
                to_address=account.email, account=account.id, individual=account.individual_id, link=link,
                next_at=now, created_at=now, expires_at=expires_at,
            ) for subject_id, account, link in every
        ])  # fmt: skip
        store.after_commit(ring)


def tell_people(kind: str, every: Sequence[tuple[int, int]]) -> None:
    """One message to each of these individuals (their numbers) about the subject with that number; where to is found out at sending."""
    now = clock.now()
    with store.writing():
        store.insert_rows([
            Delivery(dedupe_key=key_of(kind, subject_id, 0), kind=kind, priority=KINDS[kind], to_address="", individual=individual,
                     next_at=now, created_at=now) for subject_id, individual in every
        ])  # fmt: skip
        store.after_commit(ring)


def drop_for(owner: PortalAccount | Worker, *kinds: str) -> None:
    """Cancel what still waits for an account or a worker: all of it, or only ``kinds``."""
    _drop((Delivery.account if isinstance(owner, PortalAccount) else Delivery.worker) == owner, kinds)


def drop_many(accounts: Sequence[PortalAccount], *kinds: str) -> None:
    """The same for many accounts."""
    _drop(Delivery.account.in_(accounts), kinds)


def _drop(theirs: Any, kinds: tuple[str, ...]) -> None:
    waiting = Delivery.update(state="cancelled", last_error="").where(theirs, Delivery.state.in_(("due", "held")))
    with store.writing():
        (waiting.where(Delivery.kind.in_(kinds)) if kinds else waiting).execute()


# ---------------------------------------------------------------- claim, send, settle


def claim(channel: str = "email") -> Claim | float:
    """Lease the next delivery for ten minutes, or say in how many seconds to ask again (0: nothing is due).

    Codes, resets and activations first, else what could be sent first; at most *mail rate* a second over all
    processes; while the channel's server is down only one probe every five minutes.  A lease that is over counts as due.
    """
    with store.writing():
        taken = leases.take(channel)
    return leases.read(taken)


def settle_and_claim(claim: Claim, outcome: Outcome) -> tuple[bool, Claim | float | None]:
    """``settle`` one delivery and ``claim`` the next in one transaction: the disk is waited for once for each message.

    What became of the one is kept even when no other can be leased: then the second is None.
    """
    try:
        with store.writing():
            leases.health(claim.delivery.channel)  # first: whoever settles and leases locks in this order
            done = _settle(claim, outcome)
            taken = leases.take(claim.delivery.channel)
    except Exception:
        log.exception("after delivery %s none could be leased", claim.delivery.id)
        return settle(claim, outcome), None
    return done, leases.read(taken)


def settle(claim: Claim, outcome: Outcome) -> bool:
    """Write down what became of a try.  False when the lease was lost meanwhile: then nothing is changed."""
    with store.writing():
        return _settle(claim, outcome)


def _settle(claim: Claim, outcome: Outcome) -> bool:
    delivery, now = claim.delivery, clock.now()
    changes = _after(delivery, outcome, now)
    if not _finish(claim, outcome.verdict.value, changes, code=outcome.code, answer=outcome.answer):
        return False
    _note_health(delivery, outcome, now)
    if changes["state"] == "dead":
        _tell_staff(delivery)
    return True


def suppress(claim: Claim, reason: str, *, is_problem: bool = False, worker: Worker | None = None) -> bool:
    """Do not send after all: consent, account or cause are gone.  ``reason`` is shown to staff; where that ``is_problem`` there is
    a task about it, of a ``worker`` or for anybody."""
    with store.writing():
        if not _finish(claim, "suppressed", {"state": "suppressed", "last_error": reason}, code=None, answer=reason):
            return False
        probe_now(claim.delivery.channel)  # the server was not asked: another message may ask it
        if is_problem:
            _tell_staff(claim.delivery, worker)
    return True


def keep_back(claim: Claim) -> bool:
    """leased -> held: this is a sandbox, so staff decide once it is none any more; or due again where somebody has just said that it
    is none."""
    with store.writing():
        store.one_at_a_time(sandbox.NOTED)
        store.forget()
        why = sandbox.why_kept(claim.delivery.kind)
        held = {"state": "held" if why else "due", "attempts": Delivery.attempts - 1, "last_error": why}
        if not _finish(claim, "held", held, code=None, answer=""):
            return False
        probe_now(claim.delivery.channel)
    return True


def probe_now(channel: str = "email") -> None:
    """Let the next message ask a silent server at once."""
    with store.writing():
        down = ChannelHealth.update(probe_at=clock.now()).where(ChannelHealth.channel == channel)
        down.where(ChannelHealth.down_since.is_null(False)).execute()


@dataclasses.dataclass(frozen=True)
class Standing:
    """How sending stands: since when the server does not answer and what it said last, None while all is well, and how much is held."""

    down_since: dt.datetime | None
    last_error: str
    held: int


def standing(held: Any | None = None, channel: str = "email") -> Standing:
    """By one question; ``held`` is the question for what is held that the reader may see, None for who may not."""
    down = ChannelHealth.select().where(ChannelHealth.channel == channel, ChannelHealth.down_since.is_null(False))
    counted = Value(0) if held is None else held.select(fn.COUNT(Delivery.id)).order_by()
    asked = Select(columns=[down.select(ChannelHealth.down_since), down.select(ChannelHealth.last_error), counted]).bind(db)
    ((since, said, number),) = asked.tuples().execute()
    return Standing(ChannelHealth.down_since.python_value(since), said or "", number)


def _finish(claim: Claim, outcome: str, changes: dict[str, Any], *, code: int | None, answer: str) -> bool:
    mine = (Delivery.id == claim.delivery.id) & (Delivery.lease_token == claim.token) & (Delivery.state == "leased")
    done = Delivery.update(lease_token=None, lease_until=None, **changes).where(mine).execute()
    _END_TRY.run(leases.stored(clock.now()), outcome, code, answer[:300], claim.token)
    if not done:
        log.warning("delivery %s: %s, but its lease had gone to somebody else", claim.delivery.id, outcome)
    return bool(done)


_END_TRY = statements.Change(
    lambda now, outcome, code, answer, token: DeliveryAttempt.update(
        ended_at=now, outcome=outcome, code=code, answer=answer
    ).where(DeliveryAttempt.lease_token == token)
)


def _after(delivery: Delivery, outcome: Outcome, now: dt.datetime) -> dict[str, Any]:
    said = outcome.answer[:300]
    if outcome.verdict is Verdict.ACCEPTED:
        return {"state": "sent", "sent_at": now, "last_error": ""}
    if outcome.verdict is Verdict.SERVER_DOWN:
        changes = {"state": "due", "attempts": Delivery.attempts - 1, "last_error": said}
        was_down = ChannelHealth.select().where(
            ChannelHealth.channel == delivery.channel, ChannelHealth.down_since.is_null(False)
        )
        if not was_down.exists():  # it may be this message that the server cannot bear: others go before it
            falls = delivery.tries.where(DeliveryAttempt.outcome == Verdict.SERVER_DOWN.value).count()
            changes["next_at"] = now + _pause(falls + 1)
        return changes
    if outcome.verdict is Verdict.UNKNOWN:
        unknown_before = DeliveryAttempt.select().where(
            DeliveryAttempt.delivery == delivery, DeliveryAttempt.outcome == Verdict.UNKNOWN.value
        )
        if not unknown_before.exists():
            return {"state": "due", "next_at": now + dt.timedelta(minutes=15), "last_error": said}
    elif outcome.verdict is Verdict.RETRY:
        put_off = delivery.tries.where(DeliveryAttempt.outcome == Verdict.RETRY.value).order_by(DeliveryAttempt.id)
        first = put_off.first()
        if first is None or now - first.started_at < GIVE_UP_AFTER:
            return {"state": "due", "next_at": now + _pause(delivery.attempts), "last_error": said}
    return {"state": "dead", "last_error": said}


def _pause(attempts: int) -> dt.timedelta:
    if attempts <= len(RETRY_MINUTES):
        return dt.timedelta(minutes=RETRY_MINUTES[attempts - 1])
    return dt.timedelta(minutes=60 + random.uniform(0, 10))  # noqa: S311 - spreads retries, keeps no secret


def _note_health(delivery: Delivery, outcome: Outcome, now: dt.datetime) -> None:
    if outcome.verdict is Verdict.RETRY and outcome.code is None:  # the letter could not be written: nobody was asked
        probe_now(delivery.channel)
        return
    if outcome.verdict is Verdict.SERVER_DOWN:
        mine = ChannelHealth.channel == delivery.channel
        ChannelHealth.update(probe_at=now + PROBE_EVERY, last_error=outcome.answer[:300]).where(mine).execute()
        ChannelHealth.update(down_since=now).where(mine, ChannelHealth.down_since.is_null()).execute()
    else:
        _IS_UP.run(delivery.channel)
    if outcome.verdict in (Verdict.ACCEPTED, Verdict.REFUSED):
        _note_address(delivery.to_address, outcome)


_IS_UP = statements.Change(
    lambda channel: ChannelHealth.update(down_since=None, probe_at=None, last_error="").where(
        ChannelHealth.channel == channel, ChannelHealth.down_since.is_null(False)
    )
)
_CLEAR = statements.Change(lambda key: AddressHealth.delete().where(AddressHealth.email_key == key))


def _note_address(address: str, outcome: Outcome) -> None:
    key = profile.email_key(address)
    if outcome.verdict is Verdict.ACCEPTED:
        _CLEAR.run(key)
        return
    AddressHealth.insert(email_key=key).on_conflict_ignore().execute()
    AddressHealth.update(refusals=AddressHealth.refusals + 1).where(AddressHealth.email_key == key).execute()
    doubtful = (AddressHealth.email_key == key) & (
        (AddressHealth.refusals >= DOUBTFUL_AFTER) | bool(outcome.address_is_bad)
    )
    AddressHealth.update(is_doubtful=True).where(doubtful).execute()


def is_doubtful(address: str) -> bool:
    """True when mail to the address was refused three times in a row, or once because it does not exist."""
    health = AddressHealth.get_or_none(AddressHealth.email_key == profile.email_key(address))
    return health is not None and bool(health.is_doubtful)


def contacts_and_doubts(individual: Individual) -> tuple[list[Contact], list[Contact]]:
    """All contacts in the order of ``profile.contacts_of``, and those of them to which e-mails were refused."""
    refused = (AddressHealth.email_key == Contact.lookup) & AddressHealth.is_doubtful
    every = Contact.select(Contact, AddressHealth.email_key.alias("refused")).join(AddressHealth, JOIN.LEFT_OUTER, on=refused)
    found = profile.ordered(every.where(Contact.individual == individual).objects())
    return found, [contact for contact in found if contact.kind == "email" and contact.refused]


def _tell_staff(delivery: Delivery, worker: Worker | None = None) -> None:
    if delivery.worker_id:  # never about the client: their mail is not what failed
        mine = delivery.worker
        if mine.is_active and profile.email_key(mine.email or "") == profile.email_key(delivery.to_address):
            work_queue.worker_unreached(mine)
    elif delivery.individual_id:
        work_queue.add("delivery_problem", "delivery_problems", delivery.individual, f"delivery {delivery.id}", worker=worker)


# ---------------------------------------------------------------- the minute's sweep


def sweep() -> None:
    """Expired leases back to due, what is too late to ``expired``; at start and each minute."""
    now = clock.now()
    with store.writing():
        leases.free(now)
        Delivery.update(state="expired", last_error=N_("Too late to be of use.")).where(
            leases.unlocked(Delivery.state == "due", Delivery.expires_at <= now)
        ).execute()


def oldest_due() -> dt.datetime | None:
    """Since when a delivery could have been tried that was not; None when none is overdue."""
    return min(leases.overdue_since(clock.now()), default=None)


# ---------------------------------------------------------------- staff


def may_send_again(delivery: Delivery) -> bool:
    """True when ``send_again`` would not refuse; the page offers it only then."""
    return not _is_over(delivery) and not _is_late(delivery)


def _is_over(delivery: Delivery) -> bool:
    return bool(delivery.state != "dead" or Delivery.select().where(Delivery.again == delivery).exists())


def _is_late(delivery: Delivery) -> bool:
    is_late = delivery.expires_at is not None and delivery.expires_at <= clock.now()
    return bool(is_late or (delivery.link_id is not None and not links.is_good(delivery.link)))


def send_again(delivery: Delivery, by: Actor) -> Delivery:
    """Repeat a dead delivery as a new one with a key of its own.

    Raises RuleBroken when it is not dead, was repeated already, or its link no longer works.
    """
    with store.writing():
        fresh = store.lock(Delivery.select().where(Delivery.id == delivery.id)).get()
        if _is_over(fresh):
            raise RuleBroken(N_("Only a delivery that failed can be sent again, and only once."), code="not_dead")
        if _is_late(fresh):
            raise RuleBroken(N_("It is too late to send this again. Send a new one."), code="too_late")
        repeat = put(
            fresh.kind, int(fresh.dedupe_key.split(":")[1]), to=fresh.to_address, account=fresh.account, worker=fresh.worker,
            individual=fresh.individual, link=fresh.link, expires_at=fresh.expires_at, again=fresh,
        )  # fmt: skip
        for told in EventMessage.select().where(EventMessage.delivery == fresh.id):
            EventMessage.create(**{**told.__data__, "id": None, "delivery": repeat.id})
        audit.record("delivery.again", by, individual=fresh.individual, subject=f"delivery {repeat.id}",
                     delivery=fresh.public_id)  # fmt: skip
    return repeat


def may_release(delivery: Delivery) -> bool:
    """True when ``release`` would not refuse; the page offers it only then."""
    return bool(delivery.state == "held" and not _is_late(delivery) and not sandbox.keeps(delivery.kind))


def release(delivery: Delivery, by: Actor) -> None:
    """held -> due.  Raises RuleBroken when it is not held any more, is of no more use, or in a sandbox."""
    if why := sandbox.why_kept(delivery.kind):
        raise RuleBroken(why, code="sandbox")
    with store.writing():
        fresh = store.lock(Delivery.select().where(Delivery.id == delivery.id)).get()
        if fresh.state == "held" and _is_late(fresh):
            raise RuleBroken(N_("It is too late to send this again. Send a new one."), code="too_late")
        _decide(fresh, "delivery.released", by, state="due", next_at=max(clock.now(), fresh.next_at), last_error="")
        store.after_commit(ring)


def cancel(delivery: Delivery, by: Actor) -> None:
    """held -> cancelled: it is not sent.  Raises RuleBroken when it is not held any more."""
    with store.writing():
        _decide(delivery, "delivery.cancelled", by, state="cancelled", last_error="")


def _decide(delivery: Delivery, audited: str, by: Actor, **changes: Any) -> None:
    if not Delivery.update(**changes).where(Delivery.id == delivery.id, Delivery.state == "held").execute():
        raise RuleBroken(N_("Somebody has decided about this one already."), code="not_held")
    audit.record(audited, by, individual=delivery.individual, subject=f"delivery {delivery.id}")


def message_id(delivery: Delivery, domain: str) -> str:
    """One Message-ID for ever, so that mailboxes and people can tell a copy.

    The public id is in it because a restored database gives the numbers in the key a second time.
    """
    made_of = f"{delivery.dedupe_key} {delivery.public_id}"
    return f"<{hashlib.sha256(made_of.encode()).hexdigest()[:40]}@{domain}>"


def mask(address: str) -> str:
    """``r…z@example.org``: enough to recognise one's own address, too little to learn another's."""
    local, _, host = address.partition("@")
    return f"{local[:1]}…{local[-1:] if len(local) > 2 else ''}@{host}" if host else ""
