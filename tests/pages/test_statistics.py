"""The page of figures, and its file."""

import csv
import io

import pytest

from domain import statistics

pytestmark = pytest.mark.usefixtures("cast")


def test_before_the_first_count_the_page_says_so(browse):
    assert "Nothing is counted yet" in browse("finn").open("/admin/statistics/")


def test_figures_are_a_chart_and_a_table_in_one(browse):
    statistics.count_due()
    page = browse("finn").open("/admin/statistics/")
    assert "Open accounts" in page
    assert "no limit" in page
    assert "Accounts by state" in page
    assert "Sign-ins of clients" in page


def test_all_days_leave_as_a_file(browse):
    statistics.count_due()
    answer = browse("finn").ask("/admin/statistics/days.csv")
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert rows[0][:3] == ["Day", "Accounts created", "Activations"]
    assert rows[1][rows[0].index("active")] == "2"


@pytest.mark.parametrize("who", ["dora", "ines", "alice"])
def test_whoever_may_not_see_figures_sees_no_page(browse, who):
    assert browse(who).ask("/admin/statistics/").status == 404
