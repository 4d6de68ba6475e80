"""What is offered is what is accepted: the list of free times and the look at one of them, over random weeks, in three zones."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from domain import agency, availability, enrolments, events, offers, requests, services, settings, store
from domain.actor import SYSTEM
from domain.availability import DAY
from domain.events import Plan
from domain.free_times import REASONS
from domain.rules import RuleBroken
from domain.services import Details
from models import Event, Site

# The clocks are put forward, put back, and changed by half an hour in the days that follow.
BEGINS = {"America/Halifax": "2026-03-05 15:00", "America/St_Johns": "2026-10-29 15:00", "Australia/Lord_Howe": "2026-10-01 15:00"}
AHEAD = 6

stretch = st.tuples(st.integers(0, 23), st.integers(1, 24)).map(lambda pair: (pair[0] * 60, min(pair[0] * 60 + pair[1] * 60, DAY)))
rows = st.lists(st.tuples(st.integers(0, 6), stretch), min_size=2, max_size=9)
days = st.integers(0, AHEAD)
laid_down = st.fixed_dictionaries({
    "rows": rows, "away": st.lists(st.tuples(days, stretch), max_size=2), "extra": st.lists(st.tuples(days, stretch), max_size=2),
    "holidays": st.sets(days, max_size=1), "minutes": st.sampled_from([25, 50, 90]), "step": st.sampled_from([0, 15, 60]),
    "buffer": st.sampled_from([0, 10]), "notice": st.sampled_from([0, 24]), "booked": st.lists(st.integers(0, AHEAD * 24 * 4), max_size=6),
})  # fmt: skip


@pytest.fixture(params=sorted(BEGINS))
def zone(request, cast, frozen):
    frozen(BEGINS[request.param])
    with store.writing():
        Site.update(time_zone=request.param).execute()
    return request.param


def lay_down(cast, plan):
    """A worker's time as it is drawn, inside a transaction that is undone."""
    site, kind = Site.get(), availability.add_type("Appointments", "green", SYSTEM)
    availability.face_clients(kind, SYSTEM)
    for key, value in (("slot_step", plan["step"]), ("slot_buffer", plan["buffer"]), ("request_notice", plan["notice"]),
                       ("days_ahead", AHEAD)):  # fmt: skip
        settings.change(key, str(value), SYSTEM)
    calendar = availability.add_calendar(cast.dora, dt.date(2026, 1, 1), SYSTEM)
    for weekday, (begins, ends) in dict.fromkeys(plan["rows"]):
        availability.add_row(calendar, weekday, begins, ends, kind, site, SYSTEM)
    today = agency.today()
    for number, (begins, ends) in dict.fromkeys(plan["away"]):
        availability.be_away(cast.dora, today + dt.timedelta(days=number), SYSTEM, begins=begins, ends=ends)
    for number, (begins, ends) in dict.fromkeys(plan["extra"]):
        availability.be_there(cast.dora, today + dt.timedelta(days=number), begins, ends, kind, site, SYSTEM)
    for number in plan["holidays"]:
        availability.add_holiday(today + dt.timedelta(days=number), "Closed", SYSTEM)
    service = services.add(Details("Counselling", minutes=plan["minutes"]), "case", SYSTEM)
    services.show(service, SYSTEM, is_visible=True, version=1, warned_of=[])
    return enrolments.open(cast.alice, service, cast.dora, today, SYSTEM)


def book_others(cast, plan):
    """What stands already: every second with the client, beside another worker."""
    start = dt.datetime.combine(agency.today(), dt.time(), agency.zone()).astimezone(dt.UTC)
    for number, quarter in enumerate(sorted(set(plan["booked"]))):
        worker, who = (cast.dora, cast.bob) if number % 2 else (cast.otto, cast.alice)
        try:
            events.book(Plan(worker, start + dt.timedelta(minutes=15 * quarter), 40, Site.get(), [who]), SYSTEM)
        except RuleBroken as taken:
            assert taken.code == "taken"


class Undone(Exception):
    pass


def tried(wish, starts_at):
    """How asking for a time is answered; what it did is undone."""
    answer = "booked"
    try:
        with store.writing():
            try:
                requests.ask(wish, starts_at, SYSTEM)
            except RuleBroken as refused:
                answer = refused.code
            raise Undone
    except Undone:
        return answer


@given(plan=laid_down)
@hypothesis_settings(max_examples=12)
def test_every_time_that_is_offered_can_be_had_and_no_other_can(cast, zone, plan):
    try:
        with store.writing():
            file = lay_down(cast, plan)
            book_others(cast, plan)
            wish = offers.Wish(cast.alice, cast.dora, file)
            offered = [slot.starts_at for day in offers.timetable(wish).days(agency.today() - dt.timedelta(days=1), AHEAD + 3) for slot in day.slots]
            assert {tried(wish, at) for at in offered[:: max(1, len(offered) // 8)]} <= {"booked"}
            quarters = [dt.datetime.combine(agency.today(), dt.time(), ZoneInfo(zone)) + dt.timedelta(minutes=15 * n) for n in range(96 * (AHEAD + 2))]
            others = [at for at in (quarter.astimezone(dt.UTC) for quarter in quarters) if at not in set(offered)]
            for at in others[::37]:
                slot, reason = offers.timetable(wish, around=at).at(at)
                assert reason in REASONS, (at, slot)
            for at in offered:
                slot, reason = offers.timetable(wish, around=at).at(at)
                assert (slot.starts_at, reason) == (at, "")
            assert {tried(wish, at) for at in others[::97]} <= set(REASONS)
            raise Undone
    except Undone:
        pass
    assert not Event.select().exists()
