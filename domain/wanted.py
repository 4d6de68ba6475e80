"""Whether whom a message is for still wants it: asked at sending, of everything that is of a kind which can be switched off."""

from __future__ import annotations

import dataclasses

from domain import preferences, settings, texts, worker_messages
from domain.event_messages import OFF
from domain.letter_parts import Letter, Unwanted, language_for
from domain.rules import N_
from models import Delivery


def must_be(delivery: Delivery) -> None:
    """Asked before anything is made of it.  Raises Unwanted for what is switched off, or not wanted by its reader."""
    if delivery.worker_id is not None:
        _worker_must_want(delivery)
        return
    kind = preferences.KIND_OF.get(delivery.kind)
    if kind is None:
        return
    if not settings.get("client_delivery"):
        raise Unwanted(OFF)
    if kind in preferences.refused(delivery.individual_id, delivery.channel):
        raise Unwanted(preferences.NOT_WANTED)


def as_wanted(text: Letter, delivery: Delivery, portal_url: str) -> Letter:
    """A letter as its reader wants it: a client's with the address that stops its kind, a worker's as short as the agency says."""
    if delivery.worker_id is not None:
        return _for_worker(text, delivery)
    kind = preferences.KIND_OF.get(delivery.kind)
    if kind is None:
        return text
    return dataclasses.replace(text, stop=f"{portal_url}/unsubscribe/{preferences.token(delivery.individual, kind, delivery.channel)}")


def _worker_must_want(delivery: Delivery) -> None:
    kind = worker_messages.KIND_OF.get(delivery.kind)
    if kind is None:
        return
    if not worker_messages.is_on(kind):
        raise Unwanted(OFF)
    way = worker_messages.ways_of(delivery.worker, delivery.channel)[kind]
    if way == "none":
        raise Unwanted(worker_messages.NOT_WANTED)
    if way == "away" and worker_messages.is_signed_in(delivery.worker):
        raise Unwanted(worker_messages.SIGNED_IN)


def _for_worker(text: Letter, delivery: Delivery) -> Letter:
    if worker_messages.KIND_OF.get(delivery.kind) is not None and settings.get("worker_detail") == "subject":
        told = texts.say(language_for(None), N_("The rest stands in the portal."))
        return dataclasses.replace(text, paragraphs=(told,), after=())
    return text
