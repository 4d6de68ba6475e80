"""Documents: assigned, filled in, completed once, and never changed after that."""

import dataclasses

import peewee
import pytest

from domain import document_edits, document_parts, document_templates, documents, store
from domain.document_parts import Condition, Question, ShowIf
from domain.rules import NotFound, RuleBroken
from models import AuditEntry, Document, DocumentAnswer, DocumentSignature, DocumentTemplate, DocumentVersion


def words(text):
    return {language: f"{text} ({language})" if language != "en" else text for language in ("en", "es", "fr", "ar")}


@pytest.fixture
def school(cast):
    """A published template: a name that has to be given, whether there are children, and their ages where there are."""
    made = document_templates.create("form", "For school", "en", cast.by("ada"))
    form = dataclasses.replace(document_templates.draft_of(made), title=words("For school"), may_decline=True)
    page = form.pages[0]
    questions = (
        Question("name", "short_text", words("Your name"), is_required=True),
        Question("kids", "yes_no", words("Have you children?")),
        Question("ages", "short_text", words("How old are they?"), is_required=True, show_if=ShowIf(True, (Condition("kids", "equals", "true"),))),
        Question("why", "long_text", words("What we think"), is_for_staff=True),
    )
    form = document_edits.change(form, page.key, words=words("You"))
    form = document_edits.change(form, page.sections[0].key, words=words("You"), questions=questions)
    document_templates.change(made, form, cast.by("ada"), version=1)
    return document_templates.publish(made, cast.by("ada"), version=2)


@pytest.fixture
def given(cast, school):
    return documents.assign(cast.alice, school, cast.by("dora"))


def refused(verb, *of, **more):
    with pytest.raises(RuleBroken) as broken:
        verb(*of, **more)
    return broken.value


# ---------------------------------------------------------------- templates


def test_what_was_published_stays_whatever_is_changed_after_it(cast, school):
    template = DocumentTemplate.get()
    form = document_edits.add_page(document_templates.draft_of(template), words("More"))
    document_templates.change(template, form, cast.by("ada"), version=3)
    assert DocumentTemplate.get().has_changes
    assert document_templates.newest(template).body == school.body
    for statement in (DocumentVersion.update(body="{}"), DocumentVersion.delete()):
        with pytest.raises(peewee.IntegrityError), store.writing():
            statement.execute()


def test_nothing_is_published_twice_and_nothing_that_has_faults(cast, school):
    template = DocumentTemplate.get()
    assert refused(document_templates.publish, template, cast.by("ada"), version=3).code == "same"
    form = document_edits.change(document_templates.draft_of(template), "name", words={})
    document_templates.change(template, form, cast.by("ada"), version=3)
    assert refused(document_templates.publish, template, cast.by("ada"), version=4).every
    assert refused(document_templates.change, template, form, cast.by("ada"), version=3).code == "stale"
    assert DocumentVersion.select().count() == 1


# ---------------------------------------------------------------- filled in


def test_each_answer_is_kept_and_can_be_taken_back(cast, given):
    assert documents.save(given, {"name": "Alice"}, cast.by("alice"), seen=0) == 1
    assert documents.save(given, {"kids": False, "name": "Alice"}, cast.by("alice"), seen=1) == 2
    assert documents.answers_of(given) == {"name": "Alice", "kids": False}
    documents.save(given, {"kids": None}, cast.by("alice"), seen=2)
    assert documents.answers_of(given) == {"name": "Alice"}
    assert documents.save(given, {"name": "Alice"}, cast.by("alice"), seen=0) == 3, "the same again changes nothing"


def test_of_two_devices_the_later_one_is_told_and_overwrites_nothing_unseen(cast, given):
    documents.save(given, {"name": "Alice"}, cast.by("alice"), seen=0, device="phone")
    broken = refused(documents.save, given, {"name": "Al", "kids": True}, cast.by("alice"), seen=0, device="laptop")
    assert (broken.code, broken.theirs, broken.saved, broken.field) == ("meanwhile", "Alice", 1, "name")
    assert documents.answers_of(given) == {"name": "Alice"}
    documents.save(given, {"kids": True}, cast.by("alice"), seen=0, device="laptop")
    documents.save(given, {"name": "Al"}, cast.by("alice"), seen=broken.saved, device="laptop")
    assert documents.answers_of(given) == {"name": "Al", "kids": True}


@pytest.mark.parametrize("place", ["why", "other", "name:1", "name:x", "", "#name"])
def test_nothing_is_kept_that_the_client_is_not_asked(cast, given, place):
    with pytest.raises(NotFound):
        documents.save(given, {place: "x"}, cast.by("alice"), seen=0)
    assert DocumentAnswer.select().count() == 0


def test_staff_answer_what_staff_are_asked(cast, given):
    documents.save(given, {"why": "All is well."}, cast.by("dora"), seen=0, for_staff=True)
    assert documents.answers_of(given) == {"why": "All is well."}


# ---------------------------------------------------------------- completed


def test_it_is_sent_once_and_only_what_was_shown(cast, given):
    documents.save(given, {"name": "Alice", "kids": True, "ages": "3"}, cast.by("alice"), seen=0)
    documents.save(given, {"kids": False}, cast.by("alice"), seen=1)
    done = documents.complete(given, cast.by("alice"), seen=2, signatures=[documents.Signed("Alice Archer")])
    assert documents.answers_of(done) == {"name": "Alice", "kids": False}
    again = documents.complete(given, cast.by("alice"), seen=2, signatures=[documents.Signed("Somebody else")])
    assert (again.digest, DocumentSignature.select().count()) == (done.digest, 1)
    assert AuditEntry.select().where(AuditEntry.kind == "document.completed").count() == 1


def test_what_is_missing_is_named_with_its_place(cast, given):
    documents.save(given, {"kids": True}, cast.by("alice"), seen=0)
    broken = refused(documents.complete, given, cast.by("alice"), seen=1)
    assert [each.field for each in broken.every] == ["name", "ages"]
    assert Document.get().state == "assigned"


def test_what_came_meanwhile_from_elsewhere_is_looked_at_before_it_is_sent(cast, given):
    documents.save(given, {"name": "Alice"}, cast.by("alice"), seen=0)
    documents.save(given, {"kids": False}, cast.by("alice"), seen=1, device="laptop")
    assert refused(documents.complete, given, cast.by("alice"), seen=1).code == "stale"


@pytest.mark.parametrize("end", ["completed", "declined", "withdrawn"])
def test_what_has_ended_is_never_changed(cast, given, end):
    documents.save(given, {"name": "Alice"}, cast.by("alice"), seen=0)
    if end == "completed":
        documents.complete(given, cast.by("alice"), seen=1, signatures=[documents.Signed("Alice")])
    else:
        (documents.decline if end == "declined" else documents.withdraw)(given, "No longer needed", cast.by("alice"))
    assert refused(documents.save, given, {"name": "Al"}, cast.by("alice"), seen=1).code == "ended"
    for statement in (
        Document.update(body="{}"), Document.delete(), DocumentAnswer.update(value="1"), DocumentAnswer.delete(),
        DocumentAnswer.insert(document=given, place="kids", value="true", saved=1, saved_at=given.assigned_at),
        *((DocumentSignature.update(name="x"), DocumentSignature.delete()) if end == "completed" else ()),
    ):  # fmt: skip
        with pytest.raises(peewee.IntegrityError), store.writing():
            statement.execute()


def test_declined_is_with_a_reason_and_where_the_form_allows_it(cast, given):
    assert refused(documents.decline, given, " ", cast.by("alice")).code == "missing"
    documents.decline(given, "I have said this before.", cast.by("alice"))
    assert Document.get().reason == "I have said this before."


def test_a_hash_covers_exactly_what_was_signed(cast, given):
    documents.save(given, {"name": "Alice"}, cast.by("alice"), seen=0)
    done = documents.complete(given, cast.by("alice"), seen=1, signatures=[documents.Signed("Alice Archer")])
    assert documents.is_sound(done)
    for number in range(len(done.body)):
        other = done.body[:number] + ("x" if done.body[number] != "x" else "y") + done.body[number + 1 :]
        assert documents.digest_of(done.form, other) != done.digest
    form = done.form
    for number in range(0, len(form.body), 7):
        changed = DocumentVersion(body=form.body[:number] + "\x00" + form.body[number + 1 :])
        assert documents.digest_of(changed, done.body) != done.digest


def test_a_correction_begins_with_what_was_sent_and_there_is_one(cast, given):
    documents.save(given, {"name": "Alice"}, cast.by("alice"), seen=0)
    done = documents.complete(given, cast.by("alice"), seen=1)
    made = documents.correct(done, cast.by("alice"))
    assert (documents.answers_of(made), made.corrects_id, made.state) == ({"name": "Alice"}, done.id, "assigned")
    assert refused(documents.correct, done, cast.by("alice")).code == "corrected"
    assert document_parts.read(made.form.body) == documents.form_of(done)
