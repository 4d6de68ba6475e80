"""Workers: invited by e-mail, changed, and what each of them may do to others (spec 08).

Nobody gives more than they have, nobody changes their own rights, and one system_admin stays.  How somebody leaves is in
``leaving``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from functools import partial
from typing import Any

from peewee import IntegrityError

from domain import (
    audit,
    categories,
    clock,
    handover,
    links,
    notices,
    passwords,
    profile,
    search,
    second_step,
    settings,
    store,
    viewer,
)
from domain.actor import Actor
from domain.rules import N_, STALE, RuleBroken, together
from models import (
    CLOSED,
    GROUPS,
    Agency,
    CategoryMember,
    Link,
    LoginSession,
    PortalAccount,
    SecurityClass,
    Worker,
    WorkerPhoto,
)

ACTIVE, INVITED, UNINVITED, LEFT = "active", "invited", "uninvited", "left"
TOO_HIGH = N_("This person has rights that you do not have, so you cannot change anything here.")


@dataclasses.dataclass(frozen=True)
class Details:
    """What is kept of a worker; ``security_class`` is a public id or empty, ``categories`` are slugs."""

    first_name: str
    last_name: str
    email: str = ""
    group: str = "worker"
    security_class: str = ""
    categories: frozenset[str] = frozenset()
    display_name: str = ""
    description: str = ""

    def checked(self) -> Details:
        """The same with tidy texts.  Raises RuleBroken with every field that is wrong."""
        first, last, display, description, email, *_ = together(
            partial(profile.clean, self.first_name, "first_name", 200), partial(profile.clean, self.last_name, "last_name", 200),
            partial(profile.clean, self.display_name, "display_name", 200),
            partial(profile.clean, self.description, "description", 2000, lines=True),
            self._checked_email, self._check_name, self._check_group,
        )  # fmt: skip
        return dataclasses.replace(
            self, first_name=first, last_name=last, display_name=display, description=description, email=email
        )

    def _checked_email(self) -> str:
        return profile.checked_email(self.email) if self.email.strip() else ""

    def _check_name(self) -> None:
        if not self.first_name.strip() and not self.last_name.strip():
            raise RuleBroken(N_("Enter a name."), code="name_missing", field="first_name")

    def _check_group(self) -> None:
        if self.group not in GROUPS:
            raise RuleBroken(N_("Choose one of the list."), code="bad_group", field="group")


def state(worker: Worker) -> str:
    """Whether somebody may sign in: ``active``; or why not: ``invited``, ``uninvited``, ``left``."""
    if not worker.is_active:
        return LEFT
    if worker.password_hash is not None:
        return ACTIVE
    return INVITED if worker.invited_at is not None else UNINVITED


# ---------------------------------------------------------------- who may do what to whom


def begin(by: Actor) -> frozenset[str]:
    """Said first in every change of the staff: one at a time.  What ``by`` may do now; the system may everything.

    Raises RuleBroken when somebody else ended the actor's own access meanwhile.
    """
    store.lock(Agency.select()).first()  # as for a new account: of an account and a worker one gets the address
    store.one_at_a_time("staff")
    if by.worker is None:
        return viewer.RIGHTS
    now = Worker.get_or_none(Worker.id == by.worker.id, Worker.is_active)
    if now is None:
        raise RuleBroken(N_("You may not do this any more."), code="left")
    return viewer.rights_of(now)


def is_above(worker: Worker, rights: frozenset[str]) -> bool:
    """True for somebody who has a right that is not among these: whoever has these changes nothing of theirs."""
    return not viewer.rights_of(worker) <= rights


def held(worker: Worker, rights: frozenset[str]) -> Worker:
    """The worker as they are now, and stay until the transaction ends.  Raises RuleBroken for one who is above."""
    store.hold(worker)
    now: Worker = Worker.get_by_id(worker.id)
    if is_above(now, rights):
        raise RuleBroken(TOO_HIGH, code="too_high")
    return now


ONLY_ADMIN = N_("This is the only system administrator. Make somebody else one first.")


def must_not_be_last(worker: Worker) -> None:
    """Raise RuleBroken for the only system_admin who may sign in."""
    if worker.group == "system_admin" and state(worker) == ACTIVE and not has_admin_without({worker.id}):
        raise RuleBroken(ONLY_ADMIN, code="last_admin", field="group")


def has_admin_without(gone: Collection[int]) -> bool:
    """True when a system_admin who may sign in is left besides those with these numbers."""
    admins = Worker.select(Worker.id).where(Worker.group == "system_admin", Worker.is_active, Worker.password_hash.is_null(False))
    return any(number not in gone for (number,) in admins.tuples())


def end_sessions(worker: Worker) -> None:
    """No session outlives the rights that it began with."""
    LoginSession.delete().where(LoginSession.worker == worker).execute()
    second_step.end_halves(worker)


def subject(worker: Worker) -> str:
    """How the audit names a worker."""
    return f"worker {worker.id}"


def is_self(worker: Worker | None, by: Actor) -> bool:
    """True for whoever acts: nobody changes their own group or class."""
    return worker is not None and by.worker is not None and by.worker.id == worker.id


def groups_for(worker: Worker | None, by: Actor, rights: frozenset[str]) -> list[str]:
    """The groups that somebody with these rights may give to a worker, or to a new one; the one they have stays on offer."""
    given = [] if is_self(worker, by) else [group for group in GROUPS if viewer.GROUP_RIGHTS[group] <= rights]
    return given if worker is None or worker.group in given else [*given, worker.group]


def described(worker: Worker) -> Details:
    """A worker as a form about them begins."""
    names = ("first_name", "last_name", "group", "display_name", "description")
    return Details(
        **{name: getattr(worker, name) for name in names}, email=worker.email or "", categories=frozenset(categories.slugs_of(worker)),
        security_class=worker.security_class.public_id if worker.security_class_id else "",
    )  # fmt: skip


# ---------------------------------------------------------------- invited


def invite(details: Details, by: Actor) -> Worker:
    """A new worker, and the e-mail with the link by which they choose a password.  Raises RuleBroken."""
    good = details.checked()
    if not good.email:
        raise RuleBroken(N_("Enter the e-mail address that the invitation goes to."), code="email_missing", field="email")
    with store.writing():
        granted = _granted(good, begin(by))
        _must_be_free(good.email, None)
        columns = _columns(good, granted)
        try:
            with store.writing():
                worker: Worker = Worker.create(**columns, created_at=clock.now(), invited_at=clock.now())
        except IntegrityError:
            raise _taken() from None
        categories.put_into(worker, good.categories)
        audit.record("worker.invited", by, subject=subject(worker), after=_shown(worker))
        _send(worker)
    return worker


def invite_again(worker: Worker, by: Actor) -> None:
    """A fresh invitation for who has no password: invited before, taken in by import, or gone and coming back.

    The earlier link stops working.  Raises RuleBroken.
    """
    with store.writing():
        was = held(worker, begin(by))
        if state(was) == ACTIVE:
            raise RuleBroken(N_("This person signs in already."), code="wrong_state")
        if not was.email:
            raise RuleBroken(N_("Enter their e-mail address first."), code="email_missing")
        _must_be_free(was.email, was)
        changed = {"invited_at": clock.now(), "is_active": True, "left_at": None, "version": Worker.version + 1}
        Worker.update(**changed).where(Worker.id == was.id, Worker.password_hash.is_null()).execute()
        audit.record("worker.invited_again", by, subject=subject(was), before=state(was))
        notices.drop_for(was, "invitation")
        _send(was)


def withdraw(worker: Worker, by: Actor) -> None:
    """Take an invitation back: its link works no more, and who got it is among those who left.  Raises RuleBroken."""
    with store.writing():
        was = held(worker, begin(by))
        if state(was) != INVITED:
            raise RuleBroken(N_("There is no invitation that waits for an answer."), code="wrong_state")
        gone = {"invited_at": None, "is_active": False, "left_at": clock.now(), "security_class": None, "version": Worker.version + 1}
        Worker.update(**gone).where(Worker.id == was.id).execute()
        end_access(was)
        CategoryMember.delete().where(CategoryMember.worker == was).execute()
        audit.record("worker.invitation_withdrawn", by, subject=subject(was))


def end_access(worker: Worker) -> None:
    """Whatever opens the portal to somebody, or is on its way to them, ends in the transaction of the cause; so does their photo."""
    end_sessions(worker)
    second_step.forget(worker)
    links.void_all(worker)
    notices.drop_for(worker)
    WorkerPhoto.delete().where(WorkerPhoto.worker == worker).execute()


def by_address(email: str) -> Worker | None:
    """Who signs in with an address; None when no worker does."""
    found: Worker | None = Worker.get_or_none(Worker.email_key == profile.email_key(email), Worker.is_active)
    return found


def remove_app(worker: Worker, by: Actor) -> None:
    """The authenticator app of somebody who lost it goes: they set up another one at their next sign-in, and are signed out.

    Not one's own in this way.  Raises RuleBroken: ``own``, ``too_high``, ``no_app``.
    """
    with store.writing():
        rights = begin(by)
        was = held(worker, rights)
        check_app_removal(was, rights, by)
        second_step.forget(was)
        end_sessions(was)
        second_step.note_removal(was, by)


def check_app_removal(worker: Worker, rights: frozenset[str], by: Actor) -> None:
    """Raise what ``remove_app`` would raise for whoever has these rights; changes nothing."""
    if is_above(worker, rights):
        raise RuleBroken(TOO_HIGH, code="too_high")
    if is_self(worker, by):
        raise RuleBroken(N_("Nobody removes their own app here. Use “My sign-in”, or ask somebody else who may."), code="own")
    if second_step.app_of(worker) is None:
        raise RuleBroken(N_("There is no authenticator app to remove."), code="no_app")


def _send(worker: Worker) -> None:
    expires = clock.now() + dt.timedelta(days=settings.get("invitation_days"))
    link = links.make("invitation", expires, worker=worker)
    notices.put("invitation", link.id, to=worker.email, worker=worker, link=link, expires_at=expires)


def find_invitation(token: str) -> Link:
    """The invitation of a token, in whatever state.  Raises NotFound for what we did not sign."""
    return links.find("invitation", token)


def is_good(link: Link) -> bool:
    """True while the invitation may be accepted.  Asks; changes nothing."""
    fresh = Link.get_by_id(link.id)
    return links.is_good(fresh) and state(fresh.worker) == INVITED


def accept(link: Link, password: str, by: Actor) -> Worker:
    """The invited person chose a password: they may sign in from now on, and the link is spent.

    Raises RuleBroken: a password that may not be chosen, ``no_longer`` when the invitation does not stand any more.
    """
    worker = link.worker
    if not is_good(link):
        raise _no_longer()
    passwords.check(password, near=(worker.first_name, worker.last_name, worker.name, worker.email))
    kept = passwords.hash(password)
    with store.writing():
        store.hold(worker)
        invited = Worker.password_hash.is_null() & Worker.invited_at.is_null(False) & Worker.is_active
        if not links.use(link) or not Worker.update(password_hash=kept).where(Worker.id == worker.id, invited).execute():
            raise _no_longer()
        audit.record("worker.joined", Actor(worker=worker, network=by.network), subject=subject(worker))
    joined: Worker = Worker.get_by_id(worker.id)
    return joined


def _no_longer() -> RuleBroken:
    return RuleBroken(N_("This link no longer works."), code="no_longer")


# ---------------------------------------------------------------- changed


def change(worker: Worker, details: Details, by: Actor, *, version: int) -> None:
    """Change a worker.  Another group or class ends their sessions at once.

    ``version`` is the one that the form showed.  Raises RuleBroken: ``stale``, ``too_high``, ``own``, ``last_admin``, …
    """
    good = details.checked()
    with store.writing():
        rights = begin(by)
        was = held(worker, rights)
        if was.version != version:
            raise RuleBroken(STALE, code="stale")
        granted = _granted(good, rights, was)
        has_other_rights = was.group != good.group or was.security_class != granted
        if has_other_rights:
            _must_be_changeable(was, good.group, by)
        _must_be_reachable(was, good)
        if is_self(was, by) and profile.email_key(good.email) != was.email_key:
            raise RuleBroken(N_("Nobody changes their own sign-in address here. Ask somebody else who may."), code="own", field="email")
        before, had_address = _shown(was), was.email
        now = _saved(was, _columns(good, granted))
        categories.put_into(now, good.categories)
        if has_other_rights or had_address != now.email:
            end_sessions(now)
        if has_other_rights:
            handover.let_go([now], by)
        if had_address != now.email:
            follow_address(now, had_address)
        if before != (after := _shown(now)):
            audit.record("worker.changed", by, subject=subject(now), before=before, after=after)


def _saved(worker: Worker, columns: dict[str, Any]) -> Worker:
    try:
        with store.writing():
            Worker.update(**columns, version=Worker.version + 1).where(Worker.id == worker.id).execute()
    except IntegrityError:
        raise _taken() from None
    now: Worker = Worker.get_by_id(worker.id)
    return now


def _granted(good: Details, rights: frozenset[str], was: Worker | None = None) -> SecurityClass | None:
    """The class that is meant.  Raises RuleBroken for rights that the giver does not have; what stays as it is is not given."""
    found = SecurityClass.get_or_none(SecurityClass.public_id == good.security_class) if good.security_class else None
    if good.security_class and found is None:
        raise RuleBroken(N_("Choose one of the list."), code="bad_class", field="security_class")
    wanted = ((viewer.GROUP_RIGHTS[good.group], "group"), (viewer.rights_in(found), "security_class"))
    for given, field in wanted:
        if not given <= rights:
            raise RuleBroken(N_("You cannot give rights that you do not have."), code="too_high", field=field)
    return found


def _must_be_changeable(was: Worker, group: str, by: Actor) -> None:
    if is_self(was, by):
        raise RuleBroken(N_("Nobody changes their own group or class. Ask somebody else who may."), code="own", field="group")
    if group != "system_admin":
        must_not_be_last(was)


def _must_be_reachable(was: Worker, good: Details) -> None:
    if not good.email and state(was) in (ACTIVE, INVITED):
        raise RuleBroken(N_("They need an e-mail address to sign in."), code="email_missing", field="email")
    if good.email:
        _must_be_free(good.email, was)


def _must_be_free(email: str, worker: Worker | None) -> None:
    key = profile.email_key(email)
    other = Worker.select().where(Worker.email_key == key)
    if worker is not None:
        other = other.where(Worker.id != worker.id)
    if other.exists():
        raise _taken()
    if PortalAccount.select().where(PortalAccount.email_key == key, PortalAccount.state != CLOSED).exists():
        raise RuleBroken(N_("A client signs in to the portal with this e-mail address."), code="address_taken", field="email")


def _taken() -> RuleBroken:
    return RuleBroken(N_("Another worker has this e-mail address."), code="address_taken", field="email")


def follow_address(worker: Worker, former: str | None) -> None:
    """What went to the earlier address opens nothing any more, and it is told; an invitation goes out anew.

    Said in the transaction of the change.
    """
    links.void_all(worker)
    notices.drop_for(worker)
    if state(worker) == INVITED:
        _send(worker)
    elif state(worker) == ACTIVE and former:
        notices.put("worker_address_changed", worker.id, to=former, worker=worker, version=worker.version)


def _columns(good: Details, granted: SecurityClass | None) -> dict[str, Any]:
    texts = ("first_name", "last_name", "display_name", "description", "group")
    return {name: getattr(good, name) for name in texts} | search.sorted_names(good.first_name, good.last_name) | {
        "email": good.email or None, "email_key": profile.email_key(good.email) or None, "security_class": granted,
    }  # fmt: skip


def _shown(worker: Worker) -> dict[str, Any]:
    names = ("first_name", "last_name", "email", "group", "display_name", "description")
    return {name: getattr(worker, name) for name in names} | {
        "security_class": worker.security_class.name if worker.security_class_id else "",
        "categories": " ".join(sorted(categories.slugs_of(worker))),
    }
