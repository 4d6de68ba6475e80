"""What was sent to a client, and who opened their record: all of it, for good, and never a word of a message (spec 00, rule 2)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Any

from domain import agency, clock, letters, notices, preferences, reply_links, ways
from domain.eligibility import SENTENCES
from domain.event_messages import CONFIRMED, DECLINED, GONE, NO_CONSENT, OFF
from domain.message_letters import READ
from domain.request_letters import OVER
from domain.rules import N_
from models import AuditEntry, Delivery, Individual, PortalAccount, Worker

PAGE = 20
_LOT = 500  # looks that are read at once

# What a kind is called where a client reads it, if not as staff do.
NAMES = letters.KIND_NAMES | {
    "new_password_wanted": N_("We asked for a new password"), "request_offered": N_("Another time offered to you"),
    "request_declined": N_("Answer to what you requested"), "request_expired": N_("End of what you requested"),
    "sign_in_locked": N_("Sign-in locked after wrong passwords"), "address_code": N_("Code for another sign-in address"),
    "password_reset": N_("Link to a new password"), "activation": N_("Link to activate your account"),
}  # fmt: skip
_NO_LONGER = N_("not sent: it was no longer needed")
_NO_LINK = N_("not sent: its link or code no longer worked")
_NO_ADDRESS = N_("not sent: we have no e-mail address of yours")
_ANSWERED = N_("not sent: you had answered already")
_UNWANTED = N_("not sent: you do not want e-mails of this kind")
_NOT_OURS = N_("not sent: we do not send messages of this kind")
_ENDED = N_("not sent: your account had ended")
_BECAUSE = {
    NO_CONSENT: N_("not sent: you have not agreed to e-mail"), GONE: N_("not sent: the appointment was changed or cancelled meanwhile"),
    OVER: N_("not sent: your request was answered or changed meanwhile"), OFF: _NOT_OURS, SENTENCES["client_delivery"]: _NOT_OURS,
    CONFIRMED: _ANSWERED, DECLINED: _ANSWERED, reply_links.ANSWERED: _ANSWERED, READ: N_("not sent: you had read the message already"),
    preferences.NOT_WANTED: _UNWANTED, SENTENCES["not_wanted"]: _UNWANTED,
    SENTENCES["address"]: _NO_ADDRESS, SENTENCES["address_not_in_use"]: _NO_ADDRESS,
    SENTENCES["birth_date"]: N_("not sent: we do not know your date of birth"),
    ways.DISABLED_ACCOUNT: N_("not sent: your account was disabled"), SENTENCES["closed_staff"]: _ENDED, "The account has ended.": _ENDED,
    reply_links.NEWER: N_("not sent: a newer one was sent"), reply_links.WITHDRAWN: N_("not sent: we took its link back"),
    reply_links.STOPPED: N_("not sent: its link was stopped after wrong dates of birth"),
    "The link no longer works.": _NO_LINK, "The code no longer works.": _NO_LINK, "The activation no longer stands.": _NO_LINK,
    "A new password was chosen meanwhile.": N_("not sent: you had chosen a new password already"),
    "This address cannot receive e-mail from here.": N_("not sent: your address cannot get e-mail from us"),
    # Of these a client reads no more than that.
    SENTENCES["deceased"]: _NO_LONGER, "Nobody who can sign in has this address.": _NO_LONGER, "The device is gone.": _NO_LONGER,
    "This person is younger than the minimum age.": _NO_LONGER,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Sent:
    """One message to the client: what it is called, how it went, and a moment: when it was sent, else when it was written."""

    name: str
    address: str
    at: dt.datetime
    outcome: str
    tone: str
    public_id: str


def sent_to(individual: Individual, older: str = "") -> tuple[list[Sent], str]:
    """What was sent to a client or waits, newest first: twenty that are ``older`` than the one named so, and the name for the next
    ones (empty when there are none)."""
    mine = _to_them(individual)
    start = next((row.id for each in mine if older and (row := each.where(Delivery.public_id == older).first())), None)
    found = [row for each in mine for row in (each if start is None else each.where(Delivery.id < start)).limit(PAGE + 1)]
    rows = sorted(found, key=lambda row: -row.id)
    return [_told(row) for row in rows[:PAGE]], rows[PAGE - 1].public_id if len(rows) > PAGE else ""


def _to_them(individual: Individual) -> tuple[Any, Any]:
    """What is to the person, and what is to an account of theirs alone; what tells a worker of them is neither."""
    every = Delivery.select().where(Delivery.worker.is_null()).order_by(Delivery.id.desc())
    theirs = PortalAccount.select(PortalAccount.id).where(PortalAccount.individual == individual)
    return every.where(Delivery.individual == individual), every.where(Delivery.individual.is_null(), Delivery.account.in_(theirs))


def _told(row: Delivery) -> Sent:
    outcome, tone = _became(row)
    return Sent(NAMES[row.kind], notices.mask(row.to_address), row.sent_at or row.created_at, outcome, tone, row.public_id)


def _became(row: Delivery) -> tuple[str, str]:
    if row.state == "sent":
        return N_("sent"), "good"
    if row.state == "dead":
        return N_("could not be delivered"), "bad"
    if row.state == "expired" or (row.expires_at and row.expires_at <= clock.now() and row.state in ("due", "held")):
        return N_("not sent: it would have come too late"), "warn"
    if row.state in ("suppressed", "cancelled"):
        return _BECAUSE.get(row.last_error, _NO_LONGER), "warn"
    return N_("waits to be sent"), "info"


# ---------------------------------------------------------------- who looked


@dataclasses.dataclass(frozen=True)
class Look:
    """On that day, by the clock of the agency, a worker opened the record, once or more."""

    day: dt.date
    worker: Worker


def looks(individual: Individual, before: str = "") -> tuple[list[Look], str]:
    """Who opened a client's record, the last day first: whole days before the one named so, until they are twenty, and the day that
    the next ones are before (empty when there are none)."""
    found: dict[tuple[dt.date, int], Look] = {}
    day = None
    for at, worker in _viewed(individual, _day(before)):
        now = at.astimezone(agency.zone()).date()
        if now != day and len(found) >= PAGE:
            return list(found.values()), str(day)
        day = now
        found.setdefault((day, worker.id), Look(day, worker))
    return list(found.values()), ""


def _viewed(individual: Individual, before: dt.date | None) -> Iterator[tuple[dt.datetime, Worker]]:
    """Each look, newest first, a lot of them at a time."""
    every = AuditEntry.select(AuditEntry.id, AuditEntry.at, Worker).join(Worker).where(
        AuditEntry.individual == individual, AuditEntry.kind == "individual.viewed"
    )  # fmt: skip
    every = every.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    if before is not None:
        every = every.where(AuditEntry.at < dt.datetime.combine(before, dt.time(), agency.zone()))
    while rows := list(every.limit(_LOT)):
        yield from ((row.at, row.worker) for row in rows)
        last = rows[-1]
        every = every.where(AuditEntry.at <= last.at, (AuditEntry.at < last.at) | (AuditEntry.id < last.id))
        if len(rows) < _LOT:
            return


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
