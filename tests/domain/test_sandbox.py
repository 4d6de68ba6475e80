"""A copy for trying out: nothing leaves for a real address, whenever it was written; staff decide afterwards."""

import pytest
from smtp_server import SmtpServer

from domain import accounts, agency, notices, resets, sandbox, settings
from domain.rules import RuleBroken
from models import Delivery, DeliveryAttempt


@pytest.fixture(params=["setting", "environment"])
def marked(request, decided):
    """``marked(True)``: from now on this is a sandbox."""

    def mark(is_on):
        if request.param == "setting":
            decided(sandbox=int(is_on))
        else:
            sandbox.use(is_on)

    yield mark
    sandbox.use(False)


def test_what_was_due_before_the_mark_does_not_leave_either(cast, deliver, marked):
    accounts.create(cast.pia, cast.by("ada"))
    marked(True)
    resets.ask("alice@example.org", cast.visitor())
    with SmtpServer() as server:
        deliver(server)
        assert (server.accepted, server.connections) == ([], 0)
    assert [(d.state, d.attempts, d.lease_token) for d in Delivery.select().where(Delivery.sent_at.is_null())] == [("held", 0, None)] * 2
    assert DeliveryAttempt.select().where(DeliveryAttempt.outcome == "held").count() == 2


def test_without_the_mark_what_was_held_stays_until_somebody_decides(cast, deliver, marked):
    account = accounts.create(cast.pia, cast.by("ada"))
    resets.ask("alice@example.org", cast.visitor())
    marked(True)
    with SmtpServer() as server:
        deliver(server)
        marked(False)
        deliver(server)
        assert server.accepted == []
        activation, reset = account.deliveries.get(), Delivery.get(Delivery.kind == "password_reset")
        assert notices.may_release(activation)
        notices.release(activation, cast.by("ada"))
        notices.cancel(reset, cast.by("ada"))
        deliver(server)
        assert [mail.message["To"] for mail in server.accepted] == ["pia@example.org"]


def test_nothing_is_released_into_a_sandbox(cast, deliver, marked):
    account = accounts.create(cast.pia, cast.by("ada"))
    marked(True)
    with SmtpServer() as server:
        deliver(server)
    held = account.deliveries.get()
    assert not notices.may_release(held)
    with pytest.raises(RuleBroken) as refused:
        notices.release(held, cast.by("ada"))
    assert (refused.value.code, account.deliveries.get().state) == ("sandbox", "held")


def test_the_test_e_mail_of_the_first_start_leaves_to_whoever_asks(cast, deliver, marked):
    marked(True)
    accounts.create(cast.pia, cast.by("ada"))
    agency.send_mail_test(cast.ada)
    with SmtpServer() as server:
        deliver(server)
        assert [mail.message["To"] for mail in server.accepted] == ["ada@example.org"]


def test_a_mark_that_is_set_while_the_post_leaves_stops_it_at_the_next_message(cast, deliver, decided, at_once):
    for number in range(30):
        accounts.create(cast.person(f"Nora {number}", "North", f"nora{number}@example.org"), cast.by("ada"))
    with SmtpServer() as server:
        at_once([lambda: deliver(server), lambda: settings.change("sandbox", "1", cast.by("ada"))])
        deliver(server)
        states = [d.state for d in Delivery.select().where(Delivery.to_address.startswith("nora"))]
        assert states.count("sent") == len(server.accepted)
        assert states.count("held") == 30 - len(server.accepted)
        before = len(server.accepted)
        deliver(server)
        assert len(server.accepted) == before
