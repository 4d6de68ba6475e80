"""Pages about a person: every one of them, a refused form too, is noted in their record (the client can see who looked)."""

from flask import g, request

from domain.rules import N_, NotFound, RuleBroken
from models import Individual
from web import posts
from web.fragments import page


def page_about(person: Individual | None, template: str, block: str = "", **context):
    """Answer with a page that shows something of an individual's record, and note the look before; None: of nobody's."""
    if person is not None:
        g.viewer.saw(person, (request.endpoint or "").removeprefix("admin."))
    return page(template, block, person=person, **context)


def chosen() -> Individual:
    """Whom a button or a link beside a name names, of those whom the reader may see.  Raises RuleBroken."""
    try:
        return g.viewer.individual((request.args if request.method in posts.SAFE else request.form).get("individual", ""))
    except NotFound:
        raise RuleBroken(N_("Choose somebody of the list."), code="nobody") from None
