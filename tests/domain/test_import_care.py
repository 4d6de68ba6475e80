"""Taking in services, enrolments and events: what comes, what is refused, what is sent, and what a second time changes."""

import datetime as dt
from pathlib import Path

import pytest

from domain import imports
from domain.actor import SYSTEM
from domain.imports import Choices
from models import Enrolment, Event, Service

SYNTHEA = Path(__file__).resolve().parents[1] / "data" / "synthea"
FILES = [
    ("sites", "organizations"), ("workers", "providers"), ("individuals", "patients"), ("services", "careplans"),
    ("services", "encounters"), ("enrolments", "careplans"), ("events", "encounters"),
]  # fmt: skip


def synthea(subject, name):
    file = SYNTHEA / f"{name}.csv"
    return imports.apply(subject, file, imports.find_mapping(subject, "synthea"), Choices(consent_email=True), SYSTEM)


def said(report):
    return [str(problem) for problem in report.problems]


def counts(report):
    return report.rows, report.created, report.changed, report.unchanged


def test_the_care_of_another_system_is_taken_in_as_it_is_and_again_changes_nothing(house):
    reports = [synthea(*each) for each in FILES]
    assert [said(report) for report in reports] == [[] for _ in FILES]
    assert [counts(report) for report in reports[3:]] == [(49, 16, 0, 33), (604, 25, 0, 579), (49, 49, 0, 0), (604, 604, 0, 0)]
    assert (Service.select().count(), Enrolment.select().count(), Event.select().count()) == (41, 49, 604)
    assert [counts(synthea(*each)) for each in FILES[3:]] == [(49, 0, 0, 49), (604, 0, 0, 604), (49, 0, 0, 49), (604, 0, 0, 604)]
