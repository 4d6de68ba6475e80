"""Killed while people write to each other: no message, file or notice is lost or there twice, and each is told of once (P1, P2, P3)."""

import collections
import re

import pytest
from faults.nursery import BORN, Nursery, Sink, newest_link, opened, password_of, person, sound
from faults.talking import CLIENTS, body_of
from faults.test_kills import ALL_LEASES, KILLS, Storm, identity, they_hit, unsettled

from domain import accounts, activation, attachments, audit, clock, links, profile, reply_links, store
from domain.actor import SYSTEM
from models import (
    Attachment,
    Attendance,
    AuditEntry,
    ClientChoice,
    Delivery,
    Discussion,
    Message,
    Notice,
    PageVersion,
    ReplyLink,
    Setting,
    StoredFile,
    StoredPiece,
    Worker,
)

ACTS = ("start", "more", "book", "answer", "once more", "by link", "reply", "question")
SETTINGS = {"mail_rate": "0", "unread_delay": "0", "unanswered_limit": "0", "unanswered_discussions": "0", "event_confirmation": "0"}
READ = "The message was read meanwhile."


class Talk(Storm):
    """One process in which people write to each other, and one that sends their mail."""

    def web(self, **words):
        self.stage = ""
        return self.nursery.start("talk", self.database, first=words["first"])

    def calm(self):
        self.send_all()


def prepare():
    for key, value in SETTINGS.items():
        Setting.insert(key=key, value=value).execute()
    dora = Worker.create(first_name="Dora", last_name="Dune", email="dora@example.org", email_key="dora@example.org", created_at=clock.now())
    for number in range(CLIENTS):
        profile.follow(person(number), dora, SYSTEM)
    for number in range(2, CLIENTS):
        accounts.create(person(number), SYSTEM)


def activate(number):
    link = newest_link(accounts.newest(person(number)))
    activation.accept_terms(link, PageVersion.get(slug="privacy"), PageVersion.get(slug="terms"), SYSTEM)
    activation.activate(link, password_of(number), proof=activation.prove_birth_date(link, BORN, SYSTEM), by=SYSTEM)


@pytest.mark.parametrize("kills", KILLS)
def test_kills_lose_no_message_and_no_mail_of_one_and_double_none(templates, tmp_path, kills):
    database = templates.copy("house", tmp_path / "doorstep.db")
    with opened(database):
        with store.writing():
            prepare()
        for number in range(4, CLIENTS):
            activate(number)
    with Nursery() as nursery, Sink() as sink:
        storm = Talk(database, nursery, sink, kills)
        storm.rage()
        sound(database)
        storm.calm()
    sound(database)
    with opened(database, ALL_LEASES):
        they_hit(storm)
        acknowledged_is_there(storm)
        each_is_whole_and_there_once()
        each_burst_is_told_of_once()
        mails = [mail.message for mail in storm.sink.accepted]  # read once, which takes its time
        no_mail_is_lost(storm, mails)
        each_reply_link_is_the_one(mails)
        each_notice_is_there_once()
        assert audit.verify() == []


def acknowledged_is_there(storm):
    bodies = {message.public_id: message.body for message in Message.select()}
    events = {place.event.public_id for place in Attendance.select()}
    acks = collections.Counter(name for name, _, _ in storm.acks)
    print(f"{storm.kills} {storm.hits=} {dict(acks)} {len(storm.refusals)=}")
    assert min(acks[name] for name in ACTS) > storm.most / 20
    for name, number, words in storm.acks:
        if name == "book":
            assert words["event"] in events
        else:
            assert bodies[words["message"]] == f"{name} {number}"
    assert {(name, code) for name, _, code in storm.refusals} <= {("by link", "no_longer")}  # the link of what is told anew is not sent yet


def each_is_whole_and_there_once():
    """Also what was never acknowledged: with its audit entry, and with its file to the last byte."""
    entries = collections.Counter((entry.kind, entry.subject) for entry in AuditEntry.select())
    every = list(Message.select())
    assert {message.author for message in every} == {"client", "worker"}
    assert len({message.body for message in every}) == len(every)
    assert [entries["message.written", f"message {message.id}"] for message in every] == [1] * len(every)
    for found in Discussion.select():
        assert entries["discussion.started", f"discussion {found.id}"] == 1
        assert found.messages.count() >= 1
    theirs = {each.message_id: each for each in Attachment.select(Attachment, StoredFile).join(StoredFile)}
    for message in every:
        what, _, number = message.body.rpartition(" ")
        if what == "question" or (what == "start" and int(number) % 2):
            sign = -1 if what == "question" else 1
            is_whole = attachments.bytes_of(theirs.pop(message.id).file) == body_of(sign * int(number))
            assert is_whole, message.body  # without the bytes, which would take long to compare
    assert theirs == {}
    assert StoredFile.select().count() == Attachment.select().count() == StoredPiece.select().count() / 3


def each_burst_is_told_of_once():
    """What is read by the messages alone: the first that one side wrote since the other one did is told of, and no other."""
    rows = Delivery.select().where(Delivery.kind.in_(("message_waiting", "client_wrote")))
    told = collections.Counter((row.kind, *row.dedupe_key.split(":")[1:3]) for row in rows)
    wanted, side, discussion = [], "", 0
    for message in Message.select().order_by(Message.discussion, Message.id):
        if (message.author, message.discussion_id) != (side, discussion):
            kind = "message_waiting" if message.author == "worker" else "client_wrote"
            wanted.append((kind, str(message.discussion_id), str(message.id)))
        side, discussion = message.author, message.discussion_id
    assert told == collections.Counter(wanted)


def no_mail_is_lost(storm, mails):
    known, ids = {identity(row): row for row in Delivery.select()}, [mail["Message-ID"] for mail in mails]
    assert set(ids) <= known.keys()
    states = collections.Counter()
    for row in Delivery.select().where(Delivery.kind != "activation"):
        states[row.kind, row.state] += 1
        if row.state in ("cancelled", "suppressed"):  # as soon as it was read, or at sending
            assert row.last_error == READ
            assert is_answered(row)
        else:
            assert row.state == "sent"
            assert identity(row) in ids
    copies = len(ids) - len(set(ids))
    print(f"{dict(states)} {len(ids)=} {copies=} {unsettled()=}")
    assert copies <= unsettled() <= storm.kills["mail"]
    each_copy_is_the_same(mails, known)


def each_copy_is_the_same(mails, known):
    """It brings the same way in and, where it is to a client, the same way out: of one kind it is one."""
    same = {}
    for mail in mails:
        row, told = known[mail["Message-ID"]], (mail["To"], addresses_in(mail), mail["List-Unsubscribe"])
        assert same.setdefault(row.id, told) == told
        assert told[0] == row.to_address
        assert (told[2] is not None) == (row.kind in ("message_waiting", "event_booked"))
    assert ClientChoice.select().count() == len({header for _, _, header in same.values() if header}) <= 2 * CLIENTS


def is_answered(row):
    """The other side wrote after the message that the mail was about."""
    other = "client" if row.kind == "message_waiting" else "worker"
    _, discussion, first = row.dedupe_key.split(":")[:3]
    return Message.select().where(Message.discussion == int(discussion), Message.id > int(first), Message.author == other).exists()


def addresses_in(mail):
    return tuple(re.findall(r"http://localhost:8000/\S+", mail.get_body(("plain",)).get_content()))


def each_reply_link_is_the_one(mails):
    """One for each mail that was written with one, at most one that stands, and that is the one in the mail that came last."""
    by_id = {mail["Message-ID"]: mail for mail in mails}
    answers = collections.Counter(
        message.discussion_id for message in Message.select().where(Message.author == "client", Message.account.is_null())
    )
    theirs = {person(number).id for number in range(2)}
    standing = 0
    for found in Discussion.select().where(Discussion.individual.in_(theirs)):
        every = list(ReplyLink.select().where(ReplyLink.discussion == found.id).order_by(ReplyLink.id))
        mine = Delivery.select().where(Delivery.kind == "message_waiting", Delivery.dedupe_key.startswith(f"message_waiting:{found.id}:"))
        rows = list(mine.order_by(Delivery.id))
        assert [row.link_id for row in rows if row.link_id] == [each.link_id for each in every]
        assert sum(each.ended == "answered" for each in every) == answers.pop(found.id, 0)
        assert {each.ended for each in every} <= {"answered", ""}
        assert found.is_unread == any(reply_links.standing(each) == "good" for each in every)
        for row in [row for row in rows if row.state == "sent"]:
            assert f"http://localhost:8000/reply/{links.token(row.link)}" in addresses_in(by_id[identity(row)])
        standing += found.is_unread
    assert not answers
    assert standing
    assert not ReplyLink.select().join(Discussion).where(Discussion.individual.not_in(theirs)).exists()


def each_notice_is_there_once():
    places = [place.id for place in Attendance.select().order_by(Attendance.id)]
    notices = Notice.select().order_by(Notice.attendance)
    assert [(notice.attendance_id, notice.kind, notice.is_withdrawn) for notice in notices] == [(id_, "event_booked", False) for id_ in places]
    assert sorted(notice.delivery_id for notice in notices) == [row.id for row in Delivery.select().where(Delivery.kind == "event_booked").order_by(Delivery.id)]
