"""When workers are there: kinds of time, weeks, days that differ, holidays (spec 03, Availability)."""

import datetime as dt

import pytest

from blueprints.admin import hours_words
from domain import agency, audit, availability, colour, events, sites, staff_hours, store
from domain.events import Plan
from domain.free_times import Away, Hours
from domain.rules import NotFound, RuleBroken
from domain.sites import Place
from models import AuditEntry, AvailabilityRow, AvailabilityType, Worker

MONDAY = dt.date(2026, 3, 2)
NINE, NOON, FIVE = 9 * 60, 12 * 60, 17 * 60
ZONE = "America/Halifax"


@pytest.fixture
def open_hours(cast, frozen):
    """The kind of time in which clients may ask for appointments."""
    frozen("2026-03-01 16:00")
    kind = availability.add_type("Open hours", "green", cast.by("ada"))
    availability.face_clients(kind, cast.by("ada"))
    return AvailabilityType.get_by_id(kind.id)


@pytest.fixture
def week(cast, open_hours):
    """Dora's calendar from Monday on, blank."""
    return availability.add_calendar(cast.dora, MONDAY, cast.by("dora"))


@pytest.fixture
def elsewhere(cast, house):
    return sites.add(Place("Second site", time_zone="America/St_Johns"), cast.by("ada"))


def refusal(call):
    with pytest.raises(RuleBroken) as refused:
        call()
    return refused.value.code


def hours_on(cast, date, kind):
    return availability.plans(cast.dora, date, 1, kind)[date].hours


# ---------------------------------------------------------------- kinds of time


def test_nobody_asks_for_appointments_until_a_kind_of_time_is_named_for_it(cast, frozen):
    assert availability.client_facing() is None
    kind = availability.add_type("Open hours", "#0a5c7f", cast.by("ada"))
    assert availability.client_facing() is None
    assert availability.plans(cast.dora, MONDAY, 7, None) == {}
    availability.face_clients(kind, cast.by("ada"))
    assert availability.client_facing() == kind


def test_one_kind_of_time_faces_clients_and_another_takes_its_place(cast, open_hours):
    intake = availability.add_type("Intake", "red", cast.by("ada"))
    availability.face_clients(intake, cast.by("ada"))
    availability.face_clients(intake, cast.by("ada"))
    assert [kind.name for kind in availability.types() if kind.is_client_facing] == ["Intake"]
    assert AuditEntry.select().where(AuditEntry.kind == "availability_type.faced").count() == 2
    availability.face_clients(None, cast.by("ada"))
    assert availability.client_facing() is None


@pytest.mark.parametrize(("name", "shade", "field"), [
    ("", "green", "name"), ("x" * 61, "green", "name"), ("a\0b", "green", "name"), ("Office", "", "colour"),
    ("Office", "pink", "colour"), ("Office", "#12", "colour"), ("Office", "expression(1)", "colour"), ("Open hours", "blue", "name"),
])  # fmt: skip
def test_a_kind_of_time_has_a_name_of_its_own_and_a_colour(cast, open_hours, name, shade, field):
    with pytest.raises(RuleBroken) as refused:
        availability.add_type(name, shade, cast.by("ada"))
    assert refused.value.field == field
    assert len(availability.types()) == 1


def test_a_kind_of_time_is_changed_by_one_at_a_time(cast, open_hours):
    availability.change_type(open_hours, "Open", "teal", cast.by("ada"), version=1)
    assert refusal(lambda: availability.change_type(open_hours, "Other", "teal", cast.by("ada"), version=1)) == "stale"
    changed = availability.find_type(open_hours.public_id)
    assert (changed.name, changed.colour, changed.version) == ("Open", "teal", 2)
    with pytest.raises(NotFound):
        availability.find_type("nothing-of-the-kind")


def test_a_kind_of_time_that_a_week_has_stays(cast, open_hours, week):
    row = availability.add_row(week, 0, NINE, NOON, open_hours, agency.main_site(), cast.by("dora"))
    assert refusal(lambda: availability.remove_type(open_hours, cast.by("ada"))) == "used"
    availability.remove_row(row, cast.by("dora"))
    availability.remove_type(open_hours, cast.by("ada"))
    availability.remove_type(open_hours, cast.by("ada"))
    assert availability.types() == []


# ---------------------------------------------------------------- weeks


def test_the_calendar_that_started_last_counts(cast, week):
    later = availability.add_calendar(cast.dora, MONDAY + dt.timedelta(days=14), cast.by("dora"))
    assert availability.in_force(cast.dora, MONDAY - dt.timedelta(days=1)) is None
    assert availability.in_force(cast.dora, MONDAY) == availability.in_force(cast.dora, MONDAY + dt.timedelta(days=13)) == week
    assert availability.in_force(cast.dora, MONDAY + dt.timedelta(days=14)) == later
    availability.remove_calendar(later, cast.by("dora"))
    availability.remove_calendar(later, cast.by("dora"))
    assert availability.in_force(cast.dora, MONDAY + dt.timedelta(days=14)) == week


def test_a_calendar_is_blank_or_a_copy(cast, open_hours, week):
    availability.add_row(week, 0, NINE, NOON, open_hours, agency.main_site(), cast.by("dora"))
    availability.add_row(week, 2, NOON, FIVE, open_hours, agency.main_site(), cast.by("dora"))
    copy = availability.add_calendar(cast.dora, MONDAY + dt.timedelta(days=7), cast.by("dora"), like=week)
    blank = availability.add_calendar(cast.dora, MONDAY + dt.timedelta(days=14), cast.by("dora"))
    assert [(row.weekday, row.begins, row.ends) for row in availability.rows_of(copy)] == [(0, NINE, NOON), (2, NOON, FIVE)]
    assert availability.rows_of(blank) == []
    availability.remove_row(availability.rows_of(copy)[0], cast.by("dora"))
    assert len(availability.rows_of(week)) == 2
    assert refusal(lambda: availability.add_calendar(cast.dora, MONDAY, cast.by("dora"))) == "exists"


@pytest.mark.parametrize(("begins", "ends"), [(NOON, NINE), (NINE, NINE), (22 * 60, 26 * 60), (-1, NINE), (1440, 1441)])
def test_a_stretch_ends_after_it_begins_and_on_the_same_day(cast, open_hours, week, begins, ends):
    assert refusal(lambda: availability.add_row(week, 0, begins, ends, open_hours, agency.main_site(), cast.by("dora"))) == "backwards"
    assert refusal(lambda: availability.be_away(cast.dora, MONDAY, cast.by("dora"), begins=begins, ends=ends)) == "backwards"
    assert availability.rows_of(week) == []


def test_nobody_is_at_two_sites_at_once(cast, open_hours, week, elsewhere):
    main, by = agency.main_site(), cast.by("dora")
    availability.add_row(week, 0, NINE, NOON, open_hours, main, by)
    assert refusal(lambda: availability.add_row(week, 0, NOON + 29, FIVE, open_hours, elsewhere, by)) == "elsewhere"
    assert refusal(lambda: availability.be_there(cast.dora, MONDAY, NINE + 30, NINE + 40, open_hours, elsewhere, by)) == "elsewhere"
    availability.add_row(week, 0, NOON + 30, FIVE, open_hours, elsewhere, by)  # it touches, and that is enough time for nobody to ask
    availability.add_row(week, 1, NINE, NOON, open_hours, elsewhere, by)  # another day
    availability.add_row(week, 0, NINE, NOON, availability.add_type("Phone", "grey", by), main, by)  # another kind at the same site
    assert len(availability.rows_of(week)) == 4


def test_a_site_at_which_nobody_is_seen_any_more_is_refused_and_counts_no_more(cast, open_hours, week, elsewhere):
    availability.add_row(week, 0, NINE, NOON, open_hours, elsewhere, cast.by("dora"))
    assert len(hours_on(cast, MONDAY, open_hours)) == 1
    closed = sites.Place("Second site", time_zone="America/St_Johns", is_in_use=False)
    sites.change(elsewhere, closed, cast.by("ada"))
    shut = sites.find(elsewhere.public_id)
    assert refusal(lambda: availability.add_row(week, 1, NINE, NOON, open_hours, shut, cast.by("dora"))) == "closed_site"
    assert hours_on(cast, MONDAY, open_hours) == ()


def test_a_kind_of_time_that_somebody_removed_meanwhile_is_refused(cast, week):
    gone, main, by = availability.add_type("Phone", "grey", cast.by("ada")), agency.main_site(), cast.by("dora")
    availability.remove_type(gone, cast.by("ada"))
    assert refusal(lambda: availability.add_row(week, 0, NINE, NOON, gone, main, by)) == "stale"
    assert refusal(lambda: availability.be_there(cast.dora, MONDAY, NINE, NOON, gone, main, by)) == "stale"


def test_nothing_is_added_for_who_has_left_and_what_is_there_can_be_taken_out(cast, open_hours, week):
    main, by = agency.main_site(), cast.by("finn")
    row = availability.add_row(week, 0, NINE, NOON, open_hours, main, by)
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    for add in (
        lambda: availability.add_row(week, 1, NINE, NOON, open_hours, main, by), lambda: availability.be_away(cast.dora, MONDAY, by),
        lambda: availability.be_there(cast.dora, MONDAY, FIVE, FIVE + 60, open_hours, main, by),
        lambda: availability.add_calendar(cast.dora, MONDAY + dt.timedelta(days=7), by),
    ):  # fmt: skip
        assert refusal(add) == "left"
    availability.remove_row(row, by)
    assert availability.rows_of(week) == []


def test_nothing_is_laid_down_twice(cast, open_hours, week):
    main, by = agency.main_site(), cast.by("dora")
    for add in (
        lambda: availability.add_row(week, 0, NINE, NOON, open_hours, main, by), lambda: availability.be_away(cast.dora, MONDAY, by),
        lambda: availability.be_there(cast.dora, MONDAY, NOON, FIVE, open_hours, main, by),
    ):  # fmt: skip
        add()
        assert refusal(add) == "exists"
    availability.add_row(week, 1, NINE, NOON, open_hours, main, by)
    availability.be_away(cast.dora, MONDAY, by, begins=NINE, ends=NOON)  # a part of what is off in any case
    assert len(availability.exceptions_of(cast.dora, MONDAY)) == 3


def test_a_worker_finds_only_what_is_their_own(cast, open_hours, week):
    row = availability.add_row(week, 0, NINE, NOON, open_hours, agency.main_site(), cast.by("dora"))
    away = availability.be_away(cast.dora, MONDAY, cast.by("dora"))
    assert availability.find_row(cast.dora, row.public_id) == row
    for find, public_id in (
        (availability.find_calendar, week.public_id), (availability.find_row, row.public_id), (availability.find_exception, away.public_id),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            find(cast.ines, public_id)


# ---------------------------------------------------------------- what it comes to


def test_what_is_laid_down_for_a_day_is_its_week_and_what_differs(cast, open_hours, week, elsewhere):
    main, by = agency.main_site(), cast.by("dora")
    other = availability.add_type("Paperwork", "grey", by)
    availability.add_row(week, 0, NINE, NOON, open_hours, main, by)
    availability.add_row(week, 0, NOON, FIVE, other, main, by)
    availability.be_there(cast.dora, MONDAY, FIVE + 30, 24 * 60, open_hours, elsewhere, by)
    availability.be_away(cast.dora, MONDAY, by, begins=NINE, ends=NINE + 30)
    availability.be_away(cast.ines, MONDAY, by)
    plans = availability.plans(cast.dora, MONDAY, 8, open_hours)
    assert plans[MONDAY].hours == (
        Hours(dt.time(9), dt.time(12), main.id, ZONE), Hours(dt.time(17, 30), dt.time(), elsewhere.id, "America/St_Johns"),
    )  # fmt: skip
    assert plans[MONDAY].away == (Away(dt.time(9), dt.time(9, 30), ZONE), Away(dt.time(9), dt.time(9, 30), "America/St_Johns"))
    assert plans[MONDAY + dt.timedelta(days=1)].hours == ()
    assert len(plans) == 8
    assert len(plans[MONDAY + dt.timedelta(days=7)].hours) == 1


def test_a_holiday_closes_every_worker(cast, open_hours, week):
    availability.add_row(week, 0, NINE, NOON, open_hours, agency.main_site(), cast.by("dora"))
    holiday = availability.add_holiday(MONDAY, "Founders' day", cast.by("ada"))
    assert refusal(lambda: availability.add_holiday(MONDAY, "Again", cast.by("ada"))) == "exists"
    assert refusal(lambda: availability.add_holiday(MONDAY + dt.timedelta(days=1), " ", cast.by("ada"))) == "missing"
    assert availability.plans(cast.dora, MONDAY, 1, open_hours)[MONDAY].is_holiday
    assert [each.name for each in availability.holidays(MONDAY)] == ["Founders' day"]
    availability.remove_holiday(availability.find_holiday(holiday.public_id), cast.by("ada"))
    availability.remove_holiday(holiday, cast.by("ada"))
    assert not availability.plans(cast.dora, MONDAY, 1, open_hours)[MONDAY].is_holiday


def test_a_calendar_that_starts_in_the_middle_of_the_days_asked_for_counts_from_then_on(cast, open_hours, week):
    availability.add_row(week, 0, NINE, NOON, open_hours, agency.main_site(), cast.by("dora"))
    availability.add_calendar(cast.dora, MONDAY + dt.timedelta(days=7), cast.by("dora"))
    plans = availability.plans(cast.dora, MONDAY, 14, open_hours)
    assert plans[MONDAY].hours
    assert not plans[MONDAY + dt.timedelta(days=7)].hours


def test_whoever_takes_time_away_is_told_what_stays_booked_in_it(cast, week):
    at = dt.datetime(2026, 3, 2, 15, tzinfo=dt.UTC)
    event = events.book(Plan(cast.dora, at, 50, agency.main_site(), [cast.alice]), cast.by("dora"))
    found = availability.affected(cast.dora, at - dt.timedelta(hours=1), at + dt.timedelta(minutes=10))
    assert (found.events, found.first) == (1, event)
    assert availability.affected(cast.dora, at + dt.timedelta(minutes=50), at + dt.timedelta(hours=9)).events == 0
    assert availability.affected(cast.ines, at, at + dt.timedelta(hours=1)).events == 0


def test_what_is_booked_is_counted_by_the_clock_of_the_site_and_past_midnight(cast, open_hours, week, elsewhere):
    """Half an hour earlier than here it is midnight there: what begins at 23:00 here is on two days of theirs."""
    night = dt.datetime(2026, 3, 3, 3, tzinfo=dt.UTC)
    events.book(Plan(cast.dora, night, 60, agency.main_site(), [cast.alice]), cast.by("dora"))
    rows = [availability.add_row(week, day, begins, ends, open_hours, elsewhere, cast.by("dora")) for day, begins, ends in (
        (0, 23 * 60, 24 * 60), (0, 22 * 60, 23 * 60 + 30), (1, 0, 30), (1, 30, 60), (0, 0, 60),
    )]  # fmt: skip
    assert [staff_hours.booked_in_row(row).events for row in rows] == [1, 0, 1, 0, 0]
    assert staff_hours.booked_in_calendar(week).events == 1
    tuesday = MONDAY + dt.timedelta(days=1)
    assert [staff_hours.booked_on_holiday(day).events for day in (MONDAY, tuesday, tuesday + dt.timedelta(days=1))] == [1, 0, 0]


def test_several_days_get_the_same_stretch_or_none_of_them(cast, open_hours, week, elsewhere):
    main, by = agency.main_site(), cast.by("dora")
    staff_hours.add_rows(week, (0, 2, 4), NINE, NOON, open_hours, main, by)
    assert refusal(lambda: staff_hours.add_rows(week, (1, 2), NINE, NOON, open_hours, elsewhere, by)) == "elsewhere"
    assert [row.weekday for row in availability.rows_of(week)] == [0, 2, 4]


@pytest.mark.parametrize(("typed", "begins", "ends"), [
    ("9", NINE, NINE), ("17:00", FIVE, FIVE), ("0:00", 0, 1440), ("24:00", None, 1440), ("24", None, 1440), ("12 am", 0, 1440),
    ("", None, None), ("25:00", None, None), ("soon", None, None), ("9" * 30, None, None),
])  # fmt: skip
def test_a_time_of_day_is_typed_as_people_type_it(typed, begins, ends):
    for wanted, is_end in ((begins, False), (ends, True)):
        if wanted is None:
            assert refusal(lambda: staff_hours.minute(typed, "ends", is_end=is_end)) == "bad_time"  # noqa: B023
        else:
            assert staff_hours.minute(typed, "ends", is_end=is_end) == wanted


def test_each_colour_can_be_told_from_paper_in_light_and_in_dark():
    assert {*hours_words.SHADES} == {*availability.COLOURS}
    for shade in hours_words.SHADES.values():
        for ground in (colour.LIGHT, colour.DARK):
            assert colour.contrast(shade, colour.hexed(*ground["surface"])) >= 3, shade


def test_every_change_is_in_the_audit(cast, open_hours, week):
    row = availability.add_row(week, 0, NINE, NOON, open_hours, agency.main_site(), cast.by("dora"))
    availability.remove_exception(availability.be_away(cast.dora, MONDAY, cast.by("dora")), cast.by("dora"))
    availability.remove_row(row, cast.by("dora"))
    entries = AuditEntry.select().where(AuditEntry.kind == "availability.changed").order_by(AuditEntry.id)
    assert [audit.values_of(entry)["what"] for entry in entries] == ["calendar", "row", "away", "away", "row"]
    assert {entry.subject for entry in entries} == {f"worker {cast.dora.id}"}
    assert not AvailabilityRow.select().exists()


# ---------------------------------------------------------------- two sites in two zones


def test_stretches_at_sites_in_two_zones_are_compared_by_the_moments_that_they_mean(cast, open_hours, week, elsewhere):
    """St. John's is half an hour ahead of Halifax."""
    main = agency.main_site()
    availability.add_row(week, 0, NINE, NOON, open_hours, main, cast.by("dora"))
    there = [(NINE, NINE + 30), (NOON + 30, FIVE)]
    assert refusal(lambda: availability.add_row(week, 0, NOON, FIVE, open_hours, elsewhere, cast.by("dora"))) == "elsewhere"
    for begins, ends in there:
        availability.add_row(week, 0, begins, ends, open_hours, elsewhere, cast.by("dora"))
    availability.add_row(week, 2, 23 * 60 + 30, availability.DAY, open_hours, main, cast.by("dora"))  # past midnight over there
    assert refusal(lambda: availability.add_row(week, 3, 0, 30, open_hours, elsewhere, cast.by("dora"))) == "elsewhere"
    availability.add_row(week, 3, 30, 60, open_hours, elsewhere, cast.by("dora"))


def test_extra_time_at_a_site_of_another_zone_is_compared_with_the_week_of_the_day_before(cast, open_hours, week, elsewhere):
    availability.add_row(week, 0, 23 * 60, availability.DAY, open_hours, agency.main_site(), cast.by("dora"))
    tuesday = MONDAY + dt.timedelta(days=1)

    def there(begins, ends):
        return availability.be_there(cast.dora, tuesday, begins, ends, open_hours, elsewhere, cast.by("dora"))

    assert refusal(lambda: there(0, 60)) == "elsewhere"
    there(30, 60)


def test_zones_whose_clocks_change_on_other_days_are_compared_all_year(cast, open_hours, week):
    """Phoenix keeps its time: it is three hours behind Halifax in winter, and four in summer."""
    phoenix = sites.add(Place("Phoenix", time_zone="America/Phoenix"), cast.by("ada"))
    availability.add_row(week, 0, 14 * 60, 15 * 60, open_hours, agency.main_site(), cast.by("dora"))
    for hour in (10, 11):  # the one in summer, the other in winter
        at = hour * 60
        assert refusal(lambda at=at: availability.add_row(week, 0, at, at + 60, open_hours, phoenix, cast.by("dora"))) == "elsewhere"
    availability.add_row(week, 0, NOON, NOON + 60, open_hours, phoenix, cast.by("dora"))
