"""Whoever of the staff sees words of somebody's record is in that record, refused forms included (P27).

What the rules call the view of an individual's record is an answer about one individual.  A list names many people with a
line each (lists of many accounts are of this kind), and a file on its way in is not anybody's record yet: they are left out here,
by their addresses.
"""

import pytest
from sweep.conftest import CANARIES, Saved
from sweep.test_access import FIELDS, RECIPES, Matrix, fill

from models import AuditEntry

LISTS = ("/admin/", "/admin/schedule/", "/admin/individuals/", "/admin/deliveries/", "/admin/tasks/", "/admin/requests/", "/admin/workers/<public_id>/leaving",
         "/admin/services/<public_id>/", "/admin/groups/<public_id>/")
FILES, MANY = "/admin/imports/", "/admin/accounts/"
ABOUT = [rule for rule in RECIPES if rule.startswith("/admin/") and rule not in LISTS and not rule.startswith((FILES, MANY))]
RECORDS = {
    "alice": ("Archer", "alice@example.org", "plain heron", "plain street", "plain aunt", "plain finch"),
    "bob": tuple(word for word in CANARIES if "…" not in word),
}
# However a form is refused: nothing in it, a version that somebody else changed, a word that no rule lets through.
WRONG = ({}, {"version": "999"}, {"email": "nobody", "value": " ", "first_name": "\x00", "reason": " "})
# Those whose refusal is a page about the person; more may join them, none may leave.
REFUSED = {
    ("admin.change_individual", 422), ("admin.add_contact", 422), ("admin.change_contact", 422), ("admin.create_account", 422),
    ("admin.decline_change", 422),
}  # fmt: skip


def questions(matrix, path):
    """Each way to ask at one address: method and fields."""
    yield "GET", None
    _, endpoint = matrix.expected(path, "POST", {"alice"})
    known = FIELDS.get(endpoint, {})
    for wrong in WRONG:
        yield "POST", {"csrf_token": matrix.token, **(known if wrong else {}), **wrong}


def shown_in(body, data):
    """Whose record an answer shows words of, other than those that were typed."""
    typed = {*(data or {}).values()}
    return sorted(name for name, words in RECORDS.items() if any(word in body for word in words if word not in typed))


def noted_since(last, worker):
    """Who was looked at by the worker, an entry each."""
    looks = AuditEntry.select().where(AuditEntry.id > last, AuditEntry.kind == "individual.viewed", AuditEntry.worker == worker)
    return sorted(entry.individual.external_id for entry in looks)


@pytest.mark.parametrize("name", ["dora", "ada"])
def test_every_answer_about_somebody_is_noted_in_their_record_once(world, arrive, name):
    matrix, saved = Matrix(world, arrive(name), name), Saved(world.templates)
    matrix.browser.lints = False  # that is done in tests/pages
    worker, wrong, seen = getattr(world.cast, name), [], set()
    for rule in ABOUT:
        for whose in RECORDS:
            path = fill(rule, matrix.arguments(RECIPES[rule], whose))
            for method, data in questions(matrix, path):
                last = AuditEntry.select().order_by(AuditEntry.id.desc()).get().id
                answer = matrix.browser.ask(path, method, data, {"Origin": matrix.browser.root})
                shown, noted = shown_in(answer.html, data), noted_since(last, worker)
                if shown != noted:
                    wrong.append(f"{method} {path} {list((data or {}).items())[1:]}: {answer.status} shows {shown}, noted are {noted}")
                if shown:
                    seen.add((matrix.expected(path, method, {whose})[1], answer.status))
                if method == "POST" and answer.status != 404:
                    matrix.start_again(saved)
    assert not wrong, "\n".join([f"{len(wrong)}", *wrong[:25]])
    assert ("admin.individual", 200) in seen
    assert seen >= REFUSED or name == "dora"
