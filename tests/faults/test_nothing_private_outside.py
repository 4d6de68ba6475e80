"""Words that nobody else has, typed wherever the portal takes any: none of them leaves it but on the pages (P25, T23)."""

import datetime as dt
import re
import socket

import nasty
import pytest
from faults.nursery import Sink, opened
from faults.running import Portal
from faults.tour import Leaks, Tourist
from pages.conftest import File, born, text_of
from smtp_server import Fault

from domain import accounts, clock, settings, store
from domain.actor import SYSTEM
from models import Delivery, Individual, LoginSession, ProfileChange

ROOT = "https://portal.example.org"
BORN = dt.date(1984, 2, 29)
ME, PASSWORD, NEXT_PASSWORD = "quillfeather@wombatmail.example", "eleven lilac tapirs drum", "nine amber geckos nap"
PRIVATE = (  # in no other case than this one, and each in no word of ours
    "Zephyrine", "Quillfeather", "Quokkabelle", "Xemxem", "Numbatish", "Marmosetlane", "5550177", "Whisperonly", "Auntieplatypus",
    "Becausenarwhal", "Unsentpangolin", "Kakapova", "Importina", "Axolotlson", "Nowherefox", "wombatmail", "ocelotmail", "1984-02-29",
    "lilac tapirs", "amber geckos", "mistyped tapirs", "likes 9 quiet otters", "Subjectlynx", "Wordswren", "Answerbongo", "Notecoati",
)  # fmt: skip
FILE = "Fileferret"  # which a browser reads in the header of the file
PEOPLE = "Client no.;First name;Surname;DOB;E-mail\n9901;Importina;Axolotlson;31.12.1990;importina@wombatmail.example\n9902;Importina;Axolotlson;no Kakapova;x\n"


def found(words, texts):
    """Which of the words stand in any of the texts, and where."""
    lowered = [(text, text.lower()) for text in texts]
    return {
        word: re.sub(r"\s+", " ", text[max(0, at - 80) : at + 80])
        for word in words
        for text, lower in lowered
        if (at := lower.find(word.lower())) >= 0
    }


class Tour:
    """A portal for the public behind its proxy, and those who walk through it."""

    def __init__(self, data, sink, cast, faults):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.data, self.sink, self.cast, self.faults = data, sink, cast, faults
        self.leaks, self.tokens = Leaks(), []

    def portal(self):
        return Portal(self.data, self.sink, ["app.py", "--port", str(self.port)], PORTAL_URL=ROOT, TRUSTED_PROXY="127.0.0.1", MAIL_FROM="portal@harbour.ca",
                      SECRET_KEY="one for the cookies, which nobody guesses and which is long enough")  # fmt: skip

    def tourist(self):
        return Tourist(self.port, ROOT, self.leaks)

    def here(self):
        return opened(self.data / "doorstep.db")

    def link(self, subject):
        """The path in the newest mail with that subject; its token must be seen nowhere but there."""
        number = len(self.sink.accepted)
        while subject not in [mail.message["Subject"] for mail in self.sink.accepted]:
            assert self.sink.accepted.wait(number + 1), f"no {subject!r}"
            number = len(self.sink.accepted)
        mail = next(mail for mail in reversed(self.sink.accepted) if mail.message["Subject"] == subject)
        path = re.search(rf"{ROOT}(/(?:activate|reset)/(\S+))", text_of(mail.message))
        self.tokens.append(path[2])
        return path[1]


def staff_make_a_record(ada):
    """A client with everything that a record has; the first try of each form is refused."""
    ada.open("/admin/individuals/new")
    names = {"first_name": "Zephyrine", "last_name": "Quillfeather", "preferred_name": "Quokkabelle", "pronouns": "Xemxem", "gender": "Numbatish"}
    assert ada.press("Save", {**names, **born(BORN), "birth_date-day": "30"}).status == 422
    ada.press("Save", born(BORN))
    home = ada.page.path
    for kind, value, more in (
        ("email", "Quillfeather at wombatmail", {}), ("email", ME, {"is_main": True}), ("mobile", "+1 902 555 0177", {}),
        ("address", "77 Marmosetlane\nHalifax", {"instructions": "Whisperonly"}), ("emergency", "+1 902 555 0177", {"person": "Auntieplatypus"}),
    ):  # fmt: skip
        ada.open(f"{home}contacts/new")
        ada.press("Save", kind=kind, value=value, **more)
    ada.open(home)
    ada.press("They allow it: E-mail")
    ada.open(f"{home}account/new")
    ada.press("Send the activation", email=ME)
    return home


def client_arrives(client, link):
    """From the mail to Home, with every mistake on the way."""
    client.open(link)
    client.press("Continue", accept=True)
    client.press("Continue", born(dt.date(1984, 2, 28)))
    client.press("Continue", born(BORN))
    client.press("Activate my account", password="Zephyrine Quillfeather")
    client.press("Activate my account", password=PASSWORD)
    assert client.open("/").status == 200


def client_changes_things(client, typed="Quokkabelle"):
    client.open("/about-me/names")
    client.press("Send", preferred_name=f"{typed} Kakapova", pronouns="Xemxem")
    client.open("/about-me/contacts/new")
    client.press("Save", kind="address", value="9 Marmosetlane\nHalifax", instructions="Whisperonly")
    client.open("/about-me/contacts/new")
    assert client.press("Save", kind="mobile", value="five 5550177 Kakapova").status == 422
    client.open("/about-me/legal-name")
    client.press("Send", {"first_name": "Zephyrine", "last_name": "Kakapova", **born(BORN)})
    client.open("/my-portal/password")
    assert client.press("Save the new password", current="mistyped tapirs howl", password=NEXT_PASSWORD).status == 422
    assert client.press("Save the new password", current=PASSWORD, password=NEXT_PASSWORD).status == 200


def they_write_to_each_other(ada, client):
    """With a file; what was refused first, and a note that only staff read, too."""
    client.open("/inbox/new")
    words = {"to": "team", "subject": "Subjectlynx", "body": "Wordswren"}
    assert client.press("Send", {**words, "files": File(f"{FILE}.exe", b"MZ Wordswren")}).status == 422
    client.press("Send", {**words, "files": File(f"{FILE}.pdf", nasty.pdf())})
    assert "Subjectlynx" in client.page.html
    ada.open(f"/admin/discussions/{client.page.path.rstrip('/').rpartition('/')[2]}/")
    ada.press("Send", body="Answerbongo")
    ada.press("Keep the note", note="Notecoati")
    assert "Answerbongo" in client.open(client.page.path).html


def staff_look_and_decide(ada, home):
    ada.open(home)
    change = next(form for form in ada.page.forms if form.action.endswith("/acceptance"))
    ada.submit(change, change.values)
    decline = next(href for href in ada.page.hrefs if href.endswith("/refusal"))
    ada.open(decline)
    ada.press("Decline", reason="Becausenarwhal")
    ada.open("/admin/individuals/")
    ada.press("Search", q="Zephyrine Quillfeather")
    assert "Quillfeather" in ada.page
    ada.open("/admin/imports/new")
    form = ada.page.form("Upload")
    ada.submit(form, {**form.filled({}), "subject": "individuals", "file": File("Importina.csv", PEOPLE.encode())})
    ada.press("Continue")
    form = ada.page.form("Check the file")
    ada.submit(form, {**form.filled({}), "consent": "yes"})


def strangers_try(tour):
    """Wrong passwords, addresses that nobody has, links that were used or cut off."""
    stranger = tour.tourist()
    for email, password in ((ME, "mistyped tapirs howl"), ("stranger@ocelotmail.example", PASSWORD)):
        assert stranger.sign_in(email, password).status == 422
    for email in (ME, "stranger@ocelotmail.example"):
        stranger.open("/forgotten-password")
        stranger.press("Send me the link", email=email)
    reset = tour.link("Choose a new password")
    stranger.open(reset)
    assert stranger.press("Save the new password", password="Quillfeather").status == 422
    stranger.press("Save the new password", password=NEXT_PASSWORD)
    assert stranger.open(reset).status == 410
    for link in (reset[:-3], f"{reset}x", f"/activate/{reset.rpartition('/')[2]}"):
        assert stranger.open(link).status == 404


def things_go_wrong(tour, client):
    """Not there, not allowed, too large, from elsewhere, not readable."""
    typed = {"preferred_name": "Nowherefox Kakapova", "value": "9 Marmosetlane"}
    for method, path, data, more, status in (
        ("GET", "/about-me/contacts/Nowherefox/", None, {}, 404), ("GET", "/Nowherefox/Zephyrine", None, {}, 404),
        ("POST", "/", typed, {}, 405), ("POST", "/about-me/names", {**typed, "pronouns": "Xemxem" * 400_000}, {}, 413),
        ("POST", "/about-me/names", {"preferred_name": "Kakapova"}, {"Sec-Fetch-Site": "cross-site"}, 400),
        ("GET", "/", None, {"X-Forwarded-Host": "Nowherefox.example"}, 400),
    ):  # fmt: skip
        assert client.ask(path, method, data, more).status == status, path
    with socket.create_connection(("127.0.0.1", tour.port)) as line:
        line.sendall(b"Nowherefox \x01 Zephyrine\r\n\r\n")
        assert line.recv(10_000).startswith(b"HTTP/1.0 400")


def a_row_is_damaged(tour, ada, home):
    """What nobody thought of: the page fails, and the log tells where, but not whose it is."""
    with tour.here(), store.writing():
        who = Individual.get(Individual.first_name == "Zephyrine")
        damaged = ProfileChange.create(individual=who, group="legal", account=accounts.newest(who), asked_at=clock.now(),
                                       asked='{"birth_date": "Zephyrine Kakapova"}')  # fmt: skip
    assert ada.open(home).status == 500
    with tour.here(), store.writing():
        ProfileChange.update(state="withdrawn").where(ProfileChange.id == damaged.id).execute()
    assert ada.open(home).status == 200


def a_session_ends(tour, client):
    """What was typed waits for its writer."""
    client.open("/about-me/names")
    form = client.page.form("Send")
    with tour.here(), store.writing():
        LoginSession.update(seen_at=clock.ago(hours=2)).where(LoginSession.account.is_null(False)).execute()
    client.submit(form, form.filled({"preferred_name": "Unsentpangolin", "gender": "Numbatish"}))
    assert client.page.path.startswith("/sign-in")
    client.press("Sign in", email=ME, password=NEXT_PASSWORD)
    assert "Unsentpangolin" in client.page.html
    client.press("Send")


def mail_comes_back(tour, client):
    """The server names the address that it does not know, and then nobody answers at all."""
    tour.faults += [Fault("rcpt", f"550 5.1.1 <{ME}>: Quillfeather is no user here")] * 2
    with tour.here():
        before = Delivery.select().count()
    for _ in range(4):
        client.open("/forgotten-password")
        client.press("Send me the link", email=ME)
    for _ in range(600):
        with tour.here():
            rows = [row.state for row in Delivery.select().where(Delivery.id > before)]
        if "dead" in rows and not {"due", "leased"} & set(rows):
            return
        tour.sink.accepted.wait(10_000, 0.1)
    pytest.fail(f"nothing came back: {rows}")


@pytest.mark.long
def test_nothing_private_is_seen_outside_the_pages_after_a_tour_of_the_portal(data, cast):
    faults = []
    sink = Sink(iter(lambda: faults.pop() if faults else "ok", None))
    tour = Tour(data, sink, cast, faults)
    with tour.here():
        for key, value in (("about_me_names", "approval"), ("about_me_legal", "approval"), ("about_me_contacts", "at_once"),
                           ("about_me_emergency", "at_once"), ("resets_an_hour", "1000"), ("unread_delay", "0")):  # fmt: skip
            settings.change(key, value, SYSTEM)
    with sink, tour.portal() as portal:
        portal.listens()
        walk(tour)
        with tour.here():
            zephyrine = Individual.get(Individual.first_name == "Zephyrine")
            assert accounts.newest(zephyrine).state == "active"
        queue = [part.read_bytes().decode("latin-1") for part in data.glob("queue.db*")]  # its log still has what was taken out
        assert portal.stop() == 0
        log = portal.log
    assert tour.leaks.statuses >= {200, 303, 400, 404, 405, 410, 413, 422, 500}
    assert "Traceback" in log, "the failure of a page must be in the log"
    nothing_is_seen(tour, log, queue)


def walk(tour):
    ada, client = tour.tourist(), tour.tourist()
    ada.sign_in("ada@example.org", "mistyped tapirs howl")
    ada.sign_in("ada@example.org", tour.cast.password_of("ada"))
    home = staff_make_a_record(ada)
    client_arrives(client, tour.link("Your portal is ready"))
    client_changes_things(client)
    they_write_to_each_other(ada, client)
    staff_look_and_decide(ada, home)
    strangers_try(tour)
    client.sign_in(ME, NEXT_PASSWORD)
    things_go_wrong(tour, client)
    a_row_is_damaged(tour, ada, home)
    a_session_ends(tour, client)
    mail_comes_back(tour, tour.tourist())
    assert len(client.walk_everywhere()) > 15
    assert len(ada.walk_everywhere()) > 40


def nothing_is_seen(tour, log, queue):
    leaks = tour.leaks
    secrets = [*tour.tokens, *{value for value in leaks.cookies if len(value) > 20}]
    assert len(tour.tokens) >= 2
    assert "deliver" in "".join(queue), "nothing that rang is found in the queue"
    everything, mails = [*PRIVATE, *secrets], tour.sink.accepted
    seen = {
        "in the log": found([*everything, FILE], [log]),
        "in the queue": found([*everything, FILE], queue),
        "in an address": found([*everything, FILE], leaks.addresses),
        "in a header": found(everything, leaks.headers),
        "in a title": found(everything, leaks.titles),
        "on a page of an error": found(everything, leaks.errors),
        "in a cookie": found(PRIVATE, leaks.cookie_words),
        "in a mail": found([*PRIVATE, FILE], [words for mail in mails for words in told_by(mail.message)]),
    }
    assert {where: what for where, what in seen.items() if what} == {}
    assert {address.partition("?")[0] for address in leaks.asked} == {"/admin/individuals/"}  # the words of the staff's search
    assert leaks.without_policy == []
    subjects = {mail.message["Subject"] for mail in mails}
    assert subjects >= {"Your portal is ready", "Choose a new password", "Your password was changed", "A new device signed in"}
    assert subjects >= {"You have a new message", "A client wrote to you"}


def told_by(message):
    """What a mail says but for the address that it goes to."""
    yield from (f"{name}: {value}" for name, value in message.items() if name != "To")
    yield from (part.get_content() for part in message.walk() if part.get_content_maintype() == "text")
