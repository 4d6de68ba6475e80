"""Every read begins here: who signed in, for whom, with which rights; made once per request.

A stranger's row, a hidden row and no row are the same NotFound.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from peewee import fn

from domain import audit, clock, devices, event_rows, my_services, profile, profile_changes, settings, store
from domain.actor import Actor
from domain.devices import Place
from domain.rules import NotFound
from models import (
    BULK_VERBS,
    Attendance,
    AuditEntry,
    BulkJob,
    BulkRow,
    CalendarFeed,
    CategoryMember,
    Contact,
    Delivery,
    Enrolment,
    EnrolmentWorker,
    Event,
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

_INTAKE = frozenset({"view_all_individuals", "edit_individuals", "manage_accounts", "manage_services", "answer_requests"})
_EXEC = _INTAKE | {
    "manage_schedule_of_others", "manage_documents", "manage_billing", "manage_triggers", "view_statistics",
    "manage_workers", "view_audit", "import_data", "export_data",
}  # fmt: skip
_ADMIN = _EXEC | {"manage_setup", "manage_integrations", "send_activations"}
GROUP_RIGHTS: dict[str, frozenset[str]] = {
    "worker": frozenset(), "intake_mgmt": _INTAKE, "admin_exec": frozenset(_EXEC), "system_admin": frozenset(_ADMIN),
}  # fmt: skip
RIGHTS = GROUP_RIGHTS["system_admin"]
MOST_IN_FEED = 5000
SCOPES = frozenset({"calendar", "messages", "documents", "billing"})


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
        return _one(mine.where(Contact.public_id == public_id, Contact.is_in_use))  # type: ignore[no-any-return]

    def devices(self, older: str = "") -> tuple[list[Place], str]:
        """Where the client is signed in, and the browsers that are known; the name for the next ones."""
        return devices.listed(self.session, older)

    @property
    def waiting_changes(self) -> list[ProfileChange]:
        """What the client asked for and nobody decided yet."""
        return profile_changes.waiting(self.individual)

    @property
    def declined_changes(self) -> list[ProfileChange]:
        """What was declined not long ago, with the reason."""
        return profile_changes.declined_lately(self.individual)

    @property
    def coming(self) -> Any:
        """The client's places in events that are booked and not over, soonest first, each with its event and what belongs to it."""
        moment = clock.now()
        ahead = _places_of(self.individual, *_LISTED).where(Attendance.starts_at > moment - event_rows.LONGEST, Event.ends_at > moment)
        stands = ahead.where(Event.state == "booked", Attendance.state.in_(_STANDS))
        return stands.order_by(Attendance.starts_at, Attendance.id)

    @property
    def gone_by(self) -> Any:
        """The client's places in events that are over or were cancelled, latest first."""
        moment = clock.now()
        stands = (Event.state == "booked") & Attendance.state.in_(_STANDS)
        waits = Event.state == "requested"
        ahead = (Attendance.starts_at > moment - event_rows.LONGEST) & (Event.ends_at > moment)
        every = _places_of(self.individual, *_LISTED)
        return every.where(~(ahead & (stands | waits))).order_by(Attendance.starts_at.desc(), Attendance.id.desc())

    def place(self, public_id: str) -> Attendance:
        """One of the client's places in events, with its event.  Raises NotFound."""
        return _one(self._places().where(Attendance.public_id == public_id))  # type: ignore[no-any-return]

    @property
    def services_met(self) -> list[Service]:
        """The services of the client's events, those that clients may see, by name."""
        mine = Event.select(Event.service).join(Attendance).where(Attendance.individual == self.individual)
        return list(Service.select().where(Service.id.in_(mine), Service.is_visible).order_by(Service.name, Service.id))

    @property
    def years_met(self) -> list[int]:
        """The years from the client's first event on, the latest first."""
        first, last = Attendance.select(fn.MIN(Attendance.starts_at), fn.MAX(Attendance.starts_at)).where(
            Attendance.individual == self.individual
        ).tuples().first()
        return [] if first is None else list(range(min(_year(last), clock.now().year), _year(first) - 1, -1))

    def _places(self) -> Any:
        return _places_of(self.individual)

    @property
    def enrolments(self) -> list[Enrolment]:
        """The client's enrolments in services that clients may see: the open ones first."""
        return my_services.visible(self.individual)

    @property
    def services(self) -> tuple[list[my_services.File], list[RosterEntry], list[my_services.File]]:
        """All that My Services says: open enrolments, places in groups of other services, closed enrolments."""
        return my_services.overview(self.individual)

    def happened(self, files: list[Enrolment], service: str, page: int) -> tuple[list[my_services.Happened], bool]:
        """One page of what happened in the client's enrolments, newest first, and whether there is more.

        ``service`` narrows it to one of these services, by its public id.  Raises NotFound for any other.
        """
        chosen, entries = files, my_services.rosters(self.individual)
        if service:
            chosen = [file for file in files if file.service.public_id == service]
            if not chosen:
                raise NotFound
            entries = [entry for entry in entries if entry.group.service_id == chosen[0].service_id]
        return my_services.timeline(chosen, entries, self._places(), page)

    def change(self, public_id: str) -> ProfileChange:
        """One change that the client asked for.  Raises NotFound."""
        return _one(self.individual.changes.where(ProfileChange.public_id == public_id))  # type: ignore[no-any-return]

    def photo(self, public_id: str) -> WorkerPhoto:
        """The photo of a worker who is here, where the agency shows them to clients.  Raises NotFound."""
        if not settings.get("worker_photos"):
            raise NotFound
        return _photo(public_id)


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
        return _photo(public_id)

    @property
    def individuals(self) -> Any:
        """Whom the worker may see: all, or the own caseload."""
        return _seen_by(self.worker, self.rights)

    def individual(self, public_id: str) -> Individual:
        """One individual that the worker may see.  Raises NotFound; that somebody tried is in the audit."""
        try:
            return _one(self.individuals.where(Individual.public_id == public_id))  # type: ignore[no-any-return]
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
        return _one(individual.contacts.where(Contact.public_id == public_id))  # type: ignore[no-any-return]

    def change(self, individual: Individual, public_id: str) -> ProfileChange:
        """One change that an individual asked for whom the worker may see.  Raises NotFound."""
        return _one(individual.changes.where(ProfileChange.public_id == public_id))  # type: ignore[no-any-return]

    def account(self, individual: Individual, public_id: str) -> PortalAccount:
        """One account of an individual whom the worker may see.  Raises NotFound."""
        return _one(individual.accounts.where(PortalAccount.public_id == public_id))  # type: ignore[no-any-return]

    def enrolment(self, individual: Individual, public_id: str) -> Enrolment:
        """One enrolment of an individual whom the worker may see, with its service and worker.  Raises NotFound."""
        found = Enrolment.select(Enrolment, Service, Worker).join(Service).switch(Enrolment).left_outer_join(Worker)
        return _one(found.where(Enrolment.individual == individual, Enrolment.public_id == public_id))  # type: ignore[no-any-return]

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

    def others_than_in(self, group: Group) -> Any:
        """Whom the worker may see and who is not in a group now."""
        there = RosterEntry.select(RosterEntry.individual).where(RosterEntry.group == group, RosterEntry.left_on.is_null())
        return self.individuals.where(Individual.id.not_in(there))

    def others_than_at(self, event: Event) -> Any:
        """Whom the worker may see and who has no place that stands in an event."""
        there = Attendance.select(Attendance.individual).where(Attendance.event == event, Attendance.state.in_(_STANDS))
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
        return _one(mine.where(RosterEntry.public_id == public_id))  # type: ignore[no-any-return]

    @property
    def accounts(self) -> Any:
        """The accounts of individuals whom the worker may see, earlier ones that were closed included."""
        return _accounts_seen_by(self.worker, self.rights)

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
        verbs = [verb for verb in BULK_VERBS if verb != "activate"]
        return self._bulk_jobs(*(verbs if self.may("manage_accounts") else []))

    def activation_job(self, public_id: str) -> BulkJob:
        """One bulk activation.  Raises NotFound."""
        return _one(self.activation_jobs.where(BulkJob.public_id == public_id))  # type: ignore[no-any-return]

    def change_job(self, public_id: str) -> BulkJob:
        """One bulk change of accounts.  Raises NotFound."""
        return _one(self.change_jobs.where(BulkJob.public_id == public_id))  # type: ignore[no-any-return]

    def bulk_rows(self, job: BulkJob) -> Any:
        """The people of a bulk job whom the worker may see."""
        every = BulkRow.select(BulkRow, Individual).join(Individual).where(BulkRow.job == job)
        return every if self.may("view_all_individuals") else every.where(BulkRow.individual.in_(self._caseload()))

    def bulk_row(self, job: BulkJob, public_id: str) -> BulkRow:
        """One of these people.  Raises NotFound."""
        return _one(self.bulk_rows(job).where(BulkRow.public_id == public_id))  # type: ignore[no-any-return]

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
        return _one(self.deliveries.where(Delivery.public_id == public_id))  # type: ignore[no-any-return]

    @property
    def tasks(self) -> Any:
        """Open tasks about individuals whom the worker may see, oldest first: the own ones and those of the own categories;
        of every category for who may see everybody."""
        return self._every_task().where(Task.done_at.is_null()).order_by(Task.id)

    @property
    def my_tasks(self) -> Any:
        """Of these, what is the worker's to do: what they have, and what nobody of their categories has picked up; for who may see
        everybody also what waits where nobody is who may see it, or it would stand on no page that is opened by itself."""
        return self.tasks.where(self._is_mine())

    def _every_task(self) -> Any:
        every = Task.select(Task, Individual, Worker).join(Individual).switch(Task).left_outer_join(Worker)
        if self.may("view_all_individuals"):
            return every
        mine = (Task.worker == self.worker) | Task.category.in_(self._categories())
        return every.where(Task.individual.in_(self._caseload()), mine)

    def _is_mine(self) -> Any:
        own = Task.category.in_(self._categories())
        waits = own | ~(Task.category.in_(_WATCHED) | fn.EXISTS(_FOLLOWED)) if self.may("view_all_individuals") else own
        return (Task.worker == self.worker) | (Task.worker.is_null() & waits)

    def task(self, public_id: str) -> Task:
        """One task, open or done, that the worker may see.  Raises NotFound."""
        return _one(self._every_task().where(Task.public_id == public_id))  # type: ignore[no-any-return]

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
        return _one(self.colleagues.where(Worker.public_id == public_id))  # type: ignore[no-any-return]

    def class_named(self, public_id: str) -> SecurityClass:
        """One security class, for who manages workers.  Raises NotFound."""
        every = SecurityClass.select().where(SecurityClass.public_id == public_id)
        return _one(every if self.may("manage_workers") else every.where(SecurityClass.id.is_null()))  # type: ignore[no-any-return]

    def category(self, slug: str) -> WorkerCategory:
        """One worker category, for who manages workers.  Raises NotFound."""
        every = WorkerCategory.select().where(WorkerCategory.slug == slug)
        return _one(every if self.may("manage_workers") else every.where(WorkerCategory.id.is_null()))  # type: ignore[no-any-return]

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
        return _one(self.imports.where(ImportFile.public_id == public_id))  # type: ignore[no-any-return]

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
        with store.aside(), store.writing():
            audit.record("individual.viewed", self.actor, individual=individual, page=page)

    def event(self, public_id: str) -> Event:
        """One event: an own one, or one to which somebody comes whom the worker may see.  Raises NotFound."""
        found = event_rows.whole().where(Event.public_id == public_id)
        if not self.may("view_all_individuals"):
            theirs = Attendance.select(Attendance.event).where(Attendance.individual.in_(self._caseload()))
            found = found.where((Event.worker == self.worker) | Event.id.in_(theirs))
        return _one(found)  # type: ignore[no-any-return]

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
        stands = ahead.where(Event.state.in_(("requested", "booked")), Attendance.state.in_(_STANDS))
        return stands.order_by(Attendance.starts_at, Attendance.id)

    def _categories(self) -> Any:
        mine = WorkerCategory.select(WorkerCategory.slug).join(CategoryMember)
        return mine.where(CategoryMember.worker == self.worker)

    def _caseload(self) -> Any:
        return caseload_of(self.worker)


_SEES_ALL = "view_all_individuals"
_MEMBERS = CategoryMember.select(WorkerCategory.slug).join(WorkerCategory).switch(CategoryMember).join(Worker)
_HERE = Worker.is_active & Worker.password_hash.is_null(False)
_WATCHED = _MEMBERS.left_outer_join(SecurityClass).where(  # the categories of which somebody signs in who sees everybody
    _HERE, (Worker.group << [group for group, rights in GROUP_RIGHTS.items() if _SEES_ALL in rights])
    | SecurityClass.rights.contains(_SEES_ALL),
)  # fmt: skip
_FOLLOWED = (  # somebody of the task's category signs in who follows whom it is about
    _MEMBERS.join(Follow, on=Follow.worker == Worker.id)
    .where(_HERE, WorkerCategory.slug == Task.category, Follow.individual == Task.individual)
)  # fmt: skip

Viewer = ClientViewer | StaffViewer


def of(session: LoginSession, network: str) -> Viewer:
    """The viewer of a session."""
    if session.account_id is not None:
        account = session.account
        actor = Actor(account=account, network=network)
        return ClientViewer(session, account, account.individual, SCOPES, actor)
    worker = session.worker
    return StaffViewer(session, worker, rights_of(worker), Actor(worker=worker, network=network))


def rights_of(worker: Worker) -> frozenset[str]:
    """User group and security class together; unknown words in a class give nothing."""
    rights = GROUP_RIGHTS[worker.group]
    return rights if worker.security_class_id is None else rights | rights_in(worker.security_class)


def rights_in(security_class: SecurityClass | None) -> frozenset[str]:
    """What a class gives: the words in it that are rights."""
    return RIGHTS & frozenset(security_class.rights.split()) if security_class else frozenset()


def read_in(feed: CalendarFeed) -> list[Attendance]:
    """What whoever has the address of a feed reads: its owner's places in events, from a year ago to all that come."""
    every = _places_of(feed.individual, *_LISTED, Attendance.version, Event.version, Site.address)
    since = every.where(Attendance.starts_at > clock.ago(days=366))
    return list(since.order_by(Attendance.starts_at, Attendance.id).limit(MOST_IN_FEED))


# What a list reads of an event and of what belongs to it: no more, because whole rows take three times as long.
_LISTED = (
    Attendance.id, Attendance.public_id, Attendance.state, Attendance.starts_at, Attendance.confirmed_at,
    Event.id, Event.public_id, Event.state, Event.starts_at, Event.ends_at, Event.is_video,
    Worker.id, Worker.first_name, Worker.last_name, Worker.display_name, Site.id, Site.name, Site.time_zone,
    Service.id, Service.name, Service.client_name, Service.is_visible, Group.id, Group.name, Group.client_name, Group.is_visible,
)  # fmt: skip


def _places_of(individual: Individual, *columns: Any) -> Any:
    every = (
        Attendance.select(*(columns or (Attendance, Event, Worker, Site, Service, Group)))
        .join(Event)
        .join(Worker)
        .switch(Event)
        .join(Site)
        .switch(Event)
        .left_outer_join(Service)
        .switch(Event)
        .left_outer_join(Group, on=(Event.group == Group.id), attr="group")
    )
    return every.where(Attendance.individual == individual)


def seen_by(worker: Worker) -> Any:
    """Whom a worker may see, for what is done in their name in the background."""
    return _seen_by(worker, rights_of(worker))


def sees_event(worker: Worker, event: Event) -> bool:
    """True when an event is a worker's own, or somebody comes to it whom they may see."""
    if event.worker_id == worker.id or "view_all_individuals" in rights_of(worker):
        return True
    return bool(Attendance.select().where(Attendance.event == event, Attendance.individual.in_(caseload_of(worker))).exists())


def accounts_seen_by(worker: Worker) -> Any:
    """The accounts of these people."""
    return _accounts_seen_by(worker, rights_of(worker))


def _seen_by(worker: Worker, rights: frozenset[str]) -> Any:
    everyone = Individual.select()
    return everyone if "view_all_individuals" in rights else everyone.where(Individual.id.in_(caseload_of(worker)))


def _accounts_seen_by(worker: Worker, rights: frozenset[str]) -> Any:
    every = PortalAccount.select(PortalAccount, Individual).join(Individual)
    return every if "view_all_individuals" in rights else every.where(PortalAccount.individual.in_(caseload_of(worker)))


_STANDS = ("booked", "show", "no_show")


def caseload_of(worker: Worker) -> Any:
    """The numbers of those who are enrolled with, booked with or followed by a worker (spec 00, rights)."""
    further = EnrolmentWorker.select(EnrolmentWorker.enrolment).where(EnrolmentWorker.worker == worker)
    files = Enrolment.select(Enrolment.individual).where(
        Enrolment.closed_on.is_null(), (Enrolment.worker == worker) | Enrolment.id.in_(further)
    )
    meets = Attendance.select(Attendance.individual).join(Event)
    meets = meets.where(Event.worker == worker, Event.state == "booked", Attendance.state.in_(_STANDS))
    return Follow.select(Follow.individual).where(Follow.worker == worker) | files | meets


def caseloads_with(individual: Individual) -> set[int]:
    """The numbers of the workers in whose caseload an individual is."""
    files = Enrolment.select().where(Enrolment.individual == individual, Enrolment.closed_on.is_null())
    further = EnrolmentWorker.select(EnrolmentWorker.worker).where(EnrolmentWorker.enrolment.in_(files.select(Enrolment.id)))
    meets = Event.select(Event.worker).join(Attendance).where(
        Attendance.individual == individual, Attendance.state.in_(_STANDS), Event.state == "booked"
    )
    follows = Follow.select(Follow.worker).where(Follow.individual == individual)
    every = follows | files.select(Enrolment.worker) | further | meets
    return {number for (number,) in every.tuples() if number is not None}


def _year(moment: Any) -> int:
    return int(str(moment)[:4])


def _photo(public_id: str) -> WorkerPhoto:
    here = WorkerPhoto.select().join(Worker).where(Worker.is_active)
    return _one(here.where(WorkerPhoto.public_id == public_id))  # type: ignore[no-any-return]


def _one(query: Any) -> Any:
    row = query.first()
    if row is None:
        raise NotFound
    return row
