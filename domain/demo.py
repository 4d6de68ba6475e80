"""A made-up agency with as many clients as wanted: to try the portal, to teach, and to measure it.

Nobody in it is real.  The same seed gives the same people; only public ids, links and moments differ.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from peewee import chunked

from domain import (
    accounts,
    audit,
    categories,
    clock,
    demo_calendar,
    demo_hours,
    demo_messages,
    links,
    notices,
    passwords,
    profile,
    search,
    settings,
    starting_texts,
    store,
    texts,
)
from domain.actor import SYSTEM, Actor
from domain.demo_people import FIRST, LAST, House, Person, chance_of, client, others
from domain.rules import N_, RuleBroken
from models import (
    ACTIVE,
    DISABLED,
    LOCKED,
    Agency,
    Consent,
    Contact,
    Delivery,
    DeliveryAttempt,
    Follow,
    Group,
    Individual,
    Link,
    PageVersion,
    PortalAccount,
    Row,
    SearchWord,
    SecurityClass,
    Service,
    ServiceWorker,
    Setting,
    Site,
    Worker,
    new_public_id,
)

NAME, PHONE = "Harbour Family Services", "+1 902 555 0100"
BATCH = 1000  # clients in one transaction
MOST_VALUES = 30_000  # in one statement: SQLite takes 32,766, PostgreSQL 65,535
TRACED = 30  # how many of the first accounts also have their activation, its delivery and its audit
FOLLOWED = 480  # of the first clients every second one is in somebody's caseload
FEWEST_FOR_OTHERS = 10  # from so many on there are people without an account, and accounts in every state


def fill(*, clients: int, password: str, seed: int = 1) -> None:
    """Make the agency, its staff and ``clients`` active clients, everybody with ``password``.

    Raises RuleBroken ``not_empty`` when the database already holds an agency.  It is switched on in the last
    transaction, so that one whose making was broken off is not taken for a whole one.
    """
    kept = passwords.hash(password)
    house = _build(kept, seed)
    traced: list[PortalAccount] = []
    for numbers in chunked(range(1, clients + 1), BATCH):
        with store.writing():
            made = _add([client(number, seed) for number in numbers], house, first=numbers[0], seed=seed)
            traced += made[: TRACED - len(traced)]
    with store.writing():
        rest = _add(others(), house) if clients >= FEWEST_FOR_OTHERS else []
        for account in sorted([*traced, *rest], key=lambda account: account.invited_at):  # the newest is written last
            _send_activation(account)
        for account in traced:
            _trace(account, house)
        demo_messages.open_office(house.workers)
        demo_messages.add(traced, house.workers[1], house.now)
        demo_messages.tell(traced, house.now)
        for account in rest:
            if account.reason == "expired":
                demo_messages.add_by_link(account, house.workers[1], house.now)
        Agency.update(switched_on_at=clock.now()).execute()
        audit.record("demo.filled", SYSTEM, clients=clients, seed=seed)


# ---------------------------------------------------------------- the agency


def _build(password_hash: str, seed: int) -> House:
    now = clock.now()
    with store.writing():
        if Agency.select().exists():
            raise RuleBroken(N_("This data folder already holds an agency. Take an empty one."), code="not_empty")
        Agency.insert(
            id=1, name=NAME, short_name="Harbour", emergency_line=starting_texts.EMERGENCY_LINE, country="CA",
            language="en", is_demo=True, mail_tested_at=now,
        ).execute()  # fmt: skip
        Setting.create(key="staff_2step", value="0")  # whoever tries the portal has no app at hand
        pages = [_page(slug, tongue, body, now) for tongue in texts.LANGUAGES for slug, body in _texts(tongue).items()]
        privacy, terms = pages[:2]
        places = _sites()
        workers = _workers(places, password_hash, seed, now)
        services, groups = _services(workers, now)
        demo_hours.add(workers, places[0], now)
    return House(places, workers, services, groups, privacy, terms, password_hash, now)


def _texts(language: str) -> dict[str, str]:
    return starting_texts.offered({"name": NAME, "phone": PHONE}, language)


def _page(slug: str, language: str, body: str, now: dt.datetime) -> PageVersion:
    version: PageVersion = PageVersion.create(slug=slug, language=language, version=1, body=body, published_at=now)
    return version


def _sites() -> list[Site]:
    places = (
        ("Harbour House", "12 Example Wharf\nHalifax NS", PHONE, True),
        ("North Street Office", "205 Sample Street\nDartmouth NS", "+1 902 555 0101", False),
    )
    return [
        Site.create(name=name, address=address, phone=phone, time_zone="America/Halifax", is_main=is_main)
        for name, address, phone, is_main in places
    ]


def _workers(sites: list[Site], password_hash: str, seed: int, now: dt.datetime) -> list[Worker]:
    sends = SecurityClass.create(name="Sends activations", rights="send_activations")
    imports = SecurityClass.create(name="Imports and statistics", rights="import_data view_statistics")
    groups = ["system_admin", "worker", "intake_mgmt", "admin_exec", *["worker"] * 5]
    classes = {0: imports, 2: sends}
    made = []
    for number, group in enumerate(groups):
        chance = chance_of(f"{seed} worker {number}")
        address = f"worker{number}@example.org" if number else "admin@example.org"
        first, last = chance.choice(FIRST), chance.choice(LAST)
        made.append(Worker.create(
            first_name=first, last_name=last, **search.sorted_names(first, last), email=address,
            email_key=profile.email_key(address), group=group, security_class=classes.get(number),
            site=sites[number % 2], password_hash=password_hash, created_at=now,
        ))  # fmt: skip
        categories.put_into(made[-1], _CATEGORIES.get(number, ("on_call",) if number % 2 else ()))
    return made


# Who looks after which part of the work queue, by the number of the worker; of the others every second one is on call.
_CATEGORIES = {
    0: ("intake", "delivery_problems"), 1: ("intake",), 2: ("intake", "delivery_problems", "on_call"), 3: ("accounting",),
}  # fmt: skip


def _services(workers: list[Worker], now: dt.datetime) -> tuple[list[Service], list[Group]]:
    """Two that clients see, and one that they do not."""
    counselling, parenting, crisis = (
        Service.create(kind="case", name=name, client_name=shown, client_description=about, is_visible=bool(shown), minutes=minutes,
                       created_at=now)
        for name, shown, about, minutes in (
            ("Individual counselling", "Talking with somebody", "An hour with your counsellor, here or by video.", 50),
            ("Parenting programme", "Parents together", "Evenings and mornings with other parents and a counsellor.", 90),
            ("Crisis follow-up", "", "", None),
        )
    )  # fmt: skip
    groups = [
        Group.create(service=parenting, name=name, client_name=shown, is_visible=True, capacity=places, created_at=now)
        for name, shown, places in (("Parents Tuesday", "Tuesday evening", 12), ("Parents Saturday", "Saturday morning", 10))
    ]
    caseworkers = [worker for worker in workers if worker.group == "worker"]
    store.insert(ServiceWorker, [
        {"service": service.id, "worker": worker.id}
        for service, there in ((counselling, caseworkers), (parenting, caseworkers[:2]), (crisis, caseworkers[:1])) for worker in there
    ])  # fmt: skip
    return [counselling, parenting, crisis], groups


# ---------------------------------------------------------------- writing them down


def _add(people: list[Person], house: House, *, first: int = 0, seed: int = 0) -> list[PortalAccount]:
    """Write people of one transaction; their accounts.  ``first`` is the number of the first client, 0 for others."""
    individuals = _insert(Individual, [_individual(person, house) for person in people])
    numbered = list(zip(people, individuals, strict=True))
    contacts = [Contact(individual=who, **_contact(reach)) for person, who in numbered for reach in person.reaches]
    _insert(Contact, [contact.__data__ for contact in contacts], fetch=False)
    _insert(Consent, [_consent(person, who, house) for person, who in numbered], fetch=False)
    _insert(SearchWord, list(_words(individuals, contacts)), fetch=False)
    holders = [(person, who) for person, who in numbered if person.state]
    if first:
        _follow(individuals, house, first)
    if first == 1:
        demo_calendar.add(individuals[:FOLLOWED], house, seed)
    return _insert(PortalAccount, [_account(person, who, house) for person, who in holders])


def _insert(table: type[Row], rows: list[dict[str, Any]], *, fetch: bool = True) -> list[Any]:
    """Many rows in few statements; with ``fetch`` what was written, in the order of ``rows``, by public id."""
    if not rows:
        return []
    for some in chunked(rows, MOST_VALUES // (len(rows[0]) + 2)):
        table.insert_many(some).execute()
    if not fetch:
        return []
    wanted = [row["public_id"] for row in rows]
    found = {row.public_id: row for row in table.select().where(table.public_id.in_(wanted))}  # type: ignore[attr-defined]
    return [found[public_id] for public_id in wanted]


def _individual(person: Person, house: House) -> dict[str, Any]:
    details = person.details
    return dataclasses.asdict(details) | {
        "public_id": new_public_id(), "sort_name": profile.sort_name(details.first_name, details.last_name),
        "created_at": _sent_at(person, house), "site_id": _site(person, house),
    }  # fmt: skip


def _site(person: Person, house: House) -> int | None:
    """Three in five come to the first site, one to the other; of the rest nobody said it."""
    place = person.days % 5
    return None if place == 4 else house.sites[place == 3].id


def _contact(reach: profile.Reach) -> dict[str, Any]:
    return dataclasses.asdict(reach) | {"lookup": profile.lookup_of(reach.kind, reach.value)}


def _consent(person: Person, individual: Individual, house: House) -> dict[str, Any]:
    return {
        "individual": individual.id, "channel": "email", "is_given": person.consents, "recorded_how": "demo",
        "recorded_at": _sent_at(person, house), "recorded_by": house.workers[2].id,
    }  # fmt: skip


def _words(individuals: Iterable[Individual], contacts: Iterable[Contact]) -> Iterator[dict[str, Any]]:
    reach: dict[int, list[Contact]] = {}
    for contact in contacts:
        reach.setdefault(contact.individual_id, []).append(contact)
    for individual in individuals:
        for word in sorted(search.words_of(individual, reach[individual.id])):
            yield {"word": word, "individual": individual.id}


def _account(person: Person, individual: Individual, house: House) -> dict[str, Any]:
    sent, was_active = _sent_at(person, house), person.state in (ACTIVE, LOCKED, DISABLED)
    activated = sent + dt.timedelta(hours=3) if was_active else None
    return {
        "public_id": new_public_id(), "individual": individual.id, "state": person.state, "reason": person.reason,
        "email": person.email, "email_key": profile.email_key(person.email),
        "password_hash": house.password_hash if was_active else None,
        "accepted_privacy": house.privacy.id if was_active else None,
        "accepted_terms": house.terms.id if was_active else None,
        "created_at": sent, "invited_at": sent, "changed_at": activated or sent, "activated_at": activated,
    }  # fmt: skip


def _sent_at(person: Person, house: House) -> dt.datetime:
    return house.now - dt.timedelta(days=person.days)


def _follow(individuals: list[Individual], house: House, first: int) -> None:
    caseworkers = [worker for worker in house.workers if worker.group == "worker"]
    rows = [
        {"individual": individual.id, "worker": caseworkers[number // 2 % len(caseworkers)].id}
        for number, individual in enumerate(individuals, first)
        if number <= FOLLOWED and number % 2
    ]
    _insert(Follow, rows, fetch=False)


# ---------------------------------------------------------------- what the first ones went through


def _trace(account: PortalAccount, house: House) -> None:
    told: tuple[tuple[str, Actor, dict[str, Any]], ...] = (
        ("account.created", Actor(worker=house.workers[2]), {"email": notices.mask(account.email), "previous": None}),
        ("account.terms_accepted", Actor(account=account), accepted := {"privacy": 1, "terms": 1}),
        ("account.activated", Actor(account=account), accepted),
    )
    for kind, by, values in told:
        audit.record(kind, by, individual=account.individual, subject=accounts.subject(account), **values)


def _send_activation(account: PortalAccount) -> None:
    """The activation's link and its delivery, sent long ago."""
    sent = account.invited_at
    expires = sent + dt.timedelta(days=settings.get("activation_expiry_days"))
    link = links.make("activation", expires, account=account)
    Link.update(created_at=sent, used_at=account.activated_at).where(Link.id == link.id).execute()
    delivery = notices.put(
        "activation", link.id, to=account.email, account=account, individual=account.individual, link=link,
        expires_at=expires,
    )  # fmt: skip
    Delivery.update(state="sent", attempts=1, created_at=sent, next_at=sent, sent_at=sent).where(
        Delivery.id == delivery.id
    ).execute()
    DeliveryAttempt.create(
        delivery=delivery, lease_token=f"demo {delivery.id}", started_at=sent, ended_at=sent,
        outcome="accepted", code=250,
    )  # fmt: skip
