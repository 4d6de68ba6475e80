"""Nobody can make the portal write links to somewhere else (T17)."""

import re

import pytest
from pages.conftest import Browser
from werkzeug.test import EnvironBuilder, run_wsgi_app

import models
from domain import dispatch, notices, store
from gateways.mailbox import MailboxMail
from models import Delivery

HOSTILE = (
    "evil.example", "evil.example:8000", "localhost.evil.example", "localhost:8000.evil.example", "evil.example/localhost",
    "localhost@evil.example", "[::1]", "127.0.0.2", "0.0.0.0", "LOCALHOST.evil.example", "evil", "xn--e1aybc.example",
    "localhost%00.evil.example", "localhost,evil.example", "localhost;evil.example", "a" * 300, "evil.example#localhost",
    "evil.example?localhost", "..", "-",
)  # fmt: skip


@pytest.mark.parametrize("host", HOSTILE)
def test_a_strange_host_is_refused(app, cast, host):
    browser = Browser(app)
    browser.open("/forgotten-password")
    values = browser.page.form("Send me the link").filled({"email": cast.email_of("alice")})
    before = Delivery.select().count()
    answer = browser.client.post("/forgotten-password", base_url=browser.root, data=values, headers={"Host": host})
    assert answer.status_code == 400
    assert Delivery.select().count() == before


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via"])
def test_a_portal_in_development_answers_no_proxy(app, production, cast, header):
    browser = Browser(app)
    for path in ("/", "/sign-in", "/dev/mail"):
        assert browser.client.get(path, base_url=browser.root, headers={header: "203.0.113.9"}).status_code == 503
    served = Browser(production)
    assert served.client.get("/sign-in", base_url=served.root, headers={header: "203.0.113.9"}).status_code == 200


@pytest.mark.parametrize("network", ["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"])
def test_a_portal_in_development_answers_its_own_machine(app, cast, network):
    for path in ("/sign-in", "/dev/mail", "/healthz"):
        assert Browser(app).client.get(path, base_url="http://localhost:8000", environ_overrides={"REMOTE_ADDR": network}).status_code == 200


@pytest.mark.parametrize(
    "network",
    ["203.0.113.9", "192.168.1.5", "10.0.0.1", "172.17.0.1", "169.254.1.1", "0.0.0.0", "128.0.0.1", "::", "fe80::1%eth0", "2001:db8::1",
     "::ffff:192.168.1.5", "::ffff:0:127.0.0.1", "localhost", "127.0.0.1.example", "127.1", "", "unix:", " "],
)  # fmt: skip
def test_a_portal_in_development_answers_no_other_one(app, production, cast, network):
    """However it came to listen there; a connection of which no address is known is another one's.  Style and icons are no secret."""
    known = {"environ_overrides": {"REMOTE_ADDR": network}}
    for path in ("/", "/sign-in", "/dev/mail", "/dev/components", "/admin/", "/healthz", "/static/nothing.js", "/nowhere"):
        answer = Browser(app).client.get(path, base_url="http://localhost:8000", **known)
        assert (answer.status_code, "development" in answer.text, "Set PORTAL_URL" in answer.text) == (503, True, True), path
    served = Browser(production)
    assert served.client.get("/sign-in", base_url=served.root, **known).status_code == 200


def test_a_portal_in_development_answers_nobody_without_an_address(app):
    environ = EnvironBuilder("/dev/mail", base_url="http://localhost:8000").get_environ()
    assert "REMOTE_ADDR" not in environ
    assert run_wsgi_app(app.wsgi_app, environ)[1] == "503 SERVICE UNAVAILABLE"


@pytest.mark.parametrize("header", ["X-Host", "X-Original-Host", "X-Forwarded-Server"])
def test_what_others_claim_about_the_host_is_not_believed(app, cast, decided, header):
    decided(mail_rate=0)
    browser = Browser(app)
    browser.open("/forgotten-password")
    values = browser.page.form("Send me the link").filled({"email": cast.email_of("alice")})
    assert browser.send("/forgotten-password", values, {header: "evil.example"}).status == 303
    config = app.extensions["doorstep"]
    box = MailboxMail(config.mailbox)
    dispatch.deliver_due(lambda: box, portal_url=config.portal_url, sender="portal@example.org")
    _, message = box.messages()[0]
    text = message.get_body(preferencelist=("plain",)).get_content() + message.get_body(preferencelist=("html",)).get_content()
    assert "/reset/" in text
    assert set(re.findall(r"https?://[^/\s\"<]+", text)) == {"http://localhost:8000"}


# ---------------------------------------------------------------- every post that makes a mail


MAKING = [
    ("living", "a stranger", "/forgotten-password", {"email": "alice@example.org"}),
    ("living", "a stranger", "/sign-in", {"email": "alice@example.org", "password": "alice likes 9 quiet otters"}),
    ("living", "alice", "/my-portal/password", {"current": "alice likes 9 quiet otters", "password": "seven brave geese fly"}),
    ("living", "bob, who forgot", "/reset/", {"password": "seven brave geese fly"}),
    ("living", "ada", "/admin/individuals/<public_id>/account/new", {}),
    ("living", "ada", "/admin/individuals/<public_id>/account/<account_id>/activations", {}),
    ("living", "ada", "/admin/individuals/<public_id>/account/<account_id>/renewal", {}),
    ("living", "ines", "/admin/deliveries/<public_id>/again", {}),
    ("living", "alice", "/my-portal/address", {"email": "another@example.org", "current": "alice likes 9 quiet otters"}),
    ("living", "finn", "/admin/workers/new", {"first_name": "Nell", "last_name": "Nook", "email": "nell@example.org"}),
    ("opening", "the first admin", "/admin/first-start/mail/test", {}),
]
making = pytest.mark.parametrize(("name", "who", "route", "typed"), MAKING, ids=[route for _, _, route, _ in MAKING])
CLAIMS = [
    *({"Host": host} for host in HOSTILE), {"Host": ""}, {"X-Host": "evil.example"}, {"X-Original-Host": "evil.example"},
    {"X-Forwarded-Server": "evil.example"}, {"X-Forwarded-Proto": "http"}, {"X-Rewrite-URL": "//evil.example/"}, {"X-Original-URL": "//evil.example"},
    {"X-HTTP-Host-Override": "evil.example"}, {"X-Forwarded-Prefix": "//evil.example"}, {"X-Script-Name": "//evil.example"},
]  # fmt: skip
BY_PROXY = [{"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example;proto=http"}, {"X-Forwarded-Host": "evil.example, localhost"}]


def made(scene, folder):
    """Every letter that waits, sent."""
    with store.writing():
        models.Setting.insert(key="mail_rate", value="0").on_conflict_ignore().execute()
        models.ChannelHealth.update(slot_at=None, down_since=None).execute()
    box = MailboxMail(folder)
    root = scene.app.extensions["doorstep"].portal_url
    dispatch.deliver_due(lambda: box, portal_url=root, sender="portal@example.org")
    return [message for _, message in box.messages()]


@making
def test_no_claim_about_the_host_gets_into_a_mail(scene, name, who, route, typed, tmp_path):
    found = next(found for found in scene.kinds(who) if found.route == route)
    root = scene.ways[who].root
    refused = 0
    for number, claim in enumerate([*CLAIMS, *(BY_PROXY if name == "opening" else [])]):  # development answers no proxy
        before = Delivery.select().count()
        answer = scene.post(found, found.form.filled(typed), headers=claim)
        assert answer.status in (303, 400), claim
        if answer.status == 400:
            assert Delivery.select().count() == before, claim
            refused += 1
        else:
            assert answer.location.startswith("/"), claim
            assert not answer.location.startswith("//"), claim
            mails = made(scene, tmp_path / str(number))
            assert mails, claim
            for message in mails:
                text = "".join(message.get_body((kind,)).get_content() for kind in ("plain", "html"))
                addresses = re.findall(r"[a-z]+://[^/\s\"<]+", text)
                assert addresses or "mail/test" in route, claim
                assert set(addresses) <= {root}, claim
                assert "evil" not in message.as_string(), claim
        scene.restore()
    assert refused >= 20


# Of codes and of what several posts lead to: tests/domain/test_second_step.py, test_workers.py.
OF_THE_SECOND_STEP = {"worker_address_changed", "authenticator_set_up", "authenticator_removed", "recovery_code_used", "password_known"}

LATER = {"message_waiting", "message_overdue"}  # made some time after their cause: tests/domain/test_discussions.py, test_answering.py
OF_APPOINTMENTS = {kind for kind in notices.KINDS if kind.startswith(("event_", "client_", "request_"))}  # tests/domain/test_event_messages.py


def test_every_kind_of_mail_that_a_form_can_make_is_made_here(scenes, tmp_path):
    """Only what takes more than one post is missing: three wrong dates of birth, five wrong passwords, a code from a mail; and
    what one of many buttons with the same address makes."""
    kinds = set()
    for name, who, route, typed in MAKING:
        with scenes.again(name) as scene:
            before = {row.id for row in Delivery.select()}
            found = next(found for found in scene.kinds(who) if found.route == route)
            scene.post(found, found.form.filled(typed))
            kinds |= {row.kind for row in Delivery.select() if row.id not in before}
    assert kinds == set(notices.KINDS) - {"birth_date_closed", "reply_link_closed", "sign_in_locked", "address_changed", "new_password_wanted", *OF_THE_SECOND_STEP, *OF_APPOINTMENTS, *LATER}
