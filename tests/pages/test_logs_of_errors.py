"""What is written to the log tells where and what went wrong, and nothing of whom it was about (T23)."""

import io
import logging
import smtplib
from pathlib import Path

import peewee
import psycopg
import pytest

from domain import links, store
from models import Contact
from web import logs

TOKEN = "8DMscbQNqhkDSjJliNgiVQjnQq_VlDlvoQEe9eTKTRlL5A7uzVBOIeAR9JZcY-kdw.k8X3ZA4EdrNC8wBPFIr"


@pytest.fixture
def log():
    """A log of our own with what the portal's has; and what stands in it."""
    written = io.StringIO()
    ours = logging.Logger("a log")
    ours.addHandler(logs.handler(production=False, stream=written))
    ours.text = written.getvalue
    return ours


def caught(fail):
    try:
        fail()
    except Exception as error:
        return error
    raise AssertionError("nothing failed")


def write_of(log, fail):
    """What the log says of a failure."""
    log.error("unexpected error on %s", "/about-me/", exc_info=caught(fail))
    return log.text()


@pytest.mark.parametrize("place", [
    "/activate/{}", "/reset/{}", "https://portal.example.org/activate/{}", "GET /reset/{} HTTP/1.1", "'/activate/{}'", '"/reset/{}"',
    "/reset/{}?next=/", "/sign-in?next=%2Factivate%2F{}", "next=%2freset%2f{}&x=1",
])  # fmt: skip
def test_no_token_of_a_link_is_written_wherever_its_address_stands(log, place):
    log.info(place.format(TOKEN))
    log.warning("Exception while serving %s", place.format(TOKEN))
    log.error("%s", ValueError(place.format(TOKEN)))
    log.error("here", stack_info=True, exc_info=caught(lambda: {}[place.format(TOKEN)]))
    assert "8DMscbQN" not in log.text()
    assert log.text().count("…") >= 3


def test_a_link_of_ours_is_masked_as_it_is(log, cast):
    token = links.token(cast.invited())
    log.error("what came was /activate/%s", token)
    assert token[:22] not in log.text()
    assert "what came was /activate/…" in log.text()


def test_other_addresses_stay_as_they_are(log):
    for path in ("/activate/", "/activate/terms", "/reset/", "/about-me/contacts/AfJ0oOZpLxm4RZ0o3lrjGg/"):
        log.info("asked for %s", path)
        assert path in log.text()


def test_where_it_failed_is_told_with_its_cause_but_not_on_what(log):
    def inner():
        int("Zephyrine")

    def outer():
        try:
            inner()
        except ValueError as cause:
            raise KeyError("Quillfeather") from cause

    text = write_of(log, outer)
    assert "Zephyrine" not in text.replace('int("Zephyrine")', "")
    assert "Quillfeather" not in text.replace('raise KeyError("Quillfeather")', "")
    told = ("unexpected error on /about-me/", "Traceback (most recent call last)", "in outer", "in inner", "ValueError", "direct cause", "KeyError")
    places = [text.index(part) for part in told]
    assert places == sorted(places)
    assert "test_logs_of_errors.py" in text


def test_what_came_while_something_else_was_handled_is_told_unless_it_was_put_aside(log):
    def both():
        try:
            int("x")
        except ValueError:
            raise AttributeError("no such thing") from None

    def aside():
        try:
            int("x")
        except ValueError:
            {}["y"]

    assert "ValueError" not in write_of(log, both)
    text = write_of(log, aside)
    assert text.index("ValueError") < text.index("During handling of the above") < text.index("KeyError")


@pytest.mark.parametrize("fail", [
    lambda: int("Zephyrine"), lambda: {}["Zephyrine"], lambda: "Zephyriné".encode("ascii"),
    lambda: (_ for _ in ()).throw(smtplib.SMTPRecipientsRefused({"Zephyrine@example.org": (550, b"no")})),
    lambda: (_ for _ in ()).throw(peewee.IntegrityError("Key (email_key)=(Zephyrine@example.org) already exists.")),
    lambda: (_ for _ in ()).throw(ExceptionGroup("Zephyrine", [ValueError("Zephyrine")])),
])  # fmt: skip
def test_what_quotes_the_words_that_it_failed_on_is_named_only(log, fail):
    text = "\n".join(line for line in write_of(log, fail).splitlines() if not line.startswith("    "))
    assert "zephyrin" not in text.lower()
    assert "what it says is left out" in text


@pytest.mark.parametrize(("fail", "words"), [
    (lambda: None.missing, "AttributeError: 'NoneType' object has no attribute 'missing'"),
    (lambda: Path("/nowhere/at/all").read_text(), "FileNotFoundError: [Errno 2] No such file or directory"),
    (lambda: len(3), "TypeError: object of type 'int' has no len()"),
])  # fmt: skip
def test_what_tells_of_the_program_or_the_machine_is_told(log, fail, words):
    assert words in write_of(log, fail)


def test_what_the_database_refuses_is_told_without_the_row(log, db, database_kind):
    """PostgreSQL quotes the whole row that it refuses."""
    def write():
        with store.writing():
            Contact.create(individual=None, kind="email", value="Zephyrine", lookup="Zephyrine")

    text = write_of(log, write)
    assert "Zephyrine" not in text.replace('value="Zephyrine", lookup="Zephyrine"', "")
    assert "individual_id" in text
    if database_kind == "postgres":
        assert "NotNullViolation: 23502" in text
        assert isinstance(caught(write).__cause__ or caught(write).__context__, psycopg.Error)


def test_install_writes_so(monkeypatch, capsys):
    root = logging.Logger("the root")
    monkeypatch.setattr(logging, "root", root)
    logs.install(production=True)
    assert [type(each.filters[0]) for each in root.handlers] == [logs.Mask]
