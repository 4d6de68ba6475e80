"""Figures of the agency, counted day by day."""

import datetime as dt

import pytest

from domain import accounts, agency, settings, sign_in, statistics, store
from models import DayCount, PortalAccount

pytestmark = pytest.mark.usefixtures("cast")


def test_nothing_is_said_before_it_was_counted():
    seen = statistics.overview()
    assert (seen.states, seen.share, seen.open) == (None, None, 0)
    assert len(seen.weeks) == 12


def test_accounts_are_counted_by_state_with_licences(cast):
    settings.change("licence_count", "10", cast.by("ada"))
    statistics.count_due()
    seen = statistics.overview()
    assert seen.states == {"pending": 0, "active": 2, "locked": 1, "disabled": 0, "closed": 0}
    assert (seen.open, seen.free) == (3, 7)


def test_what_happened_this_week_is_in_its_week(cast):
    pia = accounts.create(cast.pia, cast.by("ada"))
    accounts.cancel(pia, cast.by("ada"))
    sign_in.sign_in("alice@example.org", cast.password_of("alice"), device_token="", agent="", by=cast.visitor())
    sign_in.sign_in("ada@example.org", cast.password_of("ada"), device_token="", agent="", by=cast.visitor())
    statistics.count_due()
    this = statistics.overview().weeks[-1]
    assert this.begins.weekday() == 0
    assert this.counts["ended"] == 1
    assert this.counts["signed_in"] == 1, "a worker is no client"
    assert statistics.overview().share == 50


def test_counting_twice_changes_nothing(cast):
    statistics.count_due()
    before = list(DayCount.select().order_by(DayCount.day, DayCount.name).tuples())
    statistics.count_due()
    assert list(DayCount.select().order_by(DayCount.day, DayCount.name).tuples()) == before


def test_days_on_which_the_portal_stood_still_are_counted_afterwards(cast, frozen):
    statistics.count_due()
    sign_in.sign_in("alice@example.org", cast.password_of("alice"), device_token="", agent="", by=cast.visitor())
    frozen(dt.datetime.now(dt.UTC) + dt.timedelta(days=3))
    assert statistics.count_due() == 4
    assert sum(week.counts["signed_in"] for week in statistics.overview().weeks) == 1


def test_after_a_year_only_what_the_page_shows_is_counted(cast, frozen):
    statistics.count_due()
    frozen(dt.datetime.now(dt.UTC) + dt.timedelta(days=365))
    assert statistics.count_due() == statistics.MOST_DAYS + 1


def test_a_new_day_is_counted_once(cast):
    statistics.count_if_new_day()
    with store.writing():
        PortalAccount.update(state="disabled").where(PortalAccount.state == "active").execute()
    statistics.count_if_new_day()
    assert statistics.overview().states["active"] == 2


def test_a_day_begins_at_midnight_at_the_main_site(cast, frozen):
    """Halifax is behind UTC: what happens there at eleven at night is the next day's elsewhere."""
    day = agency.today()
    frozen(dt.datetime.combine(day, dt.time(23, 30), agency.zone()).astimezone(dt.UTC))
    accounts.create(cast.pia, cast.by("ada"))
    frozen(dt.datetime.combine(day + dt.timedelta(days=1), dt.time(0, 30), agency.zone()).astimezone(dt.UTC))
    accounts.cancel(cast.pia_account, cast.by("ada"))
    statistics.count_due()
    counted = dict(statistics.days())
    assert (counted[day]["created"] >= 1, counted[day]["ended"]) == (True, 0)
    assert (counted[day + dt.timedelta(days=1)]["created"], counted[day + dt.timedelta(days=1)]["ended"]) == (0, 1)
