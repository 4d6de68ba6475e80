"""The client's discussions: the list, one of them, a new one, an answer."""

from __future__ import annotations

from flask import abort, g, request

from blueprints import paging
from blueprints.inbox import bp, wording
from domain import agency, discussions, settings, texts, threads
from models import MESSAGE_LETTERS, SUBJECT_LETTERS, Discussion
from web import attached
from web.addresses import url_for
from web.forms import Choice, Lines, Required, Text, _l
from web.fragments import done, is_fragment, nothing, page
from web.languages import gettext as _
from web.languages import spoken
from web.posts import takes_files
from web.sessions import tell

TEAM = "team"


class Writing(attached.Attaching):
    body = Lines(_l("Your message"), [attached.WordsOrFiles(_l("Write your message."))])


class Beginning(Writing):
    to = Choice(_l("To"))
    subject = Text(_l("What is it about?"), [Required(_l("Write what it is about, in a few words."))])


@bp.before_request
def _must_be_on():
    if not settings.get("discussions"):
        abort(404)


@bp.get("/")
def show():
    found, following = paging.written(g.viewer.discussions, Discussion)
    return page("inbox/show.html", rows=wording.rows(found), following=following, may_begin=settings.get("starting_discussions"))


# ---------------------------------------------------------------- a new one


def _people():
    return threads.recipients(g.viewer.individual)


def _offer(form: Beginning, people) -> Beginning:
    form.to.choices = [*((each.public_id, wording.called(each)) for each in people), (TEAM, _("Anybody of our team"))]
    return form


@bp.get("/new")
def new():
    _must_begin()
    return _new(_offer(Beginning(formdata=None), _people()))


def _must_begin() -> None:
    if not settings.get("starting_discussions"):
        abort(404)


def _new(form: Beginning):
    refused = discussions.may_not_start(g.viewer.individual)
    return page("inbox/new.html", form=form, why_not=texts.refusal(spoken(), refused) if refused else "", phone=agency.support_phone(),
                most=MESSAGE_LETTERS, most_subject=SUBJECT_LETTERS, file_limits=attached.limits())  # fmt: skip


@bp.post("/new")
@takes_files
def begin():
    _must_begin()
    people = _people()
    form = _offer(Beginning(), people)
    if form.validate():
        with form.refusals():
            to = next((each for each in people if each.public_id == form.to.data), None)
            made = discussions.start(g.viewer.individual, form.subject.data, form.body.data, g.viewer.actor, worker=to,
                                     category="" if to else "intake", files=form.ready)  # fmt: skip
            tell("good", _("Your message is sent."))
            return done(url_for("inbox.discussion", discussion_id=made.public_id))
    return _new(form)


# ---------------------------------------------------------------- one of them


@bp.get("/<discussion_id>/")
def discussion(discussion_id: str):
    return _discussion(g.viewer.discussion(discussion_id), Writing(formdata=None))


def _discussion(found: Discussion, form: Writing):
    shown = threads.messages_of(found, notes=False, before=request.args.get("before", ""))
    refused = discussions.may_not_write(found)
    return page(
        "inbox/discussion.html", "thread", found=found, shown=shown, days=wording.days(shown.messages, found), form=form,
        most=MESSAGE_LETTERS, whom=threads.with_whom(found), phone=agency.support_phone(),
        why_not=texts.refusal(spoken(), refused) if refused else "",
        is_newest=not request.args.get("before"), file_limits=attached.limits(),
    )  # fmt: skip


@bp.get("/<discussion_id>/new")
def newer(discussion_id: str):
    """What came since: the messages anew, or nothing.  An open page asks every ten seconds."""
    has_newer = threads.has_newer(g.viewer.discussions, discussion_id, wording.number(request.args.get("after", "")), notes=False)
    if has_newer is None:
        abort(404)
    if not has_newer:
        return nothing()
    return _discussion(g.viewer.discussion(discussion_id), Writing(formdata=None))


@bp.post("/<discussion_id>/messages")
@takes_files
def write(discussion_id: str):
    found, form = g.viewer.discussion(discussion_id), Writing()
    if form.validate():
        with form.refusals():
            discussions.write(found, form.body.data, g.viewer.actor, form.ready)
            tell("good", _("Your message is sent."))
            return done(url_for("inbox.discussion", discussion_id=discussion_id))
    return _discussion(g.viewer.discussion(discussion_id), form)


@bp.post("/<discussion_id>/seen")
def seen(discussion_id: str):
    discussions.seen(g.viewer.discussion(discussion_id), wording.number(request.form.get("last", "")), g.viewer.actor)
    return nothing() if is_fragment() else done(url_for("inbox.show"))
