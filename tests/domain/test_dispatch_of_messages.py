"""Mail about messages through a server that is away, misbehaves, or is asked by many at once (P3, P13, P14)."""

import collections
import datetime as dt
import re
import urllib.parse

import pytest
from smtp_server import SmtpServer

from domain import accounts, clock, discussions, notices, preferences, profile, reply_links, settings, store
from domain.actor import SYSTEM
from models import Delivery, DeliveryAttempt, Discussion, ReplyLink, Task, Worker

PORTAL = "https://portal.example.org"
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def at_once_mailed(cast, decided):
    """What is unread is mailed at once, and everybody may write as much as they like."""
    decided(unread_delay=0, unanswered_limit=0, unanswered_discussions=0)


def write_to(cast, person, number=0):
    return discussions.start(person, f"Form {number}", "Please bring it.", cast.by("dora"), worker=cast.dora)


def asked(cast, number=0):
    return discussions.start(cast.alice, f"Question {number}", "When do you open?", cast.by("alice"), worker=cast.dora)


def waiting(*kinds):
    rows = Delivery.select().where(Delivery.kind.in_(kinds or ("message_waiting", "client_wrote")))
    return list(rows.order_by(Delivery.id))


def states(*kinds):
    return collections.Counter(row.state for row in waiting(*kinds))


def identity(row):
    return notices.message_id(row, "portal.example.org")


def ids(server):
    return [mail.message["Message-ID"] for mail in server.accepted]


def text_of(mail):
    return mail.message.get_body(("plain",)).get_content()


def link_in(mail):
    """The reply link that a mail brings."""
    return reply_links.find(re.search(rf"{PORTAL}/reply/(\S+)", text_of(mail))[1])


# ---------------------------------------------------------------- a link that waits with its mail


def test_a_link_whose_mail_could_not_leave_lives_from_when_it_does(cast, deliver, decided, frozen):
    frozen("2026-03-04 16:00")
    decided(reply_link_days=1)
    write_to(cast, cast.pia)
    with SmtpServer(["refuse_connection"]) as server:
        deliver(server)  # the letter is written, and nobody takes it
        frozen.shift(hours=47)
        server.listen()
        assert deliver(server) == 1
        [mail] = server.accepted
    found = link_in(mail)
    assert reply_links.standing(found) == "good"
    assert found.link.expires_at == clock.ahead(days=1)
    assert "5 March" not in text_of(mail)
    assert ReplyLink.select().count() == 1


def test_a_new_link_that_staff_had_sent_lives_from_when_its_mail_leaves(cast, deliver, decided, frozen):
    frozen("2026-03-04 16:00")
    decided(reply_link_days=1)
    reply_links.send_new(write_to(cast, cast.pia), cast.by("dora"))
    with SmtpServer(["refuse_connection"]) as server:
        deliver(server)
        frozen.shift(hours=47)
        notices.sweep()
        server.listen()
        assert deliver(server) == 1
        assert reply_links.standing(link_in(server.accepted[0])) == "good"


def test_while_the_mail_of_a_link_waits_nothing_makes_a_second_one_however_old_it_is(cast, deliver, decided, frozen):
    frozen("2026-03-04 16:00")
    decided(reply_link_days=1)
    made = write_to(cast, cast.pia)
    with SmtpServer(["refuse_connection"]) as server:
        deliver(server)
        frozen.shift(hours=30)
        discussions.write(made, "One more thing.", cast.by("dora"))
        assert len(waiting()) == 1  # two would be two links, of which the first is dead when it comes
        server.listen()
        assert deliver(server) == 1
        assert reply_links.standing(link_in(server.accepted[0])) == "good"


def test_a_link_that_was_sent_does_not_live_longer(cast, deliver, decided, frozen):
    frozen("2026-03-04 16:00")
    decided(reply_link_days=1)
    made = write_to(cast, cast.pia)
    with SmtpServer() as server:
        assert deliver(server) == 1
        frozen.shift(hours=25)
        assert deliver(server) == 0
        assert reply_links.standing(link_in(server.accepted[0])) == "expired"
        discussions.write(made, "One more thing.", cast.by("dora"))
        assert deliver(server) == 1
        first, second = (link_in(mail) for mail in server.accepted)
    assert (first.ended, reply_links.standing(second)) == ("replaced", "good")


# ---------------------------------------------------------------- what must not go out any more


def refuse(cast):
    preferences.choose(cast.alice, {"messages": False}, cast.visitor(), how="one_click")


def gone(cast):
    """Just now, when the mail was in a dispatcher's hand: what waits is cancelled (``leaving``)."""
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()


@pytest.mark.parametrize(
    ("kind", "happens", "reason"),
    [
        ("message_waiting", lambda cast: profile.record_consent(cast.alice, "email", False, cast.by("ines")), "There is no consent to e-mail."),
        ("message_waiting", refuse, "The client does not want e-mails of this kind."),
        ("message_waiting", lambda cast: accounts.disable(cast.alice_account, cast.by("ada")), "Their portal account is disabled."),
        ("message_waiting", lambda cast: settings.change("discussions", "0", SYSTEM), "Messages of this kind are switched off."),
        ("message_waiting", lambda cast: discussions.seen(Discussion.get(), 10**9, cast.by("alice")), "The message was read meanwhile."),
        ("client_wrote", gone, "This worker has left."),
        ("client_wrote", lambda cast: discussions.seen(Discussion.get(), 10**9, cast.by("dora")), "The message was read meanwhile."),
    ],
    ids=["consent", "kind", "disabled", "off", "read", "left", "read by staff"],
)
def test_what_changes_while_the_mail_of_a_message_waits_is_looked_at_when_it_leaves(cast, deliver, kind, happens, reason):
    (write_to(cast, cast.alice) if kind == "message_waiting" else asked(cast))
    happens(cast)
    with SmtpServer() as server:
        deliver(server)
        assert {"You have a new message", "A client wrote to you"}.isdisjoint(mail.message["Subject"] for mail in server.accepted)
    [row] = waiting(kind)
    dropped = "cancelled" if reason == "The message was read meanwhile." else "suppressed"  # as soon as it is read
    assert (row.state, row.last_error) == (dropped, reason)


def test_what_was_read_and_written_anew_while_the_first_mail_was_late_is_told_once(cast, deliver):
    made, question = write_to(cast, cast.alice), asked(cast)
    with SmtpServer(["data_451", "data_451"]) as server:
        assert deliver(server) == 0
        for found, reader, writer in ((made, "alice", "dora"), (question, "dora", "alice")):
            discussions.seen(found, 10**9, cast.by(reader))
            discussions.write(Discussion.get_by_id(found.id), "One more thing.", cast.by(writer))
        assert deliver(server) == 2
        with store.writing():
            Delivery.update(next_at=clock.now()).where(Delivery.state == "due").execute()
        assert deliver(server) == 0
    assert [(row.kind, row.state, row.last_error) for row in waiting()] == [
        ("message_waiting", "cancelled", "The message was read meanwhile."), ("client_wrote", "cancelled", "The message was read meanwhile."),
        ("message_waiting", "sent", ""), ("client_wrote", "sent", ""),
    ]  # fmt: skip


# ---------------------------------------------------------------- a server that is away for two days


def people(cast, count):
    """So many without an account: they are written to with a link."""
    return [cast.person(f"Nora{number}", email=f"nora{number}@example.org") for number in range(count)]


def everything(cast):
    """510 e-mails wait: of messages to those with an account, without one and before activation, to Dora, and of other things."""
    with store.writing():
        for who in people(cast, 60):
            write_to(cast, who)
        for number in range(70):
            write_to(cast, cast.alice, number)
            write_to(cast, cast.bob, number)
            asked(cast, number)
        for who in [cast.person(f"Olga{number}", email=f"olga{number}@example.org") for number in range(20)]:
            cast.invited(who)
            write_to(cast, who)
        for number in range(100):
            for account in (cast.alice_account, cast.bob_account):
                notices.put("password_changed", number, to=account.email, account=account, individual=account.individual)


def read_some(cast):
    """What some opened in the portal meanwhile, and what Dora read; the deliveries of it."""
    theirs = list(Discussion.select().where(Discussion.individual == cast.bob).limit(20))
    hers = list(Discussion.select().where(Discussion.started_by == "client").limit(20))
    for found, by in [*((each, cast.by("bob")) for each in theirs), *((each, cast.by("dora")) for each in hers)]:
        discussions.seen(found, 10**9, by)
    return [row for row in waiting() if int(row.dedupe_key.split(":")[1]) in {each.id for each in theirs + hers}]


@pytest.mark.long
def test_after_47_hours_without_a_mail_server_each_message_that_is_still_unread_is_told_within_a_quarter_of_an_hour(
    cast, deliver, decided, frozen
):
    frozen("2026-03-04 16:00")
    decided(reply_link_days=1)
    everything(cast)
    rows = Delivery.select().where(Delivery.state == "due").count()
    assert rows >= 500
    with SmtpServer(["refuse_connection"]) as server:
        end = clock.now() + 47 * 60 * MINUTE
        while clock.now() < end:
            assert deliver(server) == 0
            notices.sweep()
            frozen.shift(hours=1)
        read = read_some(cast)
        made_before = ReplyLink.select().count()  # with the letters that nobody took
        server.listen()
        back = clock.now()
        while Delivery.select().where(Delivery.state.in_(("due", "leased"))).exists() and clock.now() - back < 15 * MINUTE:
            frozen.shift(minutes=1)
            notices.sweep()
            deliver(server)
        took = clock.now() - back
        came, mails = ids(server), list(server.accepted)
    print(f"{rows=} {len(came)=} {len(read)=} {took=} {made_before=} {ReplyLink.select().count()=}")
    assert took <= 15 * MINUTE
    assert len(came) == len(set(came)) == rows - len(read)
    assert {(row.state, row.last_error) for row in waiting() if row in read} == {("cancelled", "The message was read meanwhile.")}
    assert {row.state for row in Delivery.select() if row not in read} == {"sent"}
    codes = {identity(row) for row in Delivery.select().where(Delivery.kind == "activation", Delivery.to_address.startswith("olga"))}
    assert codes <= set(came[:22])  # one message was the probe
    in_order(came)
    assert made_before
    assert ReplyLink.select().count() == 60
    assert {reply_links.standing(link_in(mail)) for mail in mails if "/reply/" in text_of(mail)} == {"good"}


def in_order(came):
    """Each person's, of each kind, as they were written; but for the probes."""
    for row in Delivery.select(Delivery.individual, Delivery.worker, Delivery.kind).distinct().where(Delivery.state == "sent"):
        mine = Delivery.select().where(
            Delivery.individual == row.individual_id, Delivery.worker == row.worker_id, Delivery.kind == row.kind, Delivery.state == "sent"
        )
        written = [identity(each) for each in mine.order_by(Delivery.id) if identity(each) in came[1:]]
        assert [name for name in came[1:] if name in set(written)] == written, row.kind


# ---------------------------------------------------------------- every fault, and many at once

FAULTS = [  # one about a connection comes where a new one is made: elsewhere those after it would wait for that
    "data_451", "rcpt_550", "ok", "accept_then_drop", "refuse_in_data", "drop_in_data", "ok", "rcpt_450", "data_554",
    "rcpt_drop", "greet_421", "drop_before_dot_answer", "ok", "garbage_after_dot", "mail_421", "hang_before_dot_answer",
]  # fmt: skip


@pytest.mark.long
def test_of_a_hundred_mails_of_messages_through_every_fault_none_is_lost_none_is_stuck_and_each_link_works(cast, deliver, frozen):
    frozen("2026-03-04 16:00")
    with store.writing():
        for number in range(35):
            write_to(cast, (cast.alice, cast.bob)[number % 2], number)
            asked(cast, number)
        for who in people(cast, 30):
            write_to(cast, who)
    with SmtpServer(FAULTS * 40) as server:
        for _ in range(3000):
            if not states() & collections.Counter(("due", "leased")):
                break
            deliver(server, patience=0.3)
            notices.sweep()
            frozen.shift(minutes=5)
        mails = list(server.accepted)
    by_id, taken = {identity(row): row for row in waiting()}, collections.Counter(mail.message["Message-ID"] for mail in mails)
    copies = taken.total() - len(taken)
    print(f"{dict(states())} {taken.total()=} {copies=} {server.connections=}")
    assert set(states()) == {"sent", "dead"}
    assert states()["dead"] >= 10
    assert copies
    assert set(taken) <= set(by_id)
    assert {name for name, row in by_id.items() if row.state == "sent"} <= set(taken)
    assert all(row.last_error for row in waiting() if row.state == "dead")
    for name, row in by_id.items():
        unknown = row.tries.where(DeliveryAttempt.outcome == "unknown").count()
        assert taken[name] <= 1 + unknown <= 3
    dead = [row for row in waiting() if row.state == "dead"]
    assert Task.select().where(Task.kind == "delivery_problem").count() == sum(row.worker_id is None for row in dead)
    assert Task.select().where(Task.kind == "worker_unreached").count() == len({row.worker_id for row in dead} - {None})
    copies_are_the_same(mails)
    assert ReplyLink.select().count() == ReplyLink.select().where(ReplyLink.ended == "").count() == 30
    assert {reply_links.standing(link_in(mail)) for mail in mails if "/reply/" in text_of(mail)} == {"good"}


def copies_are_the_same(mails):
    """With the same way in, and the same way out."""
    known = {}
    for mail in mails:
        told = (tuple(re.findall(r"https://\S+", text_of(mail))), mail.message["List-Unsubscribe"], mail.recipients)
        assert known.setdefault(mail.message["Message-ID"], told) == told


def everything_sent():
    return waiting("message_waiting", "client_wrote", "password_changed")


@pytest.mark.long
def test_of_two_thousand_mails_by_three_dispatchers_none_comes_twice(cast, deliver, at_once):
    """P3 without kills; the row that an unsubscribe link names is made by whoever comes first."""
    nobodies = people(cast, 40)
    with store.writing():
        for who in nobodies:
            write_to(cast, who)
        for number in range(200):
            write_to(cast, cast.alice, number)
            write_to(cast, cast.bob, number)
            asked(cast, number)
        for number in range(1360):
            notices.put("password_changed", number, to="alice@example.org", account=cast.alice_account, individual=cast.alice)
    rows = len(everything_sent())
    assert rows == 2000
    with SmtpServer() as server:
        sent = 0
        while sent < rows and (more := sum(at_once([lambda: deliver(server, seconds=40.0)] * 3))):
            sent += more
        assert sent == rows
        mails = list(server.accepted)
    ids_of = collections.Counter(mail.message["Message-ID"] for mail in mails)
    print(f"{rows=} {len(mails)=} twice={sum(count > 1 for count in ids_of.values())}")
    assert ids_of == collections.Counter({identity(row): 1 for row in everything_sent()})
    assert {(row.state, row.attempts) for row in everything_sent()} == {("sent", 1)}
    assert ReplyLink.select().count() == 40
    ways_out = collections.defaultdict(set)
    for mail in mails:
        if mail.message["Subject"] != "Your password was changed":
            ways_out[mail.recipients[0]].add(mail.message["List-Unsubscribe"])
    assert ways_out.pop("dora@example.org") == {None}
    assert len(ways_out) == 42
    for address, [header] in ways_out.items():
        token = urllib.parse.urlsplit(header.strip("<>")).path.rpartition("/")[2]
        who, kind = preferences.by_link(token)
        assert (who.contacts.get().value, kind) == (address, "messages")
