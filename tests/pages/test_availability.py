"""Kinds of time, holidays, and the hours of a worker on the pages of staff."""

import datetime as dt

import pytest

from domain import agency, availability, readiness, sites, store
from models import (
    AvailabilityCalendar,
    AvailabilityException,
    AvailabilityRow,
    AvailabilityType,
    Holiday,
    PortalAccount,
    Worker,
)

pytestmark = pytest.mark.usefixtures("cast")
KINDS, HOLIDAYS = "/admin/settings/kinds-of-time/", "/admin/settings/holidays/"
MONDAY = dt.date(2026, 3, 2)
NINE, NOON, FIVE, MIDNIGHT = 9 * 60, 12 * 60, 17 * 60, 24 * 60


def on(date, name="date"):
    """A date as it is typed."""
    return {f"{name}-day": str(date.day), f"{name}-month": str(date.month), f"{name}-year": str(date.year)}


def here(worker, *more):
    return "/".join([f"/admin/schedule/hours/{worker.public_id}", *more, ""] if not more else [f"/admin/schedule/hours/{worker.public_id}", *more])


@pytest.fixture
def kind(cast, frozen):
    """The time for clients; it is Sunday noon before ``MONDAY``."""
    frozen("2026-03-01 16:00")
    made = availability.add_type("Open hours", "green", cast.by("ada"))
    availability.face_clients(made, cast.by("ada"))
    return AvailabilityType.get_by_id(made.id)


@pytest.fixture
def week(cast, kind):
    """Dora's: Monday morning."""
    made = availability.add_calendar(cast.dora, MONDAY - dt.timedelta(days=7), cast.by("dora"))
    availability.add_row(made, 0, NINE, NOON, kind, agency.main_site(), cast.by("dora"))
    return made


@pytest.fixture
def second_site(cast):
    return sites.add(sites.Place("Second site", time_zone="America/St_Johns"), cast.by("ada"))


# ---------------------------------------------------------------- kinds of time


def test_a_new_agency_is_led_to_its_first_kind_of_time_and_names_it_for_clients(browse):
    ada = browse("ada")
    assert "No kind of time is named for clients yet" in ada.open("/admin/settings/")
    page = ada.open(ada.page.links[next(text for text in ada.page.links if text.startswith("Kinds of time"))])
    assert "No kinds of time yet" in page
    ada.open(page.links["Add a kind of time"])
    page = ada.press("Save", name="Appointments", shade="teal")
    assert "so they cannot request appointments" in page
    ada.press("Save", kind=AvailabilityType.get().public_id)
    assert availability.client_facing().name == "Appointments"
    assert "so they cannot request" not in ada.page
    assert "cannot request appointments" not in ada.open("/admin/settings/")
    ada.open(KINDS)
    ada.press("Save", kind="")
    assert availability.client_facing() is None


@pytest.mark.parametrize(("typed", "problems"), [
    ({"name": " ", "shade": "red"}, ["Enter a name."]), ({"name": "x" * 61, "shade": "red"}, None), ({"name": "Office"}, ["Choose one of the list."]),
    ({"name": "Office", "shade": "other"}, ["Choose a colour."]),
    ({"name": "", "shade": "other", "colour": "reddish"}, ["Enter a name.", "Enter a colour such as #1d5a36: six digits or letters from a to f."]),
    ({"name": "Open hours", "shade": "red"}, ["There is one of this name already."]),
])  # fmt: skip
def test_what_is_no_kind_of_time_is_refused_and_kept(browse, kind, typed, problems):
    ada = browse("ada")
    ada.open(KINDS + "new")
    page = ada.press("Save", typed)
    assert page.status == 422
    assert len(page.problems) == 1 if problems is None else page.problems == problems
    assert page.form("Save").values["name"] == typed["name"]
    assert page.form("Save").values.get("colour") == typed.get("colour", "")
    assert AvailabilityType.select().count() == 1


def test_a_kind_of_time_gets_a_colour_of_its_own_and_whoever_saves_second_is_told(browse, cast, kind):
    ada, other = browse("ada"), browse("ada")
    for each in (ada, other):
        each.open(f"{KINDS}{kind.public_id}/")
    ada.press("Save", shade="other", colour="#ABC")
    assert AvailabilityType.get().colour == "#aabbcc"
    page = other.press("Save", name="Clients")
    assert page.status == 422
    assert "saved now" in page
    assert AvailabilityType.get().name == "Open hours"
    assert "#aabbcc" in ada.open(f"{KINDS}{kind.public_id}/").form("Save").values["colour"]


def test_a_kind_of_time_is_removed_once_nothing_has_it(browse, cast, kind, week):
    ada = browse("ada")
    page = ada.open(f"{KINDS}{kind.public_id}/removal")
    assert "Once in the week of a worker." in page
    assert "Remove" not in page.buttons
    availability.remove_calendar(week, cast.by("dora"))
    page = ada.open(f"{KINDS}{kind.public_id}/removal")
    assert "Clients request appointments in this time." in page
    availability.be_there(cast.dora, MONDAY, NINE, NOON, kind, agency.main_site(), cast.by("dora"))  # meanwhile
    assert "This kind of time is still used once." in ada.press("Remove")
    availability.remove_exception(AvailabilityException.get(), cast.by("dora"))
    ada.open(f"{KINDS}{kind.public_id}/removal")
    assert "Removed." in ada.press("Remove")
    assert not AvailabilityType.select().exists()


def test_requesting_is_a_step_of_the_checklist_until_a_kind_is_named_or_it_is_off(browse, cast, decided):
    with store.writing():
        PortalAccount.update(state="disabled").where(PortalAccount.state == "active").execute()
    assert "Name the time for clients" in browse("ada").open("/admin/settings/")
    steps = [step.key for step in readiness.steps(mail_test_needed=False)]
    assert steps.index("brand") + 1 == steps.index("availability") < steps.index("first_client")

    def is_done():
        return {step.key: step.is_done for step in readiness.steps(mail_test_needed=False)}["availability"]

    assert not is_done()
    decided(requesting=0)
    assert is_done()
    decided(requesting=1)
    availability.face_clients(availability.add_type("Open hours", "blue", cast.by("ada")), cast.by("ada"))
    assert is_done()


# ---------------------------------------------------------------- holidays


def test_a_holiday_is_added_and_removed_and_both_say_what_stays_booked(browse, cast, kind, book):
    book(23)  # Monday noon
    ada = browse("ada")
    assert "No holiday is ahead." in ada.open(HOLIDAYS)
    page = ada.press("Add", {**on(MONDAY), "name": "Founders’ day"})
    assert page.problems == ["One appointment is booked then, and stays booked. Look at it, and tick the box to go on."]
    assert "date=2026-03-02" in page.links["The schedule of that day"]
    assert not Holiday.select().exists()
    ada.press("Add", anyway=True)
    assert Holiday.get().name == "Founders’ day"
    page = ada.open(f"{HOLIDAYS}{Holiday.get().public_id}/removal")
    assert "One appointment is booked then. It stays booked." in page
    assert "No holiday is ahead." in ada.press("Remove")
    ada.press("Add", {**on(MONDAY + dt.timedelta(days=1)), "name": "Quiet day"})
    assert "booked" not in ada.open(f"{HOLIDAYS}{Holiday.get().public_id}/removal").main


def test_what_is_no_holiday_is_refused_and_kept(browse, cast, kind):
    ada = browse("ada")
    ada.open(HOLIDAYS)
    assert ada.press("Add").problems == ["Enter the day.", "Enter a name."]
    assert ada.press("Add", {**on(dt.date(2026, 2, 28)), "name": "Gone"}).problems == ["This day is over. Enter one from today on."]
    assert ada.press("Add", on(dt.date(2206, 2, 28))).problems == ["Enter a year from 1970 to 2031."]
    page = ada.press("Add", {**on(MONDAY), "date-month": "13"})
    assert page.problems == ["This date does not exist. Check day, month and year."]
    assert page.form("Add").values["name"] == "Gone"
    availability.add_holiday(MONDAY, "Founders’ day", cast.by("ada"))
    assert ada.press("Add", on(MONDAY)).problems == ["This day is a holiday already."]
    assert len(ada.press("Add", {**on(MONDAY + dt.timedelta(days=1)), "name": "x" * 81}).problems) == 1
    assert Holiday.select().count() == 1


# ---------------------------------------------------------------- a week


def test_dora_lays_down_her_week_from_the_schedule_on(browse, cast, kind):
    dora = browse("dora")
    page = dora.open("/admin/schedule/")
    assert "No hours yet." in dora.open(page.links["My hours"])
    dora.open(dora.page.links["New calendar"])
    dora.press("Save and fill it", on(MONDAY, "starts_on"))
    page = dora.press("Add", {"day_0": True, "day_3": True, "begins": "9", "ends": "17:00"})
    assert "Monday" in page.main
    dora.press("Add", {"day_5": True, "begins": "20:00", "ends": "0:00"})
    dora.press("Add", {"day_6": True, "begins": "8:15 pm", "ends": "24:00"})
    assert [(row.weekday, row.begins, row.ends) for row in availability.rows_of(AvailabilityCalendar.get())] == [
        (0, NINE, FIVE), (3, NINE, FIVE), (5, 20 * 60, MIDNIGHT), (6, 20 * 60 + 15, MIDNIGHT),
    ]  # fmt: skip
    assert {row.type for row in AvailabilityRow.select()} == {kind}
    page = dora.open(here(cast.dora))
    assert "No hours yet." in page  # it starts tomorrow
    assert "starts later" in page


@pytest.mark.parametrize(("typed", "problems"), [
    ({}, ["Choose a day of the week.", "Enter the time, such as 14:30.", "Enter the time, such as 14:30."]),
    ({"day_0": True, "begins": "9", "ends": "soon"}, ["Enter the time, such as 14:30."]),
    ({"day_0": True, "begins": "9" * 40, "ends": "12"}, ["Enter the time, such as 14:30."]),
    ({"day_0": True, "begins": "24:00", "ends": "24:00"}, ["Enter the time, such as 14:30."]),
    ({"day_0": True, "begins": "12:00", "ends": "9:00"}, ["The end must be later than the start, and at midnight at the latest."]),
    ({"day_0": True, "begins": "22:00", "ends": "02:00"}, ["The end must be later than the start, and at midnight at the latest."]),
])  # fmt: skip
def test_what_is_no_stretch_of_a_week_is_refused_and_kept(browse, cast, week, typed, problems):
    dora = browse("dora")
    dora.open(here(cast.dora, "calendars", week.public_id, ""))
    page = dora.press("Add", typed)
    assert (page.status, page.problems) == (422, problems)
    assert page.form("Add").values["begins"] == typed.get("begins", "")
    assert ("day_0" in page.form("Add").filled({})) == ("day_0" in typed)
    assert AvailabilityRow.select().count() == 1


def test_nobody_is_put_at_two_sites_at_once_and_none_of_several_days_is_taken_then(browse, cast, week, second_site):
    dora = browse("dora")
    dora.open(here(cast.dora, "calendars", week.public_id, ""))
    page = dora.press("Add", {"day_1": True, "day_0": True, "begins": "11", "ends": "13", "site": second_site.public_id})
    assert page.problems == [f"Nobody is at two sites at once: at this time it says {agency.main_site().name}."]
    assert AvailabilityRow.select().count() == 1
    dora.press("Add", {"day_0": False})
    assert [row.site.name for row in availability.rows_of(week)] == [agency.main_site().name, "Second site"]


def test_a_kind_or_a_site_that_is_gone_is_refused(browse, cast, week, second_site):
    other, dora = availability.add_type("Phone", "grey", cast.by("ada")), browse("dora")
    dora.open(here(cast.dora, "calendars", week.public_id, ""))
    availability.remove_type(other, cast.by("ada"))
    sites.change(second_site, sites.Place("Second site", time_zone="America/St_Johns", is_in_use=False), cast.by("ada"))
    typed = {"day_1": True, "begins": "9", "ends": "12"}
    for gone in ({"kind": other.public_id}, {"site": second_site.public_id}):
        form = dora.page.form("Add")
        page = dora.submit(form, {**form.filled(typed), **gone})
        assert (page.status, page.problems) == (422, ["Choose one of the list."]), gone
    assert AvailabilityRow.select().count() == 1


def test_a_calendar_is_copied_and_no_two_start_on_one_day(browse, cast, week):
    dora = browse("dora")
    dora.open(here(cast.dora, "calendars", "new"))
    assert dora.press("Save and fill it").problems == ["Enter the day."]
    assert dora.press("Save and fill it", on(week.starts_on, "starts_on")).problems == ["A calendar starts on this day already. Change that one."]
    assert dora.press("Save and fill it", on(dt.date(9999, 1, 1), "starts_on")).problems == ["Enter a year from 1970 to 2031."]
    dora.press("Save and fill it", {**on(MONDAY, "starts_on"), "like": week.public_id})
    copy = availability.in_force(cast.dora, MONDAY)
    assert len(availability.rows_of(copy)) == 1
    page = dora.open(here(cast.dora, "calendars", copy.public_id, "removal"))
    assert "The calendar from 23 February 2026 counts again." in page
    dora.press("Remove")
    assert availability.in_force(cast.dora, MONDAY) == week


def test_who_takes_hours_out_reads_what_stays_booked_in_them(browse, cast, week, book):
    at = [book(hours) for hours in (21, 24 * 7 + 21, 24 + 21)]  # 09:00 on two Mondays, and on a Tuesday
    availability.add_calendar(cast.dora, MONDAY + dt.timedelta(days=14), cast.by("dora"))
    book(24 * 14 + 21)  # another calendar counts then
    row, dora = AvailabilityRow.get(), browse("dora")
    for path in (here(cast.dora, "rows", row.public_id, "removal"), here(cast.dora, "calendars", week.public_id, "removal")):
        page = dora.open(path)
        assert "2 appointments are booked then. They stay booked." in page
        assert "date=2026-03-02" in page.links["See the first in the schedule"]
    dora.open(here(cast.dora, "rows", row.public_id, "removal"))
    assert "This week is empty." in dora.press("Remove")
    assert {event.event.state for event in at} == {"booked"}
    assert dora.open(here(cast.dora, "rows", row.public_id, "removal")).status == 404


# ---------------------------------------------------------------- days that differ


def test_a_day_off_says_what_stays_booked_in_it_and_is_taken_back(browse, cast, week, book):
    book(22)
    dora = browse("dora")
    dora.open(here(cast.dora, "day-off"))
    page = dora.press("Save", {**on(MONDAY), "begins": "10:00"})
    assert page.problems == ["One appointment is booked then, and stays booked. Look at it, and tick the box to go on."]
    assert "date=2026-03-02" in page.links["The schedule of that day"]
    assert not AvailabilityException.select().exists()
    page = dora.press("Save", anyway=True)
    away = AvailabilityException.get()
    assert (away.date, away.begins, away.ends) == (MONDAY, 600, MIDNIGHT)
    assert "Away, 10:00–24:00" in page
    assert "One appointment is booked then." in dora.open(here(cast.dora, "days", away.public_id, "removal"))
    assert "From today on every day is as the week says." in dora.press("Remove")
    dora.open(here(cast.dora, "day-off"))
    assert "Day off" in dora.press("Save", on(MONDAY + dt.timedelta(days=1)))
    dora.open(here(cast.dora, "day-off"))
    assert dora.press("Save", on(MONDAY + dt.timedelta(days=1))).problems == ["This is there already."]


def test_what_is_no_day_off_is_refused_and_kept(browse, cast, week):
    dora = browse("dora")
    dora.open(here(cast.dora, "day-off"))
    assert dora.press("Save", begins="9 o'clock").problems == ["Enter the day.", "Enter the time, such as 14:30."]
    assert dora.page.form("Save").values["begins"] == "9 o'clock"
    assert dora.press("Save", {**on(dt.date(2026, 2, 28)), "begins": ""}).problems == ["This day is over. Enter one from today on."]
    page = dora.press("Save", {**on(MONDAY), "begins": "12", "ends": "9"})
    assert page.problems == ["The end must be later than the start, and at midnight at the latest."]
    assert not AvailabilityException.select().exists()


def test_extra_time_is_added_and_its_removal_says_what_stays_booked(browse, cast, week, second_site, book):
    dora, main = browse("dora"), agency.main_site()
    dora.open(here(cast.dora, "extra-time"))
    typed = {**on(MONDAY), "begins": "11:00", "ends": "18:30", "site": second_site.public_id}
    assert dora.press("Save", typed).problems == [f"Nobody is at two sites at once: at this time it says {main.name}."]
    assert "Extra time, 11:00–18:30" in dora.press("Save", {"site": main.public_id})
    book(23)
    extra = AvailabilityException.get()
    assert "One appointment is booked then." in dora.open(here(cast.dora, "days", extra.public_id, "removal"))
    dora.press("Remove")
    assert not AvailabilityException.select().exists()


# ---------------------------------------------------------------- whose


def test_hours_are_for_oneself_and_for_who_manages_workers(browse, cast, week):
    away = availability.be_away(cast.dora, MONDAY, cast.by("dora"))
    row = AvailabilityRow.get()
    paths = ["", "calendars/new", f"calendars/{week.public_id}/", f"calendars/{week.public_id}/removal", f"rows/{row.public_id}/removal",
             f"days/{away.public_id}/removal", "day-off", "extra-time"]  # fmt: skip
    readers = {"dora": 200, "finn": 200, "otto": 404, "ines": 404}
    for name, status in readers.items():
        for path in paths:
            assert browse(name).open(here(cast.dora) + path).status == status, (name, path)
    for path in (f"calendars/{week.public_id}/removal", f"rows/{row.public_id}/removal", f"days/{away.public_id}/removal"):
        assert browse("finn").open(here(cast.otto) + path).status == 404, "of another worker"
    finn = browse("finn")
    page = finn.open(f"/admin/workers/{cast.dora.public_id}/")
    page = finn.open(page.links["Their hours"])
    assert page.links[cast.dora.name] == f"/admin/workers/{cast.dora.public_id}/"
    assert browse("ines").open(KINDS).status == browse("ines").open(HOLIDAYS).status == 404


def test_nobody_adds_to_the_hours_of_who_has_left(browse, cast, week):
    finn = browse("finn")
    forms = [(here(cast.dora, "day-off"), "Save", on(MONDAY)), (here(cast.dora, "calendars", "new"), "Save and fill it", on(MONDAY, "starts_on"))]
    for path, button, typed in forms:
        with store.writing():
            Worker.update(is_active=True).where(Worker.id == cast.dora.id).execute()
        finn.open(path)
        with store.writing():
            Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
        assert finn.press(button, typed).problems == ["This person has left already."]
    page = finn.open(here(cast.dora))
    assert "Add a day off" not in page.links
    assert not AvailabilityException.select().exists()
