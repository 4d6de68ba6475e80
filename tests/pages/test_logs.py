"""What stands in the log: in production one JSON object a line, in development a line to read, private words in neither."""

import datetime as dt
import io
import json
import logging

import pytest

from web import logs

KEYS = {"time", "level", "logger", "message"}
TOKEN = "k3V0aGVyZSBpcyBubyBzdWNoIHRva2Vu.AbC-dEf_0123456789"


class Log:
    """A logger, and what it wrote."""

    def __init__(self, *, production):
        self._written = io.StringIO()
        self.logger = logging.Logger("doorstep.test")
        self.logger.addHandler(logs.handler(production=production, stream=self._written))

    @property
    def text(self):
        return self._written.getvalue()

    @property
    def lines(self):
        return [json.loads(line) for line in self.text.splitlines()]

    def fail(self, words):
        try:
            raise RuntimeError(words)
        except RuntimeError:
            self.logger.exception("a job failed")


@pytest.fixture
def log():
    """The log of a portal in production."""
    return Log(production=True)


def test_each_line_is_an_object_of_its_own(log):
    log.logger.warning("delivery %s: %s", 7, "sent")
    log.logger.info('two\nlines, "quoted", zwölf 🦦 \ud800')
    log.fail("out of paper")
    assert log.text.count("\n") == len(log.lines) == 3
    first, second, third = log.lines
    assert first == {"time": first["time"], "level": "WARNING", "logger": "doorstep.test", "message": "delivery 7: sent"}
    assert second["message"] == 'two\nlines, "quoted", zwölf 🦦 \ud800'
    assert (third["message"], third.keys()) == ("a job failed", KEYS | {"error"})
    assert third["error"].startswith("Traceback (most recent call last):\n")
    assert third["error"].endswith("RuntimeError: out of paper")


def test_the_time_is_utc_and_says_so(log, frozen):
    frozen("2026-03-08 05:59")
    log.logger.info("hello")
    assert log.lines[0]["time"] == "2026-03-08T05:59:00.000+00:00"
    assert dt.datetime.fromisoformat(log.lines[0]["time"]).utcoffset() == dt.timedelta(0)


def test_all_lines_of_a_request_carry_its_id_and_no_others_do(log, app, db):
    for _ in range(2):
        with app.test_request_context("/sign-in"):
            log.logger.info("once")
            log.fail("twice")
    log.logger.info("nobody asked")
    ids = [line.get("request") for line in log.lines]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    assert ids[4] is None
    assert all(len(each) == 16 for each in ids[:4])


def test_an_error_in_a_request_is_found_by_its_id(log, app, db, database_kind):
    """The real application, whose own lines go to every handler."""
    app.logger.addHandler(log.logger.handlers[0])
    logging.getLogger("web.errors").addHandler(log.logger.handlers[0])
    db.execute_sql("DROP TABLE house_mark")
    try:
        assert app.test_client().get("/sign-in", base_url="http://localhost:8000").status_code == (503 if database_kind == "sqlite" else 500)
    finally:
        app.logger.removeHandler(log.logger.handlers[0])
        logging.getLogger("web.errors").removeHandler(log.logger.handlers[0])
    assert {line["logger"] for line in log.lines} == {"web.errors"}
    assert len({line["request"] for line in log.lines}) == 1
    assert {"sqlite": "no such table: house_mark", "postgres": "UndefinedTable: 42P01"}[database_kind] in log.lines[0]["error"]


@pytest.mark.parametrize("production", [True, False])
@pytest.mark.parametrize(
    "private",
    [f"/activate/{TOKEN}", f"/reset/{TOKEN}?x=1", "alice.archer+portal@mail.example.org", "<alice@example.org>", "to=alice@example.org",
     "duplicate key\nDETAIL:  Key (last_name)=(Archer) already exists.\n", "postgresql://doorstep:secret@db.example.org/portal"],
)  # fmt: skip
def test_what_is_private_is_in_no_line(private, production):
    log = Log(production=production)
    log.logger.info("GET %s", private)
    log.logger.info(private)
    log.fail(private)
    for word in (TOKEN, "alice", "archer", "secret"):
        assert word not in log.text.casefold()
    assert "…" in log.text or "\\u2026" in log.text


def test_what_helps_to_find_an_error_stays():
    for words in ("/activate/terms", "delivery 7: sent", "decorated @property", "100 % @ 5", "https://portal.example.org/activate/"):
        assert logs.mask(words) == words


def test_a_developer_reads_plain_lines():
    log = Log(production=False)
    log.logger.warning("The queue is gone")
    log.fail("out of paper")
    first, second, *_ = log.text.splitlines()
    assert first.endswith(" WARNING doorstep.test The queue is gone")
    assert second.endswith(" ERROR doorstep.test a job failed")
    assert log.text.endswith("RuntimeError: out of paper\n")
