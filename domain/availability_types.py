"""Kinds of worker time: their names and colours, and the one in which clients may ask for appointments."""

from __future__ import annotations

from functools import partial
from typing import Any

from peewee import IntegrityError

from domain import audit, clock, colour, profile, store
from domain.actor import Actor
from domain.rules import N_, STALE, NotFound, RuleBroken, Term, together
from models import AvailabilityException, AvailabilityRow, AvailabilityType

COLOURS = {
    "blue": Term(N_("Blue")), "green": Term(N_("Green")), "teal": Term(N_("Teal")), "amber": Term(N_("Amber")),
    "red": Term(N_("Red")), "purple": Term(N_("Purple")), "grey": Term(N_("Grey")),
}  # fmt: skip


def types() -> list[AvailabilityType]:
    """All kinds of worker time, by name."""
    return list(AvailabilityType.select().order_by(AvailabilityType.name, AvailabilityType.id))


def find_type(public_id: str) -> AvailabilityType:
    """One of them.  Raises NotFound."""
    found: AvailabilityType | None = AvailabilityType.get_or_none(AvailabilityType.public_id == public_id)
    if found is None:
        raise NotFound
    return found


def client_facing() -> AvailabilityType | None:
    """The kind in which clients may ask for appointments; None until one is named, and then nobody may."""
    return store.keep("client-facing time", _client_facing)


def _client_facing() -> AvailabilityType | None:
    found: AvailabilityType | None = AvailabilityType.get_or_none(AvailabilityType.is_client_facing)
    return found


def add_type(name: str, shade: str, by: Actor) -> AvailabilityType:
    """Another kind of time, in one of ``COLOURS`` or in #rrggbb.  Raises RuleBroken (fields ``name``, ``colour``)."""
    good = _checked_type(name, shade)
    with store.writing():
        kind: AvailabilityType = _unique(lambda: AvailabilityType.create(created_at=clock.now(), **good))
        audit.record("availability_type.changed", by, subject=f"availability_type {kind.id}", before=None, after=good)
    return kind


def change_type(kind: AvailabilityType, name: str, shade: str, by: Actor, *, version: int) -> None:
    """Another name or colour.  Raises RuleBroken: ``stale``, and as ``add_type``."""
    good = _checked_type(name, shade)
    with store.writing():
        now = _held(kind, version)
        before = {"name": now.name, "colour": now.colour}
        if before == good:
            return
        _unique(lambda: AvailabilityType.update(version=version + 1, **good).where(AvailabilityType.id == now.id).execute())
        audit.record("availability_type.changed", by, subject=f"availability_type {now.id}", before=before, after=good)


def remove_type(kind: AvailabilityType, by: Actor) -> None:
    """A kind that no week and no day has.  Raises RuleBroken ``used``."""
    with store.writing():
        now = store.lock(AvailabilityType.select().where(AvailabilityType.id == kind.id)).first()
        if now is None:
            return
        rows, days = (table.select().where(table.type == now.id).count() for table in (AvailabilityRow, AvailabilityException))
        if rows or days:
            raise RuleBroken(
                N_("This kind of time is still used once. Take it out there first."),
                plural=N_("This kind of time is still used %(count)s times. Take it out there first."), count=rows + days, code="used",
            )  # fmt: skip
        AvailabilityType.delete().where(AvailabilityType.id == now.id).execute()
        before = {"name": now.name, "colour": now.colour}
        audit.record("availability_type.changed", by, subject=f"availability_type {now.id}", before=before, after=None)


def face_clients(kind: AvailabilityType | None, by: Actor) -> None:
    """Clients may ask for appointments in this kind of time and in no other; in none for None."""
    with store.writing():
        store.one_at_a_time("client-facing time")
        before = client_facing()
        if (before and before.id) == (kind and kind.id):
            return
        AvailabilityType.update(is_client_facing=False).where(AvailabilityType.is_client_facing).execute()
        if kind is not None and not AvailabilityType.update(is_client_facing=True).where(AvailabilityType.id == kind.id).execute():
            raise RuleBroken(STALE, code="stale")
        audit.record("availability_type.faced", by, before=before.name if before else "", after=kind.name if kind else "")


def _checked_type(name: str, shade: str) -> dict[str, str]:
    called, drawn = together(partial(named, name, 60), partial(_shade, shade))
    return {"name": called, "colour": drawn}


def named(typed: str, most: int) -> str:
    """A name, tidy.  Raises RuleBroken (field ``name``)."""
    name = profile.clean(typed, "name", most)
    if not name:
        raise RuleBroken(N_("Enter a name."), code="missing", field="name")
    return name


def _shade(typed: str) -> str:
    if typed in COLOURS:
        return typed
    try:
        found = colour.read(typed)
    except RuleBroken as wrong:
        raise RuleBroken(wrong.message, code=wrong.code, field="colour", **wrong.fields) from None
    if not found:
        raise RuleBroken(N_("Choose a colour."), code="missing", field="colour")
    return found


def _unique(write: Any) -> Any:
    try:
        with store.writing():
            return write()
    except IntegrityError:
        raise RuleBroken(N_("There is one of this name already."), code="same_name", field="name") from None


def _held(kind: AvailabilityType, version: int) -> AvailabilityType:
    now: AvailabilityType | None = store.lock(AvailabilityType.select().where(AvailabilityType.id == kind.id)).first()
    if now is None or now.version != version:
        raise RuleBroken(STALE, code="stale")
    return now
