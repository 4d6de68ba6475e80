"""The client's discussions: the list, one of them, a new one, an answer."""

from __future__ import annotations

from flask import abort, g, request

from blueprints.inbox import box, bp, listing, starts, wording
from blueprints.inbox.starts import Start
from domain import agency, discussions, document_letters, inbox, inbox_notices, settings, texts, threads
from models import MESSAGE_LETTERS, SUBJECT_LETTERS, Discussion
from web import attached
from web.addresses import url_for
from web.forms import Choice, Lines, Required, Text, _l
from web.fragments import done, is_fragment, nothing, page
from web.languages import gettext as _
from web.languages import spoken
from web.posts import takes_files
from web.sessions import tell


class Writing(attached.Attaching):
    body = Lines(_l("Your message"), [attached.WordsOrFiles(_l("Write your message."))])


class Beginning(Writing):
    to = Choice(_l("To"))
    subject = Text(_l("What is it about?"), [Required(_l("Write what it is about, in a few words."))])


@bp.before_request
def _must_be_on():
    if request.endpoint not in _ALWAYS and not settings.get("discussions"):
        abort(404)


_ALWAYS = ("inbox.show", "inbox.count", "inbox.seen_notices", "inbox.seen_place", "inbox.seen_changes", "inbox.seen_documents")


@bp.get("/")
def show():
    return page("inbox/show.html", "results", found=listing.asked(), may_begin=settings.may_begin("begin_from_inbox"),
                has_notices=g.viewer.has_new(), most=inbox.MOST_LETTERS)  # fmt: skip


# ---------------------------------------------------------------- what is new


@bp.get("/count")
def count():
    """How much is new, or nothing when that is what the page shows.  Every page asks each minute."""
    if request.args.get("n", "") == str(g.viewer.unread):
        return nothing()
    return _counted()


def _counted():
    """What is new in the menu and on Home, to be put where it stands."""
    return page("inbox/count.html", unread=g.viewer.unread)


@bp.post("/notices/seen")
def seen_notices():
    inbox_notices.seen(g.viewer.individual)
    return _counted() if is_fragment() else done(url_for("inbox.show"))


@bp.post("/appointments/<place_id>/seen")
def seen_place(place_id: str):
    inbox_notices.seen(g.viewer.individual, g.viewer.place(place_id))
    return _counted() if is_fragment() else done(url_for("calendar.event", place_id=place_id))


@bp.post("/changes/seen")
def seen_changes():
    inbox_notices.seen(g.viewer.individual, is_change=True)
    return _counted() if is_fragment() else done(url_for("about_me.show"))


@bp.post("/documents/seen")
def seen_documents():
    inbox_notices.seen_documents(g.viewer.individual)
    return _counted() if is_fragment() else done(document_letters.PAGE)


# ---------------------------------------------------------------- a new one


def _new(start: Start, form: Beginning | None = None):
    offered, refused = starts.offered(start), discussions.may_not_start(g.viewer.individual)
    form = form or _offer(Beginning(formdata=None), offered)
    return page("inbox/new.html", form=form, why_not=texts.refusal(spoken(), refused) if refused else "", phone=agency.support_phone(),
                most=MESSAGE_LETTERS, most_subject=SUBJECT_LETTERS, start=start, box=box.of_new(offered),
                waiting=discussions.unanswered(g.viewer.individual) if refused and refused.code == "too_many" else (),
                file_limits=attached.limits())  # fmt: skip


def _offer(form: Beginning, offered) -> Beginning:
    form.to.choices = starts.choices(offered)
    return form


def _begin(start: Start):
    offered = starts.offered(start)
    form = _offer(Beginning(), offered)
    if form.validate():
        with form.refusals():
            to = next(each for each in offered if each.value == form.to.data)
            made = discussions.start(g.viewer.individual, form.subject.data, form.body.data, g.viewer.actor, worker=to.worker,
                                     category=to.category, about=start.about, files=form.ready)  # fmt: skip
            tell("good", _("Your message is sent."))
            return done(url_for("inbox.discussion", discussion_id=made.public_id))
    return _new(start, form)


@bp.get("/new")
def new():
    return _new(starts.inbox())


@bp.post("/new")
@takes_files
def begin():
    return _begin(starts.inbox())


@bp.get("/new/appointment/<place_id>")
def new_about_appointment(place_id: str):
    return _new(starts.appointment(place_id))


@bp.post("/new/appointment/<place_id>")
@takes_files
def begin_about_appointment(place_id: str):
    return _begin(starts.appointment(place_id))


@bp.get("/new/service/<enrolment_id>")
def new_about_service(enrolment_id: str):
    return _new(starts.service(enrolment_id))


@bp.post("/new/service/<enrolment_id>")
@takes_files
def begin_about_service(enrolment_id: str):
    return _begin(starts.service(enrolment_id))


# ---------------------------------------------------------------- one of them


@bp.get("/<discussion_id>/")
def discussion(discussion_id: str):
    return _discussion(g.viewer.discussion(discussion_id), Writing(formdata=None))


def _discussion(found: Discussion, form: Writing, *, is_limited: bool | None = None):
    """``is_limited``: what an open page says of itself, that it shows no form.  It gets one as soon as the client may write again; the
    one that it shows it keeps, with what is typed in it."""
    shown = threads.messages_of(found, notes=False, before=request.args.get("before", ""))
    refused = discussions.may_not_write(found)
    has_none = refused is not None and not form.is_refused
    return page(
        "inbox/discussion.html", "thread", found=found, shown=shown, days=wording.days(shown.messages, found), form=form,
        most=MESSAGE_LETTERS, whom=threads.with_whom(found), phone=agency.support_phone(),
        why_not=texts.refusal(spoken(), refused) if refused else "",
        is_newest=not request.args.get("before"), box=box.of(found), about=starts.about(found), file_limits=attached.limits(),
        is_limited=has_none and is_limited is not False, brings_form=bool(is_limited) and not has_none,
    )  # fmt: skip


@bp.get("/<discussion_id>/new")
def newer(discussion_id: str):
    """What came since: the messages anew, or nothing.  An open page asks every ten seconds."""
    after, seen = (wording.number(request.args.get(name, "")) for name in ("after", "seen"))
    has_newer, is_limited = g.viewer.has_newer(discussion_id, after, seen), "limited" in request.args
    if not has_newer and not is_limited:
        return nothing()
    found = g.viewer.discussion(discussion_id)
    if not has_newer and discussions.may_not_write(found):
        return nothing()
    return _discussion(found, Writing(formdata=None), is_limited=is_limited)


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
    return _counted() if is_fragment() else done(url_for("inbox.show"))
