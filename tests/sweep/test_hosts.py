"""Nobody can make the portal write links to somewhere else (T17)."""

import re

import pytest
from pages.conftest import Browser

from domain import dispatch
from gateways.mail import MailboxMail
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
