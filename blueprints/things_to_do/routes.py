"""The list of what is to do and of what is done; one of them as it stands; declined, corrected."""

from __future__ import annotations

from flask import abort, g, request

from blueprints import paging
from blueprints.things_to_do import bp, reading, sheets, wording
from domain import document_filling, document_pdfs, documents, things_to_do
from models import Document
from web.addresses import url_for
from web.forms import Form, Lines, Required, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell


class Declining(Form):
    reason = Lines(_l("Why do you not want to fill this in?"), [Required(_l("Say in a few words why."))])


@bp.before_request
def _must_be_on():
    if not things_to_do.is_on():
        abort(404)


@bp.get("/")
def index():
    """A page of what is done further back has that alone."""
    ended, following = paging.by_number(g.viewer.things_done)
    is_first = paging.asked_page() == 1
    open_ = [wording.row(each) for each in g.viewer.things_to_do] if is_first else []
    return page("things_to_do/index.html", open=open_, done=[wording.done_row(each) for each in things_to_do.titled(ended)],
                following=following, is_first=is_first)  # fmt: skip


def address(document: Document) -> str:
    return url_for("things_to_do.show", document_id=document.public_id)


@bp.get("/<document_id>/")
def show(document_id: str):
    """What it is and how to begin; once it is over, what was sent."""
    filling = document_filling.opened(g.viewer.document(document_id))
    if filling.document.state == "completed":
        return reading.shown(filling)
    first = document_filling.waits_for(filling.document) if filling.document.state == "assigned" else None
    if filling.form.kind == "letter" and filling.document.state == "assigned" and first is None:
        return done(url_for("things_to_do.review", document_id=document_id))
    return page("things_to_do/show.html", found=sheets.heading(filling), begin_at=_begin_at(filling), first=address(first) if first else "",
                ended=_(documents.ENDED[filling.document.state]) if filling.document.state != "assigned" else "")  # fmt: skip


def _begin_at(filling: document_filling.Filling) -> str:
    """The page that was open last, else the first; where all that is asked is a signature, the end."""
    keys = [each.key for each in filling.pages]
    if not keys:
        return url_for("things_to_do.review", document_id=filling.document.public_id)
    key = filling.document.page if filling.document.page in keys else keys[0]
    return url_for("things_to_do.one_page", document_id=filling.document.public_id, key=key)


# ---------------------------------------------------------------- declined, corrected


@bp.get("/<document_id>/decline")
def ask_to_decline(document_id: str):
    return _declining(g.viewer.document(document_id), Declining(formdata=None))


def _declining(document: Document, form: Declining):
    if document.state != "assigned" or not documents.form_of(document).may_decline:
        return done(address(document))
    return page("things_to_do/decline.html", found=sheets.heading(document_filling.opened(document)), form=form,
                most=documents.REASON_LETTERS)  # fmt: skip


@bp.post("/<document_id>/decline")
def decline(document_id: str):
    document, form = g.viewer.document(document_id), Declining()
    if form.validate():
        with form.refusals():
            documents.decline(document, form.reason.data, g.viewer.actor)
            tell("good", _("We have your answer. You need not fill this in."))
            return done(url_for("things_to_do.index"))
    return _declining(g.viewer.document(document_id), form)


@bp.post("/<document_id>/corrections")
def correct(document_id: str):
    document = g.viewer.document(document_id)
    with refusals_told():
        made = documents.correct(document, g.viewer.actor)
        tell("info", _("Change what was wrong, and send it again. What you sent before stays as it was."))
        return done(address(made))
    return done(address(document))


# ---------------------------------------------------------------- files and pictures


@bp.get("/<document_id>/files/<file_id>")
def file(document_id: str, file_id: str):
    from domain import document_files
    from web import attached

    return attached.download(document_files.one(g.viewer.document(document_id), file_id))


@bp.get("/<document_id>/pictures/<digest>")
def picture(document_id: str, digest: str):
    """A picture of the form itself."""
    form = documents.form_of(g.viewer.document(document_id))
    found = document_pdfs.picture_of(digest) if digest in {each.picture for _, _, each in form.questions()} else None
    if found is None:
        abort(404)
    return reading.picture(found)


def number(typed: str) -> int:
    """A count that a page sends; -1, which none is, for what is none."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else -1


def seen() -> int:
    """The count of saves that the page was made with."""
    return number(request.form.get("seen", ""))
