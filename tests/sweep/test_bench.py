"""What the figures mean: none of the promised ones is missing, each holds on the right side, and a scan is seen."""

import pytest

from bench import __main__ as bench
from bench.browsing import form_in
from bench.figures import FIGURES, SELECTS, Line
from bench.queries import scans
from domain import store
from models import LoginSession, Setting, Task

PROMISED = {
    "home.ratio", "home.scale", "queries.home", "queries.about_me", "queries.individuals", "queries.individual", "scans.home",
    "weight.home", "weight.requests", "memory.rss", "start.ratio", "outbox.ratio", "hash.p99", "import.rows", "import.wait",
    "bulk.activation", "bulk.status", "bulk.p99", "calendar.upcoming", "calendar.scale", "calendar.feed", "queries.calendar_feed",
    "booking.week", "booking.scale", "booking.compute", "booking.request",
    "inbox.list", "inbox.discussion", "inbox.poll", "inbox.scale", "inbox.search", "inbox.crowd", "queries.inbox_poll", "queries.inbox_search",
    "services.overview", "queries.my_services", "schedule.week", "queries.schedule_week", "scans.calendar",
}  # fmt: skip


def test_every_figure_that_was_promised_is_measured_once():
    names = [name for every in FIGURES for name in every]
    assert set(names) >= PROMISED
    assert len(names) == len(set(names))
    assert all(limit in (2, 4, 6, 10) for limit in SELECTS.values())


def test_a_figure_holds_up_to_its_limit_and_not_beyond_on_its_side():
    assert [Line("x", value, 5).holds for value in (4.9, 5, 5.1)] == [True, True, False]
    assert [Line("x", value, 0.25, most=False).holds for value in (0.24, 0.25, 0.26)] == [False, True, True]


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [([], {"home.ratio", "import.wait"}), (["home"], {"home.ratio"}), (["home.ratio"], {"home.ratio"}), (["hom"], set()),
     (["import.wait", "home"], {"home.ratio", "import.wait"})],
)  # fmt: skip
def test_a_name_or_its_beginning_chooses(wanted, meant):
    assert {name for name in ("home.ratio", "import.wait") if bench.is_wanted(name, wanted)} == meant


def test_without_wrk_one_sentence_says_what_to_do(capsys, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert bench.main(["home"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "wrk, which makes the load, is missing: install it (sudo apt install wrk) and try again.\n"


def test_a_name_that_is_no_figures_is_told_what_there_is(capsys):
    assert bench.main(["speed"]) == 2
    assert "home.ratio, home.scale" in capsys.readouterr().err


# ---------------------------------------------------------------- what reads through a table

MANY = 500
LOOKED_UP = Task.select().where(Task.dedupe_key == "task 7")
READ_THROUGH = {
    "everything": Task.select(),
    "a whole index": LoginSession.select(LoginSession.token_hash),
    "a whole index in order": Task.select(Task.dedupe_key).order_by(Task.dedupe_key),
    "how many there are": Task.select(),
    "what stands in no index": Task.select().where(Task.kind == "birth_date_closed").limit(20),
    "a page that must be sorted first": Task.select().order_by(Task.kind.desc()).limit(20),
}
HARMLESS = {
    "one row by its key": LOOKED_UP,
    "a page of the newest": Task.select().order_by(Task.id.desc()).limit(21),
    "a page along an index": Task.select().order_by(Task.dedupe_key).limit(21),
    "a table that does not grow": Setting.select(),
}


@pytest.fixture
def grown(cast):
    now = cast.alice.created_at
    with store.writing():
        for number in range(MANY):
            Task.create(kind="delivery_problem", category="intake", individual=cast.alice, dedupe_key=f"task {number}", created_at=now)
            LoginSession.create(token_hash=f"{number:064}", account=cast.alice_account, created_at=now, seen_at=now)


@pytest.mark.only_sqlite
@pytest.mark.parametrize("what", READ_THROUGH)
def test_what_reads_through_a_table_that_grows_is_a_scan(grown, what):
    query = READ_THROUGH[what]
    sql, params = query.sql()
    if what == "how many there are":
        sql = f"SELECT COUNT(1) FROM ({sql}) AS \"_wrapped\" LIMIT 1"
    assert len(scans([(sql, params)])) == 1


@pytest.mark.only_sqlite
@pytest.mark.parametrize("what", HARMLESS)
def test_what_ends_after_a_page_or_looks_something_up_is_none(grown, what):
    assert scans([HARMLESS[what].sql()]) == []


# ---------------------------------------------------------------- forms


def test_a_form_is_sent_as_it_stands_on_the_page():
    html = """<form action="/other"><input type="hidden" name="other" value="1"></form>
    <form method="post" action="/this?x=1"><input type="hidden" name="token" value="a&amp;b"><input name="name" value="Pia">
    <input type="checkbox" name="off" value="1"><input type="checkbox" name="on" value="1" checked>
    <input type="radio" name="way" value="a"><input type="radio" name="way" value="b" checked>
    <select name="first"><option value="x">X</option><option value="y">Y</option></select>
    <select name="chosen"><option value="x">X</option><option value="y" selected>Y</option></select>
    <textarea name="text">Two
lines</textarea><input type="submit" name="go" value="Go"></form>"""
    assert form_in(html, "/this") == {
        "token": "a&b", "name": "Pia", "on": "1", "way": "b", "first": "x", "chosen": "y", "text": "Two\nlines",
    }  # fmt: skip
    with pytest.raises(RuntimeError, match="no form to /there"):
        form_in(html, "/there")
