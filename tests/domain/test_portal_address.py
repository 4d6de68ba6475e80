"""Where the portal's address has changed nothing leaves until somebody says whether it moved or was copied; exactly one answer counts."""

import pytest
from smtp_server import SmtpServer

from domain import accounts, agency, audit, clock, notices, portal_address, resets, sandbox, settings, store
from domain.rules import RuleBroken
from models import Agency, AuditEntry, Delivery

HERE, THERE = "https://portal.example.org", "https://staging.example.org"


@pytest.fixture(autouse=True)
def _nowhere():
    yield
    sandbox.live_at("")
    sandbox.use(False)


def start_at(url):
    """A start of the portal at an address."""
    sandbox.live_at(portal_address.plain(url))
    portal_address.begin()


@pytest.fixture
def moved(cast):
    """The portal was at home and starts elsewhere now."""
    start_at(HERE)
    start_at(THERE)


def states(**where):
    return [(d.state, d.last_error) for d in Delivery.select().where(Delivery.kind == "activation", Delivery.to_address == "pia@example.org")]


# ---------------------------------------------------------------- what is noted


@pytest.mark.parametrize(("url", "is_same"), [
    ("https://portal.example.org", True), ("https://PORTAL.example.org:443", True), ("https://portal.example.org:8443", False),
    ("http://portal.example.org", False), ("https://portal.example.com", False), (THERE, False),
])  # fmt: skip
def test_an_address_is_another_one_when_it_leads_elsewhere(cast, url, is_same):
    start_at(HERE)
    start_at(url)
    assert sandbox.is_moved() == (not is_same)
    assert settings.noted("portal_address") == HERE


def test_on_a_developers_machine_another_port_is_no_other_portal():
    assert portal_address.plain("http://localhost:8001", development=True) == portal_address.plain("http://localhost:8000", development=True)


def test_until_the_portal_is_switched_on_its_address_may_change(cast):
    with store.writing():
        Agency.update(switched_on_at=None).execute()
    start_at(HERE)
    start_at(THERE)
    assert not sandbox.is_moved()
    with store.writing():
        Agency.update(switched_on_at=clock.now()).execute()
    start_at(HERE)
    assert sandbox.is_moved()


def test_a_process_that_knows_no_address_asks_nothing(cast):
    start_at(HERE)
    sandbox.live_at("")
    assert not sandbox.is_moved()


# ---------------------------------------------------------------- what is held


def test_nothing_leaves_but_the_test_e_mail(cast, deliver, moved):
    accounts.create(cast.pia, cast.by("ada"))
    resets.ask("ada@example.org", cast.visitor())
    agency.send_mail_test(cast.ada)
    with SmtpServer() as server:
        deliver(server)
        assert [mail.message["Subject"] for mail in server.accepted] == ["Test e-mail of your portal"]
    assert states() == [("held", sandbox.MOVED)]
    held = Delivery.get(Delivery.to_address == "pia@example.org")
    assert not notices.may_release(held)
    with pytest.raises(RuleBroken):
        notices.release(held, cast.by("ada"))


def test_back_at_its_address_what_was_held_goes_out_within_a_minute(cast, deliver, moved):
    accounts.create(cast.pia, cast.by("ada"))
    with SmtpServer() as server:
        deliver(server)
        start_at(HERE)
        portal_address.release()
        deliver(server)
        assert [mail.message["To"] for mail in server.accepted] == ["pia@example.org"]


def test_what_is_held_for_another_reason_is_not_released(cast, deliver, decided):
    start_at(HERE)
    accounts.create(cast.pia, cast.by("ada"))
    decided(sandbox=1)
    with SmtpServer() as server:
        deliver(server)
    decided(sandbox=0)
    assert portal_address.release() == 0
    assert states() == [("held", sandbox.SANDBOX)]


# ---------------------------------------------------------------- the answers


def test_the_real_portal_sends_what_was_held_and_is_known_here(cast, deliver, moved):
    accounts.create(cast.pia, cast.by("ada"))
    with SmtpServer() as server:
        deliver(server)
        assert portal_address.is_real(cast.by("ada")) == 1
        deliver(server)
        assert [mail.message["To"] for mail in server.accepted] == ["pia@example.org"]
    assert not sandbox.is_moved()
    entry = AuditEntry.get(AuditEntry.kind == "portal_address.noted")
    assert (entry.worker, audit.values_of(entry)) == (cast.ada, {"before": HERE, "after": THERE, "released": 1})
    start_at(HERE)
    assert sandbox.is_moved()


def test_what_came_too_late_meanwhile_is_not_sent(cast, deliver, moved, frozen):
    now = frozen()
    resets.ask("alice@example.org", cast.visitor())
    with SmtpServer() as server:
        deliver(server)
        now.shift(hours=2)
        portal_address.is_real(cast.by("ada"))
        notices.sweep()
        deliver(server)
        assert server.accepted == []
    assert Delivery.get(Delivery.kind == "password_reset").state == "expired"


def test_what_waits_for_its_hour_still_waits_for_it(cast, moved, frozen):
    frozen()
    accounts.create(cast.pia, cast.by("ada"))
    later = clock.ahead(days=2)
    with store.writing():
        Delivery.update(state="held", last_error=sandbox.MOVED, next_at=later).where(Delivery.kind == "activation").execute()
    portal_address.is_real(cast.by("ada"))
    assert Delivery.get(Delivery.to_address == "pia@example.org").next_at == later


def test_a_copy_keeps_what_was_held_and_gets_the_mark(cast, deliver, moved):
    accounts.create(cast.pia, cast.by("ada"))
    with SmtpServer() as server:
        deliver(server)
        portal_address.is_copy(cast.by("ada"))
        deliver(server)
        portal_address.release()
        assert server.accepted == []
    assert (sandbox.is_on(), sandbox.is_moved()) == (True, False)
    assert states() == [("held", sandbox.SANDBOX)]
    assert AuditEntry.select().where(AuditEntry.kind == "portal_address.is_a_copy").count() == 1


def test_a_copy_whose_mark_is_taken_away_is_asked_again(cast, moved, decided):
    portal_address.is_copy(cast.by("ada"))
    decided(sandbox=0)
    assert sandbox.is_moved()


@pytest.mark.parametrize("answers", [("is_real", "is_real"), ("is_copy", "is_copy"), ("is_real", "is_copy"), ("is_copy", "is_real")])
def test_the_second_answer_is_told_that_there_is_one(cast, moved, answers):
    first, second = (getattr(portal_address, name) for name in answers)
    first(cast.by("ada"))
    with pytest.raises(RuleBroken) as refused:
        second(cast.by("ada"))
    assert refused.value.code == "decided"
    assert AuditEntry.select().where(AuditEntry.kind.startswith("portal_address.")).count() == 1


def test_of_two_answers_at_one_moment_one_counts(cast, moved, at_once):
    verbs = [portal_address.is_real, portal_address.is_copy, portal_address.is_real, portal_address.is_copy]
    answers = at_once([lambda verb=verb: verb(cast.by("ada")) for verb in verbs])
    assert sum(isinstance(answer, RuleBroken) for answer in answers) == 3
    assert AuditEntry.select().where(AuditEntry.kind.startswith("portal_address.")).count() == 1
    assert sandbox.is_on() != (settings.noted("portal_address") == THERE)


def test_where_the_deployer_marked_a_copy_nobody_is_asked(cast, moved):
    sandbox.use(True)
    assert not sandbox.is_moved()
    with pytest.raises(RuleBroken):
        portal_address.is_real(cast.by("ada"))


# ---------------------------------------------------------------- in the very moment


def test_what_is_leased_while_a_copy_is_named_does_not_leave(cast, deliver, moved, at_once):
    for number in range(20):
        accounts.create(cast.person(f"Nora {number}", "North", f"nora{number}@example.org"), cast.by("ada"))
    with SmtpServer() as server:
        at_once([lambda: deliver(server), lambda: portal_address.is_copy(cast.by("ada")), lambda: deliver(server)])
        deliver(server)
        portal_address.release()
        deliver(server)
        assert server.accepted == []
    assert {d.state for d in Delivery.select().where(Delivery.to_address.startswith("nora"))} == {"held"}


def test_what_is_leased_while_the_portal_is_called_real_leaves_once(cast, deliver, moved, at_once):
    for number in range(20):
        accounts.create(cast.person(f"Nora {number}", "North", f"nora{number}@example.org"), cast.by("ada"))
    with SmtpServer() as server:
        at_once([lambda: deliver(server), lambda: portal_address.is_real(cast.by("ada")), lambda: deliver(server)])
        portal_address.release()  # the minute's: whatever somebody held in that moment
        deliver(server)
        assert sorted(mail.message["To"] for mail in server.accepted) == sorted(f"nora{number}@example.org" for number in range(20))


def test_a_lease_of_before_the_answer_is_given_back_and_not_held(cast, moved):
    accounts.create(cast.pia, cast.by("ada"))
    with store.remembering():
        claim = notices.claim()
        assert sandbox.keeps(claim.delivery.kind)
        portal_address.is_real(cast.by("ada"))
        assert notices.keep_back(claim)
    assert states() == [("due", "")]
