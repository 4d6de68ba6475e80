"""Individuals on their way in: planned with their contacts and consent, staged in temporary tables, written set by set.

The temporary tables belong to the connection: nobody else sees them, and they are gone when it ends.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from peewee import SQL, BooleanField, CharField, DateField, IntegerField, Select, Value, fn

from domain import clock, profile, search, sites, store
from domain.actor import Actor
from domain.import_plans import Plan, begin, change_of, must_be
from domain.import_rows import Checker, Row
from domain.rules import N_, RuleBroken
from models import Consent, Contact, Individual, SearchWord, db, new_public_id
from models import Row as Table

_DETAILS = tuple(field.name for field in dataclasses.fields(profile.Details))
_DATES = ("birth_date", "death_date")
_REACH = ("email", "mobile", "phone", "address")
_CONTACT = ("value", "lookup", "person", "is_in_use")  # what an import writes of a contact, beside its kind and place


class StagedIndividual(Table):  # type: ignore[misc]
    """Temporary: one row of the file, with all columns that the individual will have when it is new or changed."""

    number = IntegerField(primary_key=True)
    state = CharField(max_length=7)  # new, changed, same
    individual = IntegerField(null=True)  # empty for a new one until it has its id; ``public_id`` says who it is
    version = IntegerField(default=0)  # of the record when it was read
    reach = IntegerField(null=True)  # versions of all contacts when they were read, added up; empty when none is written
    consents = BooleanField()
    public_id = CharField(max_length=22, default="")
    external_id = CharField(max_length=100)
    first_name = CharField(max_length=200, default="")
    last_name = CharField(max_length=200, default="")
    preferred_name = CharField(max_length=200, default="")
    pronouns = CharField(max_length=60, default="")
    gender = CharField(max_length=60, default="")
    language = CharField(max_length=8, default="")
    birth_date = DateField(null=True)
    death_date = DateField(null=True)
    site_id = IntegerField(null=True)
    sort_name = CharField(max_length=400, default="")


class StagedContact(Table):  # type: ignore[misc]
    """Temporary: one contact as it will be; ``contact`` is the row to change, empty for a new one.

    That the row is still this contact, of this person, as it was read, is told by all of its names together: SQLite gives
    the number of a deleted row to the next one.
    """

    number = IntegerField()
    contact = IntegerField(null=True)
    individual = IntegerField(null=True)  # empty for somebody new
    public_id = CharField(max_length=22)
    version = IntegerField()
    kind = CharField(max_length=20)
    value = CharField(max_length=500)
    lookup = CharField(max_length=500)
    person = CharField(max_length=200)
    is_in_use = BooleanField()
    is_main = BooleanField()


class People:
    """Plans for individuals.  ``consents``: the importer says that e-mail is allowed by all who have an address."""

    def __init__(self, checker: Checker, consents: bool) -> None:
        self._checker = checker
        self._consents = consents
        self._is_staging = False
        self._site_names = {site.id: site.name for site in sites.in_mind()}
        self._ids = ascending_ids()

    def plan(self, rows: Sequence[Row]) -> list[Plan]:
        """What becomes of these individuals."""
        plans = begin(Individual, self._checker, rows)
        ids = [plan.record.id for plan in plans if plan.record]
        contacts, asked = _contacts_of(ids), self._asked(ids)
        for plan in plans:
            known = plan.record.id if plan.record else 0
            self._plan_columns(plan)
            plan.contacts = list(_planned_contacts(plan, contacts.get(known, [])))
            if known and plan.contacts:
                plan.reach = sum(contact.version for contact in contacts.get(known, []))
            plan.consents = self._consents and bool(plan.row.values.get("email")) and known not in asked
            told = _told(plan, contacts.get(known, []))
            plan.change = change_of(plan, self._with_site_named, contacts=told, consents=plan.consents)
        return plans

    def stage(self, plans: Sequence[Plan]) -> None:
        """Put what is to be written into the temporary tables."""
        if not self._is_staging:
            self.close()
            db.create_tables([StagedIndividual, StagedContact], temporary=True)
            self._is_staging = True
        moved = [plan for plan in plans if plan.is_new or plan.is_changed]
        individuals = [_staged_individual(plan, next(self._ids)) for plan in moved]
        contacts = [_staged_contact(plan, next(self._ids), values) for plan in moved for values in plan.contacts]
        with store.writing():
            store.insert(StagedIndividual, individuals)
            store.insert(StagedContact, contacts)

    def conclude(self, progress: Callable[[], object]) -> None:
        """Nothing more is to be seen."""

    def write(self, by: Actor) -> None:
        """Write all that was staged.  Raises RuleBroken when somebody changed one of the records meanwhile."""
        if not self._is_staging:
            return
        _hold_known()
        _write_individuals()
        _write_contacts()
        _write_consents(by)

    def close(self) -> None:
        """Drop the temporary tables."""
        db.drop_tables([StagedIndividual, StagedContact], safe=True)
        self._is_staging = False

    def _asked(self, ids: list[int]) -> set[int]:
        """Who ever answered whether e-mail is allowed: an import never answers again for them."""
        answers = Consent.select(Consent.individual).where(Consent.individual.in_(ids), Consent.channel == "email")
        return {individual for (individual,) in answers.tuples()} if self._consents and ids else set()

    def _plan_columns(self, plan: Plan) -> None:
        now = {name: getattr(plan.record, name) for name in _DETAILS} if plan.record else {}
        said = {name: _stored(name, text) for name, text in plan.said.items() if name in _DETAILS} | self._said_site(plan)
        if not plan.is_new and all(now[name] == value for name, value in said.items()):
            return
        try:
            details = profile.Details(**{"first_name": "", "last_name": "", **now, **said}).checked()
        except RuleBroken as broken:
            self._checker.note(plan.row.number, broken.field, plan.row.values.get(broken.field, ""), broken)
            return
        sort_name = profile.sort_name(details.first_name, details.last_name)
        plan.columns = {**dataclasses.asdict(details), "sort_name": sort_name}


    def _said_site(self, plan: Plan) -> dict[str, int | None]:
        """What the file says anew of where they come: nobody is sent to a site that is not in use any more."""
        if "site" not in plan.said:
            return {}
        site = self._checker.sites.get(plan.said["site"])
        if site and not site.is_in_use and not (plan.record and plan.record.site_id == site.id):
            self._checker.note(plan.row.number, "site", plan.said["site"], RuleBroken(N_("This site is not in use any more.")))
        return {"site_id": site.id if site else None}

    def _with_site_named(self, values: dict[str, Any]) -> dict[str, Any]:
        told = dict(values)
        if "site_id" in told:
            told["site"] = self._site_names.get(told.pop("site_id"), "")
        return told


# ---------------------------------------------------------------- planning


def _stored(name: str, text: str) -> Any:
    if name not in _DATES:
        return text
    return dt.date.fromisoformat(text) if text else None


def _contacts_of(ids: list[int]) -> dict[int, list[Contact]]:
    found: dict[int, list[Contact]] = defaultdict(list)
    if ids:
        for contact in Contact.select().where(Contact.individual.in_(ids)).order_by(Contact.id):
            found[contact.individual_id].append(contact)
    return found


def _planned_contacts(plan: Plan, contacts: list[Contact]) -> Iterator[dict[str, Any]]:
    for kind in _REACH:
        if kind in plan.said:
            yield from _changes(kind, plan.before.get(kind, ""), plan.said[kind], None, contacts)
    if "emergency_phone" in plan.said or ("emergency_name" in plan.said and plan.row.values.get("emergency_phone")):
        old, new = plan.before.get("emergency_phone", ""), plan.row.values["emergency_phone"]
        yield from _changes("emergency", old, new, plan.row.values.get("emergency_name"), contacts)


def _changes(kind: str, old: str, new: str, person: str | None, contacts: list[Contact]) -> Iterator[dict[str, Any]]:
    """What makes the contact that the file gave as ``old`` into ``new``; nothing is deleted, only put out of use."""
    mine = [contact for contact in contacts if contact.kind == kind]
    main = next((contact for contact in mine if contact.is_main), None)
    former, there = _find(mine, kind, old), _find(mine, kind, new)
    kept = there or former if new else None
    if former and former is not kept and former.is_in_use:
        yield _changed(former, is_in_use=False, is_main=False)
    if not new:
        return
    after = {"kind": kind, "value": new, "lookup": profile.lookup_of(kind, new), "is_in_use": True}
    if kept is None:
        if main:
            yield _changed(main, is_main=False)
        yield {"contact": None, "version": 1, "person": person or "", "is_main": True, **after}
        return
    after["person"] = kept.person if person is None else person
    after["is_main"] = kept.is_main or main is None or main is former
    if any(getattr(kept, name) != value for name, value in after.items()):
        yield _changed(kept, **after)


def _find(contacts: list[Contact], kind: str, value: str) -> Contact | None:
    lookup = profile.lookup_of(kind, value)
    return next((contact for contact in contacts if value and contact.lookup == lookup), None)


def _changed(contact: Contact, **after: Any) -> dict[str, Any]:
    names = ("public_id", "version", "kind", "value", "lookup", "person", "is_in_use", "is_main")
    return {"contact": contact.id, **{name: getattr(contact, name) for name in names}, **after}


def _told(plan: Plan, contacts: list[Contact]) -> list[dict[str, Any]]:
    """The contacts of a plan as the audit keeps them."""
    names = ("kind", "value", "person", "is_in_use", "is_main")
    was = {contact.id: {name: getattr(contact, name) for name in names} for contact in contacts}
    return [
        {"before": was.get(values["contact"], {}), "after": {name: values[name] for name in names}}
        for values in plan.contacts
    ]


# ---------------------------------------------------------------- staging


def ascending_ids() -> Iterator[str]:
    """Public ids in long ascending runs: written in this order, the index takes them in less than half the time."""
    size = 1000
    while True:
        yield from sorted(new_public_id() for _ in range(size))
        size = min(size * 2, 250_000)


def _staged_individual(plan: Plan, public_id: str) -> dict[str, Any]:
    known = {name: getattr(plan.record, name) for name in ("public_id", "version")} if plan.record else {}
    columns = dict.fromkeys((*_DETAILS, "sort_name"), "") | dict.fromkeys((*_DATES, "site_id")) | plan.columns
    return {
        "number": plan.row.number,
        "state": "new" if plan.is_new else "changed" if plan.columns else "same",
        "individual": plan.record.id if plan.record else None,
        "version": 0,
        "reach": plan.reach,
        "consents": plan.consents,
        "public_id": public_id,
        "external_id": plan.row.external_id,
        **columns,
        **known,
    }


def _staged_contact(plan: Plan, public_id: str, values: dict[str, Any]) -> dict[str, Any]:
    names = ("contact", "version", "kind", "value", "lookup", "person", "is_in_use", "is_main")
    owner = plan.record.id if plan.record else None
    ours = {"number": plan.row.number, "individual": owner, "public_id": values.get("public_id", public_id)}
    return ours | {name: values[name] for name in names}


# ---------------------------------------------------------------- writing, under the lock


def _hold_known() -> None:
    """Nobody else changes those who are there already, nor adds to them, until all is written; each is still who they were."""
    known = StagedIndividual.select(StagedIndividual.public_id).where(StagedIndividual.state != "new")
    there = store.lock(Individual.select(Individual.id).where(Individual.public_id.in_(known)).order_by(Individual.id))
    must_be(known.count(), Select([there.alias("held")], [fn.COUNT(SQL("*"))]).scalar(db))


def _write_individuals() -> None:
    staged = StagedIndividual
    same = ["public_id", "external_id", *_DETAILS, "sort_name"]
    made = [Value(False), Value(clock.now(), converter=Individual.created_at.db_value), Value(1)]
    fresh = staged.select(*[getattr(staged, name) for name in same], *made).where(staged.state == "new")
    Individual.insert_from(fresh.order_by(staged.number), [*same, "is_test", "created_at", "version"]).execute()
    its_id = Individual.select(Individual.id).where(Individual.external_id == staged.external_id)
    staged.update(individual=its_id).where(staged.state == "new").execute()
    columns = {getattr(Individual, name): getattr(staged, name) for name in (*_DETAILS, "sort_name")}
    if changed := staged.select().where(staged.state == "changed").count():
        is_it = (staged.individual == Individual.id) & (staged.version == Individual.version)
        update = Individual.update({**columns, Individual.version: Individual.version + 1}).from_(staged)
        must_be(changed, update.where(is_it, staged.state == "changed").execute())


def _write_contacts() -> None:
    _must_be_reached_as_before()
    _write_changed_contacts()
    staged, owner = StagedContact, StagedIndividual
    names = ["public_id", "kind", *_CONTACT, "is_main", "version"]
    fresh = staged.select(owner.individual, *[getattr(staged, name) for name in names], Value(""))
    fresh = fresh.join(owner, on=(owner.number == staged.number)).where(staged.contact.is_null())
    Contact.insert_from(fresh.order_by(staged.id), ["individual", *names, "instructions"]).execute()


def _must_be_reached_as_before() -> None:
    """What becomes of a contact depends on the other ones of that person: none is changed since, none more, none less."""
    staged = StagedIndividual
    now = Contact.select(fn.COALESCE(fn.SUM(Contact.version), 0)).where(Contact.individual == staged.individual)
    must_be(0, staged.select().where(staged.reach.is_null(False), staged.reach != now).count())


def _write_changed_contacts() -> None:
    """No two of a kind may be main at any moment: first all step back, then those that are main step forward."""
    staged = StagedContact
    if not (changed := staged.select().where(staged.contact.is_null(False)).count()):
        return
    is_it = (staged.contact == Contact.id) & (staged.public_id == Contact.public_id)
    as_read = (staged.individual == Contact.individual) & (staged.version == Contact.version)
    after = {getattr(Contact, name): getattr(staged, name) for name in _CONTACT}
    after |= {Contact.is_main: False, Contact.version: Contact.version + 1}
    must_be(changed, Contact.update(after).from_(staged).where(is_it, as_read).execute())
    Contact.update({Contact.is_main: True}).from_(staged).where(is_it, staged.is_main).execute()


def _write_consents(by: Actor) -> None:
    """Whoever answered since the file was read is not answered for."""
    staged = StagedIndividual
    answers = Consent.select(SQL("1")).where(Consent.individual == staged.individual, Consent.channel == "email")
    must_be(0, staged.select().where(staged.consents, staged.state != "new", fn.EXISTS(answers)).count())
    now = Value(clock.now(), converter=Consent.recorded_at.db_value)
    who = Value(by.worker.id if by.worker else None, converter=Consent.recorded_by.db_value)
    said = (Value("email"), Value(True), now, who, Value("import"))
    rows = staged.select(staged.individual, *said).where(staged.consents)
    fields = ["individual", "channel", "is_given", "recorded_at", "recorded_by", "recorded_how"]
    Consent.insert_from(rows.order_by(staged.number), fields).execute()


# ---------------------------------------------------------------- search words, after it


def write_words(individuals: Sequence[Individual]) -> None:
    """Write the search words of individuals anew, inside a transaction."""
    ids = [individual.id for individual in individuals]
    contacts = _contacts_of(ids)
    SearchWord.delete().where(SearchWord.individual.in_(ids)).execute()
    words = [
        {"word": word, "individual": person.id}
        for person in individuals
        for word in sorted(search.words_of(person, contacts[person.id]))
    ]
    for start in range(0, len(words), 5000):
        store.insert(SearchWord, words[start : start + 5000])
