"""An individual's record: names, dates, contacts, consent, and who follows them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import unicodedata
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import phonenumbers
from babel import Locale, UnknownLocaleError
from peewee import IntegrityError, fn

from domain import audit, clock, search, store, texts
from domain.actor import Actor
from domain.rules import N_, STALE, NotFound, RuleBroken, together
from models import CHANNELS, CONTACT_KINDS, Consent, Contact, Follow, Individual, Site, Worker

LONGEST_NAME = 200


@dataclasses.dataclass(frozen=True)
class Details:
    """What is kept of an individual beside contacts and consent; ``checked`` gives one that may be stored."""

    first_name: str
    last_name: str
    preferred_name: str = ""
    pronouns: str = ""
    gender: str = ""
    language: str = ""
    birth_date: dt.date | None = None
    death_date: dt.date | None = None
    site_id: int | None = None  # where they usually come; that one can come there is asked when it is written

    def checked(self) -> Details:
        """The same with tidy texts.  Raises RuleBroken with every field that is wrong."""
        tidy = together(
            *(partial(clean, getattr(self, name), name, most) for name, most in _TEXTS.items()),
            self._check_name, partial(_check_language, self.language.strip()), partial(_check_birth, self.birth_date),
            partial(_check_death, self.death_date, self.birth_date),
        )  # fmt: skip
        return dataclasses.replace(self, **dict(zip(_TEXTS, tidy, strict=False)))

    def _check_name(self) -> None:
        if not self.first_name.strip() and not self.last_name.strip():
            raise RuleBroken(N_("Enter a name."), code="name_missing", field="first_name")


_TEXTS = {"first_name": 200, "last_name": 200, "preferred_name": 200, "pronouns": 60, "gender": 60, "language": 8}


def clean(text: str, field: str, most: int, *, lines: bool = False) -> str:
    """NFC, without spaces at the ends; on one line, with single spaces, unless it may have ``lines`` (browsers send CR LF).

    Raises RuleBroken for characters that cannot be stored or shown (NUL, other controls, lone surrogates) and for
    more than ``most`` characters.
    """
    tidy = unicodedata.normalize("NFC", text).strip()
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t" for c in tidy):
        raise RuleBroken(N_("This contains a character that cannot be stored."), code="bad_character", field=field)
    tidy = tidy.replace("\r\n", "\n") if lines else " ".join(tidy.split())
    if len(tidy) > most:
        raise RuleBroken(N_("Use at most %(most)s characters."), code="too_long", field=field, most=most)
    return tidy


def email_key(address: str) -> str:
    """What addresses are compared by: NFKC and casefold of the whole address (nothing after a + is cut)."""
    return unicodedata.normalize("NFKC", address.strip()).casefold()


def checked_email(address: str, field: str = "email") -> str:
    """The address as typed, tidy.  Raises RuleBroken when it has not the form of one that any mail server takes (letters
    outside ASCII before the @ are for few of them); asks no server."""
    # Takes a twentieth of the start, and no first page asks it.
    from email_validator import EmailNotValidError, validate_email

    typed = unicodedata.normalize("NFKC", clean(address, field, 254))
    try:
        return validate_email(
            typed, check_deliverability=False, test_environment=True, allow_smtputf8=False
        ).normalized  # fmt: skip
    except EmailNotValidError:
        raise RuleBroken(
            N_("Enter an e-mail address such as name@example.org."), code="bad_email", field=field
        ) from None


def checked_phone(number: str, country: str, field: str = "value") -> str:
    """The number in E.164.  ``country`` (two letters) is meant when no country code was typed.  Raises RuleBroken."""
    try:
        parsed = phonenumbers.parse(clean(number, field, 40), country)
        if phonenumbers.is_possible_number(parsed):
            return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    except phonenumbers.NumberParseException:
        pass
    raise RuleBroken(N_("Enter a phone number such as %(example)s."), code="bad_phone", field=field, example="+1 202 555 0134")


def sort_name(first: str, last: str) -> str:
    """What lists are ordered by."""
    return search.fold(f"{last} {first}").strip()[:400]


def lookup_of(kind: str, value: str) -> str:
    """The form in which a contact is looked up: the compared address, or a number's digits."""
    if kind == "email":
        return email_key(value)
    if kind in ("mobile", "phone"):
        return "".join(c for c in value if c.isdigit())
    return search.fold(value)[:500]


def create(details: Details, by: Actor) -> Individual:
    """A new individual.  Raises RuleBroken for what ``Details.checked`` refuses, and for a site that is not in use."""
    good = details.checked()
    with store.writing():
        _check_site(good.site_id, None)
        individual = Individual.create(
            **dataclasses.asdict(good), sort_name=sort_name(good.first_name, good.last_name), created_at=clock.now()
        )
        search.index(individual)
        audit.record("individual.created", by, individual=individual, after=_shown(good))
    return individual


def change(individual: Individual, details: Details, by: Actor, *, version: int) -> None:
    """Change names and dates.

    ``version`` is the one that the form showed: when somebody changed the record meanwhile nothing is overwritten
    unseen, RuleBroken ``stale`` is raised.  A site that is not in use is refused, unless it was theirs before.
    """
    good = details.checked()
    new = {**dataclasses.asdict(good), "sort_name": sort_name(good.first_name, good.last_name)}
    with store.writing():
        before = {name: getattr(individual, name) for name in dataclasses.asdict(good)}
        _check_site(good.site_id, individual.site_id)
        done = (
            Individual.update(**new, version=Individual.version + 1)
            .where(Individual.id == individual.id, Individual.version == version)
            .execute()
        )
        if not done:
            raise RuleBroken(STALE, code="stale")
        fresh = Individual.get_by_id(individual.id)
        search.index(fresh)
        if before != dataclasses.asdict(good):
            audit.record("individual.changed", by, individual=fresh, before=_shown_dict(before), after=_shown(good))


def choose_language(individual: Individual, language: str, by: Actor) -> None:
    """In which language the portal speaks to somebody from now on, on pages and in e-mails.  Raises RuleBroken."""
    if language not in texts.LANGUAGES:
        raise RuleBroken(N_("Choose a language of the list."), code="bad_language", field="language")
    with store.writing():
        kept = store.lock(Individual.select().where(Individual.id == individual.id)).get().language
        if kept != language:
            Individual.update(language=language, version=Individual.version + 1).where(Individual.id == individual.id).execute()
            audit.record("individual.language_chosen", by, individual=individual, before={"language": kept},
                         after={"language": language})  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Reach:
    """One contact as typed."""

    kind: str
    value: str
    person: str = ""
    instructions: str = ""
    is_in_use: bool = True
    is_main: bool = False

    def checked(self, country: str) -> Reach:
        """The same, tidy and in its stored form.  Raises RuleBroken with every field that is wrong."""
        _, value, person, instructions = together(
            self._check_kind, partial(self._checked_value, country), partial(clean, self.person, "person", 200),
            partial(clean, self.instructions, "instructions", 500, lines=True),
        )  # fmt: skip
        return dataclasses.replace(
            self, value=value, person=person, instructions=instructions, is_main=self.is_main and self.is_in_use
        )

    def _check_kind(self) -> None:
        if self.kind not in CONTACT_KINDS:
            raise RuleBroken(N_("Choose what it is."), code="bad_kind", field="kind")

    def _checked_value(self, country: str) -> str:
        if not self.value.strip():
            raise RuleBroken(N_("Enter the contact."), code="value_missing", field="value")
        if self.kind == "email":
            return checked_email(self.value, "value")
        if self.kind in ("mobile", "phone", "emergency"):
            return checked_phone(self.value, country)
        return clean(self.value, "value", 500, lines=True)


def add_contact(individual: Individual, reach: Reach, by: Actor, *, country: str) -> Contact:
    """A further contact; when it is the main one of its kind, the earlier main one no longer is."""
    good = reach.checked(country)
    with store.writing():
        store.hold(individual)
        _step_back(individual, good)
        contact = Contact.create(individual=individual, lookup=lookup_of(good.kind, good.value), **dataclasses.asdict(good))
        search.index(individual)
        _tell_of_events(individual, good.kind == "email" and good.is_in_use)
        audit.record("contact.added", by, individual=individual, subject=f"contact {contact.id}", after=_shown(good))
    return contact


def change_contact(contact: Contact, reach: Reach, by: Actor, *, country: str, version: int) -> None:
    """Change a contact of an individual; the old and the new are kept in the audit.

    ``version`` is the one that the form showed.  Raises RuleBroken ``stale`` when somebody changed it meanwhile,
    NotFound when it was removed.
    """
    good = reach.checked(country)
    with store.writing():
        store.hold(contact.individual)
        was = Contact.get_or_none(_is(contact))
        if was is None:
            raise NotFound
        if was.version != version:
            raise RuleBroken(STALE, code="stale")
        before = {name: getattr(was, name) for name in dataclasses.asdict(good)}
        _step_back(contact.individual, good)
        Contact.update(
            **dataclasses.asdict(good), lookup=lookup_of(good.kind, good.value), version=version + 1
        ).where(_is(contact)).execute()  # fmt: skip
        search.index(contact.individual)
        _tell_of_events(contact.individual, good.kind == "email" and good.is_in_use)
        audit.record(
            "contact.changed", by, individual=contact.individual, subject=f"contact {contact.id}",
            before=before, after=_shown(good),
        )  # fmt: skip


def remove_contact(contact: Contact, by: Actor) -> None:
    """Take a contact out; twice is harmless."""
    with store.writing():
        store.hold(contact.individual)
        if not Contact.delete().where(_is(contact)).execute():
            return
        search.index(contact.individual)
        audit.record(
            "contact.removed", by, individual=contact.individual, subject=f"contact {contact.id}",
            before={"kind": contact.kind, "value": contact.value},
        )  # fmt: skip


def _is(contact: Contact) -> Any:
    """By its public id: SQLite gives the number of a deleted row to the next one."""
    return Contact.public_id == contact.public_id


def contacts_of(individual: Individual) -> list[Contact]:
    """All contacts: e-mail first, then numbers, addresses and whom to call; the main one of a kind before the others."""
    return ordered(individual.contacts)


def ordered(contacts: Iterable[Contact]) -> list[Contact]:
    """Contacts as pages list them."""
    place = {kind: number for number, kind in enumerate(CONTACT_KINDS)}
    return sorted(contacts, key=lambda contact: (place[contact.kind], not contact.is_main, contact.id))


def email_contact(individual: Individual, address: str) -> Contact | None:
    """The individual's contact with an e-mail address, in use or not; None when there is none."""
    key = email_key(address)
    contact: Contact | None = individual.contacts.where(Contact.kind == "email", Contact.lookup == key).first()
    return contact


def record_consent(individual: Individual, channel: str, is_given: bool, by: Actor, *, how: str = "staff") -> None:
    """Record what the individual allows on a channel, with who recorded it and when; unchanged consent adds nothing."""
    if channel not in CHANNELS:
        raise RuleBroken(N_("Choose a channel."), code="bad_channel", field="channel")
    with store.writing():
        store.hold(individual)
        if (consent := consent_of(individual, channel)) and consent.is_given == is_given:
            return
        Consent.create(
            individual=individual, channel=channel, is_given=is_given, recorded_at=clock.now(),
            recorded_by=by.worker, recorded_how=how,
        )  # fmt: skip
        _tell_of_events(individual, channel == "email" and is_given)
        audit.record("consent.recorded", by, individual=individual, channel=channel, is_given=is_given, how=how)


def _tell_of_events(individual: Individual, can_be_told: bool) -> None:
    """What could not be told for want of consent or an address.  Events are locked before the audit."""
    if can_be_told:
        from domain import event_messages  # which reads what stands here

        event_messages.reachable([individual.id])


def consent_of(individual: Individual, channel: str) -> Consent | None:
    """The newest record for a channel; None when nothing was ever recorded, which counts as no."""
    newest = Consent.select().where(Consent.individual == individual, Consent.channel == channel)
    consent: Consent | None = newest.order_by(Consent.id.desc()).first()
    return consent


def consents_of(individual: Individual, channels: Sequence[str]) -> dict[str, Consent | None]:
    """The newest record for each of these channels, in their order."""
    newest = Consent.select(fn.MAX(Consent.id)).where(Consent.individual == individual).group_by(Consent.channel)
    known = {consent.channel: consent for consent in Consent.select(Consent, Worker).left_outer_join(Worker).where(Consent.id.in_(newest))}
    return {channel: known.get(channel) for channel in channels}


def has_consent(individual: Individual, channel: str) -> bool:
    """True when the newest record allows the channel."""
    consent = consent_of(individual, channel)
    return consent is not None and bool(consent.is_given)


def follow(individual: Individual, worker: Worker, by: Actor) -> None:
    """The individual joins the worker's caseload; twice is harmless."""
    with store.writing():
        try:
            with store.writing():
                Follow.create(individual=individual, worker=worker)
        except IntegrityError:
            return
        audit.record("follow.started", by, individual=individual, worker=worker.public_id)


def followers_of(individual: Individual) -> list[Worker]:
    """The workers who follow an individual, by name."""
    return list(Worker.select().join(Follow).where(Follow.individual == individual).order_by(Worker.last_name, Worker.id))


def _step_back(individual: Individual, reach: Reach) -> None:
    if reach.is_main:
        Contact.update(is_main=False).where(
            Contact.individual == individual, Contact.kind == reach.kind, Contact.is_main
        ).execute()


def _check_language(code: str) -> None:
    try:
        if code:
            Locale.parse(code, sep="-" if "-" in code else "_")
    except (ValueError, UnknownLocaleError):
        raise RuleBroken(N_("Choose a language, such as en or fr."), code="bad_language", field="language") from None


def _check_site(number: int | None, was: int | None) -> None:
    if number not in (None, was) and not Site.select().where(Site.id == number, Site.is_in_use).exists():
        raise RuleBroken(N_("Choose a site that is in use."), code="bad_site", field="site")


def _tomorrow() -> dt.date:
    """Somewhere on earth it is already tomorrow."""
    return clock.now().date() + dt.timedelta(days=1)


def _check_birth(birth: dt.date | None) -> None:
    if birth and not dt.date(1850, 1, 1) <= birth <= _tomorrow():
        raise RuleBroken(N_("Check the year: the date of birth cannot be %(year)s."), code="bad_birth_date",
                         field="birth_date", year=birth.year)  # fmt: skip


def _check_death(death: dt.date | None, birth: dt.date | None) -> None:
    if death and death > _tomorrow():
        raise RuleBroken(N_("The date of death cannot lie in the future."), code="bad_death_date", field="death_date")
    if birth and death and death < birth:
        raise RuleBroken(N_("The date of death lies before the date of birth."), code="bad_death_date", field="death_date")


def _shown(details: Any) -> dict[str, Any]:
    return _shown_dict(dataclasses.asdict(details))


def _shown_dict(values: dict[str, Any]) -> dict[str, Any]:
    """As the audit keeps it: a site by its name of today."""
    shown = {name: str(value) if isinstance(value, dt.date) else value for name, value in values.items()}
    if "site_id" in shown:
        site = Site.get_or_none(Site.id == number) if (number := shown.pop("site_id")) is not None else None
        shown["site"] = site.name if site else ""
    return shown
