"""Messages: what clients wrote and staff answer; taken, handed on, closed; notes that only staff read."""

from __future__ import annotations

from flask import abort, g, request, url_for

from blueprints.admin import bp, paging, people, reaching, standing, wording
from blueprints.inbox import wording as told
from domain import categories, discussions, handover, settings, threads
from models import MESSAGE_LETTERS, SUBJECT_LETTERS, Discussion
from web import attached, kept
from web.access import any_staff
from web.forms import Choice, Form, Lines, Required, Text, _l, version_in
from web.fragments import done, is_fragment, nothing, page
from web.languages import gettext as _
from web.posts import takes_files
from web.sessions import refusals_told, tell

_HERE = "/discussions/<discussion_id>"
MOST_LATE = 50
VIEWS = ("mine", "waiting", "all")


class Answer(attached.Attaching):
    body = Lines(_l("Your message"), [attached.WordsOrFiles(_l("Write your message."))])


class Note(Form):
    note = Lines(_l("Note"), [Required(_l("Write the note."))])


class Beginning(Answer):
    subject = Text(_l("What is it about?"), [Required(_l("Write what it is about, in a few words."))])


class HandOn(Form):
    to = Choice(_l("Who is to have it"), [Required(_l("Choose who is to have it."))])


def _must_be_on() -> None:
    if not settings.get("discussions"):
        abort(404)


@bp.get("/discussions/")
@any_staff
def discussions_list():
    _must_be_on()
    view = request.args.get("view", "") if request.args.get("view", "") in VIEWS else "mine"
    late, listed = g.viewer.late_discussions(MOST_LATE, view), g.viewer.discussions(view)
    found, following = paging.written(listed.where(Discussion.id.not_in([each.id for each in late])), Discussion)
    return page("admin/discussions.html", late=late if "older" not in request.args else [], found=found, following=following, view=view,
                told=told, names=_names())  # fmt: skip


def _names() -> dict[str, str]:
    return wording.names_of(categories.every())


# ---------------------------------------------------------------- one of them


@bp.get(f"{_HERE}/")
@any_staff
def discussion(discussion_id: str):
    return _show(found_by(discussion_id))


def found_by(discussion_id: str) -> Discussion:
    _must_be_on()
    return g.viewer.discussion(discussion_id)


def _show(found: Discussion, **forms):
    shown = threads.messages_of(found, notes=True, before=request.args.get("before", ""))
    (follows, counts), names, reach = g.viewer.stands_to(found), _names(), reaching.reach(found.individual)
    typed = {} if request.method == "POST" else {"formdata": None}  # the page's one form brings the boxes of all
    answer, note = forms.get("answer") or Answer(**typed), forms.get("note") or Note(**typed)
    return people.page_about(
        found.individual, "admin/discussion.html", "thread", found=found, shown=shown, days=told.days_for_staff(shown.messages, found),
        answer=answer, note=note, hand_on=forms.get("hand_on") or _hand_on(found, names, **typed),
        form=next(iter(forms.values()), None),
        most=MESSAGE_LETTERS, names=names, follows=follows, is_newest=not request.args.get("before"), told=told,
        about=standing.about(found), standing=standing.lines(found),
        left_it="" if reach.may_write else standing.left_it(found),
        file_limits=attached.limits(), reach=reach, reply=reaching.shown(found),
        says_seen=found.is_new and not request.args.get("before") and counts,
    )  # fmt: skip


def back_to(discussion_id: str, *boxes: str, leads_to: str = "", **anchor: str):
    """Once a button of the page did its work: there again, and what stands typed in other boxes than its own is still in them."""
    here = url_for("admin.discussion", discussion_id=discussion_id)
    kept.set_aside(here, ("body", kept.FILES, "note"), done=boxes)
    return done(leads_to or url_for("admin.discussion", discussion_id=discussion_id, **anchor))


@bp.post(f"{_HERE}/messages")
@any_staff
@takes_files
def answer_discussion(discussion_id: str):
    found, form = found_by(discussion_id), Answer()
    if form.validate():
        with form.refusals():
            discussions.write(found, form.body.data, g.viewer.actor, form.ready)
            tell("good", _("Your message is sent."))
            return back_to(discussion_id, "body", kept.FILES)
    return _show(found_by(discussion_id), answer=form)


@bp.post(f"{_HERE}/notes")
@any_staff
def note_discussion(discussion_id: str):
    found, form = found_by(discussion_id), Note()
    if form.validate():
        with form.refusals():
            discussions.note(found, form.note.data, g.viewer.actor)
            tell("good", _("The note is kept. Only staff read it."))
            return back_to(discussion_id, "note")
    return _show(found_by(discussion_id), note=form)


@bp.post(f"{_HERE}/seen")
@any_staff
def discussion_seen(discussion_id: str):
    discussions.seen(found_by(discussion_id), told.number(request.form.get("last", "")), g.viewer.actor)
    return nothing() if is_fragment() else back_to(discussion_id, leads_to=url_for("admin.discussions_list"))


@bp.get(f"{_HERE}/new")
@any_staff
def newer_messages(discussion_id: str):
    """What came since: the messages anew, or nothing.  An open page asks every ten seconds."""
    _must_be_on()
    after, seen = (told.number(request.args.get(name, "")) for name in ("after", "seen"))
    found, has_newer = g.viewer.discussion_since(discussion_id, after, seen)
    return _show(found) if has_newer else nothing()


@bp.post(f"{_HERE}/holder")
@any_staff
def take_discussion(discussion_id: str):
    with refusals_told():
        discussions.take(found_by(discussion_id), g.viewer.actor)
        tell("good", _("It is yours now."))
    return back_to(discussion_id)


@bp.post(f"{_HERE}/followers")
@any_staff
def follow_discussion(discussion_id: str):
    is_on = request.form.get("on") == "1"
    discussions.follow(found_by(discussion_id), g.viewer.actor, is_on=is_on)
    tell("good", _("You are told of what is new here.") if is_on else _("You are not told of what is new here any more."))
    return back_to(discussion_id)


def _hand_on(found: Discussion, names: dict[str, str], **more) -> HandOn:
    form = HandOn(**more)
    form.to.choices = [("", _("Choose")), *((f"category:{slug}", _("Category: %(name)s", name=name)) for slug, name in names.items()),
                       *((f"worker:{each.public_id}", each.name) for each in handover.takers(found.individual))]  # fmt: skip
    return form


@bp.post(f"{_HERE}/hand-on")
@any_staff
def hand_on_discussion(discussion_id: str):
    found = found_by(discussion_id)
    form = _hand_on(found, _names())
    if form.validate():
        with form.refusals():
            kind, _colon, name = form.to.data.partition(":")
            taker = handover.taker(found.individual, name) if kind == "worker" else None
            discussions.hand_on(found, g.viewer.actor, version=form.version, worker=taker, category="" if taker else name)
            tell("good", _("Handed over."))
            return back_to(discussion_id, leads_to=url_for("admin.discussions_list"))
    return _show(found_by(discussion_id), hand_on=form)


@bp.post(f"{_HERE}/closing")
@any_staff
def close_discussion(discussion_id: str):
    with refusals_told():
        last = told.number(request.form.get("last", ""))
        discussions.close(found_by(discussion_id), g.viewer.actor, version=version_in(request.form), last=last)
        tell("good", _("The discussion is closed."))
    return back_to(discussion_id)


@bp.post(f"{_HERE}/opening")
@any_staff
def reopen_discussion(discussion_id: str):
    with refusals_told():
        discussions.reopen(found_by(discussion_id), g.viewer.actor)
        tell("good", _("The discussion is open again."))
    return back_to(discussion_id)


# ---------------------------------------------------------------- from a client's page


@bp.get("/individuals/<public_id>/discussions/")
@any_staff
def discussions_of(public_id: str):
    _must_be_on()
    person = g.viewer.individual(public_id)
    found, following = paging.written(threads.of_client(person), Discussion)
    return people.page_about(person, "admin/discussions_of.html", reach=reaching.reach(person),
                             may_begin=settings.may_write("write_from_profile"), found=found,
                             following=following, told=told, names=_names())  # fmt: skip


@bp.get("/individuals/<public_id>/discussions/new")
@any_staff
def new_discussion(public_id: str):
    _must_begin()
    return _new(g.viewer.individual(public_id), Beginning(formdata=None))


def _must_begin() -> None:
    if not settings.may_write("write_from_profile"):
        abort(404)


def _new(person, form: Beginning):
    return people.page_about(person, "admin/discussion_new.html", form=form, most=MESSAGE_LETTERS, most_subject=SUBJECT_LETTERS,
                             file_limits=attached.limits(), reach=reaching.reach(person))  # fmt: skip


@bp.post("/individuals/<public_id>/discussions/new")
@any_staff
@takes_files
def begin_discussion(public_id: str):
    _must_begin()
    person, form = g.viewer.individual(public_id), Beginning()
    if form.validate():
        with form.refusals():
            made = discussions.start(person, form.subject.data, form.body.data, g.viewer.actor, worker=g.viewer.worker,
                                     files=form.ready)  # fmt: skip
            tell("good", _("Your message is sent."))
            return done(url_for("admin.discussion", discussion_id=made.public_id))
    return _new(person, form)
