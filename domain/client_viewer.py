"""What a client reads: everything of their own, and nothing of anybody else."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from domain import (
    asked,
    devices,
    inbox,
    inbox_notices,
    my_calendar,
    my_history,
    my_services,
    offers,
    profile,
    profile_changes,
    settings,
    soon,
    things_to_do,
    threads,
)
from domain.actor import Actor
from domain.asked import Asked
from domain.devices import Place
from domain.offers import Wish
from domain.reading import one, photo_of
from domain.rules import NotFound
from models import (
    TAKES_TIME,
    Attendance,
    Contact,
    Discussion,
    Document,
    Enrolment,
    Event,
    Group,
    Individual,
    LoginSession,
    PortalAccount,
    ProfileChange,
    RosterEntry,
    Service,
    Worker,
    WorkerPhoto,
)


@dataclasses.dataclass(frozen=True)
class ClientViewer:
    """A client: ``account`` signed in, ``individual`` is whom it is for, ``scopes`` what of theirs may be reached."""

    session: LoginSession
    account: PortalAccount
    individual: Individual
    scopes: frozenset[str]
    actor: Actor

    @property
    def contacts(self) -> list[Contact]:
        """The individual's contacts: e-mail first, the main one of a kind before the others."""
        return profile.contacts_of(self.individual)

    def contact(self, public_id: str) -> Contact:
        """One contact in use of the individual.  Raises NotFound."""
        mine = Contact.select(Contact, Individual).join(Individual).where(Contact.individual == self.individual)
        return one(mine.where(Contact.public_id == public_id, Contact.is_in_use))  # type: ignore[no-any-return]

    def devices(self, older: str = "") -> tuple[list[Place], str]:
        """Where the client is signed in, and the browsers that are known; the name for the next ones."""
        return devices.listed(self.session, older)

    def sent(self, older: str = "") -> tuple[list[my_history.Sent], str]:
        """What was sent to the client: twenty that are older than the named one, and the name for the next ones."""
        return my_history.sent_to(self.individual, older)

    def looks(self, before: str = "") -> tuple[list[my_history.Look], str]:
        """Who of the agency opened the client's record: whole days before one, and the day that the next ones are before."""
        return my_history.looks(self.individual, before)

    @property
    def waiting_changes(self) -> list[ProfileChange]:
        """What the client asked for and nobody decided yet."""
        return profile_changes.waiting(self.individual)

    @property
    def declined_changes(self) -> list[ProfileChange]:
        """What was declined not long ago, with the reason."""
        return profile_changes.declined_lately(self.individual)

    def coming(self, most: int, after: Attendance | None = None) -> list[Attendance]:
        """The client's places in events that are booked and not over, soonest first: so many that follow ``after``."""
        return my_calendar.coming(self.individual, most, after)

    @property
    def soon(self) -> tuple[Attendance | None, list[tuple[Attendance, bool]]]:
        """The client's next appointment, and those that need them now, each with whether it is to be confirmed."""
        return soon.of(self.individual)

    @property
    def places(self) -> Any:
        """The question for the client's places in events, by themselves."""
        return Attendance.select().where(Attendance.individual == self.individual)

    @property
    def gone_by(self) -> Any:
        """The client's places in events that are over or were cancelled, latest first."""
        return my_calendar.gone_by(self.individual)

    @property
    def asked(self) -> list[Asked]:
        """What the client asked for and nobody answered yet, or what they are to answer."""
        return asked.waiting(self.individual)

    @property
    def offered(self) -> list[Asked]:
        """Of these, the other times that staff offer and that the client is to answer."""
        return [each for each in self.asked if each.is_offered]

    @property
    def askable(self) -> list[Enrolment]:
        """The client's open enrolments in which they may ask for an appointment."""
        return offers.enrolments(self.individual)

    def enrolment(self, public_id: str) -> Enrolment:
        """One of these.  Raises NotFound."""
        return one(offers.enrolments_of(self.individual).where(Enrolment.public_id == public_id))  # type: ignore[no-any-return]

    def wish(self, enrolment: str, worker: str) -> tuple[Wish, int]:
        """What they may ask for now, by the public ids of these, and how many they asked for lately.  Raises NotFound."""
        return offers.askable(self.individual, enrolment, worker)

    def place(self, public_id: str) -> Attendance:
        """One of the client's places in events, with its event.  Raises NotFound."""
        return one(self._places().where(Attendance.public_id == public_id))  # type: ignore[no-any-return]

    def place_in(self, event: Event) -> Attendance:
        """The client's own place in an event.  Raises NotFound."""
        return one(self.places.where(Attendance.event == event.id))  # type: ignore[no-any-return]

    def place_in_whole(self, number: int) -> Attendance | None:
        """The client's own place in the event with this number, with all that belongs to it; None without one."""
        found: Attendance | None = self._places().where(Attendance.event == number).first()
        return found

    def still_in(self, discussion: Discussion) -> Service | Group | None:
        """The service or the group that a discussion is about, as long as the client sees it; None for none."""
        if discussion.enrolment_id is not None:
            return next((each.service for each in self.enrolments if each.id == discussion.enrolment_id), None)
        if discussion.group_id is not None:
            mine = (entry for entry in my_services.rosters(self.individual) if entry.left_on is None)
            return next((entry.group for entry in mine if entry.group_id == discussion.group_id), None)
        return None

    def place_at(self, worker: Worker, starts_at: dt.datetime) -> Attendance | None:
        """The client's own place in what they have or asked for at a moment with a worker; None without one."""
        there = self._places().where(Attendance.starts_at == starts_at, Attendance.state == "booked")
        mine: Attendance | None = there.where(Event.worker == worker, Event.state.in_(TAKES_TIME)).first()
        return mine

    def others_in(self, place: Attendance) -> list[Individual]:
        """Who else comes to an event in which the client's own place stands, where its service shows names; what became of them is
        nobody else's."""
        event, stands = place.event, my_calendar.STANDS
        if event.service is None or not (event.service.is_visible and event.service.shows_names):
            return []
        if event.state != "booked" or place.state not in stands:
            return []
        theirs = Attendance.select(Attendance.individual).where(Attendance.event == event, Attendance.state.in_(stands))
        others = Individual.select().where(Individual.id.in_(theirs), Individual.id != self.individual.id)
        return list(others.order_by(Individual.sort_name, Individual.id))

    @property
    def discussions(self) -> Any:
        """The question for the client's discussions, what was written last first."""
        return threads.of_client(self.individual)

    def discussion(self, public_id: str) -> Discussion:
        """One of these.  Raises NotFound."""
        found = threads.one_of_client(self.individual, public_id)
        if found is None:
            raise NotFound
        return found

    def has_newer(self, discussion: str, after: int, seen: int) -> bool:
        """Whether a message came after one in that discussion, or was read since.  Raises NotFound."""
        found = threads.has_newer_for_client(self.individual, discussion, after, seen)
        if found is None:
            raise NotFound
        return found

    @property
    def things_to_do(self) -> list[things_to_do.Thing]:
        """What the client is to do: what is overdue first, then by its day, then the oldest."""
        return things_to_do.open_of(self.individual)

    @property
    def things_done(self) -> Any:
        """The question for what they have done, declined, or need no more do, the latest first."""
        return things_to_do.done_of(self.individual)

    def document(self, public_id: str) -> Document:
        """One of the client's documents, with what it asks.  Raises NotFound."""
        found = things_to_do.one_of(self.individual, public_id)
        if found is None:
            raise NotFound
        return found

    @property
    def unread(self) -> int:
        """How much of the client's Inbox is new."""
        return inbox.unread(self.individual)

    def has_new(self, place: Attendance | None = None, *, is_change: bool = False) -> bool:
        """Whether a notice is new to the client: any, one of a place of theirs, or one of what they asked to have changed."""
        if place is None and not is_change:
            return inbox.has_new_notices(self.individual)
        return inbox.has_new_notices(self.individual) and inbox_notices.has_new(self.individual, place, is_change=is_change)

    def inbox(self, wanted: inbox.Wanted, most: int) -> list[inbox.Entry]:
        """So many lines of it, newest first."""
        return inbox.entries(self.individual, wanted, most)

    @property
    def services_met(self) -> list[Service]:
        """The services of the client's events, those that clients may see, by name."""
        return my_calendar.services_met(self.individual)

    @property
    def years_met(self) -> list[int]:
        """The years of what is over or was cancelled for the client, the latest first, as they begin where the agency is."""
        return my_calendar.years_met(self.individual)

    def _places(self) -> Any:
        return my_calendar.places_of(self.individual)

    @property
    def enrolments(self) -> list[Enrolment]:
        """The client's enrolments in services that clients may see: the open ones first."""
        return my_services.visible(self.individual)

    @property
    def services(self) -> tuple[list[my_services.File], list[RosterEntry], list[my_services.File]]:
        """All that My Services says: open enrolments, places in groups of other services, closed enrolments."""
        return my_services.overview(self.individual)

    def happened(
        self, files: Sequence[Enrolment], service: str, page: int, met: Sequence[Service] = ()
    ) -> tuple[list[my_services.Happened], bool]:
        """One page of what happened in the client's enrolments and to them in services, newest first, and whether there is more.

        ``service`` narrows it to one of these services, or of those that they met, by its public id.  Raises NotFound for any other.
        """
        entries = my_services.rosters(self.individual)
        if not service:
            return my_services.timeline(files, entries, self._places(), page, None)
        chosen = next((each for each in (*(file.service for file in files), *met) if each.public_id == service), None)
        if chosen is None:
            raise NotFound
        files = [file for file in files if file.service_id == chosen.id]
        entries = [entry for entry in entries if entry.group.service_id == chosen.id]
        return my_services.timeline(files, entries, self._places(), page, chosen)

    def change(self, public_id: str) -> ProfileChange:
        """One change that the client asked for.  Raises NotFound."""
        return one(self.individual.changes.where(ProfileChange.public_id == public_id))  # type: ignore[no-any-return]

    def photo(self, public_id: str) -> WorkerPhoto:
        """The photo of a worker who is here, where the agency shows them to clients.  Raises NotFound."""
        if not settings.get("worker_photos"):
            raise NotFound
        return photo_of(public_id)
