"""Pages about a person: every one of them, a refused form too, is noted in their record (the client can see who looked)."""

from flask import g, request

from models import Individual
from web.fragments import page


def page_about(person: Individual | None, template: str, **context):
    """Answer with a page that shows something of an individual's record, and note the look before; None: of nobody's."""
    if person is not None:
        g.viewer.saw(person, (request.endpoint or "").removeprefix("admin."))
    return page(template, person=person, **context)
