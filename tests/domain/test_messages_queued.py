"""What becomes of an e-mail about a message when something happens while it waits: to consent, to the account, to the worker."""

import pytest
from smtp_server import SmtpServer

from domain import accounts, discussions, leaving, profile, threads
from models import Delivery, Discussion, Message, Task


@pytest.fixture
def went(deliver, frozen):
    """``went(kind)``: the e-mails of that kind once ten minutes are over: to whom, how each ended, and what the server got."""

    def run(kind):
        frozen.shift(minutes=11)
        with SmtpServer() as server:
            deliver(server)
            got = {each.recipients[0] for each in server.accepted}
        every = Delivery.select().where(Delivery.kind == kind).order_by(Delivery.id)
        return [(each.to_address, each.state, each.last_error) for each in every], got

    return run


@pytest.fixture
def to_alice(cast, frozen):
    frozen()
    return discussions.start(cast.alice, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)


@pytest.fixture
def to_dora(cast, frozen):
    frozen()
    return discussions.start(cast.alice, "A question", "When do you open?", cast.by("alice"), worker=cast.dora)


def tasks():
    return [(each.kind, each.individual, each.worker) for each in Task.select().where(Task.kind == "delivery_problem")]


def test_consent_withdrawn_while_it_waits_sends_nothing_and_the_message_is_there(cast, to_alice, went):
    profile.record_consent(cast.alice, "email", False, cast.by("alice"), how="client")
    ((_, state, why),), got = went("message_waiting")
    assert (state, why, got) == ("suppressed", "There is no consent to e-mail.", set())
    assert Discussion.get_by_id(to_alice.id).is_unread
    assert Message.get().body == "Please bring it."


def test_an_account_suspended_while_it_waits_is_told_and_reads_it_after_unlocking(cast, to_alice, went):
    accounts.suspend(cast.alice_account, cast.by("ada"))
    ((_, state, _why),), got = went("message_waiting")
    assert (state, got) == ("sent", {"alice@example.org"})
    assert tasks() == []


def test_a_client_who_dies_while_it_waits_is_written_to_no_more(cast, to_alice, went):
    alice = cast.alice
    details = profile.Details(alice.first_name, alice.last_name, birth_date=alice.birth_date, death_date=alice.created_at.date())
    profile.change(alice, details, cast.by("ada"), version=alice.version)
    ((_, state, _why),), got = went("message_waiting")
    assert (state, got) == ("suppressed", set())


@pytest.mark.parametrize("to", ["ines", ""])
def test_a_worker_gone_while_it_waits_gets_nothing_and_it_waits_on_for_who_has_it_now(cast, to_dora, went, to):
    leaving.leave(cast.dora, cast.by("ada"), to=getattr(cast, to) if to else None)
    ended, got = went("client_wrote")
    takers = (to,) if to else ("ines", "ada")
    assert [state for address, state, _ in ended if address == "dora@example.org"] == ["cancelled"]
    assert got == {f"{name}@example.org" for name in takers}
    for name in takers:
        assert [each.id for each in threads.waiting_for(getattr(cast, name), None, 10)] == [to_dora.id]
