"""What is written of documents, made at sending: that there is something to do.  It names no service, no form and nobody."""

from __future__ import annotations

from domain import arrivals, document_messages, event_letters, settings, texts, ways
from domain.event_messages import OFF
from domain.letter_parts import Letter, Unreached, Unwanted, language_of
from domain.rules import N_
from models import Checklist, Delivery, Document

PAGE = "/things-to-do/"


def to_do(delivery: Delivery, portal_url: str) -> Letter:
    """Something new is to be done.  Raises Unwanted."""
    if not (settings.get("documents") and settings.get("document_assigned")):
        raise Unwanted(OFF)
    told = Document.get_by_id(int(delivery.dedupe_key.split(":")[1]))
    first = Document.id == told.id
    if told.checklist_id is not None and not Checklist.get_by_id(told.checklist_id).is_ordered:
        first |= Document.checklist == told.checklist_id
    if not document_messages.to_do_of(told.individual_id).where(first).exists():
        raise Unwanted(document_messages.NOTHING)
    return _letter(delivery, portal_url, N_("There is something for you to do"), N_("We need something from you. It waits in your portal."))


def due(delivery: Delivery, portal_url: str) -> Letter:
    """Something is due soon, or was.  Raises Unwanted."""
    before, late = settings.get("document_due_before"), settings.get("document_due_after")
    if not (settings.get("documents") and (before or late)):
        raise Unwanted(OFF)
    to_do = document_messages.to_do_of(delivery.individual_id).where(Document.due_on.is_null(False))
    if not to_do.exists():
        raise Unwanted(document_messages.NOTHING)
    told = N_("Something in your portal waits for you. Please do it when you can.")
    return _letter(delivery, portal_url, N_("A reminder from your portal"), told)


def _letter(delivery: Delivery, portal_url: str, subject: str, told: str) -> Letter:
    way = ways.of(delivery.individual)
    if way.missing:
        raise Unreached(way.missing[0].message, None)
    if way.kind not in (ways.PORTAL, ways.ACTIVATION):
        raise Unreached(N_("They have no portal account."), None)
    event_letters.address_to(delivery, delivery.individual)
    tongue = language_of(delivery)
    first = [texts.say(tongue, N_("To read it, activate your portal account first."))] if way.kind == ways.ACTIVATION else []
    return Letter(
        texts.say(tongue, subject),
        (texts.say(tongue, N_("Hello,")), texts.say(tongue, told), *first),
        (texts.say(tongue, N_("Open the portal")), f"{portal_url}{arrivals.leading_to(way.account, PAGE)}"),
    )
