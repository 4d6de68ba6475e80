"""The date of birth that an e-mailed link asks for: a check against misdelivery.  Tries are counted for all links together."""

from __future__ import annotations

import datetime as dt

from domain import limits, settings
from domain.actor import Actor
from domain.rules import N_, RuleBroken
from models import Individual

CLOSED = N_("The date of birth was wrong too often. The link no longer works.")


def is_known(individual: Individual) -> bool:
    """True where a date is on record that is not the agency's placeholder."""
    return individual.birth_date is not None and individual.birth_date != settings.get("placeholder_birth_date")


def is_right(individual: Individual, born: dt.date) -> bool:
    """True when it is theirs; the placeholder is nobody's."""
    return bool(is_known(individual) and individual.birth_date == born)


def spend(individual: int, by: Actor) -> None:
    """Count one try for somebody (their number) and for the network.  Raises RuleBroken ``too_many``."""
    if not all(limits.spend(what, who, most=most, seconds=seconds) for what, who, most, seconds in _counted(individual, by)):
        raise RuleBroken(N_("Too many tries. Please try again tomorrow, or call us."), code="too_many")


def give_back(individual: int, by: Actor) -> None:
    """Take the try back: it was right."""
    for what, who, _, seconds in _counted(individual, by):
        limits.give_back(what, who, seconds=seconds)


def _counted(individual: int, by: Actor) -> tuple[tuple[str, str, int, int], ...]:
    return (
        ("birth_date", f"individual {individual}", settings.get("birth_date_tries_a_day"), 86_400),
        ("birth_date", f"network {limits.network_of(by.network)}", settings.get("birth_date_tries_a_network"), 3_600),
    )


def wrong(left: int) -> RuleBroken:
    """What is said of a wrong one while there are tries left."""
    return RuleBroken(
        N_("That date of birth does not match. You have %(count)s try left."),
        plural=N_("That date of birth does not match. You have %(count)s tries left."),
        count=left, code="wrong", field="birth_date",
    )  # fmt: skip
