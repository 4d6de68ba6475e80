"""Killed at any moment of a bulk activation, everybody has exactly one link that works, and nobody two e-mails but by a kill."""

import collections
import random
import time

import pytest
from faults.nursery import PATIENCE, Nursery, Sink, opened, person, sound
from faults.test_kills import ALL_LEASES, identity

from domain import accounts, audit, bulk, bulk_jobs, clock, forced_reset, links, store, viewer
from domain.actor import Actor
from models import (
    AuditEntry,
    BulkJob,
    BulkRow,
    Delivery,
    DeliveryAttempt,
    Individual,
    Link,
    LoginSession,
    PortalAccount,
    Setting,
    Worker,
)

SIZES = [pytest.param(20, 200, marks=pytest.mark.long), pytest.param(100, 2000, marks=pytest.mark.soak)]
LEAST_HITS = 0.3  # of the kills; one that hits between two steps shows nothing
AT_ONCE = {200: 8, 2000: 20}


@pytest.mark.parametrize(("kills", "people"), SIZES)
def test_kills_in_the_middle_of_a_bulk_activation_give_nobody_two_links_and_leave_nobody_out(templates, tmp_path, kills, people):
    database = templates.copy("cast", tmp_path / "doorstep.db")
    with opened(database):
        job = planned(people)
    with Nursery() as nursery, Sink() as sink:
        victims = Victims(database, nursery, sink, AT_ONCE[people])
        victims.rage(kills)
        sound(database)
        victims.calm(job)
    with opened(database):
        assert victims.hits >= LEAST_HITS * victims.kills["many"], (victims.hits, victims.kills)
        each_has_one(people, job)
        no_mail_is_lost_and_copies_are_known(sink, victims.kills["mail"])
        assert audit.verify() == []


@pytest.mark.long
def test_kills_in_the_middle_of_a_reset_of_everybody_ask_each_client_once_and_leave_no_session(templates, tmp_path):
    people = 60
    database = templates.copy("cast", tmp_path / "doorstep.db")
    with opened(database):
        everybody = signed_in(people)
        job = bulk.plan_reset_of_all(viewer.accounts_seen_by(ada()), str(len(everybody)), Actor(worker=ada()))
    with Nursery() as nursery, Sink() as sink:
        victims = Victims(database, nursery, sink, at_once=3)
        victims.rage(8)
        sound(database)
        with opened(database):
            none_is_half_asked()
        victims.calm(job)
    with opened(database):
        fresh = BulkJob.get_by_id(job.id)
        assert (fresh.state, bulk.count(fresh, "done"), bulk.count(fresh, "refused")) == ("done", len(everybody), 0)
        assert none_is_half_asked() == everybody
        assert victims.hits
        assert {mail.recipients[0] for mail in sink.accepted} == {row.to_address for row in Delivery.select()}
        assert audit.verify() == []


def ada():
    return Worker.get(Worker.external_id == "ada")


def signed_in(people):
    """So many clients more, each with a session; the numbers of all who can be asked."""
    kept = PortalAccount.get(PortalAccount.email == "alice@example.org").password_hash
    for number in range(people):
        account = accounts.create(person(number), Actor(worker=ada()))
        with store.writing():
            PortalAccount.update(state="active", password_hash=kept).where(PortalAccount.id == account.id).execute()
            LoginSession.create(token_hash=f"session {number}", account=account, created_at=clock.now(), seen_at=clock.now())
    with store.writing():
        Setting.insert(key="mail_rate", value="0").execute()
        Delivery.delete().execute()
    return {account.id for account in forced_reset.open_to_it(PortalAccount.select())}


def none_is_half_asked():
    """The numbers of those who were asked: each once, told once, and signed in nowhere."""
    asked = {account.id for account in PortalAccount.select().where(PortalAccount.password_reset_wanted_at.is_null(False))}
    told = collections.Counter(entry.subject for entry in AuditEntry.select().where(AuditEntry.kind == "account.reset_forced"))
    assert told == {f"account {number}": 1 for number in asked}
    assert not LoginSession.select().where(LoginSession.account.in_(asked)).exists()
    mails = collections.Counter(row.account_id for row in Delivery.select().where(Delivery.kind == "new_password_wanted"))
    suspended = PortalAccount.select().where(PortalAccount.reason == "suspended")
    assert mails == dict.fromkeys(asked - {account.id for account in suspended}, 1)
    return asked


def planned(people):
    """A bulk activation for so many, begun by Ada."""
    with store.writing():
        Setting.insert(key="mail_rate", value="0").execute()
    for number in range(people):
        person(number)
    job = bulk.plan_activation(viewer.seen_by(ada()).where(Individual.external_id.startswith("person ")), Actor(worker=ada()))
    while BulkJob.get_by_id(job.id).state == "planning":
        bulk_jobs.run_due()
    with store.writing():  # the cast is not of it
        BulkRow.delete().where(BulkRow.individual.not_in(Individual.select(Individual.id).where(Individual.external_id.startswith("person ")))).execute()
    job = BulkJob.get_by_id(job.id)
    bulk.start(job, Actor(worker=ada()))
    return job


class Victims:
    """One process that goes on with the job and one that sends, both killed over and over."""

    def __init__(self, database, nursery, sink, at_once):
        self.database, self.nursery, self.sink, self.at_once = database, nursery, sink, at_once
        self.kills, self.hits, self.random = collections.Counter(), 0, random.Random()

    def many(self):
        return self.nursery.start("many", self.database, at_once=self.at_once)

    def mail(self, **more):
        return self.nursery.start("mail", self.database, port=self.sink.port, **more)

    def rage(self, most):
        mail = self.mail()
        while self.kills["many"] < most:
            self.kill_many()
            if self.random.random() < 0.5:
                self.kills["mail"] += 1
                mail.kill()
                mail = self.mail()
        mail.kill()
        self.kills["mail"] += 1

    def kill_many(self):
        """Half of the time at once when a step makes its first change, half of the time some moments later."""
        child, stage, end = self.many(), "", time.monotonic() + PATIENCE
        while stage != "writes":
            assert time.monotonic() < end, "no step begins"
            stage = "writes" if (child.hear() or {}).get("writes") else ""
        time_left = self.random.uniform(0.0, 0.03) if self.random.random() < 0.5 else 0.0
        if words := child.hear(time_left):
            stage = "writes" if words.get("writes") else ""
        self.kills["many"] += 1
        for words in child.kill():
            stage = "" if "step" in words else stage
        self.hits += stage == "writes"

    def calm(self, job):
        """Nobody is killed any more: the job ends, and everything is sent, when the leases of the dead have ended."""
        self.many().finish()
        for _ in range(10):
            child = self.mail(once=True, ahead=ALL_LEASES).ready()
            child.ring()
            child.finish()
            with opened(self.database):
                if not Delivery.select().where(Delivery.state.in_(("due", "leased"))).exists():
                    return
        pytest.fail("mail is left that nobody sends")


def each_has_one(people, job):
    fresh = BulkJob.get_by_id(job.id)
    assert (fresh.state, bulk.count(fresh, "done"), bulk.count(fresh, "refused")) == ("done", people, 0)
    accounts = list(PortalAccount.select(PortalAccount, Individual).join(Individual).where(Individual.external_id.startswith("person ")))
    assert len(accounts) == len({account.individual_id for account in accounts}) == people
    told = collections.Counter(entry.subject for entry in AuditEntry.select().where(AuditEntry.kind == "account.created"))
    for account in accounts:
        [link] = account.links.where(Link.purpose == "activation")
        assert links.is_good(link)
        assert [delivery.link_id for delivery in account.deliveries] == [link.id]
        assert told[f"account {account.id}"] == 1
    assert fresh.each.where(BulkRow.outcome == "done", BulkRow.account.is_null(False)).count() == people


def no_mail_is_lost_and_copies_are_known(sink, kills):
    ids = sink.accepted.ids
    known = {identity(row): row.to_address for row in Delivery.select().where(Delivery.kind == "activation", Delivery.state == "sent")}
    ours = [mail for mail in sink.accepted if mail.recipients[0].startswith("nora")]
    assert {mail.message["Message-ID"] for mail in ours} == {key for key, address in known.items() if address.startswith("nora")}
    for mail in sink.accepted:
        assert known[mail.message["Message-ID"]] == mail.recipients[0]
    unsettled = DeliveryAttempt.select().where(DeliveryAttempt.outcome == "").count()
    assert len(ids) - len(set(ids)) <= unsettled <= kills
