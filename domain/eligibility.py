"""Who may have a portal account: the rules that creating one refuses by, pages explain by and the bulk counts by (spec 01).

A rule is asked with what is known of somebody (``Known``).  For many at once all of that is asked together
(``known_of_each``), so that ten thousand cost no more questions than a hundred chunks of them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from peewee import SQL, fn

from domain import agency, preferences, profile, settings, store
from domain.rules import N_, RuleBroken
from models import CLOSED, STATES, Consent, Contact, Individual, PortalAccount, Worker

OPEN = tuple(state for state in STATES if state != CLOSED)
RENEWABLE = ("expired", "cancelled", "date_of_birth")
_NOBODY = 0  # a worker, among the numbers of individuals


def newest(individual: Individual) -> PortalAccount | None:
    """The account that counts: the open one, else the one that was closed last."""
    return store.remember(f"newest account of {individual.id}", lambda: _newest(individual))


def _newest(individual: Individual) -> PortalAccount | None:
    account: PortalAccount | None = individual.accounts.order_by(PortalAccount.id.desc()).first()
    return account


def newest_of(individuals: Sequence[Individual]) -> dict[int, PortalAccount]:
    """The account that counts of each of these individuals, by the individual's number."""
    every = PortalAccount.select().where(PortalAccount.individual.in_(list(individuals))).order_by(PortalAccount.id)
    return {account.individual_id: account for account in every}


# ---------------------------------------------------------------- what is known


@dataclasses.dataclass(frozen=True)
class Around:
    """What many people are looked at against, asked once for all of them.

    ``owners`` says who signs in with an address, ``shared`` which (individual, address) somebody else has who allows
    e-mail, ``free`` how many licences are left (None: as many as wanted).
    """

    owners: dict[str, set[int]]
    shared: set[tuple[int, str]]
    free: int | None


@dataclasses.dataclass(frozen=True)
class Known:
    """What the rules look at: the newest account, every e-mail contact, the newest consent to e-mail; and what is around,
    and which kinds of e-mails they do not want, which are asked when they are needed unless somebody has asked them for many."""

    account: PortalAccount | None
    contacts: Sequence[Contact]
    consent: Consent | None
    around: Around | None = None
    refused: frozenset[str] | None = None

    @property
    def address(self) -> str:
        """The main e-mail contact in use, else the first in use, else nothing."""
        in_use = [contact for contact in self.contacts if contact.kind == "email" and contact.is_in_use]
        return min(in_use, key=lambda contact: (not contact.is_main, contact.id)).value if in_use else ""

    @property
    def next_address(self) -> str:
        """Where a new activation would go: to the address of before while it is in use, else to the main one."""
        before = self.account
        is_kept = before is not None and before.reason in RENEWABLE and self.on_record(before.email_key)
        return before.email if before is not None and is_kept else self.address

    def on_record(self, key: str) -> str:
        """An address in use as it is on record; empty when there is none."""
        return next((contact.value for contact in self.contacts if _is_listed(contact, key)), "")


def known_of(individual: Individual) -> Known:
    """Asked anew; a page that has read all of it already makes its own."""
    return Known(newest(individual), list(individual.contacts), profile.consent_of(individual, "email"))


def known_of_each(people: Sequence[Individual], *, to_sign_in: bool = True) -> dict[int, Known]:
    """What is known of each, by the individual's number, with eight questions for all of them; with four where nobody is ``to_sign_in``,
    because then it does not matter who shares an address."""
    ids = [person.id for person in people]
    contacts: dict[int, list[Contact]] = defaultdict(list)
    for contact in Contact.select().where(Contact.individual.in_(ids), Contact.kind == "email").order_by(Contact.id):
        contacts[contact.individual_id].append(contact)
    accounts, consents, refused = newest_of(people), _consents_of(ids), preferences.refused_by(ids)
    known = {number: Known(accounts.get(number), contacts[number], consents.get(number), refused=refused[number]) for number in ids}
    if not to_sign_in:
        return known
    keys = {profile.email_key(each.next_address) for each in known.values()} - {""}
    around = Around(_owners_of(keys), _shared_by(ids), free_licences())
    return {number: dataclasses.replace(each, around=around) for number, each in known.items()}


def _consents_of(ids: Sequence[int]) -> dict[int, Consent]:
    said = Consent.select(fn.MAX(Consent.id)).where(Consent.individual.in_(ids), Consent.channel == "email")
    newest_each = Consent.select().where(Consent.id.in_(said.group_by(Consent.individual)))
    return {consent.individual_id: consent for consent in newest_each}


def _owners_of(keys: Iterable[str]) -> dict[str, set[int]]:
    """Who signs in with each of these addresses: individuals with an open account, and workers."""
    asked, owners = sorted(keys), defaultdict[str, set[int]](set)
    clients = PortalAccount.select(PortalAccount.email_key, PortalAccount.individual).where(
        PortalAccount.email_key.in_(asked), PortalAccount.state.in_(OPEN)
    )
    staff = Worker.select(Worker.email_key, SQL(str(_NOBODY))).where(Worker.email_key.in_(asked), Worker.is_active)
    for key, owner in (clients | staff).tuples() if asked else ():
        owners[key].add(owner)
    return owners


def _shared_by(ids: Sequence[int]) -> set[tuple[int, str]]:
    """Which of these individuals has which address in common with somebody else who allows e-mail."""
    other, said = Contact.alias(), Consent.alias()
    is_allowed = (
        said.select(said.is_given).where(said.individual == other.individual, said.channel == "email").order_by(said.id.desc()).limit(1)
    )
    same = other.select(SQL("1")).where(
        other.lookup == Contact.lookup, other.kind == "email", other.is_in_use, other.individual != Contact.individual, is_allowed
    )
    mine = Contact.select(Contact.individual, Contact.lookup).where(Contact.individual.in_(ids), Contact.kind == "email")
    return {(person, key) for person, key in mine.where(Contact.is_in_use, fn.EXISTS(same)).tuples()}


def free_licences() -> int | None:
    """How many licences are left; None when there is no limit."""
    limit = settings.get("licence_count")
    return max(0, limit - open_accounts()) if limit else None


def open_accounts() -> int:
    """How many licences are in use."""
    return int(PortalAccount.select(fn.COUNT(PortalAccount.id)).where(PortalAccount.state.in_(OPEN)).scalar())


def suggested_address(individual: Individual) -> str:
    """Which of an individual's addresses an account would get; empty when there is none in use."""
    return known_of(individual).address


# ---------------------------------------------------------------- the rules

# What each rule says, by its code.
SENTENCES = {
    "has_account": N_("This person already has a portal account."),
    "address": N_("There is no e-mail address in use."),
    "address_not_in_use": N_("This e-mail address is not among the contacts in use."),
    "consent": N_("There is no consent to e-mail."),
    "birth_date": N_("The date of birth is not known."),
    "age": N_("Clients need to be at least %(least)s years old."),
    "deceased": N_("This person has died."),
    "address_taken": N_("Someone else already signs in with this address. Add another address of this person."),
    "licences": N_("All %(limit)s licences are in use. Close an account first."),
    "address_shared": N_("Somebody else who allows e-mail has the same address. Add another address of this person."),
    "not_wanted": N_("They do not want e-mails about new messages."),
    "client_delivery": N_("E-mails to clients about messages are switched off."),
    "closed_staff": N_("The last account was closed by staff."),
    "closed_date_of_birth": N_("The last account was closed after wrong dates of birth."),
}


def refusal(code: str) -> RuleBroken:
    """What a rule says, with the limits of now.  Raises KeyError for a code that no rule has."""
    fields = {"age": {"least": "minimum_age"}, "licences": {"limit": "licence_count"}}.get(code, {})
    return RuleBroken(SENTENCES[code], code=code, **{name: settings.get(key) for name, key in fields.items()})


def missing(individual: Individual, address: str, known: Known | None = None) -> list[RuleBroken]:
    """Everything that stands between an individual and an account, each as its own sentence with a ``code``.

    Codes: has_account, address, address_not_in_use, consent, birth_date, age, deceased, address_taken, licences.
    """
    checks = (_about_account, _about_address, _about_consent, _about_birth_date, _about_death, _about_sharing, _about_licences)
    known = known or known_of(individual)
    return [found for check in checks if (found := check(individual, address, known)) is not None]


def unreachable(account: PortalAccount, known: Known | None = None) -> RuleBroken | None:
    """The first thing that keeps an activation from an account's address; None when it may be sent.  Raises nothing."""
    checks = (_about_address, _about_consent, _about_birth_date, _about_death)
    return _first(checks, account.individual, account.email, known or known_of(account.individual))


def left_out(individual: Individual, known: Known, *, is_ticked: bool = False) -> RuleBroken | None:
    """The first thing for which *bulk activation* leaves somebody out; None for who gets one.

    Beside what a single account is refused for: an address that somebody else has who allows e-mail, and a last account
    that was closed by staff or for the date of birth, unless somebody ``is_ticked`` in spite of that.  Licences come last,
    when it is done.
    """
    last = () if is_ticked else (_about_closing,)
    return _first((*_IN_BULK, *last), individual, known.next_address, known)


Check = Callable[[Individual, str, Known], RuleBroken | None]


def _first(checks: Iterable[Check], individual: Individual, address: str, known: Known) -> RuleBroken | None:
    return next((found for check in checks if (found := check(individual, address, known)) is not None), None)


def _about_account(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    return refusal("has_account") if known.account and known.account.is_open else None


def _about_address(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    if not address:
        return refusal("address")
    try:
        key = profile.email_key(profile.checked_email(address))
    except RuleBroken as refused:
        return RuleBroken(refused.message, code="address", field="email")
    return None if known.on_record(key) else refusal("address_not_in_use")


def _is_listed(contact: Contact, key: str) -> bool:
    return bool(contact.kind == "email" and contact.is_in_use and contact.lookup == key)


def _about_consent(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    return None if known.consent and known.consent.is_given else refusal("consent")


def _about_birth_date(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    born = individual.birth_date
    if born is None or born == settings.get("placeholder_birth_date"):
        return refusal("birth_date")
    return refusal("age") if age_on(born, agency.today()) < settings.get("minimum_age") else None


def _about_death(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    return refusal("deceased") if individual.death_date else None


def _about_sharing(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    key = profile.email_key(address)
    owners = known.around.owners if known.around else _owners_of({key} - {""})
    return refusal("address_taken") if owners.get(key, set()) - {individual.id} else None


def _about_licences(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    free = known.around.free if known.around else free_licences()
    return refusal("licences") if free == 0 else None


def _about_others(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    is_shared = known.around is not None and (individual.id, profile.email_key(address)) in known.around.shared
    return refusal("address_shared") if is_shared else None


def _about_closing(individual: Individual, address: str, known: Known) -> RuleBroken | None:
    reason = known.account.reason if known.account and not known.account.is_open else None
    return refusal(f"closed_{reason}") if reason in ("staff", "date_of_birth") else None


_IN_BULK = (_about_account, _about_consent, _about_death, _about_birth_date, _about_address, _about_others, _about_sharing)


def age_on(born: dt.date, day: dt.date) -> int:
    """Full years on a day; who was born on 29 February has the birthday on 1 March of other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
