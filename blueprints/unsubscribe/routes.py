"""Open the link, see what stops, press the button; or the mail program posts by itself (RFC 8058).

Opening changes nothing: mail scanners open links.  What was opened is in a cookie of the path, as with an appointment's link; a button
says by itself what it is about, under a seal of its own, so that no page shows the token of the link.  Nobody is named.
"""

from flask import Response, abort, redirect, request

from blueprints.unsubscribe import bp
from domain import agency, event_letters, links, preferences, texts
from domain.rules import NotFound
from web import carried, posts, sessions
from web.fragments import done, page
from web.languages import gettext as _
from web.languages import spoken

_BUTTON = "unsubscribe_button"
PLACE = carried.Place("unsubscribe", "/unsubscribe/")


@bp.get("/<token>")
def open_link(token: str):
    preferences.by_link(token)
    return PLACE.carry(redirect(PLACE.path, 303), {"token": token})


@bp.post("/<token>")
@posts.one_click
def one_click(token: str):
    """What the mail program of the reader posts: answered by itself, without a redirection."""
    individual, kind = preferences.by_link(token)
    if request.form.get("List-Unsubscribe") != "One-Click":
        abort(400)
    preferences.choose(individual, {kind: False}, sessions.visitor(), how="one_click")
    return Response(_("You get no more e-mails of this kind.") + "\n", mimetype="text/plain")


@bp.errorhandler(NotFound)
def is_no_link(error: NotFound):
    return carried.incomplete_link()


@bp.get("/")
def show():
    token = PLACE.words()["token"]
    individual, kind = preferences.by_link(token)
    return page(
        "unsubscribe/show.html", kind=texts.say(spoken(), preferences.NAMES[kind]), is_stopped=kind in preferences.refused(individual.id),
        button=links.sealed(_BUTTON, links.unsealed("unsubscribe", token)), phone=agency.support_phone(),
        has_portal=event_letters.has_portal(individual),
    )  # fmt: skip


@bp.post("/")
def choose():
    try:
        token = links.sealed("unsubscribe", links.unsealed(_BUTTON, request.form.get("kind", "")))
        individual, kind = preferences.by_link(token)
    except NotFound:  # no button of ours: the page of what was opened last says what there is
        return done(PLACE.path)
    preferences.choose(individual, {kind: request.form.get("wanted") == "1"}, sessions.visitor(), how="link")
    return PLACE.carry(done(PLACE.path), {"token": token})
