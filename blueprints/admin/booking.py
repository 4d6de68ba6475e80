"""An appointment is booked: for whom, with whom, when and where."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

from flask import g, request, url_for
from wtforms import BooleanField

from blueprints.admin import bp, event_words, people
from domain import clock, events, search, sites, staff_calendar, wall_clock
from domain.events import Plan
from domain.rules import N_, RuleBroken, together
from models import Event, Individual, Service, Worker
from web import posts
from web.access import any_staff
from web.forms import Choice, DateBoxes, Form, OneOf, Required, Text, _l
from web.fragments import done, page
from web.languages import gettext as _
from web.sessions import refusals_told, tell

MOST_FOUND = 10


class TimeForm(Form):
    """When, with whom and where: of a new appointment, and of one that is moved."""

    date = DateBoxes(_l("Date"), _l("Enter the day."))
    time = Text(_l("Time"), [Required(_l("Enter the time, such as 14:30."))])
    minutes = Text(_l("Length in minutes"))
    worker = Choice(_l("Worker"))
    site = Choice(_l("Site"))
    by_phone = BooleanField(_l("They asked for it by phone"))
    anyway = BooleanField(_l("Go on although they have another appointment then"))

    def offer(self, chosen: list[Worker], kept: Event | None = None) -> TimeForm:
        """Workers and sites to choose from; where there is one only, nothing is asked.  What was posted is asked in any case, so
        that a choice which is gone is refused and does not become another one unseen."""
        workers = chosen if kept is None or any(each.id == kept.worker_id for each in chosen) else [kept.worker, *chosen]
        self.found_workers = {each.public_id: each for each in workers}
        self.found_sites = {each.public_id: each for each in sites.in_mind() if each.is_in_use or (kept and each.id == kept.site_id)}
        self.worker.choices = [(key, each.name) for key, each in self.found_workers.items()]
        self.site.choices = [(key, each.name) for key, each in self.found_sites.items()]
        for name, found in (("worker", workers), ("site", self.found_sites)):
            self.drop(name, is_asked=len(found) > 1)
        return self

    def drop(self, name: str, *, is_asked: bool) -> None:
        """Take a field away that is not asked, unless somebody answered it."""
        if not (is_asked if request.method in posts.SAFE else request.form.get(name) or is_asked):
            del self[name]

    @property
    def chosen_worker(self) -> Worker:
        return self.found_workers[self.worker.data] if "worker" in self else next(iter(self.found_workers.values()))

    @property
    def chosen_site(self) -> Any:
        return self.found_sites[self.site.data] if "site" in self else next(iter(self.found_sites.values()))

    def when(self, kept: Event | None = None) -> wall_clock.Moment:
        """The moment that is meant; of two that the clock shows alike that of ``kept``, if it is one of them.  Raises RuleBroken."""
        found = wall_clock.moment(self.chosen_site.time_zone, self.date.data, wall_clock.time_typed(self.time.data))
        if kept is not None and found.is_doubled:
            there = [wall_clock.local(at, self.chosen_site.time_zone).replace(tzinfo=None, fold=0) for at in (kept.starts_at, found.at)]
            return wall_clock.Moment(kept.starts_at) if there[0] == there[1] else found
        return found

    @property
    def how(self) -> str:
        """How it came about, as the audit keeps it."""
        return "phone" if self.by_phone.data else ""

    def is_doubled(self) -> bool:
        """True where the clock shows the time twice."""
        return self.when().is_doubled

    @property
    def is_asked_again(self) -> bool:
        """True once the warning was given."""
        return bool(self.anyway.errors or self.anyway.data)


class BookingForm(TimeForm):
    service = Choice(_l("Service"))
    group = Choice(_l("Group"))
    way = OneOf(_l("How"))
    video_link = Text(_l("Link of the video call"))

    def fill(self, individuals: list[Individual]) -> BookingForm:
        self.individuals = individuals
        theirs, others = staff_calendar.offered_services(individuals)
        groups = staff_calendar.offered_groups(g.viewer)
        self.found_services = {each.public_id: each for each in (*theirs, *others)}
        self.found_groups = {each.public_id: each for each in groups}
        self.service.choices = [("", _("None")), *((each.public_id, _("%(service)s (enrolled)", service=each.name)) for each in theirs),
                                *((each.public_id, each.name) for each in others)]  # fmt: skip
        self["group"].choices = [("", _("None")), *((each.public_id, f"{each.service.name}: {each.name}") for each in groups)]
        self.way.choices = [("", _("In person")), ("video", _("By video"))]
        self.drop("group", is_asked=bool(groups))
        self.drop("service", is_asked=bool(self.found_services and individuals))
        return self

    @property
    def chosen_group(self) -> Any:
        return self.found_groups.get(self["group"].data) if "group" in self else None

    @property
    def chosen_service(self) -> Service | None:
        if self.chosen_group is not None:
            return self.chosen_group.service
        return self.found_services.get(self.service.data) if "service" in self else None

    def plan(self) -> Plan:
        """What is to be booked.  Raises RuleBroken."""
        chosen = self.found_services.get(self.service.data) if "service" in self else None
        if self.chosen_group is not None and chosen is not None and chosen != self.chosen_group.service:
            raise RuleBroken(N_("This group belongs to another service. Choose one of the two."), code="two_services", field="group")
        if self.video_link.data and not self.way.data:
            raise RuleBroken(N_("Choose “By video”, or take the link away."), code="not_video", field="video_link")
        when, minutes = together(self.when, lambda: staff_calendar.minutes(self.minutes.data or "", self.chosen_service))
        return Plan(
            self.chosen_worker, when.at, minutes, self.chosen_site, staff_calendar.with_roster(self.individuals, self.chosen_group),
            service=self.chosen_service, group=self.chosen_group, is_video=self.way.data == "video",
            video_link=self.video_link.data or "",
        )  # fmt: skip


@bp.get("/schedule/new")
@any_staff
def new_event():
    chosen = []
    with refusals_told():
        chosen = staff_calendar.people(g.viewer, request.args.get("individual", "").split())
    if not chosen and not request.args.get("group"):
        return _whom(chosen)
    if "q" in request.args:
        return _whom(chosen)
    return _form(chosen, _new_form(chosen, formdata=None, obj=_as_asked(chosen)))


def _whom(chosen: list[Individual]):
    """Choose who comes, one after the other; a list of people, each a link that adds them."""
    question = request.args.get("q", "").strip()[:100]
    known = [person.id for person in chosen]
    found = search.narrow(g.viewer.individuals, question).where(Individual.id.not_in(known)) if question else None
    rows = list(found.order_by(Individual.sort_name, Individual.id).limit(MOST_FOUND + 1)) if found is not None else []
    return page("admin/event_whom.html", found=rows[:MOST_FOUND], has_more=len(rows) > MOST_FOUND, question=question, chosen=chosen,
                kept=_kept(chosen), book_with=book_with, with_groups=bool(staff_calendar.offered_groups(g.viewer)))  # fmt: skip


def _ids(chosen: list[Individual]) -> str:
    """Those who come, as an address or a field carries them."""
    return " ".join(person.public_id for person in chosen)


def _kept(chosen: list[Individual]) -> list[tuple[str, str]]:
    """What the address says already, for the links and the form that go on from it."""
    asked = [(name, request.args[name]) for name in ("date", "worker", "site") if request.args.get(name)]
    return [("individual", _ids(chosen)), *asked] if chosen else asked


def book_with(kept: list[tuple[str, str]], person: Individual | None = None) -> str:
    """Further with what is chosen already, and with one person more."""
    named = dict(kept)
    if person is not None:
        named["individual"] = f"{named.get('individual', '')} {person.public_id}".strip()
    return f"{url_for('admin.new_event')}?{urlencode(named)}"


def _as_asked(chosen: list[Individual]) -> SimpleNamespace:
    """Day, worker and site as the address says; where a client usually comes; the service where there is one only."""
    try:
        date = dt.date.fromisoformat(request.args.get("date", ""))
    except ValueError:
        date = None
    usual = sites.numbered(chosen[0].site_id) if chosen else None
    theirs, _others = staff_calendar.offered_services(chosen)
    return SimpleNamespace(
        date=date, worker=request.args.get("worker", g.viewer.worker.public_id), way="",
        site=request.args.get("site") or (usual.public_id if usual and usual.is_in_use else ""),
        service=theirs[0].public_id if len(theirs) == 1 else "", group=request.args.get("group", ""),
    )  # fmt: skip


def _new_form(chosen: list[Individual], **more: Any) -> BookingForm:
    form = BookingForm(**more)
    form.offer(staff_calendar.workers(g.viewer))
    return form.fill(chosen)


@bp.post("/schedule/new")
@any_staff
def book_event():
    asked = request.form.get("individual", "").split()
    chosen = staff_calendar.still_seen(g.viewer, asked)
    form = _new_form(chosen)
    if form.validate():
        with form.refusals():
            staff_calendar.check_all_seen(chosen, asked)
            plan = form.plan()
            if not form.anyway.data:
                staff_calendar.check_clients(g.viewer, plan)
            event = events.book(plan, g.viewer.actor, how=form.how)
            tell("good", _told(event, form.is_doubled()))
            if event.starts_at <= clock.now():
                tell("info", _("This is in the past: nothing is sent."))
            return done(url_for("admin.event", event_id=event.public_id))
    return _form(chosen, form)


def _told(event: Event, is_doubled: bool) -> str:
    if is_doubled:
        return _("Booked for %(day)s, %(time)s. The clock shows this time twice that day: the first one is meant.",
                 day=event_words.date(event), time=event_words.time(event))  # fmt: skip
    return _("Booked for %(day)s, %(time)s.", day=event_words.date(event), time=event_words.time(event))


def _form(chosen: list[Individual], form: BookingForm):
    for person in chosen[1:]:
        g.viewer.saw(person, "new_event")
    return people.page_about(
        chosen[0] if chosen else None, "admin/event_new.html", form=form, chosen=chosen, ids=_ids(chosen), kept=_kept(chosen),
        book_with=book_with, standard=staff_calendar.minutes("", None),
    )  # fmt: skip
