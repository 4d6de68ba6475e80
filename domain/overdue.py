"""What was not answered by the promised day: said once to whoever can answer it, and once to the client."""

from __future__ import annotations

from typing import Any

from domain import agency, answering, audit, clock, covers, discussions, notices, settings, store, texts
from domain.actor import SYSTEM
from domain.left_discussions import ANSWERED
from domain.letter_parts import language_for
from domain.rules import N_
from models import Discussion, Individual

AT_ONCE = 200


def tell_due() -> int:
    """Say so of each that has become late since it was last said, at most once for each time that its client waits; how many."""
    if not settings.get("discussions"):
        return 0
    found = list(_due().select(Discussion.id).limit(AT_ONCE).tuples())  # read to its end before anything is written
    return sum(_tell(number) for (number,) in found)


def _due() -> Any:
    late = Discussion.select().where(Discussion.state == "open", answering.are_late(), Discussion.late_told_at.is_null())
    return late.order_by(Discussion.answer_by, Discussion.id)


def _tell(number: int) -> bool:
    """One of them, in a transaction of its own; False when it was answered or told meanwhile."""
    with store.writing():
        found: Discussion | None = store.lock(_due().where(Discussion.id == number)).first()
        if found is None:
            return False
        if discussions.may_not_answer(found):  # they left in the moment in which they wrote
            Discussion.update(**ANSWERED).where(Discussion.id == number).execute()
            return False
        Discussion.update(late_told_at=clock.now()).where(Discussion.id == number).execute()
        found.individual = Individual.get_by_id(found.individual_id)
        for worker in covers.told_late(found):
            notices.put("message_overdue", number, to=worker.email, worker=worker, individual=found.individual, version=_waiting(found))
        if discussions.may_be_written_to(found.individual):
            discussions.say_by_itself(found, _sorry(found.individual), is_unread=True)
        audit.record("discussion.late", SYSTEM, individual=found.individual, subject=discussions.named(found))
    return True


def _waiting(discussion: Discussion) -> str:
    """What makes one time of waiting differ from another."""
    return f"{discussion.waits_since:%Y%m%d%H%M%S}"


def _sorry(individual: Individual) -> str:
    language, phone = language_for(individual), agency.support_phone()
    said = texts.say(language, N_("Your answer takes longer than we promised. We are sorry."))
    return f"{said} {texts.say(language, N_('If it cannot wait, call %(phone)s.'), phone=phone)}" if phone else said
