"""What a worker reads: of everybody, or of the own caseload, as the rights have it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from peewee import Case

from domain import audit, caseloads, clock, covers, devices, documents, event_rows, requests, store, threads
from domain.actor import Actor
from domain.devices import Place
from domain.my_calendar import STANDS
from domain.reading import one, photo_of
from domain.rules import NotFound
from models import (
    BULK_VERBS,
    Attendance,
    AuditEntry,
    BulkJob,
    BulkRow,
    CategoryMember,
    Contact,
    Delivery,
    Discussion,
    Document,
    Enrolment,
    Event,
    EventRequest,
    Follow,
    Group,
    ImportFile,
    Individual,
    LoginSession,
    Participant,
    PortalAccount,
    ProfileChange,
    RosterEntry,
    SecurityClass,
    Service,
    Site,
    Task,
    Worker,
    WorkerCategory,
    WorkerPhoto,
)


@dataclasses.dataclass(frozen=True)
class StaffViewer:
    """A worker with the rights of group and security class."""

    session: LoginSession
    worker: Worker
    rights: frozenset[str]
    actor: Actor

    def may(self, right: str) -> bool:
        """True when the worker has the right."""
        return right in self.rights

    def devices(self, older: str = "") -> tuple[list[Place], str]:
        """Where the worker is signed in, and the browsers that are known; the name for the next ones."""
        return devices.listed(self.session, older)

    def photo(self, public_id: str) -> WorkerPhoto:
        """The photo of any worker who is here.  Raises NotFound."""
        return photo_of(public_id)

    @property
    def individuals(self) -> Any:
        """Whom the worker may see: all, or the own caseload."""
        return caseloads.individuals_for(self.worker, self.rights)

    def individual(self, public_id: str) -> Individual:
        """One individual that the worker may see.  Raises NotFound; that somebody tried is in the audit."""
        try:
            return one(self.individuals.where(Individual.public_id == public_id))  # type: ignore[no-any-return]
        except NotFound:
            self._note_refused(public_id)
            raise

    def _note_refused(self, public_id: str) -> None:
        there = Individual.get_or_none(Individual.public_id == public_id)
        if there is not None:
            with store.aside(), store.writing():
                audit.record("individual.refused", self.actor, individual=there)

    def contact(self, individual: Individual, public_id: str) -> Contact:
        """One contact of an individual whom the worker may see.  Raises NotFound."""
        return one(individual.contacts.where(Contact.public_id == public_id))  # type: ignore[no-any-return]

    def change(self, individual: Individual, public_id: str) -> ProfileChange:
        """One change that an individual asked for whom the worker may see.  Raises NotFound."""
        return one(individual.changes.where(ProfileChange.public_id == public_id))  # type: ignore[no-any-return]

    def account(self, individual: Individual, public_id: str) -> PortalAccount:
        """One account of an individual whom the worker may see.  Raises NotFound."""
        return one(individual.accounts.where(PortalAccount.public_id == public_id))  # type: ignore[no-any-return]

    def enrolment(self, individual: Individual, public_id: str) -> Enrolment:
        """One enrolment of an individual whom the worker may see, with its service and worker.  Raises NotFound."""
        found = Enrolment.select(Enrolment, Service, Worker).join(Service).switch(Enrolment).left_outer_join(Worker)
        return one(found.where(Enrolment.individual == individual, Enrolment.public_id == public_id))  # type: ignore[no-any-return]

    def enrolled_in(self, service: Service) -> Any:
        """The open enrolments in a service of individuals whom the worker may see, by name."""
        found = Enrolment.select(Enrolment, Individual, Worker).join(Individual).switch(Enrolment).left_outer_join(Worker)
        here = found.where(Enrolment.service == service, Enrolment.closed_on.is_null()).order_by(Individual.sort_name, Individual.id)
        return here if self.may("view_all_individuals") else here.where(Enrolment.individual.in_(self._caseload()))

    def roster(self, group: Group) -> Any:
        """Who is in a group now, of those whom the worker may see, by name."""
        found = RosterEntry.select(RosterEntry, Individual).join(Individual)
        here = found.where(RosterEntry.group == group, RosterEntry.left_on.is_null()).order_by(Individual.sort_name, Individual.id)
        return here if self.may("view_all_individuals") else here.where(RosterEntry.individual.in_(self._caseload()))

    def group_of(self, event: Event) -> Group | None:
        """The group of an event, where somebody is in it whom the worker may see."""
        return event.group if event.group_id is not None and self.roster(event.group).exists() else None

    def others_than_in(self, group: Group) -> Any:
        """Whom the worker may see and who is not in a group now."""
        there = RosterEntry.select(RosterEntry.individual).where(RosterEntry.group == group, RosterEntry.left_on.is_null())
        return self.individuals.where(Individual.id.not_in(there))

    def others_than_at(self, event: Event) -> Any:
        """Whom the worker may see and who has no place that stands in an event."""
        there = Attendance.select(Attendance.individual).where(Attendance.event == event, Attendance.state.in_(STANDS))
        return self.individuals.where(Individual.id.not_in(there))

    def others_than_of(self, enrolment: Enrolment) -> Any:
        """Whom the worker may see and who neither has an enrolment nor takes part in it."""
        there = Participant.select(Participant.individual).where(Participant.enrolment == enrolment)
        return self.individuals.where(Individual.id.not_in(there), Individual.id != enrolment.individual_id)

    def seen_of(self, people: Sequence[Individual]) -> list[Individual]:
        """Those of these people whom the worker may see."""
        if not people:
            return []
        seen = {each.id for each in self.individuals.where(Individual.id.in_([each.id for each in people]))}
        return [each for each in people if each.id in seen]

    def roster_entry(self, group: Group, public_id: str) -> RosterEntry:
        """One place in a group, also of who has left, of an individual whom the worker may see.  Raises NotFound."""
        found = RosterEntry.select(RosterEntry, Individual).join(Individual).where(RosterEntry.group == group)
        mine = found if self.may("view_all_individuals") else found.where(RosterEntry.individual.in_(self._caseload()))
        return one(mine.where(RosterEntry.public_id == public_id))  # type: ignore[no-any-return]

    def discussions(self, view: str = "all") -> Any:
        """The question for discussions with whom the worker may see, what was written last first: those that they have or follow,
        ``mine``, those that nobody has taken, ``waiting``, or ``all``."""
        return threads.of_staff(self.worker, view, None if self.may("view_all_individuals") else self._caseload())

    def discussions_with(self, worker: Worker) -> Any:
        """The open discussions that a colleague has with individuals whom the worker may see, what was written last first."""
        return self.discussions().where(Discussion.worker == worker, Discussion.state == "open")

    def waiting_messages(self, most: int) -> list[Discussion]:
        """What clients wrote to the worker and nobody answered yet, the one that waits longest first."""
        return threads.waiting_for(self.worker, None if self.may("view_all_individuals") else self._caseload(), most)

    def late_discussions(self, most: int, view: str = "mine") -> list[Discussion]:
        """Of these those in which the client waits longer than promised."""
        return threads.late_for(self.worker, None if self.may("view_all_individuals") else self._caseload(), most, view)

    def discussion(self, public_id: str) -> Discussion:
        """One of these.  Raises NotFound."""
        return one(self.discussions().where(Discussion.public_id == public_id))  # type: ignore[no-any-return]

    def discussion_since(self, public_id: str, after: int, seen: int) -> tuple[Discussion, bool]:
        """The same, and whether something came after a message, or was read since.  Raises NotFound."""
        found = one(threads.with_newer(self.discussions(), after, seen).where(Discussion.public_id == public_id))
        return found, bool(found.has_newer)

    def stands_to(self, discussion: Discussion) -> tuple[bool, bool]:
        """Whether the worker is told of what is new in a discussion that somebody else has, and whether others rely on their reading it."""
        return covers.stands_to(discussion, self.worker)

    @property
    def accounts(self) -> Any:
        """The accounts of individuals whom the worker may see, earlier ones that were closed included."""
        return caseloads.accounts_for(self.worker, self.rights)

    @property
    def everybodys_accounts(self) -> Any:
        """All accounts there are.  Raises NotFound for whoever sees the own caseload only."""
        if not self.may("view_all_individuals"):
            raise NotFound
        return self.accounts

    def _bulk_jobs(self, *verbs: str) -> Any:
        """Others' jobs tell of everybody, so who sees the own caseload only sees the own ones."""
        every = BulkJob.select(BulkJob, Worker).join(Worker).where(BulkJob.verb.in_(verbs)).order_by(BulkJob.id.desc())
        return every if self.may("view_all_individuals") else every.where(BulkJob.worker == self.worker)

    @property
    def activation_jobs(self) -> Any:
        """Bulk activations, newest first; none without the right."""
        return self._bulk_jobs(*(["activate"] if self.may("send_activations") else []))

    @property
    def change_jobs(self) -> Any:
        """Bulk changes of accounts, newest first; none without the right."""
        verbs = [verb for verb in BULK_VERBS if verb not in ("activate", "assign")]
        return self._bulk_jobs(*(verbs if self.may("manage_accounts") else []))

    @property
    def assignment_jobs(self) -> Any:
        """Documents assigned to many, newest first."""
        return self._bulk_jobs("assign")

    def assignment_job(self, public_id: str) -> BulkJob:
        """One of these.  Raises NotFound."""
        return one(self.assignment_jobs.where(BulkJob.public_id == public_id))  # type: ignore[no-any-return]

    def activation_job(self, public_id: str) -> BulkJob:
        """One bulk activation.  Raises NotFound."""
        return one(self.activation_jobs.where(BulkJob.public_id == public_id))  # type: ignore[no-any-return]

    def change_job(self, public_id: str) -> BulkJob:
        """One bulk change of accounts.  Raises NotFound."""
        return one(self.change_jobs.where(BulkJob.public_id == public_id))  # type: ignore[no-any-return]

    def bulk_rows(self, job: BulkJob) -> Any:
        """The people of a bulk job whom the worker may see."""
        every = BulkRow.select(BulkRow, Individual).join(Individual).where(BulkRow.job == job)
        return every if self.may("view_all_individuals") else every.where(BulkRow.individual.in_(self._caseload()))

    def bulk_row(self, job: BulkJob, public_id: str) -> BulkRow:
        """One of these people.  Raises NotFound."""
        return one(self.bulk_rows(job).where(BulkRow.public_id == public_id))  # type: ignore[no-any-return]

    @property
    def deliveries(self) -> Any:
        """Deliveries to individuals whom the worker may see, newest first; with ``view_audit`` also those to no individual."""
        newest = Delivery.select(Delivery, Individual).left_outer_join(Individual).order_by(Delivery.id.desc())
        if self.may("view_all_individuals"):
            return newest if self.may("view_audit") else newest.where(Delivery.individual.is_null(False))
        own = Delivery.individual.in_(self._caseload())
        return newest.where(own | Delivery.individual.is_null() if self.may("view_audit") else own)

    def delivery(self, public_id: str) -> Delivery:
        """One delivery that the worker may see.  Raises NotFound."""
        return one(self.deliveries.where(Delivery.public_id == public_id))  # type: ignore[no-any-return]

    @property
    def tasks(self) -> Any:
        """Open tasks about individuals whom the worker may see, or about none, oldest first: the own ones and those of the own categories;
        of every category for who may see everybody."""
        return self._every_task().where(Task.done_at.is_null()).order_by(Task.id)

    @property
    def my_tasks(self) -> Any:
        """Of these, what is the worker's to do: what they have, and what nobody of their categories has picked up; for who may see
        everybody also what waits where nobody is who may see it, or it would stand on no page that is opened by itself."""
        return self.tasks.where(self._is_mine())

    def _every_task(self) -> Any:
        every = Task.select(Task, Individual, Worker).left_outer_join(Individual).switch(Task).left_outer_join(Worker)
        if self.may("view_all_individuals"):
            return every
        mine = (Task.worker == self.worker) | Task.category.in_(self._categories())
        return every.where(Task.individual.is_null() | Task.individual.in_(self._caseload()), mine)

    def _is_mine(self) -> Any:
        own = Task.category.in_(self._categories())
        waits = own | caseloads.seen_by_nobody() if self.may("view_all_individuals") else own
        return (Task.worker == self.worker) | (Task.worker.is_null() & waits)

    def task(self, public_id: str) -> Task:
        """One task, open or done, that the worker may see.  Raises NotFound."""
        return one(self._every_task().where(Task.public_id == public_id))  # type: ignore[no-any-return]

    def tasks_of(self, worker: Worker) -> Any:
        """The open tasks of a colleague about individuals whom the worker may see, oldest first."""
        return self._every_task().where(Task.done_at.is_null(), Task.worker == worker).order_by(Task.id)

    def followed_by(self, worker: Worker) -> Any:
        """Whom a colleague follows, of those whom the worker may see, by name."""
        followed = Follow.select(Follow.individual).where(Follow.worker == worker)
        return self.individuals.where(Individual.id.in_(followed)).order_by(Individual.sort_name, Individual.id)

    def enrolled_with(self, worker: Worker) -> Any:
        """The open enrolments of which a colleague is the primary worker, of those whom the worker may see, by name."""
        found = Enrolment.select(Enrolment, Individual, Service).join(Individual).switch(Enrolment).join(Service)
        theirs = found.where(Enrolment.worker == worker, Enrolment.closed_on.is_null()).order_by(Individual.sort_name, Enrolment.id)
        return theirs if self.may("view_all_individuals") else theirs.where(Enrolment.individual.in_(self._caseload()))

    @property
    def colleagues(self) -> Any:
        """Every worker, those who left, too, for who manages them; for anybody else nobody."""
        every = Worker.select(Worker, SecurityClass).left_outer_join(SecurityClass)
        return every if self.may("manage_workers") else every.where(Worker.id.is_null())

    def colleague(self, public_id: str) -> Worker:
        """One worker, for who manages them.  Raises NotFound."""
        return one(self.colleagues.where(Worker.public_id == public_id))  # type: ignore[no-any-return]

    def whose_hours(self, public_id: str) -> Worker:
        """The worker whose hours are asked for: oneself, and anybody for who manages workers.  Raises NotFound."""
        return self.worker if public_id == self.worker.public_id else self.colleague(public_id)

    def class_named(self, public_id: str) -> SecurityClass:
        """One security class, for who manages workers.  Raises NotFound."""
        every = SecurityClass.select().where(SecurityClass.public_id == public_id)
        return one(every if self.may("manage_workers") else every.where(SecurityClass.id.is_null()))  # type: ignore[no-any-return]

    def category(self, slug: str) -> WorkerCategory:
        """One worker category, for who manages workers.  Raises NotFound."""
        every = WorkerCategory.select().where(WorkerCategory.slug == slug)
        return one(every if self.may("manage_workers") else every.where(WorkerCategory.id.is_null()))  # type: ignore[no-any-return]

    @property
    def imports(self) -> Any:
        """Files that came in over the page, newest first; those of others tell of everybody, so who sees the own caseload
        only sees the own files; none without the right."""
        every = ImportFile.select(ImportFile, Worker).join(Worker).order_by(ImportFile.id.desc())
        if not self.may("import_data"):
            return every.where(ImportFile.id.is_null())
        return every if self.may("view_all_individuals") else every.where(ImportFile.worker == self.worker)

    def import_file(self, public_id: str) -> ImportFile:
        """One file on its way in, or one that was.  Raises NotFound."""
        return one(self.imports.where(ImportFile.public_id == public_id))  # type: ignore[no-any-return]

    @property
    def held_deliveries(self) -> Any:
        """What waits for a decision whether to send it, newest first."""
        return self.deliveries.where(Delivery.state == "held")

    @property
    def failed_deliveries(self) -> Any:
        """What could not be delivered and was not sent again, newest first."""
        repeated = Delivery.select(Delivery.again).where(Delivery.again.is_null(False))
        return self.deliveries.where(Delivery.state == "dead", Delivery.id.not_in(repeated))

    def audit_of(self, individual: Individual) -> Any:
        """What happened around an individual, newest first."""
        every = AuditEntry.select(AuditEntry, Worker).left_outer_join(Worker)
        return every.where(AuditEntry.individual == individual).order_by(AuditEntry.id.desc())

    def saw(self, individual: Individual, page: str) -> None:
        """Note that the worker looked at a record; the client can see who did.  A form that shows it again was not done by that."""
        self.saw_each([individual], page)

    def saw_each(self, people: Sequence[Individual], page: str) -> None:
        """The same of many who stand on one page."""
        with store.aside(), store.writing():
            audit.record_many("individual.viewed", self.actor, [(each, "", {"page": page}) for each in people])

    def event(self, public_id: str) -> Event:
        """One event: an own one, or one to which somebody comes whom the worker may see.  Raises NotFound."""
        found = event_rows.whole().where(Event.public_id == public_id)
        if not self.may("view_all_individuals"):
            theirs = Attendance.select(Attendance.event).where(Attendance.individual.in_(self._caseload()))
            moved = EventRequest.select(EventRequest.event).where(EventRequest.replaces.in_(theirs))  # holds another time for one of these
            found = found.where((Event.worker == self.worker) | Event.id.in_(theirs) | Event.id.in_(moved))
        return one(found)  # type: ignore[no-any-return]

    @property
    def to_answer(self) -> Any:
        """The question for the requested events that the viewer may answer: their own, or everybody's (``requests.waiting`` reads it)."""
        return requests.to_answer(self.worker, everybodys=self.may("answer_requests"))

    def requested(self, public_id: str) -> Event:
        """One of them, also after it was answered.  Raises NotFound."""
        asked = EventRequest.select(EventRequest.event)
        every = event_rows.whole().where(Event.public_id == public_id, Event.id.in_(asked))
        return one(every if self.may("answer_requests") else every.where(Event.worker == self.worker))  # type: ignore[no-any-return]

    def may_answer(self, event: Event) -> bool:
        """True for who answers what was requested of an event: whose it is, and who answers for everybody."""
        return event.worker_id == self.worker.id or self.may("answer_requests")

    def may_change(self, event: Event) -> bool:
        """True for who looks after an event: whose it is, and who looks after the schedules of others."""
        return event.worker_id == self.worker.id or self.may("manage_schedule_of_others")

    def managed_event(self, public_id: str) -> Event:
        """One of these.  Raises NotFound."""
        event = self.event(public_id)
        if not self.may_change(event):
            raise NotFound
        return event

    def events_of(self, individual: Individual) -> Any:
        """The events of an individual whom the worker may see, with the place in each, the latest first."""
        whole = (
            Attendance.select(Attendance, Event, Worker, Site, Service, Group).join(Event).join(Worker).switch(Event).join(Site)
            .switch(Event).left_outer_join(Service).switch(Event)
            .left_outer_join(Group, on=(Event.group == Group.id), attr="group")
        )  # fmt: skip
        return whole.where(Attendance.individual == individual).order_by(Attendance.starts_at.desc(), Attendance.id.desc())

    def coming_of(self, individual: Individual) -> Any:
        """Of these, what stands and is not over, soonest first."""
        moment = clock.now()
        ahead = self.events_of(individual).where(Attendance.starts_at > moment - event_rows.LONGEST, Event.ends_at > moment)
        stands = ahead.where(Event.state.in_(("requested", "booked")), Attendance.state.in_(STANDS))
        return stands.order_by(Attendance.starts_at, Attendance.id)

    def documents_of(self, individual: Individual) -> Any:
        """The documents of an individual whom the worker may see: what is to be done first, by when it is due, then the newest."""
        theirs = documents.whole().where(Document.individual == individual)
        open_first = Case(Document.state, [("assigned", 0)], 1)
        without_day = Case(None, [((Document.state == "assigned") & Document.due_on.is_null(), 1)], 0)
        day, oldest = (Case(Document.state, [("assigned", field)]) for field in (Document.due_on, Document.id))
        return theirs.order_by(open_first, without_day, day, oldest, Document.ended_at.desc(), Document.id.desc())

    def document(self, individual: Individual, public_id: str) -> Document:
        """One of these.  Raises NotFound."""
        return one(documents.whole().where(Document.individual == individual, Document.public_id == public_id))  # type: ignore[no-any-return]

    def _categories(self) -> Any:
        mine = WorkerCategory.select(WorkerCategory.slug).join(CategoryMember)
        return mine.where(CategoryMember.worker == self.worker)

    def _caseload(self) -> Any:
        return caseloads.caseload_of(self.worker)
