"""Killed at any moment, nothing that was acknowledged is missing and no mail is lost (P1, P2, P3)."""

import collections
import datetime as dt
import itertools
import random
import time
from collections.abc import Callable

import pytest
from faults.nursery import PATIENCE, Child, Nursery, Sink, address_of, opened, password_of, sound

from domain import audit, leases, notices, passwords, profile, store
from models import AuditEntry, Delivery, DeliveryAttempt, Individual, Link, PortalAccount, Setting

KILLS = [pytest.param(50, marks=pytest.mark.long), pytest.param(1000, marks=pytest.mark.soak)]
LEAST_HITS = 0.3  # of the kills; one that hits between two acts shows nothing
LONGEST_MOMENT, SHORT_MOMENT = 0.12, 0.004  # seconds
ALL_LEASES = (leases.LEASE + dt.timedelta(minutes=1)).total_seconds()
VICTIMS = (("web",), ("mail",), ("web",), ("mail",), ("web", "mail"))
HARMLESS = {("create", "has_account"), ("accept", "no_longer"), ("prove", "no_longer"), ("activate", "no_longer")}


class Storm:
    """Two processes at work on one database, one with people and one with their mail, killed over and over."""

    def __init__(self, database: str, nursery: Nursery, sink: Sink, most: int) -> None:
        self.database, self.nursery, self.sink, self.most = database, nursery, sink, most
        self.acks: list[tuple[str, int, dict]] = []
        self.refusals: list[tuple[str, int, str]] = []
        self.repeated: set[int] = set()
        self.kills: collections.Counter[str] = collections.Counter()
        self.hits = 0  # kills of the web between an act's first write and its answer
        self.highest, self.current, self.stage = 0, 0, ""
        self.arrived = 0
        self.random = random.Random()

    def rage(self) -> None:
        running = {"web": self.web(first=1), "mail": self.mail()}
        for victims in itertools.cycle(VICTIMS):
            self.wait_for_a_moment(running["web"], victims)
            for name in victims:
                self.kill(name, running[name])
            if self.kills.total() >= self.most:
                break
            for name in victims:
                running[name] = self.mail() if name == "mail" else self.web(first=self.highest + 1, again=self.current)
        for name in running.keys() - set(victims):
            running[name].kill()

    def calm(self) -> None:
        """Nobody is killed any more: everything is finished, when the leases of the dead have ended."""
        for again in ({"again": self.current}, {}):  # first whoever was interrupted, then all who have got mail
            for words in self.web(**again, ahead=ALL_LEASES).finish():
                self.note(words)
            self.send_all()

    def send_all(self) -> None:
        for _ in range(10):
            child = self.mail(once=True, ahead=ALL_LEASES).ready()
            child.ring()
            child.finish()
            with opened(self.database):
                if not Delivery.select().where(Delivery.state.in_(("due", "leased"))).exists():
                    return
        pytest.fail("mail is left that nobody sends")

    def web(self, **words) -> Child:
        self.stage = ""
        if words.get("again"):
            self.repeated.add(words["again"])
        return self.nursery.start("web", self.database, **words)

    def mail(self, **words) -> Child:
        self.arrived = len(self.sink.accepted)
        return self.nursery.start("mail", self.database, port=self.sink.port, **words)

    def wait_for_a_moment(self, web: Child, victims: tuple[str, ...]) -> None:
        """Until both are at work, and then for a time that nobody knows; half of the time on into an act."""
        assert self.listen(web, PATIENCE, lambda: self.stage == "over"), "nobody uses the portal"
        assert self.sink.accepted.wait(self.arrived + 1), "no mail comes"
        self.listen(web, self.random.uniform(0.0, LONGEST_MOMENT))
        if self.random.random() < 0.5:
            if "web" in victims:
                self.stage = "over"
                self.listen(web, 1.0, lambda: self.stage == "writes")
            else:
                self.sink.accepted.wait(len(self.sink.accepted) + 1, 1.0)
            self.listen(web, self.random.uniform(0.0, SHORT_MOMENT))

    def listen(self, web: Child, seconds: float, enough: Callable[[], bool] = lambda: False) -> bool:
        """Note what is said until it is enough; False when the time was over first."""
        end = time.monotonic() + seconds
        while not enough():
            left = end - time.monotonic()
            if left <= 0:
                return False
            if words := web.hear(left):
                self.note(words)
        return True

    def kill(self, name: str, child: Child) -> None:
        self.kills[name] += 1
        last_words = child.kill()
        if name == "web":
            for words in last_words:
                self.note(words)
            self.hits += self.stage == "writes"

    def note(self, words: dict) -> None:
        if "begin" in words:
            self.stage, self.current = "begins", words["number"]
            self.highest = max(self.highest, self.current)
        elif "writes" in words:
            self.stage = "writes"
        elif "ack" in words:
            self.stage = "over"
            self.acks.append((words["ack"], words["number"], words))
        else:
            self.stage = "over"
            self.refusals.append((words["act"], words["number"], words["refused"]))


@pytest.mark.parametrize("kills", KILLS)
def test_kills_lose_nothing_that_was_acknowledged_and_no_mail(templates, tmp_path, kills):
    database = templates.copy("house", tmp_path / "doorstep.db")
    with opened(database), store.writing():
        Setting.insert(key="mail_rate", value="0").execute()
    with Nursery() as nursery, Sink() as sink:
        storm = Storm(database, nursery, sink, kills)
        storm.rage()  # only those who may be killed have it open: whoever comes next has to clean up
        sound(database)
        storm.calm()
    sound(database)
    with opened(database):
        they_hit(storm)
        acknowledged_is_there(storm)
        nothing_is_half_done()
        nobody_was_refused_without_reason(storm)
        each_link_worked_once()
        no_mail_is_lost(storm)
        copies_are_few_and_known_as_copies(storm)
        assert audit.verify() == []


def they_hit(storm):
    assert storm.kills.total() >= storm.most
    assert storm.hits >= LEAST_HITS * storm.kills["web"], (storm.hits, storm.kills)
    assert unsettled() >= LEAST_HITS * storm.kills["mail"], (unsettled(), storm.kills)


def unsettled():
    """The deliveries in hand when a dispatcher was killed: leased, and never settled by who leased them."""
    return DeliveryAttempt.select().where(DeliveryAttempt.outcome == "").count()


def acknowledged_is_there(storm):
    people = {row.external_id: row for row in Individual.select()}
    told = {(entry.kind, entry.subject) for entry in AuditEntry.select()}
    acks = collections.Counter(name for name, _, _ in storm.acks)
    assert min(acks[name] for name in ("person", "create", "accept", "prove", "activate", "reset")) > storm.most / 2
    for name, number, words in storm.acks:
        who = people[f"person {number}"]
        account = PortalAccount.get_or_none(PortalAccount.individual == who)
        if name == "person":
            assert [contact.value for contact in who.contacts] == [address_of(number)]
            assert profile.has_consent(who, "email")
            continue
        assert account is not None, (name, number)
        if name == "create":
            assert account.public_id == words["account"]
            assert Link.get(Link.account == account, Link.purpose == "activation").public_id == words["link"]
            assert ("account.created", f"account {account.id}") in told
        elif name == "accept":
            assert account.accepted_terms_id
            assert ("account.terms_accepted", f"account {account.id}") in told
        elif name == "prove":
            assert Link.get(Link.account == account, Link.purpose == "activation").proof_hash
        elif name == "activate":
            assert (account.state, account.public_id) == ("active", words["account"])
            assert passwords.matches(password_of(number), account.password_hash)
    resets = collections.Counter(number for name, number, _ in storm.acks if name == "reset")
    for number, count in resets.items():
        rows = Delivery.select().where(Delivery.kind == "password_reset", Delivery.to_address == address_of(number))
        assert rows.count() >= count, number


def nothing_is_half_done():
    """What was begun and never acknowledged is there with everything that belongs to it, or not at all."""
    entries = collections.Counter((entry.kind, entry.subject) for entry in AuditEntry.select())
    for who in Individual.select():
        assert who.external_id, "a person without the number that came with the same commit"
        assert who.contacts.count() == who.consents.count() == 1
        assert who.accounts.count() <= 1
    for account in PortalAccount.select():
        assert entries["account.created", f"account {account.id}"] == 1
        links = Link.select().where(Link.account == account, Link.purpose == "activation")
        assert links.count() == account.deliveries.where(Delivery.kind == "activation").count() == 1
        assert bool(account.accepted_terms_id) == bool(entries["account.terms_accepted", f"account {account.id}"])
    assert PortalAccount.select().where(PortalAccount.state != "active").count() == 0, "everybody has finished"


def nobody_was_refused_without_reason(storm):
    """Only who does everything once more after a kill is told that it is done already."""
    assert {(name, code) for name, _, code in storm.refusals} <= HARMLESS
    assert {number for _, number, _ in storm.refusals} <= storm.repeated


def each_link_worked_once():
    activated = collections.Counter(
        entry.subject for entry in AuditEntry.select().where(AuditEntry.kind == "account.activated")
    )
    assert activated == {f"account {account.id}": 1 for account in PortalAccount.select()}
    assert Link.select().where(Link.purpose == "activation", Link.used_at.is_null()).count() == 0


def no_mail_is_lost(storm):
    taken = set(storm.sink.accepted.ids)
    for row in Delivery.select():
        assert row.state == "sent" or (row.state, row.kind) == ("suppressed", "password_reset"), (row.kind, row.state)
        assert (identity(row) in taken) == (row.state == "sent") or row.state == "suppressed"
    reached = {mail.recipients[0] for mail in storm.sink.accepted if mail.message["Subject"] == "Choose a new password"}
    assert {address_of(number) for name, number, _ in storm.acks if name == "reset"} <= reached


def copies_are_few_and_known_as_copies(storm):
    ids, known = storm.sink.accepted.ids, {identity(row): row.to_address for row in Delivery.select()}
    for mail in storm.sink.accepted:
        assert known.get(mail.message["Message-ID"]) == mail.recipients[0], "a copy that no mailbox knows for one"
    copies = len(ids) - len(set(ids))
    print(f"{storm.kills} {storm.hits=} {unsettled()=} {copies=} {len(ids)=} {len(storm.acks)=} {len(storm.refusals)=}")
    assert copies <= unsettled() <= storm.kills["mail"]


def identity(row):
    return notices.message_id(row, "localhost")
