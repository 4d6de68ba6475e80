"""Any worker writes to those of a group whom they may see, and to nobody else."""

import pytest

from domain import agency, enrolments, services, settings
from domain.actor import SYSTEM
from models import AuditEntry, Discussion


@pytest.fixture
def group(cast):
    service = services.add(services.Details("Counselling"), "case", SYSTEM)
    services.show(service, SYSTEM, is_visible=True, version=1, warned_of=[])
    made = services.add_group(service, services.GroupDetails("Evening walks", is_visible=True), SYSTEM)
    for who in (cast.alice, cast.bob):
        enrolments.join(made, who, agency.today(), SYSTEM)
    return made


def of(group):
    return f"/admin/groups/{group.public_id}/messages/new"


def test_a_worker_writes_to_those_of_a_group_whom_they_may_see(cast, browse, group):
    dora = browse("dora")
    page = dora.open(of(group))
    for words in ("One person gets it.", "Alice", "One person, whom you may not see."):
        assert words in page
    assert "Bob" not in page
    page = dora.press("Send", {"subject": "Monday", "body": "We meet at the gate."})
    assert page.path == "/admin/"
    assert [each.individual for each in Discussion.select()] == [cast.alice]


def test_who_sees_nobody_of_it_does_not_learn_that_it_is_there(cast, browse, group):
    otto = browse("otto")
    assert otto.open(of(group)).status == 404
    assert otto.send(of(group), {"csrf_token": otto.token, "subject": "Monday", "body": "Hello"}).status == 404
    settings.change("write_from_group", "0", SYSTEM)
    assert browse("dora").open(of(group)).status == 404


def test_who_manages_services_comes_back_to_the_group(cast, browse, group):
    ines = browse("ines")
    ines.open(of(group))
    assert ines.press("Send", {"subject": "Monday", "body": "We meet at the gate."}).path == f"/admin/groups/{group.public_id}/"


def test_the_looks_at_all_of_them_are_noted_in_one_transaction(cast, browse, group, monkeypatch):
    from domain import audit

    calls, record_many = [], audit.record_many
    monkeypatch.setattr(audit, "record_many", lambda kind, by, of: (calls.append((kind, len(of))), record_many(kind, by, of))[1])
    browse("ines").open(of(group))
    assert [each for each in calls if each[0] == "individual.viewed"] == [("individual.viewed", 2)]
    assert AuditEntry.select().where(AuditEntry.kind == "individual.viewed").count() == 2


def test_from_an_event_of_a_group_its_worker_writes_to_the_group(cast, browse, group, book):
    from domain import store
    from models import Event

    place = book(who=("alice",))
    with store.writing():
        Event.update(group=group).where(Event.id == place.event_id).execute()
    assert "Write to everybody in the group Evening walks" in browse("dora").open(f"/admin/events/{place.event.public_id}/")
