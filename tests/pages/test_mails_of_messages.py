"""What a mail server gets of messages: well-formed, with a way out where it is a client's, and without a private word (T22, T23)."""

import datetime as dt
import io
import logging
import re
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import nasty
import pytest
from smtp_server import SmtpServer

from domain import agency, attachments, clock, discussions, enrolments, notices, preferences, reply_links, services
from domain.discussions import About
from domain.rules import RuleBroken
from models import Delivery, Individual, Worker

pytestmark = pytest.mark.usefixtures("cast")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
CANARIES = ("Subjectlynx", "Wordswren", "Fileferret", "Servicegecko", "Rosalind", "Quillby")
SUBJECTS = {
    "message_waiting": "You have a new message", "client_wrote": "A client wrote to you", "message_overdue": "A client waits longer than promised",
    "reply_link_closed": "A link of yours was stopped",
}  # fmt: skip


@pytest.fixture
def talk(cast, decided):
    """Alice in the portal, Pia before activation and Rosalind without an account are written to; Alice writes, and waits too long."""
    decided(unread_delay=0)
    service = services.add(services.Details("Servicegecko"), "case", cast.by("ines"))
    file = enrolments.open(cast.alice, service, cast.dora, agency.today(), cast.by("ines"))
    cast.invited()
    rosalind = cast.person("Rosalind", "Quillby", "rq@example.org")
    ready = attachments.ready([("Fileferret.pdf", io.BytesIO(nasty.pdf()))])
    for who in (cast.alice, cast.pia, rosalind):
        about = About(enrolment=file) if who == cast.alice else discussions.NOTHING
        discussions.start(who, "Subjectlynx", "Wordswren", cast.by("dora"), worker=cast.dora, about=about, files=ready)
    asked = discussions.start(cast.alice, "Subjectlynx", "Wordswren", cast.by("alice"), worker=cast.dora)
    notices.put("message_overdue", asked.id, to=cast.dora.email, worker=cast.dora, individual=cast.alice)
    ended = cast.reply_link(rosalind)
    for _ in range(3):
        with pytest.raises(RuleBroken):
            reply_links.prove_birth_date(ended, dt.date(1950, 1, 1), cast.visitor("192.0.2.77"))
    return rosalind


@pytest.fixture
def mails(talk, deliver):
    """What a server gets of that, by kind; each with its recipient."""
    with SmtpServer() as server:
        deliver(server)
        every = [mail for mail in server.accepted if mail.message["Subject"] in SUBJECTS.values()]
    kinds = {subject: kind for kind, subject in SUBJECTS.items()}
    return [(kinds[mail.message["Subject"]], mail) for mail in every]


def test_each_kind_is_well_formed_and_only_a_clients_has_the_way_out(mails):
    assert sorted(kind for kind, _ in mails) == ["client_wrote", "message_overdue", *["message_waiting"] * 3, "reply_link_closed"]
    for kind, mail in mails:
        message = mail.message
        assert message.defects == []
        for name in ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"):
            assert len(message.get_all(name)) == 1, (kind, name)
        assert mail.recipients == (message["To"],)
        assert abs(parsedate_to_datetime(message["Date"]) - clock.now()) < dt.timedelta(minutes=5)
        assert re.fullmatch(r"<[0-9a-f]{40}@portal\.example\.org>", message["Message-ID"])
        assert message.get_content_type() == "multipart/alternative"
        parts = list(message.iter_parts())
        assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
        plain, html = (part.get_content() for part in parts)
        assert not any(part.defects for part in parts)
        assert not re.search(r"%\(|\{\{|None", plain)
        [address, *_] = re.findall(r"https://portal\.example\.org/(?!unsubscribe)\S+", plain) or [""]
        assert f'href="{address}"' in html or kind == "reply_link_closed"
        has_way_out = kind == "message_waiting"
        assert (message["List-Unsubscribe"] is not None) == (message["List-Unsubscribe-Post"] is not None) == has_way_out
        assert ("/unsubscribe/" in plain) == ("/unsubscribe/" in html) == has_way_out
        assert max(len(line) for line in mail.content.split(b"\r\n")) <= 998


def test_no_private_word_is_in_any_of_them_nor_in_the_log(talk, deliver, caplog):
    with caplog.at_level(logging.DEBUG), SmtpServer(["data_451", "rcpt_550"]) as server:
        deliver(server)
        every = list(server.accepted)
        heard = server.heard.decode(errors="replace")
    log = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith(("mail.log", "peewee", "asyncio")))
    assert len(every) >= 4
    names = [name for who in (*Individual.select(), *Worker.select()) for name in (who.first_name, who.last_name)]
    told = [part.get_content() for mail in every for part in mail.message.walk() if part.get_content_maintype() == "text"]
    heads = [f"{key}: {value}" for mail in every for key, value in mail.message.items() if key not in ("To", "Message-ID")]
    for word in (*CANARIES, *names):
        for text in (*told, *heads, log):
            assert not re.search(rf"\b{word}\b", text), word
    assert not any(word in heard for word in CANARIES)
    tokens = re.findall(r"/(?:reply|arrival|unsubscribe)/([\w.-]{20,})", "".join(told))
    assert tokens
    assert not any(token in log for token in tokens)
    assert not any(word in row.last_error for row in Delivery.select() for word in (*CANARIES, "@"))


@pytest.mark.parametrize("who", ["alice", "pia", "rosalind"])
def test_the_mail_program_of_each_reader_stops_messages_with_one_post(app, cast, mails, talk, deliver, who):
    """However they are reached; the others get theirs."""
    reader = talk if who == "rosalind" else getattr(cast, who)
    [mail] = [mail for kind, mail in mails if kind == "message_waiting" and mail.recipients == (reader.contacts.get().value,)]
    path = urlsplit(mail.message["List-Unsubscribe"].strip("<>")).path
    answer = app.test_client(use_cookies=False).post(path, base_url="http://localhost:8000", data=ONE_CLICK)
    assert (answer.status_code, answer.text) == (200, "You get no more e-mails of this kind.\n")
    assert preferences.refused(reader.id) == {"messages"}
    discussions.start(cast.bob, "Subjectlynx", "Wordswren", cast.by("dora"), worker=cast.dora)
    if who != "alice":  # whom it would not reach
        with pytest.raises(RuleBroken) as refused:
            discussions.start(reader, "Subjectlynx", "Wordswren", cast.by("dora"), worker=cast.dora)
        assert refused.value.code == "not_wanted"
        return
    discussions.start(reader, "Subjectlynx", "Wordswren", cast.by("dora"), worker=cast.dora)
    with SmtpServer() as server:
        assert deliver(server) == 1
        assert server.accepted[0].recipients == ("bob@example.org",)
    row = Delivery.select().where(Delivery.individual == reader).order_by(Delivery.id.desc()).get()
    assert (row.kind, row.state, row.last_error) == ("message_waiting", "suppressed", preferences.NOT_WANTED)
