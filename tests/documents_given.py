"""Documents for the tests that look at everything: a template, a checklist, a job, and something of everybody's."""

import dataclasses
import io
from decimal import Decimal

import nasty

from domain import (
    assigning,
    attachments,
    bulk_jobs,
    checklists,
    document_edits,
    document_jobs,
    document_papers,
    document_templates,
    documents,
    store,
    viewer,
)
from domain.assigning import Bundle, Item
from domain.document_parts import Band, Choice, Question, Score
from models import BulkJob


def words(text):
    return dict.fromkeys(("en", "es", "fr", "ar"), text)


def published(by, name, **more):
    """A template with a name, a scored choice and a question that only staff answer."""
    made = document_templates.create("form", name, "en", by)
    form = dataclasses.replace(document_templates.draft_of(made), title=words(name), may_decline=True, **more)
    page = form.pages[0]
    form = document_edits.change(form, page.key, words=words("You"))
    form = document_edits.change(form, page.sections[0].key, words=words("You"), questions=(
        Question("name", "short_text", words("Your name"), is_required=True, prefill="preferred_name"),
        Question("mood", "one", words("How are you?"), choices=(
            Choice("good", words("Well"), Decimal(3)), Choice("bad", words("Not well"), Decimal(1)))),
        Question("ours", "short_text", words("What we saw"), is_for_staff=True),
    ))  # fmt: skip
    bands = (Band(Decimal(0), Decimal(1), words("low")), Band(Decimal(2), Decimal(9), words("high")))
    form = dataclasses.replace(form, scores=(Score("wellness", words("Wellness"), "sum", ("mood",), bands),))
    document_templates.change(made, form, by, version=1)
    return document_templates.publish(made, by, version=2)


def world(people, ada):
    """Of each a paper with a scan, half typed in; the public ids of a template, a checklist and a job."""
    version = published(ada, "Canary form")
    for person, word in people:
        made = document_papers.begin(person, Bundle((Item(version, None),)), ada)
        scan = attachments.ready([(f"{word} toad.pdf", io.BytesIO(nasty.pdf(objects=f"% {word} heron\n".encode())))])
        document_papers.save(made, {"name": f"{word} crane"}, scan, ada, seen=0)
    checklist = checklists.add(checklists.Typed("Camp", False, (checklists.Entry(version.template.public_id, "3"),)), ada)
    return {"template with answers": version.template.public_id, "checklist": checklist.public_id, "assignment job": job(version, ada)}


def job(version, ada, question="a"):
    """A job that somebody may begin."""
    made = document_jobs.plan(Bundle((Item(version, None),)), document_jobs.Whom(question), viewer.seen_by(ada.worker), ada)
    for _ in range(2):  # this one alone: others that were begun stay as they are
        with store.writing():
            bulk_jobs._look(BulkJob.get_by_id(made.id))
    return made.public_id


def scene(alice, alices, dora, ada):
    """Alice has one to do, one that she sent twice, one on paper; there are checklists and jobs."""
    version, other = published(ada, "For school"), published(ada, "For sport")
    for mood in ("bad", "good"):
        made = documents.assign(alice, version, dora)
        documents.save(made, {"name": "Al", "mood": {"key": mood}}, alices, seen=0)
        documents.complete(made, alices, seen=1)
    assigning.assign(Bundle((Item(other, None), Item(version, None)), "Camp", is_ordered=True), [alice], dora)
    paper = document_papers.begin(alice, Bundle((Item(version, None),)), dora)
    document_papers.save(paper, {}, attachments.ready([("scan.pdf", io.BytesIO(nasty.pdf()))]), dora, seen=0)
    checklists.add(checklists.Typed("Camp", True, (checklists.Entry(version.template.public_id, "3"),)), ada)
    job(version, ada)
