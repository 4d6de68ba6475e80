"""What a monitoring program reads at /metrics, with its token and nothing else."""

import collections
import re
import time

import pytest

from domain import clock, notices, store, timetable
from models import Contact, Delivery, Individual, PortalAccount, Worker

TOKEN = "only the monitor knows what 7 otters wrote down here"
LINE = re.compile(r'([a-z_]+)(?:\{([a-z]+)="([a-z_]+)"\})? (\d+(?:\.\d+)?(?:e[+-]\d+)?)')  # of the text format, as far as we use it


@pytest.fixture
def ask(make_app):
    """``ask()``: the answer of a portal whose monitor has a token."""
    app = make_app(metrics_token=TOKEN)

    def asked(given=f"Bearer {TOKEN}", method="GET", **more):
        headers = {} if given is None else {"Authorization": given}
        return app.test_client().open("/metrics", method=method, base_url="http://localhost:8000", headers=headers, **more)

    return asked


def figures(answer):
    """Each figure as it was read: its type, and its values by label."""
    assert answer.status_code == 200
    assert answer.text.endswith("\n")
    read, kinds, helped = collections.defaultdict(dict), {}, set()
    for line in answer.text.splitlines():
        if line.startswith("# HELP "):
            helped.add(line.split()[2])
        elif line.startswith("# TYPE "):
            _, _, name, kinds[name] = line.split()
        else:
            name, _, word, value = LINE.fullmatch(line).groups()
            assert word not in read[name]
            assert (name in kinds, name in helped) == (True, True)
            read[name][word] = float(value)
    assert set(kinds.values()) <= {"gauge", "counter"}
    assert {name for name, kind in kinds.items() if kind == "counter"} == {name for name in kinds if name.endswith("_total")}
    return read


# ---------------------------------------------------------------- who may read it


def test_without_a_token_of_the_deployers_there_is_nothing(browse, cast):
    nowhere = browse().ask("/nowhere")
    for name in ("", "alice", "ada"):
        answer = browse(name).ask("/metrics")
        assert answer.status == 404
        assert answer.heading == nowhere.heading
    assert browse().client.get("/metrics", base_url="http://localhost:8000", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Bearer {TOKEN.upper()}",
     "Bearer ü", f"Bearer {TOKEN} {TOKEN}"],
)  # fmt: skip
def test_whoever_does_not_know_it_reads_nothing(ask, house, given):
    answer = ask(given)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "doorstep_" not in answer.text
    assert ask(given, "HEAD").status_code == 401


def test_being_signed_in_is_no_token(make_app, cast):
    from pages.conftest import Browser

    ada = Browser(make_app(metrics_token=TOKEN), "ada")
    assert ada.client.get("/metrics", base_url=ada.root).status_code == 401
    assert ada.open("/admin/").status == 200


def test_a_token_of_strange_letters_is_compared_too(make_app, house):
    client = make_app(metrics_token="zwölf Otter").test_client()
    for given, status in (("zwölf Otter", 200), ("zwolf Otter", 401)):
        headers = {"Authorization": f"Bearer {given}".encode().decode("latin-1")}
        assert client.get("/metrics", base_url="http://localhost:8000", headers=headers).status_code == status


def test_a_portal_that_is_not_switched_on_yet_is_watched_already(ask, db):
    assert figures(ask())["doorstep_accounts"] == dict.fromkeys(("pending", "active", "locked", "disabled", "closed"), 0)


def test_only_reading_is_possible(ask, house):
    assert ask(method="POST").status_code in (400, 405)


# ---------------------------------------------------------------- what it says


def test_it_says_what_the_database_holds(ask, cast, frozen):
    frozen()
    with store.writing():
        for number in range(3):
            notices.put("password_changed", number, to="alice@example.org", account=cast.alice_account)
        Delivery.update(state="dead").where(Delivery.dedupe_key.contains("password_changed:1:")).execute()
    timetable.take_over()
    timetable.went_well("each_minute")
    timetable.went_well("each_minute")
    frozen.shift(seconds=90)
    read = figures(ask())
    for name, table in (("doorstep_deliveries", Delivery), ("doorstep_accounts", PortalAccount)):
        there = collections.Counter(state for (state,) in table.select(table.state).tuples())
        assert {state: count for state, count in read[name].items() if count} == there
    assert read["doorstep_deliveries"].keys() == {"due", "leased", "sent", "dead", "expired", "cancelled", "suppressed", "held"}
    assert (read["doorstep_deliveries"]["due"], read["doorstep_deliveries"]["dead"]) == (2, 1)
    assert read["doorstep_oldest_due_delivery_seconds"] == {None: 90}
    assert read["doorstep_job_runs_total"] == {"each_hour": 0, "each_minute": 2, "in_bulk": 0, "take_in": 0}
    assert read["doorstep_job_last_success_timestamp_seconds"] == {"each_minute": pytest.approx(clock.now().timestamp() - 90)}


def test_it_says_when_the_process_began(ask, house):
    (began,) = figures(ask())["process_start_time_seconds"].values()
    assert time.time() - 3600 < began < time.time()


def test_nothing_waits_when_nothing_is_due(ask, cast):
    with store.writing():
        Delivery.update(state="sent").execute()
    assert figures(ask())["doorstep_oldest_due_delivery_seconds"] == {None: 0}


def test_it_names_nobody(ask, cast):
    cast.invited()
    said = ask().text
    words = [word for table, names in (
        (Individual, ("first_name", "last_name", "public_id")), (Contact, ("value",)), (Worker, ("first_name", "email", "public_id")),
        (Delivery, ("to_address", "public_id")), (PortalAccount, ("email", "public_id")),
    ) for row in table.select() for word in (getattr(row, name) for name in names)]  # fmt: skip
    assert len(words) > 40
    assert [word for word in words if word and word.casefold() in said.casefold()] == []


def test_it_is_not_kept_by_anybody(ask, house):
    answer = ask()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
