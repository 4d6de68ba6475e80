"""The agency itself: its names, its sites, the pages it writes, and the first start."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers

from domain import (
    audit,
    categories,
    clock,
    links,
    notices,
    pages,
    passwords,
    profile,
    search,
    settings,
    starting_texts,
    store,
    texts,
)
from domain.actor import Actor
from domain.rules import N_, STALE, NotFound, RuleBroken, together
from models import BUILT_IN_CATEGORIES, PAGE_SLUGS, Agency, Link, PageVersion, Site, Worker

DEFAULT_ZONE = "UTC"
AsOpened = Callable[[Mapping[str, object]], bool]  # of what is saved: did the page show it?


def always(saved: Mapping[str, object]) -> bool:
    """Whatever is saved may be overwritten."""
    return True



def current() -> Agency | None:
    """The agency, or None before the first start is through its first page."""
    return store.keep("agency", lambda: Agency.get_or_none(Agency.id == 1))


def settled() -> Agency:
    """The agency, once there is one.  Raises NotFound before."""
    house = current()
    if house is None:
        raise NotFound
    return house


def main_site() -> Site | None:
    """The site whose address and phone stand on every page."""
    return store.keep("main_site", lambda: Site.get_or_none(Site.is_main))


def support_phone() -> str:
    """Whom a client calls who cannot get in."""
    site = main_site()
    return site.phone if site else ""


def zone() -> ZoneInfo:
    """The main site's time zone."""
    site = main_site()
    return ZoneInfo(site.time_zone if site else DEFAULT_ZONE)


def today() -> dt.date:
    """The calendar date at the main site."""
    return clock.now().astimezone(zone()).date()


def country() -> str:
    """The country whose phone numbers are meant when no country code is typed."""
    house = current()
    return str(house.country) if house else "US"


def is_on(*, mail_test_needed: bool) -> bool:
    """True once somebody switched the portal on; where a test e-mail is needed, a switch without one does not count."""
    agency = current()
    return agency is not None and agency.is_on and (agency.mail_tested_at is not None or not mail_test_needed)


# ---------------------------------------------------------------- pages


def page(slug: str, language: str) -> PageVersion | None:
    """The newest published text in a language, else in the agency's, else in English; None when there is none."""
    agency = current()
    for tongue in dict.fromkeys((language, agency.language if agency else "en", "en")):
        if version := store.keep(f"page {slug} {tongue}", partial(pages.newest, slug, tongue)):
            return version
    return None


def publish(slug: str, language: str, body: str, by: Actor, *, as_opened: AsOpened = always) -> PageVersion:
    """Publish a page; every version is kept, because clients accepted one of them.

    Raises RuleBroken when empty, and ``stale`` when another text was published than the one that the page showed.
    """
    if slug not in PAGE_SLUGS:
        raise RuleBroken(N_("There is no such page."), code="no_page")
    text = profile.clean(body, slug, 50_000, lines=True)
    if not text:
        raise RuleBroken(N_("Write the text of this page."), code="page_empty", field=slug)
    with store.writing():
        store.one_at_a_time("publish")
        newest = pages.newest(slug, language)
        if not as_opened({"body": newest.body if newest else ""}):
            raise RuleBroken(STALE, code="stale")
        if newest and newest.body == text:
            return newest
        number = newest.version + 1 if newest else 1
        version: PageVersion = PageVersion.create(
            slug=slug, language=language, version=number, body=text, published_at=clock.now()
        )
        audit.record("page.published", by, slug=slug, language=language, version=number)
    return version


def publish_first(privacy: str, terms: str, by: Actor) -> None:
    """Both pages that clients accept, in the agency's language, and the offered texts of the other ones in every language,
    together.  Raises RuleBroken."""
    house = current()
    own = house.language if house else "en"
    with store.writing():
        publish("privacy", own, privacy, by)
        publish("terms", own, terms, by)
        for language in texts.LANGUAGES:
            _publish_standard(language, by)


def _publish_standard(language: str, by: Actor) -> None:
    for slug, body in starting_texts.offered(particulars(), language).items():
        if slug not in ("privacy", "terms") and pages.newest(slug, language) is None:
            publish(slug, language, body, by)


# ---------------------------------------------------------------- the first start


def first_start_is_over() -> bool:
    """True once somebody can sign in as staff."""
    return bool(Worker.select().where(Worker.password_hash.is_null(False)).exists())


def first_start_link() -> Link | None:
    """The link whose code opens the first start; made when nobody can sign in yet, None once somebody can."""
    if first_start_is_over():
        return None
    with store.writing():
        store.one_at_a_time("first start")
        link = Link.get_or_none(Link.purpose == "first_start", Link.used_at.is_null(), Link.voided_at.is_null())
        return link or links.make("first_start", clock.ahead(days=3650))


def check_code(code: str) -> Link:
    """The unspent link of a typed code.  Raises RuleBroken (field ``code``)."""
    link = first_start_link()
    typed = "".join(c for c in code.upper() if c.isalnum())
    if link is None or typed != links.letters(link).replace("-", ""):
        raise RuleBroken(
            N_("This is not the code. It stands in the window where the portal was started."),
            code="bad_code", field="code",
        )  # fmt: skip
    return link


def create_first_admin(code: str, first: str, last: str, email: str, password: str, by: Actor) -> Worker:
    """The first system_admin, for whoever holds the code; the code is spent.  Raises RuleBroken."""
    check_code(code)
    details = profile.Details(first, last).checked()
    address = profile.checked_email(email)
    passwords.check(password, near=(first, last, f"{first} {last}", address))
    kept = passwords.hash(password)
    with store.writing():
        if not links.use(check_code(code)):
            raise RuleBroken(N_("The first start is already done. Sign in."), code="already_done")
        worker: Worker = Worker.create(
            first_name=details.first_name, last_name=details.last_name, email=address,
            email_key=profile.email_key(address), group="system_admin", password_hash=kept, created_at=clock.now(),
            **search.sorted_names(details.first_name, details.last_name),
        )  # fmt: skip
        categories.put_into(worker, BUILT_IN_CATEGORIES)  # nobody else is there yet who could look after them
        audit.record("agency.first_admin", by, subject=f"worker {worker.id}")
    return worker


def describe(values: dict[str, str], by: Actor, *, as_opened: AsOpened = always) -> None:
    """Set the agency's and its main site's particulars: name, short_name, emergency_line, country, site_name, address,
    phone, time_zone, language.

    ``as_opened`` says of what is saved whether the page showed it: nothing is overwritten unseen.  Raises RuleBroken with every
    field that is wrong, ``stale`` for that.
    """
    good = checked_particulars(values)
    site = {name: good.pop(name) for name in ("address", "phone", "time_zone")} | {"name": good.pop("site_name")}
    with store.writing():
        store.one_at_a_time("agency")
        agency, main = current(), main_site()
        before = _particulars(agency, main)
        if not as_opened(before):
            raise RuleBroken(STALE, code="stale")
        if agency is None:
            Agency.insert(id=1, **good).execute()
        else:
            Agency.update(**good).execute()
        if main is None:
            Site.create(is_main=True, **site)
        else:
            Site.update(**site).where(Site.id == main.id).execute()
        store.forget()
        audit.record("agency.changed", by, before=before, after=_particulars(current(), main_site()))


def particulars() -> dict[str, str]:
    """What ``describe`` set, by field name; empty before."""
    return _particulars(current(), main_site())


def _particulars(agency: Agency | None, site: Site | None) -> dict[str, str]:
    if agency is None or site is None:
        return {}
    names = ("name", "short_name", "emergency_line", "country", "language")
    return {name: getattr(agency, name) for name in names} | {
        "site_name": site.name, "address": site.address, "phone": site.phone, "time_zone": site.time_zone,
    }  # fmt: skip


_LIMITS = {"name": 120, "short_name": 30, "site_name": 120, "address": 500, "emergency_line": 300}


def checked_particulars(values: dict[str, str]) -> dict[str, Any]:
    """What was typed of an agency and its main site, tidy.  Raises RuleBroken with every field that is wrong."""
    checks: dict[str, Callable[[], str]] = {name: partial(_checked_text, values, name) for name in _LIMITS}
    checks |= {
        name: partial(check, values.get(name, ""))
        for name, check in (
            ("country", _checked_country), ("phone", checked_phone), ("time_zone", checked_zone), ("language", _checked_language)
        )
    }  # fmt: skip
    return dict(zip(checks, together(*checks.values()), strict=True))


def _checked_text(values: dict[str, str], name: str) -> str:
    text = profile.clean(values.get(name, ""), name, _LIMITS[name], lines=name == "address")
    if not text and name != "address":
        raise RuleBroken(N_("Fill this in."), code="missing", field=name)
    return text


def _checked_country(typed: str) -> str:
    code = profile.clean(typed, "country", 2).upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise RuleBroken(N_("Choose a country."), code="missing", field="country")
    return code


def checked_phone(typed: str) -> str:
    """The main site's number, tidy.  Raises RuleBroken (field ``phone``) for what nobody can call."""
    phone = profile.clean(typed, "phone", 40)
    if not any(c.isdigit() for c in phone):
        raise RuleBroken(N_("Enter the phone number that clients call."), code="missing", field="phone")
    return phone


def checked_zone(typed: str) -> str:
    """The name of a time zone.  Raises RuleBroken (field ``time_zone``) for what is none."""
    if typed not in available_timezones():
        raise RuleBroken(N_("Choose a time zone."), code="bad_zone", field="time_zone")
    return typed


def _checked_language(typed: str) -> str:
    if (typed or "en") not in texts.LANGUAGES:
        raise RuleBroken(N_("Choose a language of the list."), code="bad_language", field="language")
    return typed or "en"


def send_mail_test(admin: Worker) -> Link:
    """Send the tester an e-mail with a six-digit code, at most one a minute; the code works for ten minutes.

    Raises RuleBroken ``too_soon``.
    """
    with store.writing():
        latest = newest_mail_test(admin)
        if latest is not None and latest.created_at > clock.ago(minutes=1):
            raise RuleBroken(N_("A test was sent less than a minute ago. Wait a little before you send another."), code="too_soon")
        link = links.make("mail_test", clock.ahead(minutes=settings.get("mail_test_minutes")), worker=admin)
        notices.probe_now()
        notices.put("mail_test", link.id, to=admin.email, worker=admin, link=link, expires_at=link.expires_at)
    return link


def newest_mail_test(admin: Worker) -> Link | None:
    """The test e-mail that waits for its code."""
    tests = Link.select().where(Link.purpose == "mail_test", Link.worker == admin, Link.voided_at.is_null())
    return tests.order_by(Link.id.desc()).first()


def confirm_mail_test(admin: Worker, code: str, by: Actor, *, kept_here: bool = False) -> None:
    """The tester typed the code, so mail arrives; what was switched on before, in development, is to be switched on again.

    ``kept_here``: the mail never left, it lies in the developers' mailbox and shows nothing.  Raises RuleBroken (field ``code``).
    """
    link = newest_mail_test(admin)
    typed = "".join(str(int(c)) for c in code if c.isdecimal())  # in whichever digits
    if link is None or not links.is_good(link) or typed != links.digits(link):
        raise RuleBroken(
            N_("This is not the code of the newest test e-mail. Send another one if ten minutes have passed."),
            code="bad_code", field="code",
        )  # fmt: skip
    with store.writing():
        links.use(link)
        if kept_here:
            return
        Agency.update(switched_on_at=None).where(Agency.mail_tested_at.is_null()).execute()
        Agency.update(mail_tested_at=clock.now()).execute()
        audit.record("agency.mail_tested", by)


def missing_for_switch_on(*, mail_test_needed: bool) -> list[str]:
    """What must be done before the portal can be switched on: of agency, pages, mail, in this order."""
    agency = current()
    missing = [] if agency and main_site() else ["agency"]
    if not (agency and page("privacy", agency.language) and page("terms", agency.language)):
        missing.append("pages")
    if mail_test_needed and not (agency and agency.mail_tested_at):
        missing.append("mail")
    return missing


def switch_on(by: Actor, *, mail_test_needed: bool) -> None:
    """Open the portal to clients.  Raises RuleBroken while something is missing; twice is harmless."""
    if missing_for_switch_on(mail_test_needed=mail_test_needed):
        raise RuleBroken(N_("Finish the steps before this one first."), code="not_ready")
    with store.writing():
        if Agency.update(switched_on_at=clock.now()).where(Agency.switched_on_at.is_null()).execute():
            audit.record("agency.switched_on", by)
