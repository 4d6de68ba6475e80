"""The made-up agency is one that could be real."""

from domain import audit, demo, enrolments, profile, services
from models import AuditEntry, Delivery, Group, PortalAccount, RosterEntry


def test_what_was_written_later_has_the_later_date(db):
    demo.fill(clients=40, password="nine quiet otters swim")
    written = [delivery.created_at for delivery in Delivery.select().order_by(Delivery.id)]
    others = PortalAccount.select().count() - 40
    assert len(written) == demo.TRACED + others
    assert written == sorted(written)
    assert AuditEntry.select().where(AuditEntry.kind == "account.activated").count() == demo.TRACED
    assert audit.verify() == []


def test_the_first_client_is_in_two_services_that_clients_see_and_in_one_that_they_do_not(db):
    demo.fill(clients=40, password="nine quiet otters swim")
    first = PortalAccount.get(PortalAccount.email == "client1@example.org").individual
    assert sorted(services.shown_name(file.service) for file in enrolments.of(first)) == ["", "Parents together", "Talking with somebody"]
    assert {file.worker for file in enrolments.of(first)} == set(profile.followers_of(first))
    assert all(0 < services.places_taken(group) <= group.capacity for group in Group.select())
    assert RosterEntry.select().where(RosterEntry.individual == first).count() == 1
