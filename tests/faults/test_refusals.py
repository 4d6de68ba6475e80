"""What ``flask check`` finds stops the start, and a monitoring program can read it from the exit code (P30)."""

import contextlib
import json
import time

import pytest
from faults.nursery import opened
from faults.running import AS_ALWAYS, Portal, command

from models import JobRun

pytestmark = pytest.mark.long

NAMES = {
    "PORTAL_URL": "https://portal.harbour.test", "SMTP_HOST": "mail.harbour.test", "SMTP_PORT": "587", "SMTP_SECURITY": "starttls",
    "MAIL_FROM": "portal@harbour.test", "SECRET_KEY": "seven quiet otters " * 3, "AUDIT_KEY": "nine green herons go " * 3,
}  # fmt: skip
GOOD = "Nothing stands against running.\n"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"PORTAL_URL": "http://portal.harbour.test"}, "PORTAL_URL"),
        ({"LISTEN": "0.0.0.0"}, "LISTEN"),
        ({"SECRET_KEY": "short", "SMTP_HOST": ""}, "SECRET_KEY"),
    ],
    ids=["http", "everybody", "two at once"],
)
def test_a_finding_ends_the_check_with_1_and_the_start_before_anybody_is_served(data, changes, named):
    code, told = command(data, "check", **NAMES | changes)
    assert (code, named in told) == (1, True), told
    findings = told.splitlines()
    assert len(findings) == len(changes)
    with Portal(data, None, AS_ALWAYS, **NAMES | changes) as portal:
        assert portal.ends() == 1
        assert portal.announced() == ""
    refused = [line for line in portal.log.splitlines() if line.startswith("The portal does not start: ")]
    assert refused == [f"The portal does not start: {finding}" for finding in findings]


def test_what_cannot_be_read_at_all_ends_it_with_2(data):
    with Portal(data, None, AS_ALWAYS, **NAMES | {"PORTAL_URL": "portal.harbour.test"}) as portal:
        assert portal.ends() == 2
    assert "The portal does not start: PORTAL_URL" in portal.log


def test_without_a_finding_the_check_ends_with_0_and_the_portal_starts(data):
    assert command(data, "check", **NAMES) == (0, GOOD)
    with Portal(data, None, AS_ALWAYS, **NAMES) as portal:
        assert "Doorstep is at https://portal.harbour.test" in portal.announced()
        assert command(data, "check", **NAMES) == (0, GOOD), "the portal itself is no second one"
        assert portal.stop() == 0, portal.log
    lines = [json.loads(line) for line in portal.log.splitlines()]
    assert "stopping: running work is finished first" in {line["message"] for line in lines}


def test_a_second_portal_on_one_database_serves_is_named_and_takes_over_when_the_first_ends(data, tmp_path):
    """Two data folders, one DATABASE_URL: each believed to be alone."""
    (tmp_path / "other").mkdir(mode=0o700)
    one_database, began = {"DATABASE_URL": f"sqlite:///{data / 'doorstep.db'}"}, time.monotonic()
    with contextlib.ExitStack() as running:
        first = running.enter_context(Portal(data, None, **one_database)).listens()
        assert "background work" not in first.log
        assert command(tmp_path / "other", "check", **one_database) == (0, GOOD)
        second = running.enter_context(Portal(tmp_path / "other", None, **one_database)).listens()
        assert "Another process does the background work of" in second.log
        for folder in (data, tmp_path / "other"):
            code, told = command(folder, "check", **one_database)
            assert (code, told.count("\n"), told.startswith("Two processes want to do the background work of")) == (1, 1, True), told
        with opened(data / "doorstep.db"):
            ticks = 1 + int(time.monotonic() - began) // 60
            assert 1 <= JobRun.get_by_id("each_minute").runs <= ticks, "both run the timetable"
        assert first.stop() == 0, first.log
        assert second.says("this process is on duty"), second.log
        assert command(data, "check", **one_database) == (0, GOOD)
        assert second.stop() == 0, second.log
