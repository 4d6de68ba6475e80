"""Free times: what is offered can be asked for, nothing that can be is missing, and each refusal names a true reason (spec 03).

The reference shares nothing with the engine.  It walks over the minutes of UTC and looks at what the clock on the wall shows at each;
what stands in the way of a time are minutes, and a time is free when none of its own is among them.
"""

import dataclasses
import datetime as dt
import functools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain.free_times import REASONS, Away, Hours, Plans, Slot, Span, Timetable

MIDNIGHT = dt.time()
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
CHANGES = {  # days on which the clocks of a place are changed, or would be
    "America/Halifax": ("2026-03-08", "2026-11-01"),
    "Europe/London": ("2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": ("2026-10-04", "2026-04-05"),  # by half an hour
    "America/St_Johns": ("2026-03-08", "2026-11-01"),
    "Africa/Casablanca": ("2026-03-22", "2026-02-15"),  # put back before Ramadan, forward after it
    "Pacific/Apia": ("2011-12-30", "2012-04-01"),  # a day that never was
    "Asia/Kathmandu": ("1986-01-01", "2026-03-08"),  # by a quarter of an hour, and never since
    "America/Asuncion": ("2024-10-06", "2024-03-24"),  # at midnight: 00:30 is left out, 23:30 is there twice the day before
    "Atlantic/Azores": ("2026-03-29", "2026-10-25"),  # likewise, and the doubled hour is the first of the day
}


# ---------------------------------------------------------------- the reference, slow and obviously right


@functools.cache
def walked(date, zone):
    """Every minute of UTC from well before a day to well after it, each with what the clock shows then."""
    first = dt.datetime.combine(date - DAY, MIDNIGHT, dt.UTC)
    minutes = [first + number * MINUTE for number in range(3 * 24 * 60)]
    return [(at, at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for at in minutes]


@functools.cache
def shown(date, zone):
    """Each time that the clock shows on a day, and when: once as a rule, sometimes twice."""
    found = {}
    for at, wall in walked(date, zone):
        if wall.date() == date:
            found.setdefault(wall.time(), []).append(at)
    return found


@functools.cache
def first_shown(date, time, zone):
    """When the clock shows this or more for the first time on a day."""
    return next(at for at, wall in walked(date, zone) if wall >= dt.datetime.combine(date, time))


@functools.cache
def end_of(date, time, zone):
    """The same of the end of something: midnight is when the next day begins."""
    if time == MIDNIGHT:
        return next(at for at, wall in walked(date, zone) if wall.date() > date)
    return first_shown(date, time, zone)


def each_minute(starts_at, ends_at):
    """The minutes of a stretch of time, each as a number."""
    return range(int(starts_at.timestamp()) // 60, int(ends_at.timestamp()) // 60)


def minutes_away(date, away):
    """The minutes in which somebody is away; until the second of two when the clock shows the end of it twice."""
    twice = [] if away.ends == MIDNIGHT else shown(date, away.zone).get(away.ends, [])
    return each_minute(first_shown(date, away.begins, away.zone), twice[-1] if twice else end_of(date, away.ends, away.zone))


class Reference:
    """What the rules say of a timetable."""

    def __init__(self, table):
        self.table, self.today = table, table.now.astimezone(ZoneInfo(table.zone)).date()
        self.length, self.room = table.minutes * MINUTE, table.buffer * MINUTE
        self.day, self.times, self.obstacles = map(functools.cache, (self._day, self._times, self._obstacles))

    def plans(self, date):
        return self.table.plans.get(date, Plans())

    def _times(self, date):
        """The times that the hours of a day give, whatever stands in their way; of two at one moment the one whose hours come first."""
        found = {}
        for row in self.plans(date).hours:
            end = end_of(date, row.ends, row.zone)
            wall = dt.datetime.combine(date, row.begins)
            while wall.date() == date:
                for at in shown(date, row.zone).get(wall.time(), [])[:1]:
                    if at + self.length <= end and at not in found:
                        found[at] = Slot(at, at + self.length, row.site, row.zone)
                wall += self.table.step * MINUTE
        return sorted(found.values(), key=lambda slot: slot.starts_at)

    def _obstacles(self, date):
        """Of each reason that stands in the way of minutes: those minutes."""
        return {
            "away": set().union(*(minutes_away(date, away) for away in self.plans(date).away)),
            "taken": set().union(*(each_minute(span.starts_at - self.room, span.ends_at + self.room) for span in self.table.taken)),
            "own": set().union(*(each_minute(span.starts_at, span.ends_at) for span in self.table.own)),
        }

    def against(self, date):
        """All that can truly be said against a day as a whole."""
        return {
            "past": date < self.today,
            "horizon": (date - self.today).days > self.table.days_ahead,
            "holiday": self.plans(date).is_holiday,
            "hours": not self.plans(date).hours,
            "short": not self.times(date),
        }

    def _day(self, date):
        """The slots of a day, and the first of the reasons with which nothing is left of it while without it something was."""
        for reason, holds in self.against(date).items():
            if holds:
                return [], reason
        slots, obstacles = self.times(date), self.obstacles(date)
        for reason in ("away", "notice", "taken", "own"):
            slots = [slot for slot in slots if not self.stops(slot, reason, obstacles)]
            if not slots:
                return [], reason
        return slots, ""

    def stops(self, slot, reason, obstacles):
        """Whether this alone keeps a time from being offered."""
        if reason == "notice":
            return slot.starts_at - self.table.now < self.table.notice
        return not obstacles[reason].isdisjoint(each_minute(slot.starts_at, slot.ends_at))

    def true_reasons(self, slot):
        """All that can truly be said against a time, in the order of ``REASONS``."""
        date = slot.starts_at.astimezone(ZoneInfo(slot.zone)).date()
        obstacles = self.obstacles(date)
        said = self.against(date) | {reason: self.stops(slot, reason, obstacles) for reason in ("away", "notice", "taken", "own")}
        said |= {"past": said["past"] or slot.starts_at < self.table.now, "hours": slot not in self.times(date), "short": False}
        return [reason for reason in REASONS if said[reason]]


# ---------------------------------------------------------------- any timetable: the engine and the reference say the same


def at_five(first, last):
    return st.integers(first // 5, last // 5).map(lambda number: number * 5)


# Drawn as plain numbers, and made once: to make strategies costs more than to draw from them.  What is hard is at night.
STRETCH = st.tuples(st.one_of(at_five(0, 300), at_five(0, 1435), at_five(1320, 1435)), at_five(5, 600))
ROW = st.tuples(STRETCH, st.sampled_from(("North", "South")), st.sampled_from((0, 0, 0, 1)))
PLANS = st.lists(
    st.tuples(
        st.lists(ROW, max_size=3), st.one_of(st.just(()), st.lists(ROW, max_size=2)), st.integers(0, 9).map(lambda number: number == 9)
    ), min_size=4, max_size=4,
)  # fmt: skip
SPANS = st.lists(st.tuples(at_five(-900, 3000), at_five(5, 600)), max_size=4)
NUMBERS = st.fixed_dictionaries({
    "minutes": st.one_of(at_five(5, 120), at_five(5, 400)),
    "step": st.one_of(at_five(15, 180), at_five(15, 60), at_five(5, 15)),
    "buffer": st.sampled_from((0, 0, 5, 15, 60)),
    "notice": st.sampled_from((0, 5, 60, 1440, 1440, 2880)).map(lambda number: number * MINUTE),
    "days_ahead": st.sampled_from((60, 60, 60, 60, 0, 1, 2)),
})  # fmt: skip
TIMETABLE = st.tuples(
    st.sampled_from((0, 1)), PLANS, SPANS, SPANS, NUMBERS,
    at_five(-2 * 1440, 3 * 1440), st.sampled_from((0, 0, 1, 59)), st.sampled_from((0, 0, 1)),
)  # fmt: skip
CHANGED = st.lists(st.tuples(
    st.sampled_from((0, 0, -5, 5, -30, 30, 60, 1440)), st.sampled_from((0, 0, -5, 30)), st.sampled_from(("", "", "South", "elsewhere")),
    st.sampled_from(("", "", "Europe/London")),
), min_size=4, max_size=4)  # fmt: skip


def stretch(begins, minutes):
    """From one time of a day to a later one, at the latest to midnight."""
    return [dt.time(*divmod(minute % 1440, 60)) for minute in (begins, min(1440, begins + minutes))]


def timetable_of(zone, drawn):
    """A timetable and the four days about a change of the clocks for which something is laid down."""
    change, plans, taken, own, numbers, minute, second, where = drawn
    zones = (zone, "Europe/London" if zone != "Europe/London" else "America/Halifax")
    dates = [dt.date.fromisoformat(CHANGES[zone][change]) + number * DAY for number in (-2, -1, 0, 1)]
    midnight = dt.datetime.combine(dates[0], MIDNIGHT, dt.UTC)
    laid_down = {}
    for date, (rows, off, is_holiday) in zip(dates, plans, strict=True):
        hours = [Hours(*stretch(*times), site, zones[other]) for times, site, other in rows]
        away = [Away(*stretch(*times), zones[other]) for times, _, other in off]
        laid_down[date] = Plans(hours, away, is_holiday)
    taken, own = ([Span(midnight + first * MINUTE, midnight + (first + long) * MINUTE) for first, long in each] for each in (taken, own))
    now = midnight + minute * MINUTE + second * dt.timedelta(seconds=1)
    return Timetable(laid_down, taken, own, now=now, zone=zones[where], **numbers), dates


def check_refusal(table, known, slot):
    """The first that is true is told; of a time that is over also what shuts the whole day."""
    true, said = known.true_reasons(slot), table.refusal(slot)
    if "past" in true and said in ("horizon", "holiday", "hours"):
        assert said in true
    else:
        assert said == (true[0] if true else "")


def check_short(table, date):
    """Where a day is short, each row is shorter than the length.  A row that begins in what the clocks leave out gives no time there."""
    for row in table.plans[date].hours:
        if row.begins in shown(date, row.zone):
            there = each_minute(first_shown(date, row.begins, row.zone), end_of(date, row.ends, row.zone))
            assert len(there) < table.minutes


@pytest.mark.parametrize("zone", CHANGES)
@hypothesis_settings(max_examples=30)
@given(drawn=TIMETABLE)
def test_whoever_asks_sees_all_that_is_free_and_is_told_the_truth_about_the_rest(zone, drawn):
    table, dates = timetable_of(zone, drawn)
    known = Reference(table)
    found = table.days(dates[0] - DAY, 6)
    assert [(day.date, list(day.slots), day.reason) for day in found] == [(day.date, *known.day(day.date)) for day in found]
    for date in dates:
        slots, reason = known.day(date)
        if reason == "short":
            check_short(table, date)
        times = known.times(date)
        for slot in times[:: 1 + len(times) // 8]:
            check_refusal(table, known, slot)
            assert (table.refusal(slot) == "") == (slot in slots)
    for after in (dates[0] - 9 * DAY, dates[0], dates[1], dates[3]):
        assert table.next_free(after) == next((known.day(date)[0][0] for date in dates if date > after and known.day(date)[0]), None)


@pytest.mark.parametrize("zone", CHANGES)
@hypothesis_settings(max_examples=20)
@given(drawn=TIMETABLE, data=st.data())
def test_whoever_makes_up_a_time_is_told_something_true_of_it(zone, drawn, data):
    """A time that is offered and changed a little: later, longer, elsewhere, by another clock, or the second of two."""
    table, dates = timetable_of(zone, drawn)
    date = data.draw(st.sampled_from(dates))
    known = Reference(table)
    times = known.times(date) or [Slot(table.now, table.now + table.minutes * MINUTE, "North", zone)]
    slot = data.draw(st.sampled_from(times))
    for moved, longer, site, there in data.draw(CHANGED):
        starts_at = slot.starts_at + moved * MINUTE
        ends_at = max(starts_at + 5 * MINUTE, slot.ends_at + (moved + longer) * MINUTE)
        made_up = Slot(starts_at, ends_at, site or slot.site, there or slot.zone)
        check_refusal(table, known, made_up)
        day = table.day(made_up.starts_at.astimezone(ZoneInfo(made_up.zone)).date())
        assert (table.refusal(made_up) == "") == (made_up in day.slots)


@pytest.mark.parametrize("zone", CHANGES)
@hypothesis_settings(max_examples=10)
@given(drawn=TIMETABLE, data=st.data())
def test_whoever_asks_as_late_as_may_be_gets_the_time_and_a_second_later_does_not(zone, drawn, data):
    table, dates = timetable_of(zone, drawn)
    table = dataclasses.replace(table, days_ahead=60)
    for slot in [data.draw(st.sampled_from(day.slots)) for day in table.days(dates[0], 4) if day.slots]:
        last = dataclasses.replace(table, now=slot.starts_at - table.notice, zone=slot.zone)
        assert last.refusal(slot) == ""
        late = dataclasses.replace(last, now=last.now + dt.timedelta(seconds=1))
        assert late.refusal(slot) == ("notice" if table.notice else "past")


# ---------------------------------------------------------------- one worker, one client, one day

HALIFAX = "America/Halifax"
MONDAY = dt.date(2026, 6, 1)
NIGHT_OF_SPRING, NIGHT_OF_AUTUMN = dt.date(2026, 3, 8), dt.date(2026, 11, 1)


def hours(begins, ends, site="North", zone=HALIFAX):
    return Hours(dt.time.fromisoformat(begins), dt.time.fromisoformat(ends), site, zone)


def away(begins="00:00", ends="00:00", zone=HALIFAX):
    return Away(dt.time.fromisoformat(begins), dt.time.fromisoformat(ends), zone)


def at(time, date=MONDAY, zone=HALIFAX, fold=0):
    return dt.datetime.combine(date, dt.time.fromisoformat(time).replace(fold=fold), ZoneInfo(zone)).astimezone(dt.UTC)


def event(begins, ends, date=MONDAY):
    return Span(at(begins, date), at(ends, date))


def timetable(*rows, date=MONDAY, off=(), holiday=False, **more):
    """Dora's hours on one day, seen a week before it by somebody who wants fifty minutes of them."""
    usual = {
        "plans": {date: Plans(rows, off, holiday)}, "taken": (), "own": (), "minutes": 50, "step": 50, "buffer": 0,
        "notice": 24 * HOUR, "now": at("12:00", date - 7 * DAY), "days_ahead": 60, "zone": HALIFAX,
    }  # fmt: skip
    return Timetable(**usual | more)


def offered(table, date=MONDAY):
    """What a client reads: the times by the clock of their place, or the reason why there is none."""
    day = table.day(date)
    times = [slot.starts_at.astimezone(ZoneInfo(slot.zone)).strftime("%H:%M") for slot in day.slots]
    return " ".join(times) or day.reason


def slot_at(time, date=MONDAY, minutes=50, site="North", fold=0):
    starts_at = at(time, date, fold=fold)
    return Slot(starts_at, starts_at + minutes * MINUTE, site, HALIFAX)


def test_dora_is_there_all_morning_and_each_fifty_minutes_of_it_are_offered():
    table = timetable(hours("09:00", "12:00"))
    assert offered(table) == "09:00 09:50 10:40"
    assert table.day(MONDAY).slots[0] == slot_at("09:00")
    assert table.refusal(slot_at("10:40")) == ""
    assert table.refusal(slot_at("11:30")) == "hours"
    assert table.refusal(slot_at("09:10")) == "hours"
    assert table.refusal(slot_at("09:00", minutes=60)) == "hours"
    assert table.refusal(slot_at("09:00", site="South")) == "hours"


def test_whoever_asks_23_hours_and_59_minutes_ahead_is_too_late_and_at_24_hours_is_not():
    table = timetable(hours("09:00", "09:50"), now=at("09:00", MONDAY - DAY))
    assert offered(table) == "09:00"
    assert table.refusal(slot_at("09:00")) == ""
    late = dataclasses.replace(table, now=table.now + MINUTE)
    assert offered(late) == late.refusal(slot_at("09:00")) == "notice"


def test_a_day_of_notice_is_24_hours_on_the_night_the_clocks_are_changed_too():
    for date, time in ((NIGHT_OF_SPRING, "08:00"), (NIGHT_OF_AUTUMN, "10:00")):
        table = timetable(hours("09:00", "09:50"), date=date, now=at(time, date - DAY))
        assert offered(table, date) == "09:00"
        assert offered(dataclasses.replace(table, now=table.now + MINUTE), date) == "notice"


def test_whoever_needs_no_notice_can_come_now_but_not_a_minute_ago():
    table = timetable(hours("09:00", "11:00"), notice=0 * DAY, now=at("09:50"))
    assert offered(table) == "09:50"
    assert table.refusal(slot_at("09:00")) == "past"
    assert offered(dataclasses.replace(table, now=at("09:51"))) == "notice"


def test_the_last_evening_of_the_sixty_days_is_offered_and_the_morning_after_is_too_far():
    last = MONDAY + 60 * DAY
    plans = {date: Plans([hours("00:00", "00:50"), hours("23:00", "23:50")]) for date in (last, last + DAY)}
    table = timetable(plans=plans, now=at("00:00"))
    assert [offered(table, last + number * DAY) for number in (-1, 0, 1)] == ["hours", "00:00 23:00", "horizon"]
    assert table.refusal(slot_at("23:00", last)) == ""
    assert table.refusal(slot_at("00:00", last + DAY)) == "horizon"
    assert offered(dataclasses.replace(table, now=at("23:59")), last + DAY) == "horizon"
    assert offered(dataclasses.replace(table, now=at("23:59") + MINUTE), last + DAY) == "00:00 23:00"


def test_today_is_what_it_is_where_the_agency_is():
    table = timetable(hours("09:00", "10:00"), now=at("23:00", MONDAY - DAY), notice=0 * DAY, days_ahead=0)
    assert offered(table) == table.refusal(slot_at("09:00")) == "horizon"
    assert offered(dataclasses.replace(table, zone="Europe/London")) == "09:00"
    yesterday = timetable(hours("23:00", "00:00"), now=at("22:00"), notice=0 * DAY)
    assert offered(yesterday) == "23:00"
    assert offered(dataclasses.replace(yesterday, zone="Europe/London")) == "past"
    assert timetable(hours("23:00", "00:00"), zone="Europe/London").refusal(slot_at("23:00")) == ""


def test_nobody_is_offered_the_hour_that_is_skipped():
    table = timetable(hours("01:00", "05:00"), date=NIGHT_OF_SPRING, minutes=30, step=30)
    assert offered(table, NIGHT_OF_SPRING) == "01:00 01:30 03:00 03:30 04:00 04:30"
    assert offered(timetable(hours("02:00", "05:00"), date=NIGHT_OF_SPRING, minutes=45, step=45), NIGHT_OF_SPRING) == "03:30 04:15"
    table = dataclasses.replace(table, minutes=120, step=60)
    assert offered(table, NIGHT_OF_SPRING) == "01:00 03:00"
    assert table.day(NIGHT_OF_SPRING).slots[0].ends_at == at("04:00", NIGHT_OF_SPRING), "two hours later, by the clock three"


def test_hours_that_end_in_the_hour_that_is_skipped_end_when_the_clocks_are_put_forward():
    for minutes, expected in ((60, "01:00"), (61, "short")):
        assert offered(timetable(hours("01:00", "02:30"), date=NIGHT_OF_SPRING, minutes=minutes), NIGHT_OF_SPRING) == expected


def test_the_hour_that_is_repeated_is_offered_once():
    table = timetable(hours("00:00", "03:00"), date=NIGHT_OF_AUTUMN, minutes=60, step=60)
    assert offered(table, NIGHT_OF_AUTUMN) == "00:00 01:00 02:00"
    assert table.refusal(slot_at("01:00", NIGHT_OF_AUTUMN, 60)) == ""
    assert table.refusal(slot_at("01:00", NIGHT_OF_AUTUMN, 60, fold=1)) == "hours"
    assert [slot.starts_at.hour for slot in table.day(NIGHT_OF_AUTUMN).slots] == [3, 4, 6]


def test_whoever_is_away_until_an_hour_that_is_repeated_is_away_until_the_second():
    table = timetable(hours("01:00", "03:00"), date=NIGHT_OF_AUTUMN, off=[away("00:30", "01:30")], minutes=15, step=15)
    assert offered(table, NIGHT_OF_AUTUMN) == "02:00 02:15 02:30 02:45"
    assert table.refusal(slot_at("01:45", NIGHT_OF_AUTUMN, 15)) == "away"


def test_whoever_works_until_midnight_is_offered_until_midnight():
    assert offered(timetable(hours("22:20", "00:00"))) == "22:20 23:10"
    assert offered(timetable(hours("22:21", "00:00"))) == "22:21"
    assert offered(timetable(hours("00:00", "00:00"), minutes=720, step=720)) == "00:00 12:00"
    assert offered(timetable(hours("22:20", "00:00"), off=[away("23:59", "00:00")])) == "22:20"


def test_whoever_is_there_for_less_than_the_length_is_there_too_shortly():
    assert offered(timetable(hours("09:00", "09:49"), hours("10:00", "10:30"))) == "short"
    assert offered(timetable(hours("09:00", "09:49"), hours("10:00", "10:50"))) == "10:00"
    assert timetable(hours("09:00", "09:49")).refusal(slot_at("09:00")) == "hours"


def test_dora_is_off_all_day_or_a_part_of_it():
    table = timetable(hours("09:00", "12:00"), off=[away()])
    assert offered(table) == table.refusal(slot_at("09:00")) == "away"
    assert offered(timetable(hours("09:00", "12:00"), off=[away("09:50", "10:40")])) == "09:00 10:40"
    assert offered(timetable(hours("09:00", "12:00"), off=[away("09:49", "10:41")])) == "away"


def test_on_a_holiday_nobody_is_there_whatever_their_hours():
    table = timetable(hours("09:00", "12:00"), holiday=True)
    assert offered(table) == table.refusal(slot_at("09:00")) == "holiday"


def test_where_nothing_is_laid_down_nobody_is_there():
    table = timetable(hours("09:00", "12:00"))
    assert offered(table, MONDAY + DAY) == table.refusal(slot_at("09:00", MONDAY + DAY)) == "hours"
    assert offered(timetable()) == "hours"


def test_what_is_over_is_over_and_not_short_of_notice():
    table = timetable(hours("09:00", "12:00"), now=at("00:00", MONDAY + DAY))
    assert offered(table) == table.refusal(slot_at("09:00")) == "past"


def test_a_day_on_which_every_time_went_to_somebody_else_is_taken():
    table = timetable(hours("09:00", "12:00"), taken=[event("08:00", "10:00"), event("10:39", "11:00")])
    assert offered(table) == table.refusal(slot_at("09:50")) == "taken"
    assert offered(dataclasses.replace(table, taken=table.taken[1:])) == "09:00"


def test_nobody_comes_to_two_appointments_at_once():
    table = timetable(hours("09:00", "10:00"), own=[event("09:30", "10:30")], buffer=15)
    assert offered(table) == table.refusal(slot_at("09:00")) == "own"
    touching = [event("09:50", "10:30"), event("08:00", "09:00")]
    assert offered(dataclasses.replace(table, own=touching)) == "09:00", "a buffer is the worker's"


def test_of_several_reasons_the_first_in_order_is_told():
    everything = {
        "off": [away()], "holiday": True, "now": at("10:00", MONDAY - DAY), "days_ahead": 0,
        "taken": [event("08:00", "13:00")], "own": [event("08:00", "13:00")],
    }  # fmt: skip
    told = []
    for change in ({}, {"days_ahead": 60}, {"holiday": False}, {"off": ()}, {"notice": 0 * DAY}, {"taken": ()}, {"own": ()}):
        everything |= change
        table = timetable(hours("09:00", "09:50"), **everything)
        assert offered(table) == (table.refusal(slot_at("09:00")) or "09:00")
        told.append(offered(table))
    assert told == ["horizon", "holiday", "away", "notice", "taken", "own", "09:00"]


def test_a_day_that_several_reasons_empty_together_tells_the_one_that_took_the_last_of_it():
    table = timetable(hours("09:00", "11:30"), off=[away("09:00", "09:50")], taken=[event("09:50", "10:40")], own=[event("10:40", "11:30")])
    assert offered(table) == "own"
    assert [table.refusal(slot_at(time)) for time in ("09:00", "09:50", "10:40")] == ["away", "taken", "own"]


def test_dora_is_at_two_sites_on_one_day_and_each_time_says_where():
    table = timetable(hours("14:00", "15:00", "South"), hours("09:00", "10:00"), hours("16:00", "17:00", "Online", "Europe/London"))
    assert offered(table) == "09:00 16:00 14:00", "by the clock of each place, in the order in which they come"
    assert [slot.site for slot in table.day(MONDAY).slots] == ["North", "Online", "South"]
    assert table.refusal(slot_at("14:00", site="South")) == ""
    assert table.refusal(slot_at("14:00", site="North")) == "hours"


def test_where_times_begin_closer_together_than_they_last_one_taken_takes_its_neighbours():
    table = timetable(hours("09:00", "11:00"), step=15)
    assert offered(table) == "09:00 09:15 09:30 09:45 10:00"
    assert offered(dataclasses.replace(table, taken=[event("09:15", "10:05")])) == "taken"
    assert offered(dataclasses.replace(table, taken=[event("09:00", "09:50")])) == "10:00"


def test_where_times_begin_further_apart_than_they_last_there_are_breaks():
    assert offered(timetable(hours("09:00", "12:00"), step=65)) == "09:00 10:05 11:10"
    assert offered(timetable(hours("09:00", "11:59"), step=65)) == "09:00 10:05"


def test_a_buffer_takes_the_times_next_to_an_appointment():
    table = timetable(hours("09:00", "13:10"), taken=[event("10:40", "11:30")])
    assert offered(table) == "09:00 09:50 11:30 12:20"
    near = dataclasses.replace(table, buffer=1)
    assert offered(near) == "09:00 12:20"
    assert near.refusal(slot_at("09:50")) == near.refusal(slot_at("11:30")) == "taken"
    assert offered(dataclasses.replace(table, buffer=50)) == "09:00 12:20"
    assert offered(dataclasses.replace(table, buffer=51)) == "taken"


def test_what_ends_in_the_evening_before_takes_the_first_time_of_a_day_with_its_buffer():
    table = timetable(hours("00:00", "01:00"), taken=[event("22:00", "23:50", MONDAY - DAY)])
    assert [offered(dataclasses.replace(table, buffer=buffer)) for buffer in (10, 11)] == ["00:00", "taken"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_first_and_the_last_time_of_a_day_can_be_taken_wherever_in_the_world(zone):
    table = timetable(hours("00:00", "01:00", zone=zone), hours("23:00", "00:00", zone=zone), zone=zone)
    early, late = (Span(at(time, MONDAY, zone), at(time, MONDAY, zone) + MINUTE) for time in ("00:49", "23:00"))
    assert offered(dataclasses.replace(table, taken=[early])) == offered(dataclasses.replace(table, own=[early])) == "23:00"
    assert offered(dataclasses.replace(table, taken=[late])) == offered(dataclasses.replace(table, own=[late])) == "00:00"
    after = Span(late.ends_at + 50 * MINUTE, late.ends_at + 60 * MINUTE)
    assert offered(dataclasses.replace(table, taken=[after], buffer=60)) == "00:00"


def test_two_rows_that_touch_or_overlap_give_no_time_twice():
    assert offered(timetable(hours("09:00", "09:50"), hours("09:50", "10:40"))) == "09:00 09:50"
    assert offered(timetable(hours("09:00", "10:40"), hours("09:50", "11:30"))) == "09:00 09:50 10:40"
    twice = timetable(hours("09:00", "10:40"), hours("09:00", "10:40", "South"))
    assert offered(twice) == "09:00 09:50"
    assert {slot.site for slot in twice.day(MONDAY).slots} == {"North"}, "what is laid down first"


def test_the_next_free_time_is_the_first_of_a_later_day_within_the_sixty():
    plans = {MONDAY + number * DAY: Plans([hours("09:00", "10:40")]) for number in (0, 3, 61)}
    plans[MONDAY + DAY] = Plans([hours("09:00", "10:40")], is_holiday=True)
    table = timetable(plans=plans, now=at("08:00"), notice=0 * DAY, taken=[event("09:00", "09:50", MONDAY + 3 * DAY)])
    assert table.next_free(MONDAY - 9 * DAY) == slot_at("09:00")
    assert table.next_free(MONDAY) == slot_at("09:50", MONDAY + 3 * DAY)
    assert table.next_free(MONDAY + 3 * DAY) is None
    assert dataclasses.replace(table, days_ahead=61).next_free(MONDAY + 3 * DAY) == slot_at("09:00", MONDAY + 61 * DAY)


@pytest.mark.parametrize(("begins", "ends"), [("02:00", "03:00"), ("02:15", "02:45")])
def test_whoever_is_away_only_in_the_hour_that_is_skipped_is_not_away(begins, ends):
    table = timetable(hours("01:00", "04:00"), date=NIGHT_OF_SPRING, off=[away(begins, ends)], minutes=120)
    assert offered(table, NIGHT_OF_SPRING) == "01:00"


def test_whoever_is_away_for_a_day_is_back_when_the_next_begins():
    date = dt.date(2026, 10, 24)
    table = timetable(hours("21:00", "22:00"), date=date, off=[away(zone="Atlantic/Azores")])
    assert at("21:00", date) == at("00:00", date + DAY, "Atlantic/Azores"), "a day that is over in the Azores"
    assert offered(table, date) == "21:00"


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"step": 0}, {"step": -50}])
def test_slots_have_a_length_and_go_on(wrong):
    with pytest.raises(ValueError, match="minutes every"):
        dataclasses.replace(timetable(hours("09:00", "10:00")), **wrong)
