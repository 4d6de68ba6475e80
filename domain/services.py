"""What the agency offers: services, the groups under them, who works there, and what clients see of it (spec 06)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from peewee import fn

from domain import audit, clock, profile, store
from domain.actor import Actor
from domain.rules import N_, STALE, NotFound, RuleBroken, Term, together
from models import Enrolment, Event, Group, RosterEntry, Service, ServiceWorker, Worker

KIND_NAMES = {"case": Term(N_("Case service")), "informal": Term(N_("Informal service"))}
GROUP_NAMES = {"case": Term(N_("Group")), "informal": Term(N_("Series"))}
_LIMITS = {
    "minutes": (N_("Enter minutes from %(least)s to %(most)s."), 5, 480),
    "capacity": (N_("Enter places from %(least)s to %(most)s."), 1, 100_000),
}
MOST_WORKERS = 500
MOST_LISTED = 1000  # services in one choice


@dataclasses.dataclass(frozen=True)
class Details:
    """What is typed of a service; numbers that are None or empty have no limit, or are the agency's."""

    name: str
    client_name: str = ""
    client_description: str = ""
    shows_names: bool = False
    minutes: int | str | None = None
    capacity: int | str | None = None
    is_in_use: bool = True

    def checked(self) -> Details:
        """The same, tidy.  Raises RuleBroken with every field that is wrong."""
        name, client_name, description, minutes, capacity = together(
            partial(_named, self.name), partial(profile.clean, self.client_name, "client_name", 120),
            partial(profile.clean, self.client_description, "client_description", 2000, lines=True),
            partial(_within, self.minutes, "minutes"), partial(_within, self.capacity, "capacity"),
        )  # fmt: skip
        return dataclasses.replace(self, name=name, client_name=client_name, client_description=description, minutes=minutes,
                                   capacity=capacity)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class GroupDetails:
    """What is typed of a group or series."""

    name: str
    client_name: str = ""
    client_description: str = ""
    is_visible: bool = False
    capacity: int | str | None = None
    is_in_use: bool = True

    def checked(self) -> GroupDetails:
        """The same, tidy.  Raises RuleBroken with every field that is wrong."""
        name, client_name, description, capacity = together(
            partial(_named, self.name), partial(profile.clean, self.client_name, "client_name", 120),
            partial(profile.clean, self.client_description, "client_description", 2000, lines=True),
            partial(_within, self.capacity, "capacity"),
        )  # fmt: skip
        return dataclasses.replace(self, name=name, client_name=client_name, client_description=description, capacity=capacity)


def _named(typed: str) -> str:
    name = profile.clean(typed, "name", 120)
    if not name:
        raise RuleBroken(N_("Enter a name."), code="missing", field="name")
    return name


def _within(typed: int | str | None, field: str) -> int | None:
    message, least, most = _LIMITS[field]
    text = str(typed or "").strip() if typed != 0 else "0"
    if not text:
        return None
    number = int(text) if text.isdecimal() and len(text) < 10 else least - 1
    if not least <= number <= most:
        raise RuleBroken(message, code="beyond", field=field, least=least, most=most)
    return number


# ---------------------------------------------------------------- read


def every() -> Any:
    """The question for all services: those in use by name, then the others."""
    return Service.select().order_by(Service.is_in_use.desc(), Service.name, Service.id)


def find(public_id: str) -> Service:
    """One service.  Raises NotFound."""
    service: Service | None = Service.get_or_none(Service.public_id == public_id)
    if service is None:
        raise NotFound
    return service


def in_use() -> list[Service]:
    """Those in which somebody can be enrolled, by name."""
    return list(every().where(Service.is_in_use).limit(MOST_LISTED))


def groups_of(service: Service) -> list[Group]:
    """The groups or series under a service: those in use by name, then the others."""
    return list(Group.select().where(Group.service == service).order_by(Group.is_in_use.desc(), Group.name, Group.id))


def workers_of(service: Service) -> list[Worker]:
    """Who works in a service, by name."""
    found = Worker.select().join(ServiceWorker).where(ServiceWorker.service == service)
    return list(found.order_by(Worker.sort_name, Worker.id).limit(MOST_WORKERS))


def shown_name(of: Service | Group | None) -> str:
    """How clients know a service or a group; empty for one that they do not see."""
    return (of.client_name or of.name) if of is not None and of.is_visible else ""


def title_of(event: Event) -> str:
    """How clients know what an event is of: its group, else its service; empty where they see neither."""
    return shown_name(event.group) or shown_name(event.service)


# ---------------------------------------------------------------- changed


def add(details: Details, kind: str, by: Actor) -> Service:
    """A service that no client sees yet.  Raises RuleBroken."""
    good = dataclasses.asdict(details.checked())
    with store.writing():
        service: Service = Service.create(kind=kind, created_at=clock.now(), **good)
        audit.record("service.added", by, subject=f"service {service.id}", after={"kind": kind, **good})
    return service


def change(service: Service, details: Details, by: Actor, *, version: int) -> None:
    """Set what is typed of a service.  Raises RuleBroken: ``stale``, or ``full`` for fewer places than are taken."""
    good = dataclasses.asdict(details.checked())
    with store.writing():
        now = _held(service, version)
        if good["capacity"] != now.capacity:
            _must_hold(good["capacity"], enrolled_in([now]).get(now.id, 0))
        before = {name: getattr(now, name) for name in good}
        if before != good:
            Service.update(**good, version=version + 1).where(Service.id == now.id).execute()
            audit.record("service.changed", by, subject=f"service {now.id}", before=before, after=good)


def _must_hold(capacity: int | None, taken: int) -> None:
    if capacity is not None and capacity < taken:
        raise RuleBroken(N_("One person is in it already."), plural=N_("%(count)s people are in it already."), count=taken,
                         code="full", field="capacity")  # fmt: skip


def _held(service: Service, version: int) -> Service:
    now: Service = store.lock(Service.select().where(Service.id == service.id)).get()
    if now.version != version:
        raise RuleBroken(STALE, code="stale")
    return now


def switched_along(service: Service, *, is_visible: bool) -> list[Group]:
    """The groups that would change with the service: the warning names them."""
    return [group for group in groups_of(service) if group.is_visible != is_visible]


def show(service: Service, by: Actor, *, is_visible: bool, version: int, warned_of: Collection[str]) -> None:
    """Let clients see a service, or not, and with it every group below; each can be set otherwise afterwards.

    ``warned_of`` are the public ids of the groups that the warning named.  Raises RuleBroken ``stale`` when they are others now.
    """
    with store.writing():
        now = _held(service, version)
        along = switched_along(now, is_visible=is_visible)
        if {group.public_id for group in along} != set(warned_of):
            raise RuleBroken(STALE, code="stale")
        if now.is_visible == is_visible and not along:
            return
        Service.update(is_visible=is_visible, version=version + 1).where(Service.id == now.id).execute()
        Group.update(is_visible=is_visible, version=Group.version + 1).where(Group.id.in_([group.id for group in along])).execute()
        audit.record("service.shown", by, subject=f"service {now.id}", is_visible=is_visible, groups=[group.id for group in along])


def staff(service: Service, workers: Sequence[Worker], by: Actor, *, version: int) -> None:
    """Who works in a service, these and nobody else.  Raises RuleBroken: ``stale``, ``left`` for who does not work here any more."""
    with store.writing():
        for number in sorted({worker.id for worker in workers} - {worker.id for worker in workers_of(service)}):
            store.hold(Worker(id=number))  # before the service, as whoever ends somebody's access does
        now = _held(service, version)
        before, after = {worker.id for worker in workers_of(now)}, {worker.id for worker in workers}
        if before == after:
            return
        if Worker.select().where(Worker.id.in_(list(after - before)), ~Worker.is_active).exists():
            raise RuleBroken(N_("This worker has left."), code="left")
        ServiceWorker.delete().where(ServiceWorker.service == now, ServiceWorker.worker.in_(before - after)).execute()
        store.insert(ServiceWorker, [{"service": now.id, "worker": number} for number in sorted(after - before)])
        Service.update(version=version + 1).where(Service.id == now.id).execute()
        audit.record("service.staffed", by, subject=f"service {now.id}", before=sorted(before), after=sorted(after))


# ---------------------------------------------------------------- groups


def find_group(public_id: str) -> Group:
    """One group with its service.  Raises NotFound."""
    group: Group | None = Group.select(Group, Service).join(Service).where(Group.public_id == public_id).first()
    if group is None:
        raise NotFound
    return group


def add_group(service: Service, details: GroupDetails, by: Actor) -> Group:
    """A group or series under a service.  Raises RuleBroken."""
    good = dataclasses.asdict(details.checked())
    with store.writing():
        group: Group = Group.create(service=service, created_at=clock.now(), **good)
        audit.record("group.added", by, subject=f"group {group.id}", after={"service": service.id, **good})
    return group


def change_group(group: Group, details: GroupDetails, by: Actor, *, version: int) -> None:
    """Set what is typed of a group.  Raises RuleBroken: ``stale``, or ``full`` for fewer places than are taken."""
    good = dataclasses.asdict(details.checked())
    with store.writing():
        now = store.lock(Group.select().where(Group.id == group.id)).get()
        if now.version != version:
            raise RuleBroken(STALE, code="stale")
        _must_hold(good["capacity"], places_taken(now))
        before = {name: getattr(now, name) for name in good}
        if before != good:
            Group.update(**good, version=version + 1).where(Group.id == now.id).execute()
            audit.record("group.changed", by, subject=f"group {now.id}", before=before, after=good)


def taken_in(groups: Sequence[Group]) -> dict[int, int]:
    """How many are on the roster of each of these groups, by its number; of those that have somebody."""
    found = RosterEntry.select(RosterEntry.group, fn.COUNT(RosterEntry.id)).where(RosterEntry.left_on.is_null())
    return dict(found.where(RosterEntry.group.in_([group.id for group in groups])).group_by(RosterEntry.group).tuples()) if groups else {}


def enrolled_in(services: Sequence[Service]) -> dict[int, int]:
    """How many open enrolments each of these services has, by its number; of those that have one."""
    found = Enrolment.select(Enrolment.service, fn.COUNT(Enrolment.id)).where(Enrolment.closed_on.is_null())
    return dict(found.where(Enrolment.service.in_([each.id for each in services])).group_by(Enrolment.service).tuples()) if services else {}


def places_taken(group: Group) -> int:
    """How many are on the roster."""
    return int(RosterEntry.select().where(RosterEntry.group == group, RosterEntry.left_on.is_null()).count())
