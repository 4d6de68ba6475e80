"""Time zones are offered and shown by their places, in the reader's language."""

import re
from zoneinfo import ZoneInfo

import pytest

from domain import store
from models import Site

pytestmark = pytest.mark.usefixtures("cast")


def offered(html):
    """The label of each zone of a form, by its name."""
    every = re.findall(r'<option[^>]*? value="([^"]+)"[^>]*>([^<]+)</option>', html)
    return {zone: label for zone, label in every if "/" in zone or zone == "UTC"}


@pytest.mark.parametrize(
    ("language", "halifax", "berlin"),
    [("en", "Halifax (Canada)", "Berlin (Germany)"), ("es", "Halifax (Canadá)", "Berlín (Alemania)"),
     ("fr", "Halifax (Canada)", "Berlin (Allemagne)"), ("ar", "هاليفاكس (كندا)", "برلين (ألمانيا)")],
)  # fmt: skip
def test_a_form_offers_zones_in_the_readers_language(browse, language, halifax, berlin):
    names = offered(browse("ada").open("/admin/settings/sites/new", headers={"Accept-Language": language}).html)
    assert (names["America/Halifax"], names["Europe/Berlin"]) == (halifax, berlin)
    assert len(names) > 400
    assert len(set(names.values())) == len(names), "two zones cannot be told apart"
    assert all(ZoneInfo(zone) for zone in names)


def test_office_hours_say_by_whose_clock(browse):
    with store.writing():
        Site.update(time_zone="America/Halifax").execute()
    assert "Halifax (Canada)" in browse("ada").open("/admin/settings/office-hours")
    assert "Halifax (Canadá)" in browse("ada").open("/admin/settings/office-hours", headers={"Accept-Language": "es"})
