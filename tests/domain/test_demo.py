"""The made-up agency is one that could be real."""

from domain import audit, demo
from models import AuditEntry, Delivery, PortalAccount


def test_what_was_written_later_has_the_later_date(db):
    demo.fill(clients=40, password="nine quiet otters swim")
    written = [delivery.created_at for delivery in Delivery.select().order_by(Delivery.id)]
    others = PortalAccount.select().count() - 40
    assert len(written) == demo.TRACED + others
    assert written == sorted(written)
    assert AuditEntry.select().where(AuditEntry.kind == "account.activated").count() == demo.TRACED
    assert audit.verify() == []
