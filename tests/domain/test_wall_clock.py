"""The clock on a site's wall and the moment that it means, over both changes of the clocks (P29)."""

import datetime as dt

import pytest

from domain import clock, wall_clock
from domain.rules import RuleBroken

ZONES = {  # the day that has an hour less, the day that has one more, a time that is missing, one that is there twice
    "America/Halifax": ("2026-03-08", "2026-11-01", "02:30", "01:30", 60),
    "Australia/Sydney": ("2026-10-04", "2026-04-05", "02:30", "02:30", 60),
    "America/St_Johns": ("2026-03-08", "2026-11-01", "02:30", "01:30", 60),
    "Australia/Lord_Howe": ("2026-10-04", "2026-04-05", "02:15", "01:45", 30),
}


def day(text):
    return dt.date.fromisoformat(text)


def time(text):
    return dt.time.fromisoformat(text)


@pytest.mark.parametrize("zone", ZONES)
def test_every_minute_around_both_changes_comes_back_as_it_was_or_does_not_exist(zone):
    for date in ZONES[zone][:2]:
        seen, missing = [], []
        for minute in range(24 * 60):
            wanted = dt.time(minute // 60, minute % 60)
            try:
                at = wall_clock.moment(zone, day(date), wanted).at
            except RuleBroken as broken:
                assert broken.code == "no_such_time"
                missing.append(wanted)
                continue
            assert wall_clock.local(at, zone).replace(tzinfo=None) == dt.datetime.combine(day(date), wanted)
            seen.append(at)
        assert seen == sorted(set(seen))
        gap = ZONES[zone][4] if date == ZONES[zone][0] else 0
        assert len(missing) == gap


@pytest.mark.parametrize("zone", ZONES)
def test_a_time_that_is_there_twice_is_the_first_and_is_said(zone):
    _, date, _, twice, more = ZONES[zone]
    found = wall_clock.moment(zone, day(date), time(twice))
    assert found.is_doubled
    assert wall_clock.local(found.at + dt.timedelta(minutes=more), zone).time() == time(twice)
    assert not wall_clock.moment(zone, day(date), dt.time(12)).is_doubled


@pytest.mark.parametrize("zone", ZONES)
def test_a_day_is_as_long_as_it_is(zone):
    short, long, _, _, more = ZONES[zone]
    for date, minutes in ((short, 1440 - more), (long, 1440 + more)):
        first = wall_clock.begins(day(date), zone)
        assert (wall_clock.begins(day(date) + dt.timedelta(days=1), zone) - first).total_seconds() == minutes * 60
        assert wall_clock.day_of(first, zone) == day(date)
        assert wall_clock.day_of(first - dt.timedelta(seconds=1), zone) < day(date)


def test_a_day_that_the_clocks_begin_at_one_begins_there():
    assert wall_clock.local(wall_clock.begins(day("2018-11-04"), "America/Sao_Paulo"), "America/Sao_Paulo").time() == dt.time(1)


@pytest.mark.parametrize(("typed", "meant"), [
    ("14:30", "14:30"), ("9", "09:00"), ("0930", "09:30"), ("9.05", "09:05"), ("2:30 pm", "14:30"), ("12am", "00:00"), ("12 p.m.", "12:00"),
    (" 23:59 ", "23:59"), ("٩:٣٠", "09:30"), ("14h30", "14:30"),
])  # fmt: skip
def test_times_are_read_as_people_write_them(typed, meant):
    assert wall_clock.time_typed(typed) == time(meant)


@pytest.mark.parametrize("typed", ["", "24:00", "12:60", "noon", "13 pm", "0:30 am", "-1", "²", "9" * 10_000, "1:2", "10:00:00"])
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(RuleBroken) as broken:
        wall_clock.time_typed(typed)
    assert (broken.value.code, broken.value.field) == ("bad_time", "time")


@pytest.mark.parametrize("years", [-100, 6, 1000])
def test_days_long_ago_and_far_ahead_are_refused(years):
    with pytest.raises(RuleBroken) as broken:
        wall_clock.moment("UTC", dt.date(clock.now().year + years, 12, 31), dt.time(9))
    assert broken.value.code == "far"
