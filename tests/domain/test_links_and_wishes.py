"""Who has no account is reached by e-mail alone: what they want is asked before a link is made, and a link that works is kept."""

import datetime as dt

import pytest
from smtp_server import SmtpServer

from domain import (
    accounts,
    agency,
    audit,
    clock,
    discussions,
    eligibility,
    event_messages,
    events,
    inbox,
    letters,
    preferences,
    reachable,
    reply_links,
    replying,
    settings,
    store,
    ways,
)
from domain.events import Plan
from domain.rules import RuleBroken
from models import AuditEntry, Delivery, Individual, ReplyLink, Site, Task, Worker

PORTAL = "https://portal.example.org"


def write_to(cast, who="pia"):
    return discussions.start(getattr(cast, who), "Your form", "Please call us.", cast.by("dora"), worker=cast.dora)


def mails():
    return list(Delivery.select().where(Delivery.kind == "message_waiting").order_by(Delivery.id))


def letter():
    return letters.letter(mails()[-1], PORTAL)


@pytest.fixture
def later(frozen, deliver):
    """Lets a while pass, in which what is due is sent; how much was."""
    now = frozen("2026-03-04 16:00")

    def pass_by(**time):
        now.shift(**(time or {"minutes": 11}))
        with SmtpServer() as server:
            return deliver(server)

    return pass_by


def refuse(cast, who="pia"):
    preferences.choose(getattr(cast, who), {"messages": False}, cast.visitor(), how="one_click")


def open_and_prove(cast, found):
    return reply_links.prove_birth_date(found, cast.pia.birth_date, cast.visitor("192.0.2.7"))


# ---------------------------------------------------------------- what they want


def test_who_wants_no_mail_keeps_the_link_that_works_and_the_worker_is_told(cast, later):
    made = write_to(cast)
    assert later() == 1
    good = reply_links.newest(made)
    replying.seen(good, 10**6, cast.visitor(), proof=open_and_prove(cast, good))
    refuse(cast)
    discussions.write(made, "PS", cast.by("dora"))
    assert later() == 0
    assert (mails()[-1].state, mails()[-1].last_error) == ("suppressed", "They do not want e-mails about new messages.")
    assert [task.kind for task in Task.select()] == ["delivery_problem"]
    assert (ReplyLink.select().count(), reply_links.standing(good)) == (1, "good")


@pytest.mark.parametrize("way", ["reply_link", "activation"])
def test_a_refusal_and_the_agencys_switch_stand_between_whoever_does_not_sign_in(cast, decided, way):
    if way == "activation":
        cast.invited()
    assert ways.of(cast.pia).kind == way
    refuse(cast)
    assert [each.code for each in ways.of(cast.pia).missing] == ["not_wanted"]
    with pytest.raises(RuleBroken) as refused:
        write_to(cast)
    assert refused.value.code == "not_wanted"
    preferences.choose(cast.pia, {"messages": True}, cast.visitor(), how="link")
    decided(client_delivery=0)
    assert [each.code for each in ways.of(cast.pia).missing] == ["client_delivery"]


def test_who_signs_in_reads_it_there_whatever_they_want(cast, later, decided):
    refuse(cast, "alice")
    decided(client_delivery=0)
    assert ways.of(cast.alice).kind == "portal"
    write_to(cast, "alice")
    assert later() == 0
    assert not Task.select().exists()


def test_of_many_it_is_asked_at_once(cast, frozen):
    refuse(cast)
    found = reachable.among([cast.alice, cast.pia])
    assert [(who, why.code) for who, why in found.others if who == cast.pia] == [(cast.pia, "not_wanted")]
    known = eligibility.known_of_each([cast.alice, cast.pia])
    assert (known[cast.pia.id].refused, known[cast.alice.id].refused) == ({"messages"}, frozenset())


def test_switched_off_for_all_makes_no_link_and_is_told(cast, later, decided):
    write_to(cast)
    decided(client_delivery=0)
    assert later() == 0
    assert mails()[-1].last_error == "E-mails to clients about messages are switched off."
    assert not ReplyLink.select().exists()
    assert Task.select().count() == 1


def test_who_has_died_is_reached_by_nothing_also_with_an_account(cast, later):
    write_to(cast, "alice")
    with store.writing():
        Individual.update(death_date=dt.date(2026, 3, 1)).where(Individual.id == cast.alice.id).execute()
    alice = Individual.get_by_id(cast.alice.id)
    assert [each.code for each in ways.of(alice).missing] == ["deceased"]
    assert later() == 0
    assert [(task.kind, task.worker) for task in Task.select()] == [("delivery_problem", cast.dora)]


# ---------------------------------------------------------------- the account that ended


@pytest.mark.parametrize("how", ["cancelled", "expired"])
def test_whose_account_ended_before_it_was_activated_is_told_of_the_next_message(cast, later, how):
    cast.invited()
    made = write_to(cast)
    assert later() >= 1
    if how == "cancelled":
        accounts.cancel(cast.pia_account, cast.by("ada"))
    else:
        later(days=settings.get("activation_expiry_days") + 1)
        assert accounts.expire_due() == 1
    discussions.write(made, "PS", cast.by("dora"))
    assert later() == 1
    assert letter().button[1] == f"{PORTAL}/reply/{reply_links.token(reply_links.newest(made))}"


def test_who_is_to_activate_is_told_once(cast, later):
    cast.invited()
    made = write_to(cast)
    later()
    discussions.write(made, "PS", cast.by("dora"))
    assert len(mails()) == 1


# ---------------------------------------------------------------- a link that works is carried on


def test_what_is_written_while_somebody_types_carries_their_link_on(cast, later, frozen):
    made = write_to(cast)
    later()
    found = reply_links.newest(made)
    proof = open_and_prove(cast, found)
    replying.seen(found, 10**6, cast.visitor(), proof=proof)
    until = found.link.expires_at
    discussions.write(made, "PS", cast.by("dora"))
    assert later() == 1
    assert letter().button[1].endswith(reply_links.token(found))
    assert ReplyLink.select().count() == 1
    assert reply_links.newest(made).link.expires_at > until
    assert [row.link_id for row in mails()] == [found.link_id] * 2
    answered = replying.answer(found, "I come.", cast.visitor(), proof=proof)
    assert answered.body == "I come."
    discussions.write(made, "Thank you.", cast.by("dora"))
    assert later() == 1
    assert reply_links.newest(made).id != found.id
    assert ReplyLink.get_by_id(found.id).ended == "answered"


def test_that_a_link_works_longer_is_kept(cast, later):
    made = write_to(cast)
    later()
    found = reply_links.newest(made)
    replying.seen(found, 10**6, cast.visitor(), proof=open_and_prove(cast, found))
    discussions.write(made, "PS", cast.by("dora"))
    later(days=2)
    extended = AuditEntry.select().where(AuditEntry.kind == "reply_link.extended")
    told = audit.values_of_each(list(extended))
    last_day = reply_links.newest(made).link.expires_at.astimezone(agency.zone()).date()
    assert list(told.values()) == [{"until": last_day.isoformat()}]
    assert [(each.subject, each.individual_id) for each in extended] == [(f"discussion {made.id}", cast.pia.id)]


def test_a_try_that_gives_the_link_another_last_day_is_kept_and_one_of_the_same_day_is_not(cast, later, frozen):
    frozen("2026-03-04 16:00")
    made = write_to(cast)
    kept = AuditEntry.select().where(AuditEntry.kind == "reply_link.extended")
    letter()
    frozen.shift(hours=2)
    letter()
    assert kept.count() == 0
    frozen.shift(days=1)
    letter()
    assert kept.count() == 1
    assert reply_links.newest(made).link.expires_at == clock.ahead(days=settings.get("reply_link_days"))


def test_a_link_that_is_too_old_is_replaced(cast, later):
    made = write_to(cast)
    later()
    first = reply_links.newest(made)
    later(days=settings.get("reply_link_days") + 1)
    discussions.write(made, "PS", cast.by("dora"))
    assert later() == 1
    assert (ReplyLink.get_by_id(first.id).ended, reply_links.standing(reply_links.newest(made))) == ("replaced", "good")


def test_what_staff_asked_for_is_not_asked_for_by_the_next_message(cast, later):
    made = write_to(cast)
    later()
    found = reply_links.send_new(made, cast.by("dora"))
    assert "new link" in str(letter().paragraphs)
    assert later(minutes=1) == 1
    replying.seen(found, 10**6, cast.visitor(), proof=open_and_prove(cast, found))
    discussions.write(made, "PS", cast.by("dora"))
    assert "There is a new message for you." in letter().paragraphs
    assert mails()[-1].link_id == found.link_id
    replying.seen(found, 10**6, cast.visitor(), proof=open_and_prove(cast, found))
    assert later() == 0  # it was read by the link that works
    assert mails()[-1].last_error == "The message was read meanwhile."


def test_why_a_mail_without_its_link_did_not_go_is_said_as_it_is(cast, later):
    made = write_to(cast)
    letter()
    reply_links.withdraw(made, cast.by("dora"))
    assert later() == 0
    assert mails()[-1].last_error == "The reply link was withdrawn."


# ---------------------------------------------------------------- the agency writes to no client


@pytest.fixture
def book(cast):
    def book(hours=72):
        return events.book(Plan(cast.dora, clock.ahead(hours=hours), 50, Site.get(), [cast.alice]), cast.by("ines"))

    return book


def told(cast):
    return [each.notice.kind for each in inbox.entries(cast.alice, inbox.EVERYTHING, 100)]


def test_without_e_mails_to_clients_they_see_it_in_the_inbox_all_the_same(cast, later, decided, book):
    decided(client_delivery=0)
    event = book(30)  # in the hours in which they are asked at once
    assert later() == 0
    assert told(cast) == ["event_confirmation"]
    events.cancel(event, cast.by("dora"), version=event.version)
    assert later() == 0
    assert told(cast) == ["event_cancelled", "event_confirmation"]
    assert {row.last_error for row in Delivery.select().where(Delivery.state == "suppressed")} == {"Messages of this kind are switched off."}


def test_what_happened_meanwhile_is_not_mailed_late_and_what_is_ahead_is(cast, later, decided, book):
    decided(client_delivery=0)
    book(72)
    later()
    decided(client_delivery=1)
    for _ in range(3):
        event_messages.plan_anew()
        assert later() == 0
    assert later(hours=26) == 1
    assert Delivery.select().where(Delivery.state == "sent").order_by(Delivery.id.desc()).get().kind == "event_confirmation"


# ---------------------------------------------------------------- who left, or was suspended, while it waited


def test_a_worker_who_left_is_told_nothing_of_what_a_client_wrote(cast, later):
    discussions.start(cast.alice, "A question", "When?", cast.by("alice"), worker=cast.dora)
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    assert later() == 0
    waited = Delivery.get(Delivery.kind == "client_wrote")
    assert (waited.state, waited.last_error) == ("suppressed", "This worker has left.")
    assert not Task.select().where(Task.kind == "delivery_problem").exists()


def test_a_client_who_was_suspended_is_told_and_reads_it_once_they_may_sign_in_again(cast, later):
    write_to(cast, "alice")
    accounts.suspend(cast.alice_account, cast.by("ada"))
    assert later() == 1
    assert (mails()[-1].state, mails()[-1].link_id) == ("sent", None)
    assert not ReplyLink.select().exists()
