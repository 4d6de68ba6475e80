"""What clients are told of documents: that something is to be done, and reminders around the day by which it is (spec 05).

An e-mail goes out at most once for what is assigned at once, and at most once a day to remind, however much there is to do.  Said inside
the transaction of the change, before anything is written to the audit; whether there still is something to do is asked again at sending.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from domain import agency, clock, inbox_notices, notices, settings, store, work_queue
from domain.actor import Actor
from domain.rules import N_
from models import Checklist, Delivery, Document, DocumentTemplate, DocumentVersion, Individual, Worker

TO_DO, DUE = "document_assigned", "document_due"
HOUR = 9  # of the day on which somebody is reminded
AT_ONCE = 500
NOTHING = N_("There is nothing to do any more.")


def waits_for(document: Document) -> Document | None:
    """In a fixed order, the one before that has to be done first; None when it can be begun, or has ended."""
    if document.checklist_id is None or document.state != "assigned" or not document.checklist.is_ordered:
        return None
    return waiting([document]).get(document.id)


def waiting(documents: Sequence[Document]) -> dict[int, Document]:
    """The same of each of these that waits, with the template of what it waits for, by its number."""
    ordered = [each for each in documents if each.state == "assigned" and each.checklist_id is not None and each.checklist.is_ordered]
    if not ordered:
        return {}
    every = Document.select(Document, DocumentVersion, DocumentTemplate).join(DocumentVersion).join(DocumentTemplate)
    open_ones = every.where(Document.checklist.in_({each.checklist_id for each in ordered}), Document.state == "assigned")
    first: dict[int, Document] = {}
    for each in open_ones.order_by(Document.position, Document.id):
        first.setdefault(each.checklist_id, each)
    return {each.id: before for each in ordered if (before := first[each.checklist_id]).position < each.position}


def assigned(firsts: Sequence[Document]) -> None:
    """Each of these is what its client is told of; what was assigned with it is not told of by itself.  Paper is told to nobody."""
    told = [each for each in firsts if not each.is_paper] if settings.get("documents") else []
    inbox_notices.put_documents(TO_DO, told)
    if settings.get("document_assigned"):
        notices.tell_people(TO_DO, [(each.id, each.individual_id) for each in told])


def remind_at(due_on: dt.date | None, after: dt.datetime) -> dt.datetime | None:
    """The next time after a moment at which somebody is reminded of what is due on a day; None for never."""
    if due_on is None:
        return None
    before, late = settings.get("document_due_before"), settings.get("document_due_after")
    days = [due_on - dt.timedelta(days=before)] if before else []
    days += [due_on + dt.timedelta(days=late)] if late else []
    moments = (dt.datetime.combine(day, dt.time(HOUR), tzinfo=agency.zone()).astimezone(dt.UTC) for day in days)
    return next((each for each in moments if each > after), None)


def tell_due() -> int:
    """Remind of what is due soon, or was; each minute.  How many reminders there were."""
    if not settings.get("documents"):
        return 0
    due = Document.select(Document.id).where(Document.state == "assigned", Document.remind_at <= clock.now())
    numbers = [number for (number,) in due.order_by(Document.remind_at, Document.id).limit(AT_ONCE).tuples()]
    return sum(_remind(number) for number in numbers)


def _remind(number: int) -> bool:
    """One of them, in a transaction of its own; False when it has ended or was reminded of meanwhile, or cannot be begun yet."""
    with store.writing():
        now, whose = clock.now(), Document.select(Document.individual).where(Document.id == number).scalar()
        store.one_at_a_time(f"reminders of individual {whose}")
        waiting = Document.select().where(Document.id == number, Document.state == "assigned", Document.remind_at <= now)
        found: Document | None = store.lock(waiting).first()
        if found is None:
            return False
        Document.update(remind_at=remind_at(found.due_on, now)).where(Document.id == number).execute()
        if waits_for(found) is not None or found.is_paper:
            return False
        inbox_notices.put_documents(DUE, [found])
        day = agency.today().isoformat()
        key = notices.key_of(DUE, found.individual_id, day)
        if not Delivery.select().where(Delivery.dedupe_key == key).exists():
            notices.put(DUE, found.individual_id, to="", individual=found.individual, version=day)
    return True


def ended(document: Document, state: str, by: Actor) -> None:
    """It was completed, declined or withdrawn: what told of it is over, what comes after it opens, and who assigned it knows."""
    inbox_notices.end_documents([document.id], is_withdrawn=state == "withdrawn")
    following = _opened_by(document)
    if following is not None:
        Document.update(remind_at=remind_at(following.due_on, clock.now())).where(Document.id == following.id).execute()
        assigned([following])
    if not to_do_of(document.individual_id).where(Document.id != document.id).exists():
        _drop(document.individual_id)
    if by.worker is None and state in ("completed", "declined"):
        _tell_who_assigned(document, f"document_{state}")


def _opened_by(document: Document) -> Document | None:
    """What comes next in a fixed order, where this was what it waited for."""
    if document.checklist_id is None or not Checklist.get_by_id(document.checklist_id).is_ordered:
        return None
    others = Document.select().where(
        Document.checklist == document.checklist_id, Document.state == "assigned", Document.id != document.id
    )
    first: Document | None = others.order_by(Document.position, Document.id).first()
    return first if first is not None and first.position > document.position else None


def to_do_of(individual: int) -> Any:
    """The question for what an individual (its number) has to do, paper left out."""
    return Document.select().where(Document.individual == individual, Document.state == "assigned", Document.is_paper == False)  # noqa: E712


def _drop(individual: int) -> None:
    waiting = Delivery.update(state="cancelled", last_error=NOTHING).where(
        Delivery.individual == individual, Delivery.kind.in_((TO_DO, DUE)), Delivery.state.in_(("due", "held"))
    )
    waiting.execute()


def _tell_who_assigned(document: Document, kind: str) -> None:
    if document.assigned_by_id is None:
        return
    worker = Worker.get_or_none(Worker.id == document.assigned_by_id, Worker.is_active)
    work_queue.add(kind, "intake", Individual.get_by_id(document.individual_id), f"document {document.id}", worker=worker)
