"""Quick exit: the session ends, the browser forgets, and the way out begins."""

from __future__ import annotations

import contextlib

from flask import abort, current_app
from werkzeug.wrappers import Response

from domain import reply_links, settings
from domain.actor import Actor
from domain.rules import NotFound
from web import carried, sessions
from web.fragments import done


def leave_quickly() -> Response:
    """End the session and have the browser forget; the way out begins on a page of our own, because a form may lead to no other site."""
    sessions.end()
    return carried.REPLY.drop(sessions.forget(done("/quick-exit")))


def must_be_offered() -> None:
    """The request ends where the agency switched it off."""
    if not settings.get("quick_exit"):
        abort(404)


def end_reply() -> None:
    """What a date of birth opened by a reply link in this browser is closed, also for who kept a copy of its cookie."""
    words = carried.REPLY.read(current_app, is_leaving=True)
    if words is not None:
        with contextlib.suppress(NotFound):
            reply_links.leave(reply_links.find(words["token"]), words.get("proof", ""), Actor(network=sessions.network()))
