"""Whom a staff page is about: found through the viewer, and the look at the record noted (the client can see who did)."""

from flask import g, request

from models import Individual


def shown(public_id: str) -> Individual:
    """The individual of a page that shows something of their record.  Raises NotFound for whom the worker may not see."""
    person: Individual = g.viewer.individual(public_id)
    g.viewer.saw(person, (request.endpoint or "").removeprefix("admin."))
    return person
