"""``app.py`` killed while people post forms: what was answered is saved, what is sent again happens once (P1, P2, P12)."""

import collections
import http.client
import itertools
import random
import re
import socket
import threading
import time
import traceback

import nasty
import pytest
from faults.nursery import KEY, PATIENCE, SENDER, Nursery, Sink, opened, sound
from faults.running import Visitor, hidden
from faults.test_kills_of_messages import each_burst_is_told_of_once

from domain import attachments, audit, discussions, leases, notices, profile, store
from domain.actor import SYSTEM, Actor
from models import (
    Attachment,
    AuditEntry,
    Contact,
    Delivery,
    DeliveryAttempt,
    Individual,
    Message,
    PortalAccount,
    ProfileChange,
    Setting,
    StoredFile,
    Task,
    Worker,
)

KILLS = [pytest.param(20, marks=pytest.mark.long), pytest.param(1000, marks=pytest.mark.soak)]
LEAST_HITS = 0.3  # of the kills; one that hits nobody's form shows nothing
LONGEST_MOMENT, SHORT_MOMENT = 0.25, 0.02  # seconds
STALE = 31.0  # seconds after which a form is taken for dead that a killed process had begun
ALL_LEASES = leases.LEASE.total_seconds() + 60
SETTINGS = {
    "mail_rate": "0", "sign_ins_a_minute": "1000000", "about_me_changes_a_day": "1000000", "session_hours": "24",
    "about_me_names": "at_once", "about_me_contacts": "approval", "unread_delay": "0", "unanswered_limit": "0",
}  # fmt: skip


class Somebody:
    """One person who fills in forms, one after the other.  When no answer comes, the same form is sent again."""

    def __init__(self, portal, cast, name, home, errands):
        self.portal, self.name, self.home, self.errands = portal, name, home, errands
        self.email, self.password = f"{name}@example.org", cast.password_of(name)
        self.visitor = Visitor(portal.port)
        self.done, self.again, self.wrong = [], [], []  # what was answered; what of it was sent more than once; other answers
        self.sending, self.lost = "", threading.Event()

    def work(self):
        try:
            while self.ask("GET", self.home)[0] != 200:  # killed in between, the portal knows that it was done, but not for whom
                self.sign_in("")
            for number in itertools.count(1):
                for errand in self.errands:
                    if self.portal.over.is_set():
                        return
                    errand(self, f"{number} {self.name} Quay")
        except BaseException:
            self.portal.faults.append(traceback.format_exc())

    def ask(self, method, path, fields=None, file=None):
        """The answer, however often one must ask for it."""
        while True:
            try:
                return self.visitor.ask(method, path, fields, file)
            except (OSError, http.client.HTTPException):  # refused, or cut off in the middle of an answer
                self.lost.set()
                if self.sending:
                    self.again.append(self.sending)
                assert not self.portal.gone.wait(0.02), "the portal is gone for good"

    def post(self, what, path, *, to="", file=None, **typed):
        """Fill in the form of a page, which goes ``to`` another address or to the page's own; done when the answer leads on."""
        status, page = self.ask("GET", path)
        assert status == 200, (path, status, page[-3000:])
        version = {"version": hidden(page, "version")} if 'name="version"' in page else {}
        fields = {"csrf_token": hidden(page, "csrf_token"), "form_id": hidden(page, "form_id"), **version, **typed}
        self.sending = fields["form_id"]
        status, text = self.ask("POST", f"{path}{to}", fields, file)
        self.sending = ""
        if status == 303:
            self.done.append(what)
        else:
            self.wrong.append((what, status, re.sub(r"<[^>]+>|\s+", " ", text)[-1500:]))

    # what there is to do

    def sign_in(self, _):
        """In a browser that the portal has never seen, which its owner is told of by mail."""
        self.visitor = Visitor(self.portal.port)
        self.post(("sign_in", self.name), "/sign-in", email=self.email, password=self.password)

    def name_oneself(self, text):
        self.post(("name", text), "/about-me/names", preferred_name=text)

    def ask_for_a_change(self, text):
        self.post(("wish", text), "/about-me/contacts/new", kind="address", value=f"{text}\nHalifax")

    def change_a_contact(self, text):
        self.post(("contact", text), self.portal.contact, kind="address", value=f"{text}\nHalifax", is_in_use="y")

    def write_a_message(self, text):
        """With a file, which is theirs alone."""
        self.post(("message", text), f"/inbox/{self.portal.discussion}/", to="messages", body=text, file=(f"{text}.pdf", pdf_of(text)))

    def answer_a_message(self, text):
        self.post(("answer", text), f"/admin/discussions/{self.portal.discussion}/", to="messages", body=text)

    def create_an_account(self, text):
        if not self.portal.people:
            return self.sign_in(text)
        who, email = self.portal.people.pop()
        return self.post(("account", email), f"/admin/individuals/{who}/account/new", email=email)


def pdf_of(text):
    """In two pieces."""
    return nasty.pdf(objects=f"% {text} ".encode() * 20_000 + b"\n")


class Portal:
    """The portal as a process that is killed and started again on the same port, and those who use it."""

    def __init__(self, url, folder, nursery, sink):
        self.url, self.folder, self.nursery, self.sink = url, folder, nursery, sink
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.ahead, self.kills, self.hits = 0.0, 0, 0
        self.written, self.heard, self.faults = set(), 0, []  # forms for which something was written, of this process
        self.over, self.gone = threading.Event(), threading.Event()
        self.random = random.Random()
        self.child = None

    def start(self):
        """Later than the one before by so much that what that had begun is taken for dead."""
        self.ahead += STALE
        self.written = set()
        environment = {
            "DOORSTEP_DATA": str(self.folder), "DATABASE_URL": self.url, "SECRET_KEY": KEY, "AUDIT_KEY": KEY,
            "MAIL_FROM": SENDER, "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(self.sink.port), "SMTP_SECURITY": "none",
        }  # fmt: skip
        self.child = self.nursery.start("portal", self.url, environment=environment, listen=self.port,
                                        log=str(self.folder / "log"), ahead=self.ahead)  # fmt: skip

    def rage(self, people, kills):
        for _ in range(kills):
            before = [len(person.done) for person in people]
            self.wait(lambda: sum(len(p.done) > was for p, was in zip(people, before, strict=True)) >= 2)  # noqa: B023
            self.a_moment()
            for person in people:
                person.lost.clear()
            self.hear(self.child.kill())
            self.wait(lambda: all(person.lost.is_set() for person in people))
            self.kills += 1
            self.hits += any(person.sending in self.written for person in people)
            self.start()

    def a_moment(self):
        """That nobody knows; half of the time one at which somebody's form is in the portal's hands."""
        self.listen(self.random.uniform(0.0, LONGEST_MOMENT))
        if self.random.random() < 0.5:
            heard = self.heard
            self.listen(1.0, lambda: self.heard > heard)
            self.listen(self.random.uniform(0.0, SHORT_MOMENT))

    def listen(self, seconds, enough=lambda: False):
        end = time.monotonic() + seconds
        while not enough() and (left := end - time.monotonic()) > 0:
            self.hear([self.child.hear(min(left, 0.01))])

    def hear(self, said):
        forms = [words["writes"] for words in said if words and "writes" in words]
        self.written.update(forms)
        self.heard += len(forms)

    def wait(self, enough):
        self.listen(PATIENCE, lambda: enough() or self.faults)
        assert self.faults == []
        assert enough(), f"nobody gets on\n{self.log[-3000:]}"

    @property
    def log(self):
        return (self.folder / "log").read_text()


def prepare(url, kills):
    """Those who get an account, and the contact that staff change over and over."""
    people = []
    with opened(url), store.writing():
        for key, value in SETTINGS.items():
            Setting.insert(key=key, value=value).execute()
        eve = Individual.get(external_id="eve")
        place = profile.add_contact(eve, profile.Reach("address", "0 Quay\nHalifax"), SYSTEM, country="CA")
        for number in range(5 * kills):
            email = f"nora{number}@example.org"
            who = profile.create(profile.Details("Nora", "North", birth_date=eve.birth_date), SYSTEM)
            profile.add_contact(who, profile.Reach("email", email, is_main=True), SYSTEM, country="CA")
            profile.record_consent(who, "email", True, SYSTEM)
            people.append((who.public_id, email))
        dora = Worker.get(Worker.external_id == "dora")
        talk = discussions.start(Individual.get(external_id="alice"), "Your form", "Please bring it.", Actor(worker=dora), worker=dora)
        return talk.public_id, people, f"/admin/individuals/{eve.public_id}/contacts/{place.public_id}/"


@pytest.mark.parametrize("kills", KILLS)
def test_killed_while_people_post_forms_the_portal_keeps_what_it_answered_and_does_nothing_twice(templates, cast, tmp_path, kills):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    url = templates.copy("cast", folder / "doorstep.db")
    if url.startswith("sqlite"):
        (folder / "doorstep.db").chmod(0o600)
    with Nursery() as nursery, Sink() as sink:
        portal = Portal(url, folder, nursery, sink)
        portal.discussion, portal.people, portal.contact = prepare(url, kills)
        people = [
            Somebody(portal, cast, "alice", "/about-me/", [Somebody.name_oneself, Somebody.ask_for_a_change, Somebody.write_a_message]),
            Somebody(portal, cast, "bob", "/about-me/", [Somebody.sign_in]),
            Somebody(portal, cast, "ines", "/admin/", [Somebody.change_a_contact, Somebody.answer_a_message]),
            Somebody(portal, cast, "ada", "/admin/", [Somebody.create_an_account]),
        ]
        threads = [threading.Thread(target=person.work) for person in people]
        try:
            portal.start()
            for thread in threads:
                thread.start()
            portal.rage(people, kills)
            portal.over.set()
            portal.wait(lambda: not any(thread.is_alive() for thread in threads))
        finally:
            portal.over.set()
            portal.gone.set()
            for thread in threads:
                thread.join()
        portal.child.kill()
        sound(url)
        send_what_is_left(portal)
    sound(url)
    with opened(url):
        assert [person.wrong for person in people] == [[]] * len(people)
        assert portal.hits >= LEAST_HITS * kills, (portal.hits, kills)
        each_happened_once(people)
        each_file_is_whole()
        each_burst_is_told_of_once()
        no_mail_is_lost(portal)
        assert audit.verify() == []
    assert not re.search(r"Traceback|ERROR|CRITICAL", portal.log), portal.log[-3000:]


def send_what_is_left(portal):
    """What the killed ones had in hand, once their leases have ended."""
    for _ in range(10):
        child = portal.nursery.start("mail", portal.url, port=portal.sink.port, once=True, ahead=portal.ahead + ALL_LEASES).ready()
        child.ring()
        child.finish()
        with opened(portal.url):
            if not Delivery.select().where(Delivery.state.in_(("due", "leased"))).exists():
                return
    pytest.fail("mail is left that nobody sends")


def each_happened_once(people):
    """Every form that was answered, in the end, did what it should, and no form did it twice."""
    done = collections.Counter(what for person in people for what in person.done)
    there = collections.Counter(happened())
    print(f"{collections.Counter(kind for kind, _ in done.elements())} again={[len(set(person.again)) for person in people]}")
    assert there == done
    assert min(sum(done[what] for what in done if what[0] == kind) for kind in ("sign_in", "name", "wish", "contact", "account", "message", "answer")) > 2
    assert sum(bool(person.again) for person in people) > 1, "hardly anybody sent a form again"
    newest = {kind: [text for what, text in person.done if what == kind] for person in people for kind, _ in person.done}
    assert Individual.get(external_id="alice").preferred_name == newest["name"][-1]
    assert Individual.get(external_id="eve").contacts.where(Contact.kind == "address").get().value.startswith(newest["contact"][-1])


def each_file_is_whole():
    every = Attachment.select(Attachment, StoredFile, Message).join(StoredFile).switch(Attachment).join(Message)
    for each in every:
        is_whole = attachments.bytes_of(each.file) == pdf_of(each.message.body)
        assert is_whole, each.name  # without the bytes, which would take long to compare
    theirs = [each.message_id for each in every]
    assert sorted(theirs) == [message.id for message in Message.select().where(Message.author == "client").order_by(Message.id)]
    assert StoredFile.select().count() == len(theirs)


def happened():
    """What the database knows of: of each the audit entry, which came with the change, and what was to come with both."""
    accounts = {f"account {account.id}": account for account in PortalAccount.select()}
    for entry in AuditEntry.select().order_by(AuditEntry.id):
        after = audit.values_of(entry).get("after", {})
        if entry.kind == "individual.changed":
            yield "name", after["preferred_name"]
        elif entry.kind == "profile_change.asked":
            change = ProfileChange.get_by_id(int(entry.subject.split()[1]))
            assert Task.select().where(Task.dedupe_key == f"profile_change:change {change.public_id}").count() == 1
            yield "wish", after["value"].partition("\n")[0]
        elif entry.kind == "contact.changed":
            yield "contact", after["value"].partition("\n")[0]
        elif entry.kind == "account.created" and accounts[entry.subject].email.startswith("nora"):
            account = accounts[entry.subject]
            assert [row.kind for row in account.deliveries] == ["activation"]
            assert account.links.count() == account.individual.accounts.count() == 1
            yield "account", account.email
    for message in Message.select().where(Message.body != "Please bring it."):
        yield {"client": "message", "worker": "answer"}[message.author], message.body
    for row in Delivery.select().where(Delivery.kind == "new_device"):
        yield "sign_in", row.to_address.partition("@")[0]


def no_mail_is_lost(portal):
    """All came, and of what came twice each mailbox knows the copy for one."""
    accepted = portal.sink.accepted
    known = {notices.message_id(row, "localhost"): row for row in Delivery.select()}
    unsettled = DeliveryAttempt.select().where(DeliveryAttempt.outcome == "").count()
    talk = ("message_waiting", "client_wrote")
    wanted = {
        name for name, row in known.items()
        if row.state == "sent" and (row.kind in ("new_device", *talk) or row.to_address.startswith("nora"))
    }  # fmt: skip
    states = collections.Counter((row.kind, row.state, row.last_error) for row in Delivery.select().where(Delivery.kind.in_(talk)))
    print(dict(states))
    read = {(state, "The message was read meanwhile.") for state in ("cancelled", "suppressed")}  # as soon as it was, or at sending
    assert {what[1:] for what in states} <= {("sent", ""), *read}
    assert wanted <= set(accepted.ids) <= known.keys(), "a mail is lost, or one came that nobody knows"
    for row in (known[name] for name in set(accepted.ids)):  # one that came, and was read before anybody could note that, is suppressed
        assert row.state == "sent" or row.tries.where(DeliveryAttempt.outcome == "").exists(), (row.kind, row.state)
        assert row.state == "sent" or (row.kind in talk and row.state in ("cancelled", "suppressed"))
    copies = len(accepted) - len(set(accepted.ids))
    print(f"{portal.kills=} {portal.hits=} {copies=} {unsettled=} {len(accepted)=}")
    assert copies <= unsettled <= 2 * (portal.kills + 1)  # a process has two hands, and the last one is killed, too
