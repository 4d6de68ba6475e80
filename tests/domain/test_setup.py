"""What the agency is: its sites, what it says in each language, its pages, and the checklist of a new one."""

import datetime as dt

import pytest

from domain import (
    accounts,
    agency,
    audit,
    availability,
    house_texts,
    pages,
    readiness,
    settings,
    sites,
    starting_texts,
    store,
    terms,
    texts,
)
from domain.actor import SYSTEM
from domain.rules import NotFound, RuleBroken
from models import Agency, AuditEntry, HouseText, PageVersion, PortalAccount, Site

PLACE = sites.Place("North Road", "9 North Road", "+1 902 555 0190", "America/Halifax")


def refused(verb, *arguments, **options):
    with pytest.raises(RuleBroken) as refusal:
        verb(*arguments, **options)
    return refusal.value


def never(saved):
    return False


# ---------------------------------------------------------------- sites


def test_a_site_is_added_and_changed_and_both_are_in_the_audit(cast):
    site = sites.add(PLACE, cast.by("ada"))
    sites.change(site, sites.Place("North Quay", "", "", "UTC"), cast.by("ada"))
    assert sites.as_place(sites.find(site.public_id)) == sites.Place("North Quay", "", "", "UTC")
    kinds = [row.kind for row in AuditEntry.select().where(AuditEntry.subject == f"site {site.id}").order_by(AuditEntry.id)]
    assert kinds == ["site.added", "site.changed"]


def test_a_site_that_is_saved_as_it_was_leaves_no_trace(cast):
    site = sites.add(PLACE, cast.by("ada"))
    before = AuditEntry.select().count()
    sites.change(site, PLACE, cast.by("ada"))
    assert AuditEntry.select().count() == before


@pytest.mark.parametrize(
    ("change", "field"),
    [({"name": " "}, "name"), ({"name": "x" * 121}, "name"), ({"time_zone": "Mars/Olympus"}, "time_zone"),
     ({"phone": "1" * 41}, "phone"), ({"address": "x" * 501}, "address"), ({"name": "a\x00b"}, "name")],
)  # fmt: skip
def test_what_is_no_site_is_refused_at_its_field(cast, change, field):
    place = sites.Place(**{**vars(PLACE), **change})
    assert refused(sites.add, place, cast.by("ada")).field == field


def test_whoever_saves_second_is_told(cast):
    site = sites.add(PLACE, cast.by("ada"))
    assert refused(sites.change, site, PLACE, cast.by("ada"), as_opened=never).code == "stale"


def test_the_main_site_stays_until_another_one_takes_its_place(cast):
    main, site = agency.main_site(), sites.add(PLACE, cast.by("ada"))
    left = sites.Place(**{**vars(sites.as_place(main)), "is_in_use": False})
    assert refused(sites.change, main, left, cast.by("ada")).code == "main"
    sites.make_main(site, cast.by("ada"))
    sites.make_main(site, cast.by("ada"))
    sites.change(main, left, cast.by("ada"))
    assert agency.main_site() == site
    assert Site.select().where(Site.is_main).count() == 1


def test_a_site_without_a_phone_does_not_become_the_main_one(cast):
    site = sites.add(sites.Place("Quay", "", "", "UTC"), cast.by("ada"))
    assert refused(sites.make_main, site, cast.by("ada")).code == "not_main"
    assert agency.main_site() != site


def test_of_many_who_choose_a_main_site_at_once_one_has_the_last_word_and_there_is_one(cast, at_once):
    new = [sites.add(sites.Place(f"Quay {n}", "", "+1 902 555 0190", "UTC"), cast.by("ada")) for n in range(8)]
    at_once([lambda s=s: sites.make_main(s, SYSTEM) for s in new])
    assert Site.select().where(Site.is_main).count() == 1


def test_a_site_that_is_not_there_is_not_found(cast):
    with pytest.raises(NotFound):
        sites.find("A" * 22)


# ---------------------------------------------------------------- emergency line


def test_the_line_is_said_in_the_readers_language_else_in_the_agencys(cast):
    own = agency.current().emergency_line
    house_texts.write_emergency_lines({"es": "Llame al 112.", "fr": "", "ar": ""}, cast.by("ada"))
    assert [house_texts.emergency_line(code) for code in ("es", "fr", "en")] == ["Llame al 112.", own, own]
    house_texts.write_emergency_lines({}, cast.by("ada"))
    assert house_texts.emergency_line("es") == own
    assert AuditEntry.select().where(AuditEntry.kind == "emergency_line.changed").count() == 2


def test_the_line_that_was_offered_is_said_in_every_language(cast):
    with store.writing():
        Agency.update(emergency_line=starting_texts.EMERGENCY_LINE).execute()
    assert house_texts.emergency_line("es") == texts.say("es", starting_texts.EMERGENCY_LINE) != starting_texts.EMERGENCY_LINE
    house_texts.write_emergency_lines({"es": "Llame al 112."}, cast.by("ada"))
    assert house_texts.emergency_line("es") == "Llame al 112."


def test_a_line_that_is_too_long_is_refused_and_nothing_is_changed(cast):
    told = refused(house_texts.write_emergency_lines, {"es": "Llame.", "fr": "x" * 301}, cast.by("ada"))
    assert told.field == "fr"
    assert not HouseText.select().exists()


def test_a_line_that_somebody_else_changed_is_not_overwritten(cast):
    assert refused(house_texts.write_emergency_lines, {"es": "Llame."}, cast.by("ada"), as_opened=never).code == "stale"
    assert not HouseText.select().exists()


# ---------------------------------------------------------------- pages and terms


def test_the_shelf_has_the_newest_text_of_every_page_in_every_language(cast):
    agency.publish("terms", "es", "Sea amable.", cast.by("ada"))
    agency.publish("terms", "es", "Sea muy amable.", cast.by("ada"))
    shelf = {each.slug: each.newest for each in pages.shelf()}
    assert list(shelf) == ["privacy", "terms", "help", "technical", "contact"]
    assert (shelf["terms"]["es"].version, shelf["terms"]["es"].body) == (2, "Sea muy amable.")
    assert shelf["terms"]["ar"] is None or shelf["terms"]["ar"].language == "ar"


def test_a_text_that_somebody_else_published_is_not_overwritten(cast):
    assert refused(agency.publish, "terms", "en", "New.", cast.by("ada"), as_opened=never).code == "stale"


def test_new_terms_are_asked_for_once(cast):
    account = cast.alice_account
    assert not terms.has_news(account, "en")
    agency.publish("terms", "en", "Be kind, and careful.", cast.by("ada"))
    assert terms.has_news(account, "en")
    terms.accept(account, *terms.to_accept(account, "en"), cast.by("alice"))
    terms.accept(account, *pages_in_force(), cast.by("alice"))
    assert not terms.has_news(cast.alice_account, "en")
    assert AuditEntry.select().where(AuditEntry.kind == "account.terms_accepted_again").count() == 1


def pages_in_force():
    return agency.page("privacy", "en"), agency.page("terms", "en")


def test_the_same_days_text_in_another_language_is_no_news(cast):
    account = cast.alice_account
    with store.writing():
        older = PageVersion.create(slug="terms", language="es", version=1, body="Sea amable.",
                                   published_at=account.accepted_terms.published_at - dt.timedelta(days=1))  # fmt: skip
    assert terms.to_accept(account, "es") is None
    assert older.id != account.accepted_terms_id


def test_nobody_accepts_for_an_account_that_is_closed(cast):
    account = cast.alice_account
    agency.publish("terms", "en", "Be kind, and careful.", cast.by("ada"))
    accounts.close(account, cast.by("ada"))
    terms.accept(account, *pages_in_force(), cast.by("alice"))
    assert PortalAccount.get_by_id(account.id).accepted_terms == account.accepted_terms


# ---------------------------------------------------------------- the checklist


def test_the_checklist_begins_with_everything_to_do_and_says_what_cannot_wait(db):
    steps = readiness.steps(mail_test_needed=True)
    assert [(step.key, step.is_done, step.is_needed) for step in steps] == [
        ("agency", False, True), ("pages", False, True), ("mail", False, True), ("on", False, False),
        ("sites", False, False), ("messages", False, False), ("portal", False, False), ("brand", False, False), ("availability", False, False), ("workers", False, False), ("invited", False, False), ("first_client", False, False),
    ]  # fmt: skip


def test_the_checklist_of_an_agency_at_work_is_done(cast):
    steps = readiness.steps(mail_test_needed=False)
    assert readiness.is_over(steps)
    assert [step.key for step in steps if not step.is_done] == ["messages", "portal", "availability"]
    availability.face_clients(availability.add_type("Open hours", "green", cast.by("ada")), cast.by("ada"))
    for section in ("messages", "components"):
        settings.look_at(section, cast.by("ada"))
        settings.look_at(section, cast.by("ada"))
    assert all(step.is_done for step in readiness.steps(mail_test_needed=False))
    told = [audit.values_of(e)["key"] for e in AuditEntry.select().where(AuditEntry.kind == "setting.changed").order_by(AuditEntry.id)]
    assert told == ["looked_at.messages", "looked_at.components"]


def test_an_agency_whose_main_site_has_no_address_is_told(cast):
    with store.writing():
        Site.update(address=" ").execute()
    assert "sites" in [step.key for step in readiness.steps(mail_test_needed=False) if not step.is_done]


# ---------------------------------------------------------------- what a fresh look found


def test_a_line_that_was_written_for_a_language_is_not_said_once_that_is_the_agencys_own(cast):
    house_texts.write_emergency_lines({"fr": "Appelez le 15."}, cast.by("ada"))
    agency.describe({**agency.particulars(), "language": "fr", "emergency_line": "Appelez le 112."}, cast.by("ada"))
    assert house_texts.emergency_line("fr") == "Appelez le 112."


def test_the_main_site_keeps_a_phone_that_clients_can_call(cast):
    main = agency.main_site()
    for phone in ("", "n/a"):
        assert refused(sites.change, main, sites.Place(**{**vars(sites.as_place(main)), "phone": phone}), cast.by("ada")).field == "phone"
    silent = sites.add(sites.Place("Quay", "", "n/a", "UTC"), cast.by("ada"))
    assert refused(sites.make_main, silent, cast.by("ada")).code == "not_main"


def test_who_is_locked_for_wrong_passwords_accepts_new_terms_on_a_known_device(cast):
    agency.publish("terms", "en", "Be kind, and careful.", cast.by("ada"))
    with store.writing():
        PortalAccount.update(state="locked", reason="attempts").where(PortalAccount.id == cast.alice_account.id).execute()
    terms.accept(cast.alice_account, *pages_in_force(), cast.by("alice"))
    assert not terms.has_news(cast.alice_account, "en")
