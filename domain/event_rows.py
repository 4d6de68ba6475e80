"""Rows of events with all that belongs to them, for whoever reads them: below the rules, so that a viewer may use it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from models import Event, Group, Service, Site, Worker

LONGEST = dt.timedelta(hours=24)


def whole() -> Any:
    """The question for events with all that belongs to them."""
    every = Event.select(Event, Worker, Site, Service, Group).join(Worker).switch(Event).join(Site).switch(Event).left_outer_join(Service)
    return every.switch(Event).left_outer_join(Group, on=(Event.group == Group.id), attr="group")
