"""Checklists of documents: built by who manages documents, assigned by everybody."""

import pytest
from pages.test_individual_documents import here, published

from domain import agency
from models import AuditEntry, ChecklistItem, ChecklistTemplate, Document


@pytest.fixture
def forms(cast):
    return [published(cast, name) for name in ("For school", "For sport", "For swimming")]


def listed():
    return [(each.template.name, each.due_days) for each in ChecklistItem.select().order_by(ChecklistItem.position)]


def lines(*of):
    typed = {}
    for number, (version, days) in enumerate(of):
        typed |= {f"item_{number}": version.template.public_id if version else "", f"days_{number}": days}
    return typed


def test_ada_puts_documents_together_and_dora_assigns_them(cast, forms, browse):
    ada = browse("ada")
    ada.open("/admin/checklists/new")
    assert "Camp" in ada.press("Save", name="Camp", is_ordered="y", **lines((forms[1], "3"), (forms[0], "")))
    assert listed() == [("For sport", 3), ("For school", None)]
    dora = browse("dora")
    dora.open(here(cast.alice, "new"))
    page = dora.press("Assign", what=f"c:{ChecklistTemplate.get().public_id}")
    first, second = Document.select().order_by(Document.position)
    assert ((first.due_on - agency.today()).days, second.due_on) == (3, None)
    assert "after For sport" in page
    assert "Camp" in page


def test_lines_can_be_changed_and_left_out(cast, forms, browse):
    ada = browse("ada")
    ada.open("/admin/checklists/new")
    ada.press("Save", name="Camp", **lines((forms[0], "1"), (forms[1], "2")))
    ada.open(f"/admin/checklists/{ChecklistTemplate.get().public_id}/")
    ada.press("Save", **lines((None, ""), (forms[1], "5"), (forms[2], "")))
    assert listed() == [("For sport", 5), ("For swimming", None)]
    assert AuditEntry.select().where(AuditEntry.kind == "checklist_template.changed").count() == 1


@pytest.mark.parametrize(("typed", "said"), [
    ({}, "Enter a name."), ({"name": "Camp"}, "Choose at least one document."), ({"name": "Camp", "days_0": "x"}, "Enter a number from 0 to 730, or nothing."),
])  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_saved(cast, forms, browse, typed, said):
    ada = browse("ada")
    ada.open("/admin/checklists/new")
    more = lines((forms[0], typed.pop("days_0"))) if "days_0" in typed else {}
    assert said in ada.press("Save", **typed, **more)
    assert not ChecklistTemplate.select().exists()


def test_a_document_stands_on_a_checklist_once(cast, forms, browse):
    ada = browse("ada")
    ada.open("/admin/checklists/new")
    assert "A document can stand on a checklist once." in ada.press("Save", name="Camp", **lines((forms[0], ""), (forms[0], "")))


def test_who_saves_second_is_told(cast, forms, browse):
    ada, other = browse("ada"), browse("ada")
    ada.open("/admin/checklists/new")
    ada.press("Save", name="Camp", **lines((forms[0], "")))
    address = f"/admin/checklists/{ChecklistTemplate.get().public_id}/"
    ada.open(address)
    other.open(address)
    ada.press("Save", name="Winter camp")
    assert "Winter camp" in other.press("Save", name="Summer camp")
    assert ChecklistTemplate.get().name == "Winter camp"


def test_one_that_is_out_of_use_is_not_offered(cast, forms, browse):
    ada = browse("ada")
    ada.open("/admin/checklists/new")
    ada.press("Save", name="Camp", **lines((forms[0], "")))
    ada.open(f"/admin/checklists/{ChecklistTemplate.get().public_id}/")
    ada.press("Take out of use")
    assert "Camp" not in browse("dora").open(here(cast.alice, "new"))


def test_dora_may_not_build_checklists(cast, browse):
    assert browse("dora").open("/admin/checklists/").status == 404
