"""The agency itself: its names, its pages, and the first start."""

import datetime as dt
import itertools
import re

import pytest

from domain import agency, audit, links, notices, passwords, sign_in, starting_texts, store, texts
from domain.actor import SYSTEM, Actor
from domain.rules import NotFound, RuleBroken
from models import PAGE_SLUGS, Agency, AuditEntry, Delivery, Link, PageVersion, Site, Worker

VALUES = {
    "name": "Harbour Family Services",
    "short_name": "Harbour",
    "emergency_line": "In an emergency call 911.",
    "country": "ca",
    "site_name": "Main Street",
    "address": "12 Main Street\nHalifax",
    "phone": "+1 902 555 0100",
    "time_zone": "America/Halifax",
    "language": "en",
}
GOOD_PASSWORD = "seven blue herons wade"
VISITOR = Actor(network="127.0.0.1")


def refused(verb, *arguments, **options):
    with pytest.raises(RuleBroken) as refusal:
        verb(*arguments, **options)
    return refusal.value


# ---------------------------------------------------------------- the first start


def code():
    return links.letters(agency.first_start_link())


def first_admin(typed=None, **changes):
    details = {"first": "Ada", "last": "Ames", "email": "Ada@Example.org", "password": GOOD_PASSWORD, **changes}
    return agency.create_first_admin(typed or code(), **details, by=VISITOR)


def test_who_holds_the_code_becomes_the_first_admin_and_can_sign_in(db):
    worker = first_admin()
    assert (worker.group, worker.email_key, worker.is_active) == ("system_admin", "ada@example.org", True)
    signed_in = sign_in.sign_in("ada@example.org", GOOD_PASSWORD, device_token="", agent="", by=VISITOR)
    assert signed_in.worker == worker
    assert AuditEntry.get(AuditEntry.kind == "agency.first_admin").subject == f"worker {worker.id}"


def test_the_code_stays_the_same_until_it_is_used(db):
    assert code() == code()
    assert Link.select().count() == 1


@pytest.mark.parametrize(
    "write", [str.lower, lambda text: text.replace("-", ""), lambda text: f" {text.replace('-', ' ')} "]
)
def test_the_code_may_be_typed_as_people_type(db, write):
    assert first_admin(write(code()))


@pytest.mark.parametrize("typed", ["", "AAAA-BBBB-CCCC", "\x00", "é", "----"])
def test_another_code_opens_nothing(db, typed):
    first = code()
    refusal = refused(agency.check_code, typed)
    assert (refusal.code, refusal.field) == ("bad_code", "code")
    assert refused(agency.check_code, first[:-1]).code == "bad_code"
    assert not Worker.select().exists()


def test_after_the_first_start_there_is_no_code_any_more(db):
    typed = code()
    first_admin(typed)
    assert agency.first_start_link() is None
    assert refused(agency.check_code, typed).code == "bad_code"
    assert refused(first_admin, typed, email="eve@example.org").code == "bad_code"
    assert Worker.select().count() == 1


def test_of_ten_who_hold_the_code_at_once_one_becomes_admin(db, at_once):
    typed = code()
    at_once([lambda n=n: first_admin(typed, email=f"ada{n}@example.org") for n in range(10)])
    assert Worker.select().count() == 1
    assert AuditEntry.select().count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first": "", "last": ""}, "first_name"),
        ({"email": "ada"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "ada ames 12"}, "password"),
        ({"first": "A\x00"}, "first_name"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_the_code_stays_good(db, changes, field):
    assert refused(first_admin, **changes).field == field
    assert first_admin()


def test_a_worker_who_cannot_sign_in_does_not_end_the_first_start(db):
    with store.writing():
        Worker.create(first_name="Dora", last_name="Dunn", created_at=dt.datetime.now(dt.UTC))
    assert agency.first_start_link()


# ---------------------------------------------------------------- particulars


def test_before_the_first_start_there_is_no_agency(db):
    assert agency.current() is None
    assert agency.main_site() is None
    assert not agency.is_on(mail_test_needed=False)
    assert agency.particulars() == {}
    assert str(agency.zone()) == "UTC"
    with pytest.raises(NotFound):
        agency.settled()


def test_the_agency_is_described_and_described_anew(db):
    agency.describe(VALUES, SYSTEM)
    assert agency.particulars() == {**VALUES, "country": "CA"}
    agency.describe({**VALUES, "name": "Lighthouse", "phone": "+1 902 555 0199"}, SYSTEM)
    assert (agency.settled().name, agency.main_site().phone) == ("Lighthouse", "+1 902 555 0199")
    assert (Agency.select().count(), Site.select().count()) == (1, 1)
    entry = AuditEntry.select().order_by(AuditEntry.id.desc()).get()
    values = audit.values_of(entry)
    assert (values["before"]["name"], values["after"]["name"]) == ("Harbour Family Services", "Lighthouse")


def test_what_was_described_counts_within_the_same_request(db):
    with store.remembering():
        assert agency.current() is None
        agency.describe(VALUES, SYSTEM)
        assert agency.settled().name == "Harbour Family Services"
        assert str(agency.zone()) == "America/Halifax"


@pytest.mark.parametrize("field", ["name", "short_name", "emergency_line", "site_name", "phone"])
@pytest.mark.parametrize("text", ["", "   ", "\x00"])
def test_each_particular_is_needed(db, field, text):
    assert refused(agency.describe, {**VALUES, field: text}, SYSTEM).field == field
    assert not Agency.select().exists()


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", "x" * 121),
        ("short_name", "x" * 31),
        ("emergency_line", "x" * 301),
        ("country", "CAN"), ("country", ""), ("country", "XX"),
        ("phone", "call us"),
        ("phone", "1" * 41),
        ("time_zone", "Halifax"),
        ("time_zone", ""),
        ("time_zone", "../../etc/passwd"),
        ("address", "x" * 501),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(db, field, text):
    assert refused(agency.describe, {**VALUES, field: text}, SYSTEM).field == field


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("America/Halifax", "2026-03-01 03:59", dt.date(2026, 2, 28)),
        ("America/Halifax", "2026-03-01 04:00", dt.date(2026, 3, 1)),
        ("America/Halifax", "2026-07-01 02:59", dt.date(2026, 6, 30)),  # summer time
        ("America/Halifax", "2026-07-01 03:00", dt.date(2026, 7, 1)),
        ("Pacific/Auckland", "2026-06-30 12:00", dt.date(2026, 7, 1)),
        ("Pacific/Kiritimati", "2026-06-30 10:00", dt.date(2026, 7, 1)),
    ],
)
def test_today_is_the_date_at_the_main_site(db, frozen, zone, moment, day):
    agency.describe({**VALUES, "time_zone": zone}, SYSTEM)
    frozen(moment)
    assert agency.today() == day


# ---------------------------------------------------------------- pages


def test_every_version_of_a_page_is_kept_and_the_newest_is_shown(db):
    first = agency.publish("privacy", "en", "One.", SYSTEM)
    second = agency.publish("privacy", "en", "Two.", SYSTEM)
    assert (first.version, second.version) == (1, 2)
    assert agency.page("privacy", "en") == second
    assert PageVersion.get_by_id(first.id).body == "One."
    assert audit.values_of(AuditEntry.select().order_by(AuditEntry.id.desc()).get()) == {
        "slug": "privacy", "language": "en", "version": 2,
    }  # fmt: skip


def test_publishing_the_same_text_again_is_no_new_version(db):
    first = agency.publish("privacy", "en", "One.\r\nTwo.", SYSTEM)
    assert agency.publish("privacy", "en", " One.\nTwo. ", SYSTEM) == first
    assert PageVersion.select().count() == 1


def test_each_language_counts_its_own_versions_and_the_agencys_stands_in(db):
    agency.describe(VALUES, SYSTEM)
    english = agency.publish("terms", "en", "Terms.", SYSTEM)
    assert agency.page("terms", "fr") == english
    french = agency.publish("terms", "fr", "Conditions.", SYSTEM)
    assert (french.version, agency.page("terms", "fr"), agency.page("terms", "en")) == (1, french, english)
    assert agency.page("help", "fr") is None


def test_two_who_publish_at_once_make_two_versions(db, at_once):
    at_once([lambda n=n: agency.publish("help", "en", f"Text {n}.", SYSTEM) for n in range(5)])
    assert sorted(page.version for page in PageVersion.select()) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("slug", "body", "code"),
    [
        ("privacy", "  ", "page_empty"),
        ("about", "x", "no_page"),
        ("privacy", "a\x00b", "bad_character"),
        ("privacy", "x" * 50_001, "too_long"),
    ],
)
def test_what_cannot_be_published_is_refused(db, slug, body, code):
    assert refused(agency.publish, slug, "en", body, SYSTEM).code == code
    assert not PageVersion.select().exists()


def test_the_first_pages_come_with_the_offered_texts_of_the_others(db):
    agency.describe(VALUES, SYSTEM)
    agency.publish("help", "en", "Our own help.", SYSTEM)
    agency.publish_first("Our privacy.", "Our terms.", SYSTEM)
    assert {page.slug for page in PageVersion.select()} == {"privacy", "terms", "help", "technical", "contact"}
    assert agency.page("help", "en").body == "Our own help."
    for page in PageVersion.select():
        assert "{agency}" not in page.body
        assert "{phone}" not in page.body


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_an_offered_text_has_each_paragraph_on_one_line(language):
    for slug in PAGE_SLUGS:
        lines = starting_texts.body(slug, language).splitlines()
        follows = [line for before, line in itertools.pairwise(lines) if before and line and not re.match(r"- |\d\. ", line)]
        assert follows == [], slug


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_offered_help_names_the_link_of_the_sign_in_page_as_it_reads(language):
    link = texts.say(language, "I forgot my password")
    assert f"*{link}*" in starting_texts.body("help", language)


def test_when_one_of_the_first_pages_is_empty_none_is_published(db):
    agency.describe(VALUES, SYSTEM)
    assert refused(agency.publish_first, "Our privacy.", " ", SYSTEM).field == "terms"
    assert not PageVersion.select().exists()


# ---------------------------------------------------------------- switching on


def test_the_portal_is_switched_on_once_everything_is_there(db):
    steps = []
    steps.append(agency.missing_for_switch_on(mail_test_needed=True))
    agency.describe(VALUES, SYSTEM)
    steps.append(agency.missing_for_switch_on(mail_test_needed=True))
    agency.publish("privacy", "en", "Privacy.", SYSTEM)
    assert agency.missing_for_switch_on(mail_test_needed=True) == ["pages", "mail"]
    agency.publish("terms", "en", "Terms.", SYSTEM)
    steps.append(agency.missing_for_switch_on(mail_test_needed=True))
    assert steps == [["agency", "pages", "mail"], ["pages", "mail"], ["mail"]]
    assert refused(agency.switch_on, SYSTEM, mail_test_needed=True).code == "not_ready"
    assert not agency.is_on(mail_test_needed=False)
    agency.switch_on(SYSTEM, mail_test_needed=False)
    assert agency.is_on(mail_test_needed=False)


def test_switching_on_twice_is_harmless(house):
    since = agency.settled().switched_on_at
    agency.switch_on(SYSTEM, mail_test_needed=False)
    assert agency.settled().switched_on_at == since
    assert AuditEntry.select().where(AuditEntry.kind == "agency.switched_on").count() == 1


def test_production_asks_for_the_code_of_the_test_mail(cast):
    forget_the_test()
    assert agency.missing_for_switch_on(mail_test_needed=True) == ["mail"]
    link = agency.send_mail_test(cast.ada)
    delivery = Delivery.get(Delivery.link == link)
    assert (delivery.to_address, delivery.priority, delivery.kind) == ("ada@example.org", 0, "mail_test")
    digits = links.digits(link)
    agency.confirm_mail_test(cast.ada, f" {digits[:3]} {digits[3:]} ", cast.by("ada"))
    assert agency.missing_for_switch_on(mail_test_needed=True) == []
    assert AuditEntry.get(AuditEntry.kind == "agency.mail_tested").worker == cast.ada


def forget_the_test():
    """As if the portal had been switched on in development, where no e-mail leaves."""
    with store.writing():
        Agency.update(mail_tested_at=None).execute()


def test_what_was_switched_on_in_development_is_on_in_production_once_a_mail_arrived_and_it_is_switched_on_again(cast):
    forget_the_test()
    needed = {"mail_test_needed": True}
    assert (agency.is_on(mail_test_needed=False), agency.is_on(**needed)) == (True, False)
    assert refused(agency.switch_on, cast.by("ada"), **needed).code == "not_ready"
    agency.confirm_mail_test(cast.ada, links.digits(agency.send_mail_test(cast.ada)), cast.by("ada"))
    assert not agency.is_on(**needed)
    agency.switch_on(cast.by("ada"), **needed)
    assert agency.is_on(**needed)


def test_a_further_test_changes_nothing_of_a_portal_that_is_on(cast, frozen):
    since = agency.settled().switched_on_at
    frozen().shift(days=1)
    agency.confirm_mail_test(cast.ada, links.digits(agency.send_mail_test(cast.ada)), cast.by("ada"))
    assert agency.settled().switched_on_at == since
    assert agency.settled().mail_tested_at > since
    assert agency.is_on(mail_test_needed=True)


def test_a_wrong_old_used_or_strange_code_shows_nothing(cast, frozen):
    frozen()
    first = links.digits(agency.send_mail_test(cast.ada))
    frozen.shift(seconds=60)
    second = links.digits(agency.send_mail_test(cast.ada))
    for typed in ("", "000000", "é", first, second[:5]):
        if typed != second:
            assert refused(agency.confirm_mail_test, cast.ada, typed, cast.by("ada")).code == "bad_code"
    assert refused(agency.confirm_mail_test, cast.dora, second, cast.by("dora")).code == "bad_code"
    frozen.shift(minutes=10)
    assert refused(agency.confirm_mail_test, cast.ada, second, cast.by("ada")).code == "bad_code"
    frozen.shift(seconds=-1)
    agency.confirm_mail_test(cast.ada, second, cast.by("ada"))
    assert refused(agency.confirm_mail_test, cast.ada, second, cast.by("ada")).code == "bad_code"


def test_the_house_of_the_tests_is_a_whole_one(house):
    assert house.is_on
    assert agency.missing_for_switch_on(mail_test_needed=False) == []
    assert notices.oldest_due() is None
    assert passwords.strength(GOOD_PASSWORD) >= 2
