"""What staff answer, what they type in from paper, and what they take into the record."""

import dataclasses

import nasty
import pytest
from pages.conftest import File
from pages.test_individual_documents import here, published, words

from domain import document_edits, document_templates, documents
from domain.document_parts import Question
from models import AuditEntry, Delivery, Document, DocumentFile, Individual, Notice

PDF = File("form.pdf", nasty.pdf())


@pytest.fixture
def school(cast):
    return published(cast, "For school")


@pytest.fixture
def names(cast):
    made = document_templates.create("form", "Names", "en", cast.by("ada"))
    form = dataclasses.replace(document_templates.draft_of(made), title=words("Names"))
    page = form.pages[0]
    form = document_edits.change(form, page.key, words=words("You"))
    form = document_edits.change(form, page.sections[0].key, words=words("You"), questions=(
        Question("first", "short_text", words("First name"), prefill="first_name"),
        Question("pref", "short_text", words("Preferred name"), prefill="preferred_name"),
        Question("mail", "email", words("E-mail"), prefill="email"),
    ))
    document_templates.change(made, form, cast.by("ada"), version=1)
    return document_templates.publish(made, cast.by("ada"), version=2)


def sent(cast, version, answers):
    made = documents.assign(cast.alice, version, cast.by("dora"))
    documents.save(made, answers, cast.by("alice"), seen=0)
    return documents.complete(made, cast.by("alice"), seen=1)


def test_staff_answer_what_is_asked_of_them_alone_also_after_it_was_sent(cast, school, browse):
    made = sent(cast, school, {"name": "Alice"})
    digest = Document.get().digest
    dora = browse("dora")
    page = dora.open(here(cast.alice, made.public_id, "assessment"))
    assert "Your name" not in page
    assert "Calm and well" in dora.press("Save", **{"q-ours": "Calm and well"})
    assert Document.get().digest == digest
    assert documents.is_sound(Document.get())


def test_two_workers_do_not_overwrite_each_other(cast, school, browse):
    made = sent(cast, school, {"name": "Alice"})
    dora, other = browse("dora"), browse("dora")
    for each in (dora, other):
        each.open(here(cast.alice, made.public_id, "assessment"))
    dora.press("Save", **{"q-ours": "Calm"})
    other.press("Save", **{"q-ours": "Restless"})
    assert "Calm" in dora.open(here(cast.alice, made.public_id))


def test_what_the_client_answers_is_not_for_staff_to_answer(cast, school, browse):
    made = sent(cast, school, {"name": "Alice"})
    dora = browse("dora")
    dora.open(here(cast.alice, made.public_id, "assessment"))
    dora.press("Save", **{"q-ours": "Calm"})
    form = {"q-name": "Mallory", "q-ours": "Calm", "seen": "1", "csrf_token": dora.token}
    dora.send(here(cast.alice, made.public_id, "assessment"), form)
    assert documents.answers_of(Document.get()) == {"name": "Alice"}


def test_paper_is_typed_in_completed_and_nobody_is_told(cast, school, browse):
    dora = browse("dora")
    dora.open(here(cast.alice, "paper"))
    page = dora.press("Next", what=f"d:{school.template.public_id}")
    assert "Scan of the paper" in page
    assert "Answer this question." in dora.press("Complete")
    dora.press("Save", **{"q-name": "Alice", "q-ours": "By post"})
    page = dora.press("Complete")
    assert "completed" in page
    assert "By post" in page
    assert Document.get().state == "completed"
    assert not Delivery.select().where(Delivery.kind == "document_assigned").exists()
    assert not Notice.select().exists()


def test_a_scan_is_kept_and_can_be_fetched(cast, school, browse):
    dora = browse("dora")
    dora.open(here(cast.alice, "paper"))
    dora.press("Next", what=f"d:{school.template.public_id}")
    dora.press("Save", **{"q-name": "Alice", "scan": PDF})
    row = DocumentFile.get()
    page = dora.open(here(cast.alice, Document.get().public_id))
    assert row.name in page
    assert dora.open(here(cast.alice, Document.get().public_id, "files", row.public_id)).status == 200
    assert browse("dora").open(here(cast.bob, Document.get().public_id, "files", row.public_id)).status == 404


def test_what_differs_from_the_record_is_accepted_or_left_field_by_field(cast, names, browse):
    made = sent(cast, names, {"first": "Alicia", "pref": "Lou", "mail": "alicia@example.org"})
    ines = browse("ines")
    page = ines.open(here(cast.alice, made.public_id))
    assert "Differs from the record" in page
    forms = {each.values["place"]: each for each in page.forms if each.values.get("accept") == "1"}
    ines.submit(forms["pref"], forms["pref"].values)
    assert Individual.get_by_id(cast.alice.id).preferred_name == "Lou"
    late = browse("ines")
    late.open(here(cast.alice, made.public_id))
    page = ines.open(here(cast.alice, made.public_id))
    left = next(each for each in page.forms if each.values.get("accept") == "0" and each.values["place"] == "first")
    page = ines.submit(left, left.values)
    assert Individual.get_by_id(cast.alice.id).first_name != "Alicia"
    assert "not taken into the record" in page
    taken = next(each for each in late.page.forms if each.values.get("accept") == "1" and each.values["place"] == "first")
    assert "Somebody has decided this already." in late.submit(taken, taken.values)
    mail = next(each for each in ines.open(here(cast.alice, made.public_id)).forms if each.values.get("place") == "mail")
    ines.submit(mail, mail.values)
    assert "alicia@example.org" in [each.value for each in cast.alice.contacts]


def test_what_is_as_in_the_record_is_no_difference(cast, names, browse):
    made = sent(cast, names, {"first": cast.alice.first_name})
    assert "Differs from the record" not in browse("ines").open(here(cast.alice, made.public_id))


def test_who_may_not_edit_records_decides_nothing(cast, names, browse):
    made = sent(cast, names, {"pref": "Lou"})
    dora = browse("dora")
    page = dora.open(here(cast.alice, made.public_id))
    assert "Lou" in page
    answer = dora.send(here(cast.alice, made.public_id, "differences"), {"place": "pref", "accept": "1", "csrf_token": dora.token})
    assert answer.status == 404
    assert Individual.get_by_id(cast.alice.id).preferred_name != "Lou"


def test_answers_leave_as_csv_without_a_formula(cast, school, browse):
    sent(cast, school, {"name": "=1+1", "mood": {"key": "good"}})
    sheet = browse("ada").open(f"/admin/document-templates/{school.template.public_id}/answers.csv").body.decode("utf-8-sig")
    heading, row = sheet.strip().split("\r\n")
    assert heading.endswith("Completed,Version,Your name,How are you?,What we saw,Wellness")
    assert "'=1+1,Well,,3" in row
    assert AuditEntry.select().where(AuditEntry.kind == "document_template.exported").exists()
    assert browse("dora").open(f"/admin/document-templates/{school.template.public_id}/answers.csv").status == 404
