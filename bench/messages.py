"""Messages of a made-up agency: of others, as many as are wanted, and of one client."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Sequence

from app import create_app
from bench.appointments import client
from domain import clock, search, store
from models import Attendance, Discussion, Individual, Message, Notice, Worker, new_public_id

LONG = 200  # messages of the discussion that is looked at
EACH = 20  # of every other one
AT_ONCE = 500  # discussions
RARE = "marzipan"  # stands in one message of the client, the oldest
WORDS = (
    "Hello, can I bring my sister on Monday? She would like to know where the entrance is, and whether there is a lift.",
    "Of course. The lift is behind the front desk; ring the bell and somebody opens the door for you both.",
)


def of_others(number: int) -> None:
    """So many messages of others, in discussions of twenty."""
    people = [each for (each,) in Individual.select(Individual.id).order_by(Individual.id).tuples()][1:]
    workers = [each for (each,) in Worker.select(Worker.id).order_by(Worker.id).tuples()]
    for start in range(0, number // EACH, AT_ONCE):
        some = range(start, min(start + AT_ONCE, number // EACH))
        _insert([(people[n % len(people)], workers[n % len(workers)], n, EACH) for n in some])


def of_one(person: int, number: int) -> None:
    """So many messages of one person, the last discussion of two hundred; as many notices as discussions."""
    worker = Worker.select(Worker.id).order_by(Worker.id).first().id
    _insert([(person, worker, n, EACH) for n in range((number - LONG) // EACH)], rare=True)
    _insert([(person, worker, number, LONG)])
    _tell(person, (number - LONG) // EACH)


def _tell(person: int, number: int) -> None:
    """So many notices of one person's appointments, between the discussions."""
    now, moment = clock.now(), Notice.at.db_value
    place, starts_at = Attendance.select(Attendance.id, Attendance.starts_at).where(Attendance.individual == person).tuples().first()
    with store.writing():
        store.insert(Notice, [
            {"public_id": new_public_id(), "individual": person, "kind": "event_booked", "attendance": place,
             "starts_at": moment(starts_at), "at": moment(now - dt.timedelta(minutes=n + 1, seconds=30)),
             "is_withdrawn": False, "is_unread": n % 50 == 0}
            for n in range(number)
        ])  # fmt: skip


def _insert(every: Sequence[tuple[int, int, int, int]], *, rare: bool = False) -> None:
    """Person, worker, a number that says how long ago, and how many messages of each."""
    now, moment = clock.now(), Message.written_at.db_value
    folded = [search.fold(words) for words in WORDS]
    with store.writing():
        rows = [
            {"public_id": new_public_id(), "individual": person, "subject": f"Question {n}", "folded": f"question {n}",
             "started_by": "client", "worker": worker, "category": "", "state": "open", "created_at": moment(now),
             "last_at": moment(_at(now, n, count)), "in_a_row": 0,
             "is_unread": n % 50 == 0, "is_new": False, "client_saw": 0, "staff_saw": 0, "version": 1}
            for person, worker, n, count in every
        ]  # fmt: skip
        numbers = [number for (number,) in store.insert(Discussion, rows, "RETURNING id")]
        messages = [
            {"public_id": new_public_id(), "discussion": number, "author": "worker" if each % 2 else "client",
             "worker": worker if each % 2 else None, "is_note": False, "body": WORDS[each % 2], "folded": folded[each % 2],
             "written_at": moment(_at(now, n, count))}
            for number, (_, worker, n, count) in zip(numbers, every, strict=True) for each in range(count)
        ]  # fmt: skip
        if rare:
            messages[0] |= {"body": RARE, "folded": RARE}
        store.insert(Message, messages)


def _at(now: dt.datetime, n: int, count: int) -> dt.datetime:
    return now - (dt.timedelta() if count == LONG else dt.timedelta(minutes=n + 1))


def main() -> None:
    """``fill OTHERS MINE``: so many messages of others and of the client; prints the address of the client's long discussion and the
    number of its last message."""
    create_app()
    with store.connection():
        of_others(int(sys.argv[2]))
        of_one(client().id, int(sys.argv[3]))
        found = Discussion.select().where(Discussion.individual == client()).order_by(Discussion.last_at.desc()).first()
        last = Message.select(Message.id).where(Message.discussion == found).order_by(Message.id.desc()).first()
        print(f"/inbox/{found.public_id}/", last.id)


if __name__ == "__main__":
    main()
