"""When the jobs of the timetable last went well."""

import datetime as dt

import pytest

from domain import clock, timetable
from models import JobRun

pytestmark = pytest.mark.usefixtures("db")


def test_where_nobody_was_ever_on_duty_nothing_is_overdue():
    assert timetable.runs() == []
    assert timetable.overdue() == []


def test_each_good_run_is_counted_and_only_the_last_is_kept(frozen):
    frozen("2026-03-08 05:59")
    timetable.take_over()
    assert [(run.name, run.good_at, run.runs) for run in timetable.runs()] == [
        ("each_hour", None, 0), ("each_minute", None, 0), ("in_bulk", None, 0), ("take_in", None, 0)
    ]  # fmt: skip
    for _ in range(3):
        frozen.shift(minutes=1)
        timetable.went_well("each_minute")
    run = JobRun.get_by_id("each_minute")
    assert (run.good_at, run.runs) == (clock.now(), 3)
    assert run.waited_since == clock.now() - dt.timedelta(minutes=3)
    assert JobRun.select().count() == 4


def test_a_good_run_counts_even_when_nobody_said_that_they_are_on_duty():
    timetable.went_well("each_minute")
    timetable.went_well("each_minute")
    assert [(run.name, run.runs) for run in timetable.runs()] == [("each_minute", 2)]


@pytest.mark.parametrize(("name", "minutes"), [("each_minute", 10), ("in_bulk", 10), ("take_in", 10), ("each_hour", 180)])
def test_each_job_has_its_patience(frozen, name, minutes):
    frozen()
    timetable.take_over()
    for each in timetable.PATIENCE:
        timetable.went_well(each)
    frozen.shift(minutes=minutes)
    for each in timetable.PATIENCE.keys() - {name}:
        timetable.went_well(each)
    assert timetable.overdue() == []
    frozen.shift(seconds=1)
    assert timetable.overdue() == [name]
    timetable.went_well(name)
    assert timetable.overdue() == []


def test_a_job_that_never_went_well_is_overdue_too(frozen):
    frozen()
    timetable.take_over()
    frozen.shift(minutes=11)
    assert timetable.overdue() == ["each_minute", "in_bulk", "take_in"]


def test_after_a_night_in_which_nobody_was_on_duty_the_time_begins_anew(frozen):
    frozen()
    timetable.take_over()
    timetable.went_well("each_hour")
    frozen.shift(hours=9)
    assert "each_hour" in timetable.overdue()
    timetable.take_over()
    assert timetable.overdue() == []
    assert JobRun.get_by_id("each_hour").good_at == clock.now() - dt.timedelta(hours=9), "it is not said to have run"
