"""Processes that may be killed: a nursery that has everything imported, and the children that it forks.

    python tests/faults/driver.py        (the fixture ``nursery`` does it)

The nursery takes orders from its standard input, one JSON object a line: ``{"do": role, …}`` forks a child,
``{"wait": pid}`` reports its end.  Whatever it and its children say is one JSON object a line on the one standard output,
each written at once, so that lines never mix and a child's last line comes before the news of its end.
"""

import contextlib
import datetime as dt
import itertools
import json
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import time_machine

from config import Config, Smtp
from domain import accounts, activation, audit, clock, dispatch, limits, links, notices, passwords, profile, sign_in, store
from domain.actor import SYSTEM, Actor
from domain.rules import RuleBroken
from models import Delivery, Individual, Link, PageVersion, PortalAccount, Worker, db
from tasks import each_minute

BELL = signal.SIGUSR1
LONGEST = 120.0  # seconds after which a child that nobody asks for anything gives up
BORN = dt.date(1984, 2, 29)
SENDER = "portal@example.org"


def say(**words: Any) -> None:
    os.write(1, json.dumps({"pid": os.getpid(), **words}).encode() + b"\n")


def wait_for_bell(seconds: float = LONGEST) -> bool:
    """Wait until the parent rings; False when it did not."""
    return signal.sigtimedwait([BELL], seconds) is not None


@contextlib.contextmanager
def opened(order: dict[str, Any]) -> Iterator[None]:
    """The order's database for this process, at the order's time."""
    with contextlib.ExitStack() as stack:
        if "moment" in order:
            moment = dt.datetime.fromisoformat(order["moment"])
            stack.enter_context(time_machine.travel(moment, tick=bool(order.get("tick"))))
        store.open_database(f"sqlite:///{order['database']}")
        for keyed in (audit, limits, links):
            keyed.use_key(order["key"])
        passwords.use_cost(time_cost=1, memory_cost=8)
        stack.enter_context(db.connection_context())
        yield


# ---------------------------------------------------------------- people who use the portal


def web(order: dict[str, Any]) -> None:
    """One person after the other gets an account, and whoever has got the mail activates, for ever.

    ``first`` is the number of the first person, ``again`` of one who was interrupted and does everything once more.
    With ``first`` left out only those who are there already finish.
    """
    watch_writes()
    if again := order.get("again"):
        get_account(again)
        account = accounts.newest(person(again))
        if account.state == "active" or account in who_has_mail():
            arrive(again)
    for number in itertools.count(order["first"]) if "first" in order else ():
        get_account(number)
        for account in who_has_mail(most=2):
            arrive(number_of(account))
    for account in who_has_mail():
        arrive(number_of(account))


def who_has_mail(most: int = 100_000) -> list[PortalAccount]:
    """The pending accounts to which the activation was sent, oldest first."""
    sent = Delivery.select(Delivery.account).where(Delivery.kind == "activation", Delivery.state == "sent")
    pending = PortalAccount.select().where(PortalAccount.state == "pending", PortalAccount.id.in_(sent))
    return list(pending.order_by(PortalAccount.id).limit(most))


def get_account(number: int) -> None:
    with act("person", number):
        person(number)
    with act("create", number) as done:
        account = accounts.create(person(number), SYSTEM)
        done |= {"account": account.public_id, "link": newest_link(account).public_id}


def arrive(number: int) -> None:
    """What somebody does who has got the mail, from the first page to a forgotten password."""
    account = accounts.newest(person(number))
    link, by, proof = newest_link(account), Actor(network=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"), ""
    with act("accept", number):
        activation.accept_terms(link, PageVersion.get(slug="privacy"), PageVersion.get(slug="terms"), by)
    with act("prove", number):
        proof = activation.prove_birth_date(link, BORN, by)
    with act("activate", number) as done:
        done["account"] = activation.activate(link, password_of(number), proof=proof, by=by).public_id
    with act("reset", number):
        sign_in.ask_for_reset(address_of(number), by)


def person(number: int) -> Individual:
    name = f"person {number}"
    found = Individual.get_or_none(Individual.external_id == name)
    if found is not None:
        return found
    with store.writing():
        individual = profile.create(profile.Details("Nora", f"North{number}", birth_date=BORN), SYSTEM)
        Individual.update(external_id=name).where(Individual.id == individual.id).execute()
        profile.add_contact(individual, profile.Reach("email", address_of(number), is_main=True), SYSTEM, country="CA")
        profile.record_consent(individual, "email", True, SYSTEM)
    return individual


def number_of(account: PortalAccount) -> int:
    return int(account.individual.external_id.split()[1])


def address_of(number: int) -> str:
    return f"nora{number}@example.org"


def password_of(number: int) -> str:
    return f"the {number} quiet otters swim"


def newest_link(account: PortalAccount) -> Link:
    return account.links.where(Link.purpose == "activation").order_by(Link.id.desc()).get()


@contextlib.contextmanager
def act(name: str, number: int) -> Iterator[dict[str, Any]]:
    """One thing that somebody does: announced before, acknowledged once the verb has come back, so after its commit."""
    done: dict[str, Any] = {}
    watch["announced"] = False
    say(begin=name, number=number)
    try:
        yield done
    except RuleBroken as refusal:
        say(refused=refusal.code, act=name, number=number)
    else:
        say(ack=name, number=number, **done)


watch = {"announced": True}


def watch_writes() -> None:
    """Have the database say when the first change of an act begins."""

    def look(statement: str) -> None:
        if not watch["announced"] and statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE"):
            watch["announced"] = True
            say(writes=True)

    db.connection().set_trace_callback(look)


# ---------------------------------------------------------------- dispatchers


def mail(order: dict[str, Any]) -> None:
    """Do what the timetable does each minute, over and over, until killed; with ``once`` until nothing is due."""
    nursery, config = os.getppid(), _config(order)
    say(ready=True)
    if order.get("once"):
        wait_for_bell()
        each_minute(config)
        return
    while os.getppid() == nursery:
        each_minute(config)
        wait_for_bell(0.005)


def _config(order: dict[str, Any]) -> Config:
    return Config(
        data=Path(order["database"]).parent, portal_url="http://localhost:8000", host="127.0.0.1", port=8000,
        database_url=f"sqlite:///{order['database']}", development=True, secret_key=order["key"], audit_key=order["key"],
        smtp=Smtp("127.0.0.1", order["port"], "none", "", "", SENDER), behind_proxy=None,
    )  # fmt: skip


# ---------------------------------------------------------------- many at once


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


VERBS: dict[str, Callable[..., str]] = {
    verb.__name__: verb for verb in (wrong_date, right_date, activate, create, enter, send_again)
}


def attempt(verb: str, words: dict[str, Any]) -> str:
    """What a verb answered, or the code with which it was refused."""
    try:
        return VERBS[verb](**words)
    except RuleBroken as refusal:
        return refusal.code


def race(order: dict[str, Any]) -> None:
    """Run ``verb`` with each of ``every`` words in a thread of its own; all start when the bell rings."""
    gate = threading.Barrier(len(order["every"]) + 1)

    def run(words: dict[str, Any]) -> None:
        try:
            with store.connection():
                gate.wait(LONGEST)
                say(answer=attempt(order["verb"], words))
        except BaseException:
            say(fault=traceback.format_exc()[-3000:])

    threads = [threading.Thread(target=run, args=(words,)) for words in order["every"]]
    for thread in threads:
        thread.start()
    say(ready=True)
    wait_for_bell()
    gate.wait(LONGEST)
    for thread in threads:
        thread.join()


# ---------------------------------------------------------------- storage that fails


def hold(order: dict[str, Any]) -> None:
    """Keep the database's one place for writers until the bell rings."""
    with db.atomic("IMMEDIATE"):
        say(ready=True)
        wait_for_bell()


def full(order: dict[str, Any]) -> None:
    """For each of ``rooms`` (bytes): give accounts to people until no file may grow any further, then let it grow again.

    What is acknowledged is said, and what happened to the one who met the full disk.
    """
    number = itertools.count(1)
    for room in order["rooms"]:
        with limited(Path(order["database"]), room):
            met = fill_up(number)
        one = met["number"]
        met["again"] = attempt("create", {"individual": person(one).id})
        say(room=room, **met)


def fill_up(number: Iterator[int]) -> dict[str, Any]:
    """Account after account, until the disk is full: whom that met, and how it was told."""
    for one in number:
        for step in (lambda: person(one), lambda: accounts.create(person(one), SYSTEM)):  # noqa: B023 - called here
            before = counts()
            try:
                step()
            except Exception as error:
                told = {"error": type(error).__name__, "words": str(error), "is_storage": store.is_storage_fault(error)}
                return {"number": one, "half_written": counts() != before, **told}
        say(ack="create", number=one)
    raise AssertionError("the disk never was full")


def counts() -> list[int]:
    return [table.select().count() for table in (Individual, PortalAccount, Link, Delivery, audit.AuditEntry)]


@contextlib.contextmanager
def limited(database: Path, room: int) -> Iterator[None]:
    """No file may grow more than ``room`` bytes beyond the longest one that is there."""
    longest = max(path.stat().st_size for path in database.parent.glob(f"{database.name}*"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# ---------------------------------------------------------------- the nursery

ROLES: dict[str, Callable[[dict[str, Any]], None]] = {
    role.__name__: role for role in (web, mail, race, hold, full)
}


def _fork(order: dict[str, Any]) -> None:
    pid = os.fork()
    if pid:
        say(born=pid)
        return
    code = 1
    try:
        with opened(order):
            ROLES[order["do"]](order)
        code = 0
    except BaseException:
        with contextlib.suppress(OSError):
            say(fault=traceback.format_exc()[-3000:])
    finally:
        os._exit(code)


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, [BELL])
    say(ready=True)
    while line := sys.stdin.readline():
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            os.write(1, json.dumps({"pid": order["wait"], "end": os.waitstatus_to_exitcode(status)}).encode() + b"\n")
        else:
            _fork(order)


if __name__ == "__main__":
    main()
