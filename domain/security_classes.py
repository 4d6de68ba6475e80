"""Security classes: named sets of rights that many workers get on top of their user group.

Nobody ticks a right that they do not have, nor touches a class that has one.
"""

from __future__ import annotations

from collections.abc import Collection

from peewee import IntegrityError, fn

from domain import audit, handover, profile, store, viewer, workers
from domain.actor import Actor
from domain.rules import N_, STALE, RuleBroken
from models import HalfSignIn, LoginSession, SecurityClass, Worker

_TAKEN = N_("There is one with this name already.")


def every() -> list[SecurityClass]:
    """All of them by name, each with ``members``: how many workers have it."""
    count = fn.COUNT(Worker.id).alias("members")
    found = SecurityClass.select(SecurityClass, count).join(Worker, "LEFT OUTER JOIN").group_by(SecurityClass)
    return list(found.order_by(SecurityClass.name))


def may_change(security_class: SecurityClass, rights: frozenset[str]) -> bool:
    """True for whoever has every right of the class; the page offers its form only then."""
    return viewer.rights_in(security_class) <= rights


def offered(worker: Worker | None, by: Actor, rights: frozenset[str]) -> list[SecurityClass | None]:
    """The classes that somebody with these rights may give to a worker, or to a new one; None stands for no class.

    The one that they have stays on offer.
    """
    given, is_own = worker.security_class_id if worker else None, workers.is_self(worker, by)
    mine = [each for each in every() if each.id == given or (not is_own and may_change(each, rights))]
    return mine if is_own and given is not None else [None, *mine]


def create(name: str, rights: Collection[str], by: Actor) -> SecurityClass:
    """A new class.  Raises RuleBroken (field ``name``), or for rights that the giver does not have."""
    good = _checked(name)
    with store.writing():
        _must_have(rights, workers.begin(by))
        try:
            with store.writing():
                made: SecurityClass = SecurityClass.create(name=good, rights=_words(rights))
        except IntegrityError:
            raise RuleBroken(_TAKEN, code="taken", field="name") from None
        audit.record("class.created", by, subject=f"class {made.id}", after={"name": good, "rights": made.rights})
    return made


def change(security_class: SecurityClass, name: str, rights: Collection[str], by: Actor, *, version: int) -> None:
    """Another name or other rights; with other rights the sessions of everybody else who has it end.

    ``version`` is the one that the form showed.  Raises RuleBroken.
    """
    good = _checked(name)
    with store.writing():
        was = _held(security_class, workers.begin(by), rights)
        if was.version != version:
            raise RuleBroken(STALE, code="stale")
        before = {"name": was.name, "rights": _words(viewer.rights_in(was))}
        after = {"name": good, "rights": _words(rights)}
        try:
            with store.writing():
                SecurityClass.update(**after, version=version + 1).where(SecurityClass.id == was.id).execute()
        except IntegrityError:
            raise RuleBroken(_TAKEN, code="taken", field="name") from None
        if before["rights"] != after["rights"]:
            _end_sessions(was, by)
            handover.let_go(Worker.select(Worker, SecurityClass).join(SecurityClass).where(Worker.security_class == was.id), by)
        if before != after:
            audit.record("class.changed", by, subject=f"class {was.id}", before=before, after=after)


def remove(security_class: SecurityClass, by: Actor) -> None:
    """Take a class away that nobody has.  Raises RuleBroken."""
    with store.writing():
        was = _held(security_class, workers.begin(by), ())
        if has_it := Worker.select().where(Worker.security_class == was).count():
            raise RuleBroken(N_("One worker has this class. Give them another one first."),
                             plural=N_("%(count)s workers have this class. Give them another one first."),
                             count=has_it, code="in_use")  # fmt: skip
        try:
            with store.writing():
                SecurityClass.delete().where(SecurityClass.public_id == was.public_id).execute()
        except IntegrityError:  # an import gave it to somebody in this moment
            raise RuleBroken(N_("One worker has this class. Give them another one first."), code="in_use") from None
        audit.record("class.removed", by, subject=f"class {was.id}", before={"name": was.name, "rights": was.rights})


def _held(security_class: SecurityClass, mine: frozenset[str], rights: Collection[str]) -> SecurityClass:
    store.hold(security_class)
    was: SecurityClass | None = SecurityClass.get_or_none(SecurityClass.public_id == security_class.public_id)
    if was is None:
        raise RuleBroken(N_("This class is gone: somebody took it away."), code="gone")
    _must_have(viewer.rights_in(was), mine)
    _must_have(rights, mine)
    return was


def _end_sessions(security_class: SecurityClass, by: Actor) -> None:
    """But not the own one: nobody can have given themselves anything."""
    theirs = Worker.select(Worker.id).where(Worker.security_class == security_class)
    if by.worker is not None:
        theirs = theirs.where(Worker.id != by.worker.id)
    LoginSession.delete().where(LoginSession.worker.in_(theirs)).execute()
    HalfSignIn.delete().where(HalfSignIn.worker.in_(theirs)).execute()


def _checked(name: str) -> str:
    good = profile.clean(name, "name", 80)
    if not good:
        raise RuleBroken(N_("Enter a name."), code="missing", field="name")
    return good


def _words(rights: Collection[str]) -> str:
    return " ".join(sorted(rights))


def _must_have(rights: Collection[str], mine: frozenset[str]) -> None:
    if not set(rights) <= mine:
        raise RuleBroken(N_("You cannot give rights that you do not have."), code="too_high", field="name")
