"""The places of the agency: one of them is the main site, whose address and phone stand on every page."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

from peewee import fn

from domain import agency, audit, clock, profile, store
from domain.actor import Actor
from domain.rules import N_, STALE, NotFound, RuleBroken, together
from models import TAKES_TIME, Event, Individual, Site

NOT_SAID = "none"
FEW = 1000  # people of a site who are gathered first, and then put in order


@dataclasses.dataclass(frozen=True)
class Place:
    """What is typed of a site; ``is_in_use`` is False once nobody is seen there any more."""

    name: str
    address: str = ""
    phone: str = ""
    time_zone: str = "UTC"
    is_in_use: bool = True

    def checked(self) -> Place:
        """The same, tidy.  Raises RuleBroken with every field that is wrong."""
        name, address, phone, zone = together(
            partial(_named, self.name), partial(profile.clean, self.address, "address", 500, lines=True),
            partial(profile.clean, self.phone, "phone", 40), partial(agency.checked_zone, self.time_zone),
        )  # fmt: skip
        return Place(name, address, phone, zone, self.is_in_use)


def _named(typed: str) -> str:
    name = profile.clean(typed, "name", 120)
    if not name:
        raise RuleBroken(N_("Enter the name of the site."), code="missing", field="name")
    return name


def every() -> Any:
    """The question for all sites: the main one, then those in use by name, then the others."""
    return Site.select().order_by(Site.is_main.desc(), Site.is_in_use.desc(), Site.name, Site.id)


def in_mind() -> list[Site]:
    """All sites in that order, kept until one of them changes."""
    return store.keep("sites", lambda: list(every()))


def in_use() -> list[Site]:
    """Those where somebody can come, the main one first."""
    return [site for site in in_mind() if site.is_in_use]


def are_several() -> bool:
    """True when it says something where a client usually comes: there is more than one site in use."""
    return len(in_use()) > 1


def numbered(number: int | None) -> Site | None:
    """The site with this number, in use or not; None when there is none."""
    return next((site for site in in_mind() if site.id == number), None)


def by_text() -> dict[str, Site | None]:
    """Each site by what a file calls it: its external id, or else its name; None for a name that several have, of which more than
    one is in use or none."""
    found: dict[str, Site | None] = {}
    for site in in_mind():  # those in use come first
        before = found.get(site.name)
        if site.name not in found or not (before and before.is_in_use and not site.is_in_use):
            found[site.name] = None if site.name in found else site
    return found | {site.external_id: site for site in in_mind() if site.external_id}


def come_to(chosen: str) -> Any:
    """The condition that somebody usually comes to a site (its public id) or, with ``NOT_SAID``, that nobody said where."""
    return Individual.site.is_null() if chosen == NOT_SAID else Individual.site == _number(chosen)


def among(chosen: str) -> Any:
    """The same, for a query that is walked in its own order: gathered first, all of a site would be read for one page."""
    if chosen == NOT_SAID:
        return fn.COALESCE(Individual.site, 0) == 0
    return fn.COALESCE(Individual.site, 0) == (_number(chosen) or -1)


def are_few(chosen: str) -> bool:
    """True when so few come there that they are gathered first, and then put in order."""
    return int(Individual.select().where(come_to(chosen)).limit(FEW + 1).count()) <= FEW


def _number(chosen: str) -> int:
    return next((site.id for site in in_mind() if site.public_id == chosen), 0)


def find(public_id: str) -> Site:
    """One site.  Raises NotFound."""
    site: Site | None = Site.get_or_none(Site.public_id == public_id)
    if site is None:
        raise NotFound
    return site


def add(place: Place, by: Actor) -> Site:
    """A further site.  Raises RuleBroken."""
    good = dataclasses.asdict(place.checked())
    with store.writing():
        site: Site = Site.create(is_main=False, **good)
        audit.record("site.added", by, subject=f"site {site.id}", after=good)
    return site


def ahead_at(site: Site) -> int:
    """How many events that take somebody's time are ahead at a site."""
    return int(Event.select().where(Event.site == site, Event.state.in_(TAKES_TIME), Event.ends_at > clock.now()).count())


def visited() -> list[Site]:
    """Those where somebody comes: in use, or with events that are ahead."""
    ahead = Event.select(Event.site).where(Event.state.in_(TAKES_TIME), Event.ends_at > clock.now())
    left = {site.id for site in in_mind() if not site.is_in_use}
    still = {number for (number,) in ahead.where(Event.site.in_(list(left))).distinct().tuples()} if left else set()
    return [site for site in in_mind() if site.is_in_use or site.id in still]


def _must_be_free(was: Place, becomes: Place, site: Site) -> None:
    if (was.is_in_use and not becomes.is_in_use) or was.time_zone != becomes.time_zone:
        ahead = ahead_at(site)
        if ahead:
            raise RuleBroken(
                N_("One appointment is ahead at this site. Look at it, and tick the box to go on."),
                plural=N_("%(count)s appointments are ahead at this site. Look at them, and tick the box to go on."), count=ahead,
                code="ahead", field="anyway",
            )  # fmt: skip


def change(site: Site, place: Place, by: Actor, *, as_opened: agency.AsOpened = agency.always, anyway: bool = False) -> None:
    """Set a site's particulars.  Raises RuleBroken: ``stale`` when it is not as the page showed it any more, ``main`` for a main site
    that would be left; ``ahead``, a warning, for one that closes or gets another zone while events are ahead, unless ``anyway``."""
    good = place.checked()
    with store.writing():
        store.one_at_a_time("agency")
        now = store.lock(Site.select().where(Site.id == site.id)).get()
        before = as_place(now)
        if not as_opened(dataclasses.asdict(before)):
            raise RuleBroken(STALE, code="stale")
        if now.is_main and not good.is_in_use:
            raise RuleBroken(
                N_("This is the main site: its address stands on every page. Make another one the main site first."),
                code="main", field="is_in_use",
            )  # fmt: skip
        if now.is_main:
            agency.checked_phone(good.phone)
        if not anyway:
            _must_be_free(before, good, now)
        if before != good:
            Site.update(**dataclasses.asdict(good)).where(Site.id == site.id).execute()
            audit.record("site.changed", by, subject=f"site {site.id}", before=dataclasses.asdict(before),
                         after=dataclasses.asdict(good))  # fmt: skip


def make_main(site: Site, by: Actor) -> None:
    """From now on this site's address and phone stand on every page.  Raises RuleBroken for one that lacks a phone or is not
    in use; twice is harmless."""
    with store.writing():
        store.one_at_a_time("agency")
        now = Site.get_by_id(site.id)
        if now.is_main:
            return
        if not now.is_in_use or not any(c.isdigit() for c in now.phone):
            raise RuleBroken(N_("The main site must be in use and have a phone number that clients can call."), code="not_main")
        Site.update(is_main=False).where(Site.is_main).execute()
        Site.update(is_main=True).where(Site.id == site.id).execute()
        store.forget()
        audit.record("site.changed", by, subject=f"site {site.id}", before={"is_main": False}, after={"is_main": True})


def as_place(site: Site) -> Place:
    """What of a site is typed."""
    return Place(site.name, site.address, site.phone, site.time_zone, site.is_in_use)
