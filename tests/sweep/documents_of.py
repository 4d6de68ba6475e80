"""Documents for the sweeps: of Alice and of Bob one to fill in, with a file, and one that they have sent."""

import dataclasses
import hashlib
import io

from document_forms import ask, section

from domain import attachments, document_drawings, document_filling, document_pdfs, document_templates, documents, store
from domain.attachments import Ready
from domain.document_parts import Page
from models import DocumentFile, DocumentVersion, StoredFile

PICTURE = document_drawings.picture("M0 0" + "L500 199L0 0" * 2)
DIGEST = hashlib.sha256(PICTURE).hexdigest()  # of the picture that the form shows


def in_all(text):
    return dict.fromkeys(("en", "es", "fr", "ar"), text)


def publish(by, kind="form", name="First visit", *questions):
    """A version with one page for each list of questions; ``by`` may manage templates."""
    made = document_templates.create(kind, name, "en", by)
    pages = tuple(
        Page(f"p{number}", in_all(f"Page {number}"), tuple(
            dataclasses.replace(each, words=in_all(each.words["en"]), again=in_all("Add another child") if each.repeats else {}, questions=tuple(
                dataclasses.replace(question, words=in_all(question.words["en"])) for question in each.questions
            )) for each in sections
        )) for number, sections in enumerate(questions, start=1)
    )  # fmt: skip
    form = dataclasses.replace(document_templates.draft_of(made), title=in_all(name), pages=pages, may_decline=True, minutes=5)
    document_templates.change(made, form, by, version=1)
    return document_templates.publish(made, by, version=2)


def visit(by) -> DocumentVersion:
    """A form with a bit of everything that is asked on two pages."""
    if not StoredFile.select().where(StoredFile.digest == DIGEST).exists():
        with store.writing():
            attachments.keep(Ready("a.png", "image/png", len(PICTURE), DIGEST, io.BytesIO(PICTURE)))
    picture = ask("pic", "picture", picture=DIGEST)
    return publish(
        by, "form", "First visit",
        [section("you", picture, ask("q", "short_text", is_required=True), ask("photo", "file"), ask("born", "birth_date", prefill="birth_date"))],
        [section("kids", ask("kid", "short_text"), least=0, most=3)],
    )  # fmt: skip


def give(person, version, word, staff, client) -> None:
    """One to fill in, with a file, and one that was sent."""
    open_ = documents.assign(person, version, staff)
    kept = StoredFile.get(StoredFile.digest == DIGEST)
    with store.writing():
        DocumentFile.create(document=open_, place="photo", file=kept, name=f"{word} toad.png", added_at=open_.assigned_at)
    document_filling.give(document_filling.opened(open_), {"q": f"{word} newt"}, client, seen=0)
    sent = documents.assign(person, version, staff)
    document_filling.give(document_filling.opened(sent), {"q": f"{word} otter"}, client, seen=0)
    filling = document_filling.opened(type(sent).get_by_id(sent.id))
    document_filling.submit(filling, {}, client, seen=filling.document.saves)
    document_pdfs.make_due()
