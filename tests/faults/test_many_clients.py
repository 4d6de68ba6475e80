"""Many at once at one running portal: those whose line stalls hold up nobody, and nobody is served somebody else's page."""

import contextlib
import datetime as dt
import http.client
import itertools
import re
import select
import socket
import threading
import time
from collections import Counter

import pytest
from faults.nursery import KEY, PATIENCE, Sink, opened
from faults.running import ONLY_WEB, Portal, Visitor
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from domain import accounts, profile, sign_in, store
from domain.actor import SYSTEM, Actor
from models import PortalAccount, Worker

PHONES = 60
CLIENTS, RESPONSES = 32, 3_000
CANARY = re.compile(r"Zephyr\d\dq")
BUSY = "/static/vendor/htmx-4.0.1.min.js"


@pytest.fixture
def portal(data):
    """A running portal with its folder."""
    with Sink() as sink, Portal(data, sink) as running:
        yield running.listens()


def cookie_of(token):
    """The cookie of a browser that is signed in."""
    app = Flask("a browser")
    app.secret_key = KEY
    words = SecureCookieSessionInterface().get_signing_serializer(app).dumps({"_user_id": token, "_fresh": True})
    return f"session={words}"


def settle_down(data, number):
    """So many clients, each with a name that nobody else has; their cookies by that name."""
    cookies = {}
    with opened(data / "doorstep.db"):
        ada = Actor(worker=Worker.get(external_id="ada"))
        for each in range(number):
            name = f"Zephyr{each:02d}q"
            person = profile.create(profile.Details(name, name, birth_date=dt.date(1980, 2, 3)), SYSTEM)
            profile.add_contact(person, profile.Reach("email", f"{name}@example.org", is_main=True), SYSTEM, country="CA")
            profile.record_consent(person, "email", True, SYSTEM)
            account = accounts.create(person, ada)
            with store.writing():
                PortalAccount.update(state="active", activated_at=account.invited_at, password_hash="x").where(PortalAccount.id == account.id).execute()
            begun = sign_in.start(PortalAccount.get_by_id(account.id), None, device_token="", agent="a test", network="192.0.2.1", tell_of_device=False)
            cookies[name] = cookie_of(begun.session_token)
    return cookies


class Phone:
    """One client's connection."""

    def __init__(self, port, cookie):
        self._line = http.client.HTTPConnection("localhost", port, timeout=PATIENCE)
        self._headers = {"Cookie": cookie, "User-Agent": "a test"}

    def ask(self, path, method="GET", body=None, **headers):
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        self._line.request(method, path, body, {**self._headers, **kind, **headers})
        answer = self._line.getresponse()
        if fresh := answer.headers.get("Set-Cookie"):  # the secret of the form token
            self._headers["Cookie"] = fresh.partition(";")[0]
        return answer.status, answer.read().decode()

    def close(self):
        self._line.close()


# ---------------------------------------------------------------- stalled lines


def stalled_upload(port):
    line = socket.create_connection(("localhost", port), timeout=PATIENCE)
    line.sendall(b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                 b"Content-Length: 100000\r\n\r\nemail=somebody")  # fmt: skip
    return line


def stalled_download(port):
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(PATIENCE)
    line.connect(("localhost", port))
    line.sendall(f"GET {BUSY} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() * 40)
    return line


def has_more_than(line, number):
    """True when so many bytes come yet."""
    while number > 0 and (got := line.recv(1_000_000)):
        number -= len(got)
    return number <= 0


@pytest.mark.long
def test_sixty_stalled_uploads_and_downloads_hold_up_nobody(portal, data):
    with contextlib.ExitStack() as lines:
        alice = lines.enter_context(contextlib.closing(Phone(portal.port, settle_down(data, 1)["Zephyr00q"])))
        uploads = [lines.enter_context(stalled_upload(portal.port)) for _ in range(PHONES)]
        downloads = [lines.enter_context(stalled_download(portal.port)) for _ in range(PHONES)]
        seconds = []
        for _ in range(20):
            began = time.monotonic()
            status, body = alice.ask("/about-me/")
            seconds.append(time.monotonic() - began)
            assert (status, "Zephyr00q" in body) == (200, True)
        assert sorted(seconds)[-2] < 0.3, seconds
        assert select.select(uploads, [], [], 0)[0] == [], "an upload was answered: it did not stall"
        assert [has_more_than(line, 1_000_000) for line in downloads[:3]] == [True] * 3, "a stalled line gets the rest once it goes on"


# ---------------------------------------------------------------- many who sign in

DEAR = ONLY_WEB.replace("app = ", "from domain import passwords\npasswords.use_cost(time_cost=12, memory_cost=19456)\napp = ", 1)
AT_ONCE = 8


@pytest.mark.long
def test_eight_who_sign_in_at_once_hold_up_nobody(data):
    """Two passwords are hashed at once and the others wait: for each other, and no page waits for any of them."""
    cookie = settle_down(data, 1)["Zephyr00q"]
    with Portal(data, None, ["-c", DEAR]) as portal, contextlib.closing(Phone(portal.listens().port, cookie)) as alice:
        visitors = [Visitor(portal.port) for _ in range(AT_ONCE)]
        begun, waits, pages = threading.Barrier(AT_ONCE + 1), [], []

        def sign_in(number):
            _, form = visitors[number].ask("GET", "/sign-in")
            hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
            begun.wait(PATIENCE)
            began = time.monotonic()
            status, _ = visitors[number].ask("POST", "/sign-in", hidden | {"email": f"nobody{number}@example.org", "password": "not this one"})
            assert status == 422
            waits.append(time.monotonic() - began)

        threads = [threading.Thread(target=sign_in, args=(number,)) for number in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        begun.wait(PATIENCE)
        while any(thread.is_alive() for thread in threads):
            began = time.monotonic()
            assert alice.ask("/about-me/")[0] == 200
            pages.append(time.monotonic() - began)
        assert len(waits) == AT_ONCE
        assert max(pages) < min(waits) / 2, (max(pages), sorted(waits))


# ---------------------------------------------------------------- nobody else's page

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/"}


def errands(token):
    """What one client asks for, over and over: what to ask, the status, and whether their own name stands there."""
    form, wrong = f"csrf_token={token}", f"csrf_token={token}&current=x&password=y"
    same = {"Sec-Fetch-Site": "same-origin"}
    return itertools.cycle([
        (("/about-me/",), {}, 200, True), (("/",), {}, 200, True), (("/my-portal/",), {}, 200, True), (("/pages/help",), {}, 200, False),
        (("/about-me/",), HTMX, 200, True), (("/nothing",), {}, 404, False), (("/admin/",), {}, 404, False),
        (("/stay-signed-in", "POST", form), {**same, **HTMX}, 204, False), (("/about-me/",), {}, 200, True),
        (("/password-strength", "POST", wrong), same, 200, False), ((BUSY,), {}, 200, False),
    ])  # fmt: skip


@pytest.mark.long
def test_nobody_of_thirty_two_is_ever_served_what_is_somebody_elses(portal, data):
    cookies = settle_down(data, CLIENTS)
    wrong, served, gate = [], Counter(), threading.Barrier(CLIENTS)

    def go_about(name):
        with contextlib.closing(Phone(portal.port, cookies[name])) as phone:
            run_errands(phone, name)

    def run_errands(phone, name):
        token = re.search(r'"X-CSRFToken":"([^"]+)"', phone.ask("/about-me/")[1])[1]
        gate.wait(PATIENCE)
        for (asked, headers, status, has_name), _ in zip(errands(token), range(-(-RESPONSES // CLIENTS)), strict=False):
            got, body = phone.ask(*asked, **headers)
            names = set(CANARY.findall(body))
            served[name] += 1
            if got != status or names - {name} or (has_name and name not in names):
                wrong.append(f"{name} asked {asked[0]}: {got}, {sorted(names)}")

    threads = [threading.Thread(target=go_about, args=(name,)) for name in cookies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE * 4)
    assert wrong == []
    assert sum(served.values()) >= RESPONSES
    assert len(served) == CLIENTS
