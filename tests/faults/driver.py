"""Several processes at once on one database: what each of them does, for the fixture ``race``.

    python tests/faults/driver.py

Each process says ``ready`` once all its threads have their connections, starts them when it is told ``go``, and then
says what each of them got.  One line of JSON each way.
"""

import datetime as dt
import json
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from domain import (
    accounts,
    activation,
    audit,
    discussions,
    events,
    limits,
    links,
    notices,
    offers,
    passwords,
    requests,
    sign_in,
    store,
)
from domain.actor import SYSTEM, Actor
from domain.rules import RuleBroken
from models import Delivery, Discussion, Enrolment, Individual, Link, PortalAccount, Site, Worker, db

PATIENCE = 90.0  # seconds, on a machine that has much else to do


def wrong_date(link: int, network: str) -> str:
    activation.prove_birth_date(Link.get_by_id(link), dt.date(1970, 7, 7), Actor(network=network))
    return "right"


def right_date(link: int, network: str) -> str:
    one = Link.get_by_id(link)
    return activation.prove_birth_date(one, one.account.individual.birth_date, Actor(network=network))


def activate(link: int, proof: str, password: str) -> str:
    activation.activate(Link.get_by_id(link), password, proof=proof, by=Actor(network="192.0.2.7"))
    return f"activated {password}"


def create(individual: int, email: str = "") -> str:
    accounts.create(Individual.get_by_id(individual), SYSTEM, email=email)
    return "created"


def enter(email: str, password: str, network: str) -> str:
    sign_in.sign_in(email, password, device_token="", agent="a test", by=Actor(network=network))
    return "signed in"


def send_again(delivery: int, worker: int) -> str:
    notices.send_again(Delivery.get_by_id(delivery), Actor(worker=Worker.get_by_id(worker), network="192.0.2.7"))
    return "sent again"


def book(worker: int, individual: int, starts_at: str) -> str:
    start = dt.datetime.fromisoformat(starts_at)
    plan = events.Plan(Worker.get_by_id(worker), start, 50, Site.get(), [Individual.get_by_id(individual)])
    events.book(plan, Actor(worker=plan.worker, network="192.0.2.7"))
    return "booked"


def ask(enrolment: int, worker: int, starts_at: str) -> str:
    file, start = Enrolment.get_by_id(enrolment), dt.datetime.fromisoformat(starts_at)
    wish = offers.Wish(file.individual, Worker.get_by_id(worker), file)
    try:
        requests.ask(wish, start, Actor(network="192.0.2.7"))
    except RuleBroken as refused:
        near = offers.timetable(wish).days(start.date() - dt.timedelta(days=1), 3)  # the day at the site is one of these
        offered = {slot.starts_at for day in near for slot in day.slots}
        if refused.code == "taken" and start in offered:
            return "fault: the taken time is offered still"
        raise
    return "booked"


def begin(account: int, worker: int, subject: str) -> str:
    by = Actor(account=PortalAccount.get_by_id(account), network="192.0.2.7")
    discussions.start(by.account.individual, subject, "When do you open?", by, worker=Worker.get_by_id(worker))
    return "begun"


def write(discussion: int, account: int, body: str) -> str:
    discussions.write(Discussion.get_by_id(discussion), body, Actor(account=PortalAccount.get_by_id(account), network="192.0.2.7"))
    return "written"


def take(discussion: int, worker: int) -> str:
    discussions.take(Discussion.get_by_id(discussion), Actor(worker=Worker.get_by_id(worker), network="192.0.2.7"))
    return f"taken by {worker}"


VERBS: dict[str, Callable[..., str]] = {
    verb.__name__: verb for verb in (wrong_date, right_date, activate, create, enter, send_again, book, ask, begin, write, take)
}


def attempt(verb: str, words: dict[str, Any]) -> str:
    """What a verb answered, or the code with which it was refused."""
    try:
        with store.remembering():  # as each request does
            return VERBS[verb](**words)
    except RuleBroken as refusal:
        return refusal.code


def run(order: dict[str, Any]) -> list[str]:
    """The verb with each of the words in a thread of its own; all start when the test says so."""
    answers: list[str] = [""] * len(order["every"])
    gate = threading.Barrier(len(answers) + 1)

    def one(number: int) -> None:
        try:
            with store.connection():
                gate.wait(PATIENCE)
                answers[number] = attempt(order["verb"], order["every"][number])
        except BaseException:
            answers[number] = f"fault: {traceback.format_exc()[-2000:]}"

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(answers))]
    for thread in threads:
        thread.start()
    while gate.n_waiting < len(threads):
        threads[0].join(0.001)
    print(json.dumps("ready"), flush=True)
    sys.stdin.readline()
    gate.wait(PATIENCE)
    for thread in threads:
        thread.join()
    return answers


def main() -> None:
    passwords.use_cost(time_cost=1, memory_cost=8)
    for line in sys.stdin:
        order = json.loads(line)
        database = store.open_database(order["database"])
        for keyed in (audit, limits, links):
            keyed.use_key(order["key"])
        with database.connection_context():
            print(json.dumps(run(order)), flush=True)
        assert db.is_closed()


if __name__ == "__main__":
    main()
