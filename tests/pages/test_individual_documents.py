"""Documents on somebody's record: assigned, listed, read, withdrawn."""

import dataclasses
import datetime as dt
from decimal import Decimal

import pytest

from domain import agency, assigning, document_edits, document_reading, document_templates, documents
from domain.document_parts import Band, Choice, Question, Score
from models import Delivery, Document, DocumentTemplate, Notice, Task


def words(text):
    return dict.fromkeys(("en", "es", "fr", "ar"), text)


def published(cast, name, **more):
    """A template with a name, a scored choice and a question that only staff answer."""
    made = document_templates.create("form", name, "en", cast.by("ada"))
    form = dataclasses.replace(document_templates.draft_of(made), title=words(name), may_decline=True, **more)
    page = form.pages[0]
    form = document_edits.change(form, page.key, words=words("You"))
    form = document_edits.change(form, page.sections[0].key, words=words("You"), questions=(
        Question("name", "short_text", words("Your name"), is_required=True),
        Question("mood", "one", words("How are you?"), choices=(
            Choice("good", words("Well"), Decimal(3)), Choice("bad", words("Not well"), Decimal(1)))),
        Question("ours", "short_text", words("What we saw"), is_for_staff=True),
    ))
    form = dataclasses.replace(form, scores=(
        Score("wellness", words("Wellness"), "sum", ("mood",), (Band(Decimal(0), Decimal(1), words("low")),
                                                                Band(Decimal(2), Decimal(9), words("high")))),))
    document_templates.change(made, form, cast.by("ada"), version=1)
    return document_templates.publish(made, cast.by("ada"), version=2)


@pytest.fixture
def school(cast):
    return published(cast, "For school")


def here(person, *rest):
    return f"/admin/individuals/{person.public_id}/documents/{'/'.join(rest)}"


def ahead(days):
    day = agency.today() + dt.timedelta(days=days)
    return {"due_on-day": str(day.day), "due_on-month": str(day.month), "due_on-year": str(day.year)}


def test_dora_assigns_a_document_and_sees_where_it_stands(cast, school, browse):
    dora = browse("dora")
    dora.open(here(cast.alice, "new"))
    page = dora.press("Assign", what=f"d:{school.template.public_id}", **ahead(5))
    made = Document.get()
    assert (made.assigned_by, made.individual) == (cast.dora, cast.alice)
    assert made.due_on == agency.today() + dt.timedelta(days=5)
    assert "For school" in page
    assert "to do" in page
    documents.save(made, {"name": "Alice"}, cast.by("alice"), seen=0)
    assert "1 of 2 questions answered" in dora.open(here(cast.alice))


def test_without_a_choice_or_for_a_day_that_is_over_nothing_is_assigned(cast, school, browse):
    dora = browse("dora")
    dora.open(here(cast.alice, "new"))
    assert "Choose a document or a checklist." in dora.press("Assign")
    assert "Choose a day that is not over." in dora.press("Assign", what=f"d:{school.template.public_id}", **ahead(-1))
    assert not Document.select().exists()


def test_the_same_is_not_assigned_twice_while_it_is_to_do(cast, school, browse):
    dora = browse("dora")
    for said in ("Assigned to one person.", "They have this to do already."):
        dora.open(here(cast.alice, "new"))
        assert said in dora.press("Assign", what=f"d:{school.template.public_id}")
    assert Document.select().count() == 1


def test_what_is_no_longer_offered_cannot_be_chosen(cast, school, browse):
    dora = browse("dora")
    dora.open(here(cast.alice, "new"))
    document_templates.set_in_use(DocumentTemplate.get(), cast.by("ada"), is_in_use=False, version=3)
    dora.press("Assign", what=f"d:{school.template.public_id}")
    assert not Document.select().exists()
    assert "There is nothing to assign" in dora.open(here(cast.alice, "new"))


def test_dora_withdraws_with_a_reason_and_alice_is_not_told_any_more(cast, school, browse):
    made = documents.assign(cast.alice, school, cast.by("dora"))
    dora = browse("dora")
    dora.open(here(cast.alice, made.public_id))
    dora.open(here(cast.alice, made.public_id, "withdrawal"))
    assert "Say in a few words why." in dora.press("Withdraw")
    assert "moved away" in dora.press("Withdraw", reason="They moved away")
    assert Document.get().state == "withdrawn"
    assert Delivery.get(Delivery.kind == "document_assigned").state == "cancelled"
    assert Notice.get().is_withdrawn


def test_staff_read_answers_scores_and_bands_in_words(cast, school, browse):
    for mood, seen in (("bad", 1), ("good", 1)):
        made = documents.assign(cast.alice, school, cast.by("dora"))
        documents.save(made, {"name": "Alice", "mood": {"key": mood}}, cast.by("alice"), seen=0)
        documents.complete(made, cast.by("alice"), seen=seen)
    document_reading.assess(Document.get_by_id(made.id), {"ours": "Calm"}, cast.by("dora"), seen=0)
    page = browse("dora").open(here(cast.alice, made.public_id))
    for said in ("completed", "Your name", "Alice", "Well", "Wellness", "3", "high", "What we saw", "Calm", "Wellness over time", "low"):
        assert said in page, said


def test_what_is_not_theirs_is_not_there(cast, school, browse):
    made = documents.assign(cast.alice, school, cast.by("dora"))
    dora = browse("dora")
    assert dora.open(here(cast.bob, made.public_id)).status == 404
    assert dora.open(here(cast.alice, "nothing")).status == 404


def test_who_assigned_it_has_a_task_when_it_was_completed_or_declined(cast, school, browse):
    made = documents.assign(cast.alice, school, cast.by("dora"))
    documents.save(made, {"name": "Alice"}, cast.by("alice"), seen=0)
    documents.complete(made, cast.by("alice"), seen=1)
    documents.decline(documents.assign(cast.alice, school, cast.by("dora")), "No time", cast.by("alice"))
    assert [(each.kind, each.worker) for each in Task.select().order_by(Task.id)] == [
        ("document_completed", cast.dora), ("document_declined", cast.dora)]
    page = browse("dora").open("/admin/")
    assert "Completed a document" in page
    assert "Declined a document" in page


def test_a_checklist_in_a_fixed_order_names_what_comes_first(cast, browse):
    first, second = published(cast, "For school"), published(cast, "For sport")
    what = assigning.Bundle((assigning.Item(first, None), assigning.Item(second, None)), "Camp", is_ordered=True)
    assigning.assign(what, [cast.alice], cast.by("dora"))
    page = browse("dora").open(here(cast.alice))
    assert "after For school" in page
    assert page.html.index("For school") < page.html.index("For sport")


def test_alice_finds_it_in_her_inbox_under_its_filter(cast, school, browse):
    documents.assign(cast.alice, school, cast.by("dora"))
    alice = browse("alice")
    assert "Something new to do" in alice.open("/inbox/")
    assert "Something new to do" in alice.open("/inbox/?show=tasks")
    assert "Something new to do" not in alice.open("/inbox/?show=reminders")
    assert "For school" not in alice.open("/inbox/?show=tasks")
