"""For the sweeps: a world with something of everything, and what counts as a change in it."""

import dataclasses
import datetime as dt
import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nasty
import peewee
import pytest
from document_forms import ask, paper, score
from pages.conftest import (  # noqa: F401 - fixtures
    Browser,
    _routes_are_compiled_once,
    _templates_are_compiled_once,
    app,
    browse,
    mailbox,
    make_app,
    production,
)
from sweep.scenes import living, requested, scene, scenes, walk  # noqa: F401 - fixtures

import models
from domain import (
    accounts,
    address_change,
    agency,
    arrivals,
    attachments,
    availability,
    bulk,
    bulk_jobs,
    calendar_feeds,
    categories,
    clock,
    covers,
    discussions,
    dispatch,
    document_templates,
    enrolments,
    event_letters,
    events,
    forced_reset,
    import_page,
    links,
    notices,
    passwords,
    preferences,
    profile,
    profile_changes,
    reply_links,
    resets,
    security_classes,
    services,
    settings,
    sign_in,
    store,
    viewer,
    work_queue,
    workers,
)
from domain.actor import SYSTEM, Actor
from domain.events import Plan
from domain.rules import RuleBroken
from gateways.mail import Outcome, Verdict
from gateways.mailbox import MailboxMail
from models import (
    AddressChange,
    AddressHealth,
    Contact,
    Delivery,
    Device,
    Individual,
    Link,
    PortalAccount,
    ProfileChange,
    SecurityClass,
    Task,
    Worker,
)

# What a look may write to: the audit, a link's openings, the clock of a session, and what counts tries and posts.
NOTES = (
    models.AuditEntry, models.AuditValues, models.AuditHead, models.LinkOpening, models.LoginSession, models.RateCount,
    models.FormReceipt, models.UnsentForm,
)  # fmt: skip
CANARIES = ("Brook", "bob@example.org", "b…b@example.org", "canary heron", "canary street", "canary aunt", "canary finch")

Rows = dict[tuple[str, Any], tuple[Any, ...]]


def rows_of_everything(*, but: tuple[type[models.Row], ...] = NOTES) -> Rows:
    """Every row of every table, but those that a look may write to."""
    return {
        (table.__name__, row[0]): row
        for table in models.TABLES if table not in but
        for row in models.db.execute_sql(_asked_for(table)).fetchall()
    }  # fmt: skip


@functools.cache
def _asked_for(table: type[models.Row]) -> str:
    """The statement that reads a table: peewee takes longer to write it than a database to answer."""
    fields = ", ".join(f'"{field.column_name}"' for field in table._meta.sorted_fields)
    return f'SELECT {fields} FROM "{table._meta.table_name}" ORDER BY "{table._meta.primary_key.column_name}"'


@functools.cache
def _references(table: type[models.Row]) -> list[tuple[int, str]]:
    """At which places of its rows a table names a row of another one, and which table that is."""
    return [
        (place, field.rel_model.__name__) for place, field in enumerate(table._meta.sorted_fields)
        if isinstance(field, peewee.ForeignKeyField)
    ]  # fmt: skip


def rows_about(person: Individual) -> Rows:
    """Every row that belongs to somebody: what refers to them, and what refers to that."""
    left, theirs, found = rows_of_everything(but=()), dict[Any, Any](), {("Individual", person.id)}
    is_growing = True
    while is_growing:
        newest = {
            key: row for key, row in left.items()
            if key in found or any((name, row[place]) in found for place, name in _references(getattr(models, key[0])))
        }  # fmt: skip
        theirs |= newest
        found |= {*newest}
        left = {key: row for key, row in left.items() if key not in newest}
        is_growing = bool(newest)
    return {key: row for key, row in theirs.items() if getattr(models, key[0]) not in NOTES}


def differences(before: Rows, after: Rows) -> list[str]:
    """Which rows were changed, added or removed, in words."""
    return [
        f"{name} {number}: {before.get((name, number))} -> {after.get((name, number))}"
        for name, number in sorted({*before, *after}, key=str)
        if before.get((name, number)) != after.get((name, number))
    ]


class Saved:
    """The whole database as it was, to go back to."""

    def __init__(self, templates: Any) -> None:
        self._templates, self._copy = templates, templates.save()

    def restore(self) -> None:
        self._templates.go_back(self._copy)


@dataclasses.dataclass
class World:
    """The cast, with something of everything about Alice and the same about Bob, whose record has the canaries."""

    cast: Any
    activation: str  # the token of Pia's link
    another_activation: str
    reset: str
    message: str  # the name of a message in the mailbox
    unlock: str = ""
    former_address: str = ""
    file: str = ""  # the public id of a file on its way in
    change_job: str = ""  # of a bulk change of accounts, and of a bulk activation
    activation_job: str = ""
    appointment: str = ""  # the tokens of the link that confirms Alice's, and of the address of her calendar
    feed: str = ""
    reply: str = ""  # of a link to a discussion of somebody without an account, and of an e-mail to Pia before her account is active
    arrival: str = ""
    unsubscribe: str = ""  # the token of the link in an e-mail to Alice
    row: str = ""  # of somebody in the activation
    staff: Any = None  # of an invited worker, their photo, a class, a category of the agency's own, and the invitation's token
    templates: Any = None

    def mine(self, kind: str, whose: str) -> str:
        """The public id of something of Alice's or of Bob's."""
        person = getattr(self.cast, whose)
        row = {
            "individual": lambda: person,
            "account": lambda: PortalAccount.get(PortalAccount.individual == person),
            "contact": lambda: person.contacts.where(Contact.kind == "address").get(),
            "change": lambda: ProfileChange.get(ProfileChange.individual == person),
            "delivery": lambda: Delivery.get(Delivery.individual == person, Delivery.state == "dead"),
            "device": lambda: Device.get(Device.account == PortalAccount.get(PortalAccount.individual == person)),
            "event": lambda: _event_of(person),
            "request": lambda: models.EventRequest.get(models.EventRequest.individual == person).event,
            "place": lambda: models.Attendance.get(models.Attendance.event == _event_of(person)),
            "device of staff": lambda: Device.get(Device.worker == getattr(self.cast, "dora" if whose == "alice" else "finn")),
            "enrolment": lambda: models.Enrolment.get(models.Enrolment.individual == person),
            "asked enrolment": lambda: _asked_file(person), "asked worker": lambda: _asked_file(person).worker,
            "discussion": lambda: models.Discussion.get(models.Discussion.individual == person),
            "attachment": lambda: models.Attachment.select().join(models.Message).join(models.Discussion).where(
                models.Discussion.individual == person
            ).get(),
            "group": lambda: models.RosterEntry.get(models.RosterEntry.individual == person).group,
            "their group": lambda: models.RosterEntry.get(models.RosterEntry.individual == person).group,
            "entry": lambda: models.RosterEntry.get(models.RosterEntry.individual == person),
            "task": lambda: Task.get(Task.individual == person, Task.kind == "new_activation_wanted"),
        }[kind]()
        return str(row.public_id)


@pytest.fixture(scope="session")
def kept(templates: Any) -> dict[str, Any]:
    """The world of this process and database: made once, copied for each test."""
    return {}


@pytest.fixture
def world(cast: Any, app: Any, templates: Any, kept: dict[str, Any]) -> World:  # noqa: F811
    """The cast in a world with something of everything."""
    box = app.extensions["doorstep"].mailbox
    if not kept:
        built = build_world(cast, app)
        kept.update(world=built, saved=Saved(templates), message=(box / built.message).read_bytes())
        return dataclasses.replace(built, templates=templates)
    kept["saved"].restore()
    box.mkdir(mode=0o700)
    (box / kept["world"].message).write_bytes(kept["message"])
    return dataclasses.replace(kept["world"], cast=cast, templates=templates)


def build_world(cast: Any, application: Any) -> World:
    """Fill the cast's database; the mailbox of the application gets one message."""
    _hire_vera(cast)
    ines = cast.by("ines")
    for group in ("names", "legal", "contacts", "emergency"):
        settings.change(f"about_me_{group}", "approval", SYSTEM)
    for person, word in ((cast.alice, "plain"), (cast.bob, "canary")):
        profile.add_contact(person, profile.Reach("address", f"1 {word} street", instructions=f"{word} heron"), ines, country="CA")
        profile.add_contact(person, profile.Reach("emergency", "902 555 0177", person=f"{word} aunt"), ines, country="CA")
        work_queue.add("new_activation_wanted", "intake", person, f"of {word}")
        account = accounts.newest(person)
        by = Actor(account=account)
        profile_changes.ask_details(person, "names", {"preferred_name": f"{word} finch", "pronouns": "", "gender": ""}, by)
        files = attachments.ready([(f"{word} toad.pdf", io.BytesIO(nasty.pdf(objects=f"% {word} heron\n".encode())))])
        discussions.start(person, f"{word} otter", f"{word} newt", by, category="intake", files=files)
        notices.put("password_changed", 1, to=account.email, account=account, individual=person)
    for _ in range(2):
        notices.settle(_claim(), Outcome(Verdict.REFUSED, 550, "550 5.7.1 not today", False))
    with store.writing():
        AddressHealth.delete().execute()
    first, second = cast.invited(), cast.invited(cast.person())
    config = application.extensions["doorstep"]
    box = MailboxMail(config.mailbox)
    with store.writing():
        models.ChannelHealth.update(slot_at=None).execute()
        models.Setting.insert(key="mail_rate", value="0").on_conflict(
            conflict_target=[models.Setting.key], preserve=[models.Setting.value]
        ).execute()
        Delivery.update(state="cancelled").where(Delivery.link == second).execute()
    dispatch.deliver_due(lambda: box, portal_url=config.portal_url, sender="portal@example.org")
    with store.writing():
        reset = links.make("password_reset", first.expires_at, account=cast.alice_account)
    file = import_page.upload(config.uploads, io.BytesIO(b"id,name\nbob,Bob Brook\n"), "people.csv", "individuals", cast.by("finn"))
    _devices(cast)
    _events(cast)
    for person, worker in ((cast.alice, cast.dora), (cast.bob, cast.finn)):
        requested(person, worker, 60)
    unlock, former_address = _ways_back(cast.alice_account, first.expires_at)
    return World(cast, links.token(first), links.token(second), links.token(reset), box.messages()[0][0], links.token(unlock),
                 links.token(former_address), file.public_id, **_appointments(cast),
                 staff=_staff(cast) | _services(cast) | _hours(cast) | _documents(cast) | _requesting(cast),
                 **bulk_previews(cast.by("ada")))  # fmt: skip


def bulk_previews(by: Actor) -> dict[str, str]:
    """A bulk change and a bulk activation that somebody may begin; their public ids, and one of a person in the latter."""
    assert by.worker is not None
    change = bulk.plan_change("suspend", viewer.accounts_seen_by(by.worker), by, all_of=bulk.Sought())
    activation = bulk.plan_activation(viewer.seen_by(by.worker), by)
    bulk_jobs.run_due()
    return {"change_job": change.public_id, "activation_job": activation.public_id, "row": activation.each.get().public_id}


def _events(cast: Any) -> None:
    """One of Alice with Dora and one of Bob with Finn, in three days; the mail about them is none of this world's."""
    for person, worker in ((cast.alice, cast.dora), (cast.bob, cast.finn)):
        events.book(Plan(worker, clock.ahead(days=3), 50, models.Site.get(), [person]), SYSTEM)
    with store.writing():
        Delivery.delete().where(Delivery.kind.startswith("event_")).execute()


def _event_of(person: Individual) -> models.Event:
    """The last that is planned: with it everything can still be done."""
    theirs = models.Event.select().join(models.Attendance).where(models.Attendance.individual == person)
    found: models.Event = theirs.order_by(models.Event.starts_at.desc()).get()
    return found


def _appointments(cast: Any) -> dict[str, str]:
    """Alice comes to Dora and Bob to Finn, soon; both read that in a calendar of their own."""
    for who, worker in (("alice", "dora"), ("bob", "finn")):
        person, by = getattr(cast, who), cast.by(worker)
        events.book(events.Plan(by.worker, clock.ahead(hours=20), 50, models.Site.get(), [person]), by)
        calendar_feeds.make(person, cast.by(who))
    with store.writing():
        Delivery.update(state="cancelled").where(Delivery.kind.startswith("event_")).execute()
    place = models.Attendance.get(models.Attendance.individual == cast.alice)
    feed = calendar_feeds.of(cast.alice)
    assert feed is not None
    return {"appointment": event_letters.link_of(place), "feed": calendar_feeds.token(feed),
            "unsubscribe": preferences.token(cast.alice, "updates"), **_by_mail(cast)}


def _by_mail(cast: Any) -> dict[str, str]:
    link = cast.reply_link(cast.person("Rae", "Reed", "rae@example.org"))
    return {"reply": reply_links.token(link), "arrival": arrivals.token(cast.pia_account, "/inbox/of-pia-0000000000000000/")}


def _devices(cast: Any) -> None:
    """One more of Alice's, Bob's, Dora's and Finn's."""
    for account, worker in ((cast.alice_account, None), (cast.bob_account, None), (None, cast.dora), (None, cast.finn)):
        sign_in.start(account, worker, device_token="", agent="a canary phone", network="192.0.2.8", tell_of_device=False)


def _ways_back(account: PortalAccount, until: Any) -> tuple[Link, Link]:
    """A link that unlocks, and one to the address of before."""
    with store.writing():
        unlock, code, undo = (links.make(purpose, until, account=account) for purpose in ("unlock", "address_code", "address_undo"))
        links.use(code)
        AddressChange.create(account=account, old_email=account.email, new_email="other@example.org", new_key="other@example.org",
                             code=code, undo=undo, asked_at=clock.ago(days=1), confirmed_at=clock.ago(days=1))  # fmt: skip
    return unlock, undo


def _staff(cast: Any) -> dict[str, str]:
    """Wim is invited, a class has one small right, and a category is the agency's own."""
    ada = cast.by("ada")
    wim = workers.invite(workers.Details("Wim", "West", "wim@example.org"), ada)
    made = security_classes.create("Figures", {"import_data"}, ada)
    own = categories.create("Housing", ada)
    link = Link.select().where(Link.purpose == "invitation", Link.worker == wim).get()
    for worker in Worker.select().where(Worker.external_id.in_(("otto", "vera"))):
        with store.writing():
            categories.put_into(worker, ("intake", "delivery_problems"))
    with store.writing():
        Delivery.update(state="cancelled").where(Delivery.worker == wim).execute()
    with store.writing():
        photos = [models.WorkerPhoto.create(worker=wim, kind=kind, content_type="image/webp", width=9, height=9, body=b"a face")
                  for kind in ("small", "large")]  # fmt: skip
    return {"worker": wim.public_id, "photo": photos[0].public_id, "class": made.public_id, "category": own.slug, "invitation": links.token(link)}


def _hours(cast: Any) -> dict[str, str]:
    """Wim's week, with one stretch, and a day off; a holiday, and a kind of time that nobody has."""
    ada, wim, day = cast.by("ada"), Worker.get(Worker.email == "wim@example.org"), agency.today() + dt.timedelta(days=30)
    kind, spare = (availability.add_type(name, "green", ada) for name in ("Open hours", "Spare"))
    week = availability.add_calendar(wim, day, ada)
    row = availability.add_row(week, 0, 540, 720, kind, agency.main_site(), ada)
    away, holiday = availability.be_away(wim, day, ada), availability.add_holiday(day, "Founders’ day", ada)
    absence = covers.be_away(wim, covers.Away(day, day, None, "On a boat."), ada)
    return {"kind of time": spare.public_id, "holiday": holiday.public_id, "week": week.public_id, "stretch": row.public_id, "day off": away.public_id,
            "absence": absence.public_id}  # fmt: skip


def _documents(cast: Any) -> dict[str, str]:
    """A form that is being built."""
    made = document_templates.create("form", "Intake", "en", cast.by("ada"))
    form = paper([ask("a", "scale"), ask("b")], scores=[score("x", "sum", "a")])
    document_templates.change(made, form, cast.by("ada"), version=1)
    return {"document template": made.public_id, "part of it": "b", "score of it": "x"}


def _services(cast: Any) -> dict[str, str]:
    """A service in which Alice and Bob are, each in a group of their own."""
    ines = cast.by("ines")
    counselling = services.add(services.Details("Counselling"), "case", ines)
    for person in (cast.alice, cast.bob):
        enrolments.open(person, counselling, None, dt.date(2026, 3, 1), ines)
        enrolments.join(services.add_group(counselling, services.GroupDetails("Evening"), ines), person, dt.date(2026, 3, 1), ines)
    return {"service": counselling.public_id}


def _requesting(cast: Any) -> dict[str, str]:
    """Alice may ask for time of Dora and Bob for time of Finn, each in a service of their own; a moment at which both are free."""
    ada, day = cast.by("ada"), agency.today() + dt.timedelta(days=9)
    kind = availability.add_type("Time for clients", "green", ada)
    availability.face_clients(kind, ada)
    for person, worker in ((cast.alice, cast.dora), (cast.bob, cast.finn)):
        own = services.add(services.Details(f"{worker.first_name}’s"), "case", ada)
        services.show(own, ada, is_visible=True, version=own.version, warned_of=())
        enrolments.open(person, own, worker, agency.today(), ada)
        services.staff(own, [cast.otto], ada, version=models.Service.get_by_id(own.id).version)
        availability.be_there(worker, day, 9 * 60, 12 * 60, kind, agency.main_site(), ada)
    availability.be_there(cast.otto, day, 9 * 60, 12 * 60, kind, agency.main_site(), ada)
    at = dt.datetime.combine(day, dt.time(9), agency.zone())
    return {"moment": str(int(at.timestamp()))}


def _asked_file(person: Individual) -> models.Enrolment:
    theirs = models.Enrolment.select().where(models.Enrolment.individual == person, models.Enrolment.worker.is_null(False))
    found: models.Enrolment = theirs.get()
    return found


def _hire_vera(cast: Any) -> None:
    """Vera, whose class has every right but to see everybody: she follows Alice, and nothing else opens a record to her."""
    kept = passwords.hash("vera likes 9 quiet otters")
    with store.writing():
        every = SecurityClass.create(name="All but everybody", rights=" ".join(sorted(viewer.RIGHTS - {"view_all_individuals"})))
        vera = Worker.create(
            external_id="vera", first_name="Vera", last_name="Vale", email="vera@example.org", email_key="vera@example.org",
            security_class=every, password_hash=kept, created_at=clock.now(),
        )  # fmt: skip
    profile.follow(cast.alice, vera, Actor(worker=vera))


def _claim() -> notices.Claim:
    with store.writing():
        models.ChannelHealth.update(slot_at=None).execute()
    claim = notices.claim()
    assert isinstance(claim, notices.Claim)
    return claim


@pytest.fixture
def arrive(app: Any, cast: Any) -> Callable[[str], Browser]:  # noqa: F811
    """``arrive("eve")``: the browser of anybody; Eve's has the cookie of a session that ended."""

    def come(name: str) -> Browser:
        if name != "eve":
            return Browser(app, "" if name == "nobody" else name)
        accounts.unlock(cast.eve_account, cast.by("ada"))
        browser = Browser(app, "eve")
        accounts.suspend(cast.eve_account, cast.by("ada"))
        return browser

    return come


def write_of_lockout_and_address(cast: Any) -> None:
    """The letters of five wrong passwords at Dora's, of Alice's wish for another address, and of Bob's change."""
    for _ in range(5):
        with pytest.raises(RuleBroken):
            sign_in.sign_in("dora@example.org", "not this one", device_token="", agent="", by=cast.visitor())
    bob = cast.session("bob")
    change = address_change.ask(bob, cast.password_of("bob"), "new@example.org", cast.by("bob"))
    address_change.confirm(bob, links.digits(change.code), cast.by("bob"))
    address_change.ask(cast.session("alice"), cast.password_of("alice"), "other@example.org", cast.by("alice"))


def write_every_letter(cast: Any) -> None:
    """One letter of each kind that there is, due or not."""
    cast.invited()
    resets.ask("alice@example.org", cast.visitor())
    account = cast.alice_account
    sign_in.start(account, None, device_token="", agent="a phone", network="192.0.2.1")
    for kind in ("password_changed", "birth_date_closed"):
        notices.put(kind, 1, to=account.email, account=account, individual=cast.alice)
    test = links.make("mail_test", account.invited_at.replace(year=2199), worker=cast.ada)
    notices.put("mail_test", test.id, to=cast.ada.email, worker=cast.ada, link=test)
    write_of_lockout_and_address(cast)
    workers.invite(workers.Details("Wim", "West", "wim@example.org"), cast.by("ada"))
    for kind in ("worker_address_changed", "authenticator_set_up", "authenticator_removed", "recovery_code_used", "password_known"):
        notices.put(kind, 1, to=cast.ada.email, worker=cast.ada)
    forced_reset.force(cast.bob_account, cast.by("ada"))
    cast.appointments()


HERE = Path(__file__).parent
__all__ = ["CANARIES", "HERE", "NOTES", "Link", "Saved", "World", "build_world", "differences", "rows_about", "rows_of_everything", "sign_in",
           "write_every_letter", "write_of_lockout_and_address"]  # fmt: skip
