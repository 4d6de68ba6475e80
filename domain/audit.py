"""Who did and saw what: append-only, chained by keyed hashes, verified by ``flask audit verify``.

An entry's hash covers its own columns, the previous entry's hash and a keyed hash of the values; the values stand in a
side table that lawful erasure may blank (spec: rules that hold everywhere, 2).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import Any

from peewee import Database

from domain import clock, statements, store
from domain.actor import Actor
from models import AuditEntry, AuditHead, AuditValues, Individual, db

# The catalogue: each kind with the exact fields of its values.
KINDS: dict[str, frozenset[str]] = {
    kind: frozenset(fields.split())
    for kind, fields in {
        "account.created": "email previous",
        "account.activation_resent": "",
        "account.activated": "privacy terms",
        "account.terms_accepted": "privacy terms",
        "account.terms_accepted_again": "privacy terms",
        "account.birth_date_wrong": "tries",
        "account.new_link_wanted": "",
        "account.expired": "before after",
        "account.birth_date_failed": "before after",
        "account.cancelled": "before after",
        "account.locked": "before after",
        "account.suspended": "before after",
        "account.unlocked": "before after",
        "account.disabled": "before after",
        "account.enabled": "before after",
        "account.closed": "before after",
        "account.reset_forced": "",
        "address.code_sent": "email",
        "address.code_wrong": "",
        "address.changed": "before after",
        "address.undone": "before after",
        "agency.changed": "before after",
        "agency.first_admin": "",
        "agency.mail_tested": "",
        "agency.switched_on": "",
        "backup.restored": "made_at held",
        "brand.changed": "before after",
        "bulk.begun": "verb rows",
        "bulk.finished": "done refused",
        "bulk.listed": "",
        "bulk.resumed": "",
        "bulk.stopped": "",
        "bulk.ticked": "",
        "bulk.unticked": "",
        "contact.added": "after",
        "contact.changed": "before after",
        "contact.removed": "before",
        "consent.recorded": "channel is_given how",
        "delivery.again": "delivery",
        "delivery.cancelled": "",
        "delivery.released": "",
        "demo.filled": "clients seed",
        "emergency_line.changed": "before after",
        "device.removed": "",
        "device.trust_ended": "",
        "device.trusted": "days",
        "enrolment.assigned": "before after",
        "enrolment.closed": "closed_on",
        "enrolment.imported": "import_run before after",
        "checklist_template.added": "after",
        "checklist_template.changed": "before after",
        "checklist_template.offered": "is_in_use",
        "document.assigned": "version due_on",
        "document.completed": "digest",
        "document.corrected": "corrects",
        "document.decided": "place is_accepted",
        "document.declined": "reason",
        "document.withdrawn": "reason",
        "document_template.changed": "digest",
        "document_template.created": "kind",
        "document_template.exported": "",
        "document_template.offered": "is_in_use",
        "document_template.published": "number digest",
        "document_template.renamed": "before after",
        "enrolment.opened": "service worker opened_on",
        "enrolment.participants": "before after",
        "enrolment.reopened": "",
        "participant.added": "",
        "participant.removed": "",
        "availability.changed": "what before after",
        "availability_type.changed": "before after",
        "availability_type.faced": "before after",
        "holiday.changed": "before after",
        "group.added": "after",
        "group.changed": "before after",
        "roster.joined": "joined_on",
        "roster.left": "left_on",
        "service.added": "after",
        "service.changed": "before after",
        "service.imported": "import_run before after",
        "service.shown": "is_visible groups",
        "service.staffed": "before after",
        "event.booked": "starts_at how",
        "event.moved": "before after how",
        "discussion.started": "to",
        "discussion.noted": "",
        "discussion.handed_on": "before after",
        "discussion.closed": "",
        "discussion.opened": "",
        "discussion.late": "",
        "discussion.followed": "",
        "discussion.unfollowed": "",
        "absence.changed": "before after",
        "category.opened": "before after",
        "office_hours.changed": "before after",
        "message.written": "discussion",
        "reply_link.made": "",
        "reply_link.extended": "until",
        "reply_link.proved": "",
        "reply_link.left": "",
        "reply_link.birth_date_wrong": "tries",
        "reply_link.died": "",
        "reply_link.answered": "",
        "reply_link.withdrawn": "",
        "reply_link.wanted": "",
        "event.requested": "starts_at worker replaces",
        "event.request_moved": "before after",
        "event.accepted": "before after reason",
        "event.declined": "before after reason",
        "event.expired": "before after reason",
        "event.withdrawn": "before after reason",
        "event.handed_over": "before after",
        "event.video": "before after",
        "event.cancelled": "before after reason",
        "event.imported": "import_run before after",
        "event.reverted": "before after reason",
        "attendance.changed": "before after how reason",
        "attendance.confirmed": "how",
        "attendance.told": "what",
        "calendar_feed.made": "",
        "calendar_feed.changed": "has_details",
        "calendar_feed.ended": "",
        "follow.started": "worker",
        "follow.ended": "worker",
        "import.applied": "file_hash changes_hash choices rows created changed unchanged",
        "import.begun": "file_hash",
        "import.failed": "reason",
        "import.given_up": "file_hash",
        "import.uploaded": "file_name file_hash what",
        "individual.created": "after",
        "individual.changed": "before after",
        "individual.imported": "import_run before after contacts consents",
        "individual.language_chosen": "before after",
        "individual.refused": "",
        "individual.viewed": "page",
        "preference.changed": "channel kind is_given how",
        "page.published": "slug language version",
        "profile_change.asked": "group after",
        "profile_change.accepted": "",
        "profile_change.declined": "reason",
        "profile_change.withdrawn": "",
        "password.changed": "",
        "password.refused": "",
        "password.reset": "",
        "password.reset_wanted": "",
        "setting.changed": "key before after",
        "sign_in.refused": "reason",
        "sign_in.done": "is_new_device",
        "sign_out.done": "",
        "site.added": "after",
        "sign_out.others": "",
        "site.changed": "before after",
        "site.imported": "import_run before after",
        "text.changed": "text language before after",
        "portal_address.noted": "before after released",
        "portal_address.is_a_copy": "noted now",
        "two_step.codes_made": "",
        "two_step.enrolled": "",
        "two_step.failed": "reason",
        "two_step.moved": "",
        "two_step.no_code": "",
        "two_step.recovery_used": "left",
        "two_step.removed": "",
        "worker.imported": "import_run before after",
        "worker.locked": "",
        "worker.unlocked": "",
        "worker.invited": "after",
        "worker.invited_again": "before",
        "worker.invitation_withdrawn": "",
        "worker.joined": "",
        "worker.changed": "before after",
        "worker.messages_chosen": "before after",
        "worker.left": "to tasks people events",
        "worker.photo_put": "",
        "worker.photo_removed": "",
        "category.created": "name",
        "category.renamed": "before after",
        "category.removed": "name",
        "class.created": "after",
        "class.changed": "before after",
        "class.removed": "before",
        "task.done": "kind",
        "task.handed_over": "kind to",
        "task.picked_up": "kind",
    }.items()
}

_key = b""
_START = "0" * 64


def use_key(key: str) -> None:
    """Set the installation's audit key; said once at start."""
    global _key
    _key = hashlib.sha256(b"doorstep audit " + key.encode()).digest()


def record(kind: str, by: Actor, /, *, individual: Individual | None = None, subject: str = "", **values: Any) -> AuditEntry:
    """Append one entry inside the transaction of what it tells of.

    ``subject`` names a row ("account 7").  Raises KeyError for an unknown kind, TypeError when ``values`` are not
    exactly the kind's fields, RuntimeError outside a transaction.
    """
    if KINDS[kind] != values.keys():
        raise TypeError(f"{kind} takes {sorted(KINDS[kind])}, not {sorted(values)}")
    return record_many(kind, by, [(individual, subject, values)])[0]


def record_many(
    kind: str, by: Actor, of: Sequence[tuple[Individual | None, str, dict[str, Any]]]
) -> list[AuditEntry]:
    """Append one entry for each (individual, subject, values), as ``record`` does, with one look at the chain's end."""
    for _, _, values in of:
        if KINDS[kind] != values.keys():
            raise TypeError(f"{kind} takes {sorted(KINDS[kind])}, not {sorted(values)}")
    if not of:
        return []
    bodies = [_canonical(values) for _, _, values in of]
    with store.joining():
        head = _HEAD.first()
        entries = []
        for (individual, subject, _), body in zip(of, bodies, strict=True):
            entries.append(_entry(head, kind, by, individual, subject, _seal(body)))
            head.count, head.hash = entries[-1].id, entries[-1].hash
        store.insert(AuditEntry, [_columns(entry) for entry in entries])
        store.insert(AuditValues, [{"entry": e.id, "body": body} for e, body in zip(entries, bodies, strict=True)])
        _MOVE_HEAD.run(head.count, head.hash, _sealed(head))
    return entries


_HEAD = statements.Question(lambda: store.lock(AuditHead.select()))
_MOVE_HEAD = statements.Change(lambda count, hash, seal: AuditHead.update(count=count, hash=hash, seal=seal).where(AuditHead.id == 1))


def _entry(
    head: AuditHead, kind: str, by: Actor, individual: Individual | None, subject: str, values_hash: str
) -> AuditEntry:
    entry = AuditEntry(
        id=head.count + 1, at=clock.now(), kind=kind, actor_kind=by.kind, worker=by.worker, account=by.account,
        acting_for=by.acting_for, individual=individual, subject=subject, network=by.network[:45],
        values_hash=values_hash, previous_hash=head.hash,
    )  # fmt: skip
    entry.hash = _hash_of(entry)
    return entry


def _columns(entry: AuditEntry) -> dict[str, Any]:
    fields = AuditEntry._meta.fields
    return {name: fields[name].db_value(value) for name, value in entry.__data__.items()}


def _sealed(head: AuditHead) -> str:
    return _seal(f"end {head.count} {head.hash}") if head.count else ""


def seal_end() -> None:
    """Seal a chain that was written before its end was sealed; said by the migration that brought the seal."""
    with store.writing():
        head = store.lock(AuditHead.select()).first()
        if head is not None and not head.seal:
            AuditHead.update(seal=_sealed(head)).where(AuditHead.id == 1).execute()


def last(kind: str, individual: int, subject: str) -> tuple[AuditEntry, dict[str, Any]] | None:
    """The newest entry of a kind in somebody's record about a row, with its values; None where there is none."""
    every = AuditEntry.select().where(AuditEntry.subject == subject, AuditEntry.individual == individual, AuditEntry.kind == kind)
    entry = every.order_by(AuditEntry.id.desc()).first()
    return None if entry is None else (entry, values_of(entry))


def values_of(entry: AuditEntry) -> dict[str, Any]:
    """The values of an entry, empty when they were blanked."""
    return values_of_each([entry])[entry.id]


def values_of_each(entries: Sequence[AuditEntry]) -> dict[int, dict[str, Any]]:
    """The values of each of these entries by its number, empty when they were blanked."""
    rows = AuditValues.select().where(AuditValues.entry.in_(entries))
    bodies = {row.entry_id: row.body for row in rows} if entries else {}
    return {entry.id: dict(json.loads(bodies.get(entry.id) or "{}")) for entry in entries}


def verify(database: Database | None = None) -> list[str]:
    """Walk the whole chain; each finding is a sentence, an empty list means that nothing was removed or altered.

    ``database`` is one that nobody writes to, such as a copy; left out, it is the portal's own.
    """
    findings: list[str] = []
    with store.reading() if database is None else contextlib.nullcontext():
        try:
            findings.extend(_walk(database or db.obj))
        except Exception as unreadable:  # bytes that are no text, a time that is none: found is found
            findings.append(f"The chain cannot be read: {unreadable}")
    return findings


def _walk(database: Database) -> Iterator[str]:
    expected, previous = 1, _START
    bodies = {row.entry_id: row.body for row in AuditValues.select().bind(database)}
    entries = AuditEntry.select(AuditEntry, AuditEntry.at.cast("TEXT").alias("stored_at"))
    for entry in entries.order_by(AuditEntry.id).bind(database).iterator():
        yield from _faults(entry, expected, previous, bodies.pop(entry.id, None))
        expected, previous = entry.id + 1, entry.hash
    head = AuditHead.select().where(AuditHead.id == 1).bind(database).first()
    if head is None or (head.count, head.hash) != (expected - 1, previous):
        yield f"The chain ends at entry {expected - 1}, but {head.count if head else 'nobody knows how many'} were written."
    elif head.seal != _sealed(head):
        yield "The end of the chain was altered."
    yield from (f"Values of entry {number} have no entry." for number in bodies)


def _faults(entry: AuditEntry, expected: int, previous: str, body: str | None) -> Iterator[str]:
    if entry.id != expected:
        yield f"Entry {expected} is missing."
    if entry.previous_hash != previous:
        yield f"Entry {entry.id} does not follow the one before it."
    written = str(entry.at.replace(tzinfo=None)).rstrip("0")  # PostgreSQL leaves the last zeros out
    if entry.hash != _hash_of(entry) or entry.stored_at.rstrip("0") != written:
        yield f"Entry {entry.id} was altered."
    if body is None or _seal(body) != entry.values_hash:
        yield f"The values of entry {entry.id} were altered."


def _hash_of(entry: AuditEntry) -> str:
    parts = [
        entry.id, entry.at.isoformat(), entry.kind, entry.actor_kind, entry.worker_id, entry.account_id,
        entry.acting_for_id, entry.individual_id, entry.subject, entry.network, entry.values_hash, entry.previous_hash,
    ]  # fmt: skip
    return _seal(json.dumps(parts, ensure_ascii=False, separators=(",", ":")))


def _seal(text: str) -> str:
    return hmac.new(_key, text.encode(), hashlib.sha256).hexdigest()


def _canonical(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
