"""What clients may change of their own record, and the approval of what they asked for (spec 06, About Me).

Each group of fields has its mode, a setting of the agency: ``off``, ``approval`` (the old value stays until a worker
accepts) or ``at_once``.  The legal name and the date of birth always need approval.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

from domain import accounts, audit, clock, inbox_notices, limits, profile, settings, store, work_queue
from domain.actor import Actor
from domain.rules import N_, RuleBroken, together
from models import CONTACT_KINDS, Contact, Individual, ProfileChange

FIELDS = {"names": ("preferred_name", "pronouns", "gender"), "legal": ("first_name", "last_name", "birth_date")}
KINDS = {"contacts": ("email", "mobile", "phone", "address"), "emergency": ("emergency",)}
_REACH = ("kind", "value", "person", "instructions", "is_in_use", "is_main")


@dataclasses.dataclass(frozen=True)
class Difference:
    """One field of a change: what is in the record now, and what the client asks for."""

    field: str
    now: Any
    asked: Any


# ---------------------------------------------------------------- what is allowed


def mode(group: str) -> str:
    """``off``, ``approval`` or ``at_once``."""
    return str(settings.get(f"about_me_{group}"))


def group_of(kind: str) -> str:
    """The group of a contact's kind."""
    return "emergency" if kind == "emergency" else "contacts"


def open_kinds() -> tuple[str, ...]:
    """The kinds of contacts that clients may add or change now."""
    return tuple(kind for kind in CONTACT_KINDS if mode_of(kind) != "off")


def mode_of(kind: str) -> str:
    """The mode for a contact of that kind."""
    return mode(group_of(kind))


def is_sign_in_address(contact: Contact) -> bool:
    """True for the address that the client signs in with: it is not changed here."""
    return bool(contact.kind == "email" and contact.lookup == _sign_in_key(contact.individual))


def changeable(individual: Individual, contacts: Sequence[Contact]) -> list[Contact]:
    """Those of an individual's contacts that the client may change now."""
    kinds, own = open_kinds(), _sign_in_key(individual)
    return [contact for contact in contacts if contact.kind in kinds and (contact.kind, contact.lookup) != ("email", own)]


def _sign_in_key(individual: Individual) -> str | None:
    account = accounts.newest(individual)
    return account.email_key if account is not None and account.is_open else None


# ---------------------------------------------------------------- the client asks


def ask_details(
    individual: Individual, group: str, typed: dict[str, Any], by: Actor, *, version: int | None = None
) -> ProfileChange | bool:
    """Change names, or ask for it: what waits then; else True when it was changed at once, False when nothing is different.

    ``version`` is the one that the form showed, the record's own when there was no form.  Raises RuleBroken, ``stale``
    when somebody changed the record meanwhile.
    """
    _must_be_open(group)
    details = checked_details(individual, group, typed)
    asked = {name: value for name, value in _texts(details).items() if name in FIELDS[group]}
    now = _texts(_details(individual))
    if all(now[name] == value for name, value in asked.items()):
        return False
    if mode(group) == "at_once":
        with store.writing():
            _count(individual)
            profile.change(individual, details, by, version=individual.version if version is None else version)
        return True
    return _ask(individual, group, {name: value for name, value in asked.items() if now[name] != value}, by)


def checked_details(individual: Individual, group: str, typed: dict[str, Any]) -> profile.Details:
    """The record as it would be with what was typed.  Raises RuleBroken with every field that is wrong."""
    wanted = dataclasses.replace(_details(individual), **{name: typed[name] for name in FIELDS[group]})

    def keep_first_name() -> None:
        if _erases_first_name(individual, wanted.first_name):
            raise RuleBroken(N_("Enter your first name."), code="name_missing", field="first_name")

    _, good = together(keep_first_name, wanted.checked)
    return good  # type: ignore[no-any-return]


def _erases_first_name(individual: Individual, first_name: str) -> bool:
    """Staff may keep one name alone, whichever; a client does not take the first one out of the record."""
    return bool(individual.first_name) and not first_name.strip()


def ask_contact(
    individual: Individual, contact: Contact | None, reach: profile.Reach, by: Actor, *, country: str,
    version: int | None = None,
) -> ProfileChange | bool:  # fmt: skip
    """Add or change a contact, or ask for it.

    ``version`` and what is returned are as for ``ask_details``.  Raises RuleBroken; the address that the client signs in
    with is not changed here.
    """
    kind = contact.kind if contact else reach.kind
    group = group_of(kind)
    _must_be_open(group)
    if contact is not None and is_sign_in_address(contact):
        raise RuleBroken(N_("You sign in with this address. Call us to change it."), code="sign_in_address", field="value")
    good = dataclasses.replace(reach, kind=kind).checked(country)
    asked = dataclasses.asdict(good)
    if contact is not None and all(getattr(contact, name) == value for name, value in asked.items()):
        return False
    if mode(group) == "at_once":
        with store.writing():
            _count(individual)
            if contact is None:
                profile.add_contact(individual, good, by, country=country)
            else:
                seen = contact.version if version is None else version
                profile.change_contact(contact, good, by, country=country, version=seen)
        return True
    return _ask(individual, group, asked, by, contact=contact, is_new_contact=contact is None)


def ask_removal(contact: Contact, by: Actor, *, country: str) -> ProfileChange | bool:
    """The contact no longer reaches the client: put it out of use, or ask for it, as ``ask_contact``."""
    reach = profile.Reach(**{name: getattr(contact, name) for name in _REACH})
    return ask_contact(
        contact.individual, contact, dataclasses.replace(reach, is_in_use=False, is_main=False), by, country=country
    )


def withdraw(change: ProfileChange, by: Actor) -> bool:
    """The client no longer wants it; False when it was decided before.  Twice is harmless."""
    with store.writing():
        if not _decide(change, "withdrawn"):
            return False
        audit.record("profile_change.withdrawn", by, individual=change.individual, subject=_subject(change))
        work_queue.finish("profile_change", _task_key(change), by)
    return True


def _ask(
    individual: Individual, group: str, asked: dict[str, Any], by: Actor, contact: Contact | None = None,
    is_new_contact: bool = False,
) -> ProfileChange:  # fmt: skip
    """A newer wish about the same takes the place of the one that waits."""
    with store.writing():
        _count(individual)
        store.lock(Individual.select().where(Individual.id == individual.id)).get()
        for earlier in [] if is_new_contact else _waiting_of(individual, group, contact):
            withdraw(earlier, by)
        change: ProfileChange = ProfileChange.create(
            individual=individual, group=group, contact=contact, is_new_contact=is_new_contact, account=by.account,
            asked=json.dumps(asked, ensure_ascii=False, sort_keys=True), asked_at=clock.now(),
        )  # fmt: skip
        audit.record("profile_change.asked", by, individual=individual, subject=_subject(change), group=group, after=asked)
        work_queue.add("profile_change", "intake", individual, _task_key(change))
    return change


def _waiting_of(individual: Individual, group: str, contact: Contact | None) -> list[ProfileChange]:
    waiting = ProfileChange.select().where(ProfileChange.individual == individual, ProfileChange.state == "waiting")
    about = ProfileChange.contact == contact if contact else ProfileChange.group == group
    return list(waiting.where(about))


def _count(individual: Individual) -> None:
    if not limits.spend(
        "profile_change", f"individual {individual.id}", most=settings.get("about_me_changes_a_day"), seconds=86_400
    ):
        raise RuleBroken(N_("That is enough for today. Please call us if more has changed."), code="too_many")


def _must_be_open(group: str) -> None:
    if mode(group) == "off":
        raise RuleBroken(N_("This cannot be changed here. Please call us."), code="off")


# ---------------------------------------------------------------- a worker decides


def waiting(individual: Individual) -> list[ProfileChange]:
    """What an individual asked for and nobody decided yet, oldest first."""
    return list(_of(individual, "waiting").order_by(ProfileChange.id))


def declined_lately(individual: Individual) -> list[ProfileChange]:
    """What was declined within *declined change days*, newest first: the client reads why."""
    since = clock.ago(days=settings.get("about_me_declined_days"))
    return list(_of(individual, "declined").where(ProfileChange.decided_at > since).order_by(ProfileChange.id.desc()))


def _of(individual: Individual, state: str) -> Any:
    """With the record and the contact that each is about, which what is shown of it compares."""
    every = ProfileChange.select(ProfileChange, Individual, Contact).join(Individual).switch(ProfileChange).left_outer_join(Contact)
    return every.where(ProfileChange.individual == individual, ProfileChange.state == state)


def asked_of(change: ProfileChange) -> dict[str, Any]:
    """Each field with what the client asks for."""
    return dict(json.loads(change.asked))


def differences(change: ProfileChange) -> list[Difference]:
    """Old and new, field by field, as far as they differ now."""
    now = _now(change)
    return [Difference(name, now[name], value) for name, value in _in_order(asked_of(change)) if now[name] != value]


def seen_version(change: ProfileChange) -> int:
    """The version of the record that a change is about; 0 for a contact that is new."""
    if change.group in FIELDS:
        return int(change.individual.version)
    return int(change.contact.version) if change.contact_id else 0


def accept(change: ProfileChange, by: Actor, *, version: int, country: str) -> None:
    """Put what the client asked for into the record.

    ``version`` is what ``seen_version`` said when the worker looked.  Raises RuleBroken: decided by somebody else,
    ``stale``, or a value that the rules no longer let through.
    """
    with store.writing():
        if not _decide(change, "accepted", by):
            raise RuleBroken(N_("This was decided already."), code="decided")
        _apply(change, by, version=version, country=country)
        inbox_notices.put_change(change, "change_accepted")
        audit.record("profile_change.accepted", by, individual=change.individual, subject=_subject(change))
        work_queue.finish("profile_change", _task_key(change), by)


def decline(change: ProfileChange, reason: str, by: Actor) -> None:
    """Leave the record as it is; the client reads the reason.  Raises RuleBroken."""
    told = profile.clean(reason, "reason", 500, lines=True)
    if not told:
        raise RuleBroken(N_("Write why, in a sentence that the client can read."), code="missing", field="reason")
    with store.writing():
        if not _decide(change, "declined", by, reason=told):
            raise RuleBroken(N_("This was decided already."), code="decided")
        inbox_notices.put_change(change, "change_declined")
        audit.record("profile_change.declined", by, individual=change.individual, subject=_subject(change), reason=told)
        work_queue.finish("profile_change", _task_key(change), by)


def _decide(change: ProfileChange, state: str, by: Actor | None = None, reason: str = "") -> bool:
    decided = ProfileChange.update(
        state=state, decided_at=clock.now(), decided_by=by.worker if by else None, reason=reason
    ).where(ProfileChange.id == change.id, ProfileChange.state == "waiting")
    return bool(decided.execute())


def _apply(change: ProfileChange, by: Actor, *, version: int, country: str) -> None:
    asked = asked_of(change)
    if change.group in FIELDS:
        individual = Individual.get_by_id(change.individual_id)
        if _erases_first_name(individual, asked.get("first_name", individual.first_name)):
            raise RuleBroken(N_("A client needs a first name. Decline what was asked."), code="name_missing")
        profile.change(individual, dataclasses.replace(_details(individual), **_dated(asked)), by, version=version)
    elif change.is_new_contact:
        profile.add_contact(change.individual, profile.Reach(**asked), by, country=country)
    elif change.contact_id is None:
        raise RuleBroken(N_("This contact was removed meanwhile. Decline what was asked."), code="gone")
    elif is_sign_in_address(change.contact):
        raise RuleBroken(N_("They sign in with this address now. Decline what was asked."), code="sign_in_address")
    else:
        profile.change_contact(change.contact, profile.Reach(**asked), by, country=country, version=version)


def _now(change: ProfileChange) -> dict[str, Any]:
    if change.group in FIELDS:
        return _texts(_details(change.individual))
    contact = change.contact if change.contact_id else None
    return {name: getattr(contact, name) if contact else None for name in _REACH}


def _in_order(asked: dict[str, Any]) -> list[tuple[str, Any]]:
    order = (*FIELDS["names"], *FIELDS["legal"], *_REACH)
    return sorted(asked.items(), key=lambda item: order.index(item[0]))


def _details(individual: Individual) -> profile.Details:
    return profile.Details(**{field.name: getattr(individual, field.name) for field in dataclasses.fields(profile.Details)})


def _texts(details: profile.Details) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in dataclasses.asdict(details).items()
    }


def _dated(asked: dict[str, Any]) -> dict[str, Any]:
    """As ``Details`` takes it: the date of birth is a date again."""
    born = asked.get("birth_date")
    return asked | ({"birth_date": dt.date.fromisoformat(born)} if born else {})


def _task_key(change: ProfileChange) -> str:
    return f"change {change.public_id}"


def _subject(change: ProfileChange) -> str:
    return f"profile_change {change.id}"
