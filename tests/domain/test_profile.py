"""An individual's record: names, dates, contacts, consent, and who follows them."""

import dataclasses
import datetime as dt
from functools import partial

import pytest

from domain import agency, audit, handover, profile, sites, store
from domain.actor import SYSTEM
from domain.profile import Details, Reach
from domain.rules import NotFound, RuleBroken
from models import AuditEntry, Consent, Contact, Follow, Individual


def refused(verb, *arguments, **options):
    with pytest.raises(RuleBroken) as refusal:
        verb(*arguments, **options)
    return refusal.value


def details_of(individual, **changes):
    kept = {field.name: getattr(individual, field.name) for field in dataclasses.fields(Details)}
    return Details(**{**kept, **changes})


def entries(kind):
    return list(AuditEntry.select().where(AuditEntry.kind == kind).order_by(AuditEntry.id))


# ---------------------------------------------------------------- names and dates


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("Žofie", "O’Brien-Łukasiewicz"),
        ("محمد", "الأحمد"),
        ("小明", "王"),
        ("Ngozi 🦦", "d'Arc"),
        ("Cher", ""),
        ("", "Prince"),
    ],
)
def test_people_have_the_names_that_they_have(cast, first, last):
    individual = profile.create(Details(first, last), cast.by("ines"))
    fresh = Individual.get_by_id(individual.id)
    assert (fresh.first_name, fresh.last_name) == (first, last)
    assert fresh.legal_name == f"{first} {last}".strip()


def test_who_has_a_preferred_name_is_called_by_it(cast):
    assert profile.create(Details("William", "Ash"), SYSTEM).called == "William"
    assert profile.create(Details("William", "Ash", preferred_name="Billie"), SYSTEM).called == "Billie"


def test_spaces_at_the_ends_and_line_breaks_are_tidied(cast):
    individual = profile.create(Details("  Anna \t Maria ", "van\r\nder  Berg"), SYSTEM)
    assert (individual.first_name, individual.last_name) == ("Anna Maria", "van der Berg")


def test_the_same_name_typed_two_ways_is_stored_one_way(cast):
    composed, decomposed = (
        profile.create(Details("Zo\u00eb", "X"), SYSTEM),
        profile.create(Details("Zoe\u0308", "X"), SYSTEM),
    )
    assert composed.first_name == decomposed.first_name


@pytest.mark.parametrize("letter", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"])
@pytest.mark.parametrize("field", ["first_name", "last_name", "preferred_name", "pronouns", "gender"])
def test_what_cannot_be_stored_or_shown_is_refused_beside_its_field(cast, letter, field):
    refusal = refused(Details(**{"first_name": "A", "last_name": "B", field: f"a{letter}b"}).checked)
    assert (refusal.code, refusal.field) == ("bad_character", field)


def test_a_name_is_needed_and_no_name_is_endless(cast):
    assert refused(Details(" ", "").checked).field == "first_name"
    assert refused(Details("x" * 201, "y").checked).code == "too_long"
    assert Details("x" * 200, "y" * 200).checked()


@pytest.mark.parametrize(
    ("birth", "death", "field"),
    [
        (dt.date(1849, 12, 31), None, "birth_date"),
        (dt.date(9999, 1, 1), None, "birth_date"),
        (None, dt.date(9999, 1, 1), "death_date"),
        (dt.date(1980, 1, 2), dt.date(1980, 1, 1), "death_date"),
    ],
)
def test_dates_that_cannot_be_are_refused(cast, birth, death, field):
    assert refused(Details("A", "B", birth_date=birth, death_date=death).checked).field == field


def test_everything_that_is_wrong_is_said_at_once_each_beside_its_field(cast):
    with pytest.raises(RuleBroken) as refused:
        profile.Details(" ", "", pronouns="\0", language="no tongue", birth_date=dt.date(1849, 1, 1)).checked()
    assert [(each.field, each.code) for each in refused.value.every] == [
        ("pronouns", "bad_character"), ("language", "too_long"), ("first_name", "name_missing"), ("language", "bad_language"),
        ("birth_date", "bad_birth_date"),
    ]  # fmt: skip
    with pytest.raises(RuleBroken) as refused:
        profile.Reach("fax", "", person="A" * 201).checked("CA")
    assert [each.field for each in refused.value.every] == ["kind", "value", "person"]
    assert refused.value is refused.value.every[0]


def test_a_date_is_not_refused_because_it_is_already_tomorrow_somewhere(cast, frozen):
    frozen("2026-06-01 11:00")  # in Kiritimati it is 2 June
    assert Details("A", "B", birth_date=dt.date(2026, 6, 2)).checked()
    assert refused(Details("A", "B", birth_date=dt.date(2026, 6, 3)).checked)


def test_a_new_individual_is_told_in_the_audit(cast):
    individual = profile.create(Details("Nora", "North", birth_date=dt.date(1990, 2, 3)), cast.by("ines"))
    [entry] = [entry for entry in entries("individual.created") if entry.individual == individual]
    assert entry.worker == cast.ines
    assert audit.values_of(entry)["after"]["birth_date"] == "1990-02-03"


def test_a_change_keeps_before_and_after_and_counts_the_version(cast):
    pia = cast.pia
    profile.change(pia, details_of(pia, last_name="Pine"), cast.by("ines"), version=1)
    assert (cast.pia.last_name, cast.pia.version) == ("Pine", 2)
    assert cast.pia.sort_name == "pine pia"
    [entry] = entries("individual.changed")
    values = audit.values_of(entry)
    assert (values["before"]["last_name"], values["after"]["last_name"]) == ("Pell", "Pine")


def test_saving_what_is_there_already_is_no_change(cast):
    pia = cast.pia
    profile.change(pia, details_of(pia), cast.by("ines"), version=pia.version)
    assert entries("individual.changed") == []


def test_a_form_that_is_out_of_date_overwrites_nothing(cast):
    mine, theirs = cast.pia, cast.pia
    profile.change(theirs, details_of(theirs, gender="female"), cast.by("ines"), version=1)
    refusal = refused(profile.change, mine, details_of(mine, pronouns="she"), cast.by("ada"), version=1)
    assert refusal.code == "stale"
    assert (cast.pia.gender, cast.pia.pronouns) == ("female", "")


def test_of_ten_saves_at_once_one_counts(cast, at_once):
    pia, by = cast.pia, cast.by("ines")
    at_once([lambda n=n: profile.change(pia, details_of(pia, gender=f"g{n}"), by, version=1) for n in range(10)])
    assert cast.pia.version == 2
    assert len(entries("individual.changed")) == 1


# ---------------------------------------------------------------- contacts


def add(cast, *reach, **options):
    return profile.add_contact(cast.pia, Reach(*reach, **options), cast.by("ines"), country="CA")


def test_a_number_is_kept_in_its_international_form(cast):
    for typed in ("(902) 555-0123", "902 555 0123", "+1 902 555 0123", "1-902-555-0123"):
        contact = add(cast, "mobile", typed)
        assert (contact.value, contact.lookup) == ("+19025550123", "19025550123")


def test_a_number_of_another_country_is_meant_as_it_is_typed(cast):
    assert add(cast, "mobile", "+44 20 7946 0958").value == "+442079460958"


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("email", "pia", "bad_email"),
        ("email", "pia@", "bad_email"),
        ("email", "a@b@c.org", "bad_email"),
        ("email", "pia@example.org\r\nBcc: eve@example.org", "bad_email"),
        ("email", "p\x00ia@example.org", "bad_character"),
        ("mobile", "call me", "bad_phone"),
        ("phone", "12", "bad_phone"),
        ("emergency", "my sister", "bad_phone"),
        ("address", "  ", "value_missing"),
        ("address", "x" * 501, "too_long"),
        ("email", "", "value_missing"),
    ],
)
def test_what_reaches_nobody_is_refused_beside_the_field(cast, kind, value, code):
    count = Contact.select().count()
    refusal = refused(add, cast, kind, value)
    assert (refusal.code, refusal.field) == (code, "value")
    assert Contact.select().count() == count


def test_an_address_may_have_lines(cast):
    assert add(cast, "address", "12 Main Street\nHalifax").value == "12 Main Street\nHalifax"


def test_one_contact_of_a_kind_is_the_main_one(cast):
    second = add(cast, "email", "second@example.org", is_main=True)
    mobile = add(cast, "mobile", "902 555 0123", is_main=True)
    mains = {contact.id for contact in cast.pia.contacts.where(Contact.is_main)}
    assert mains == {second.id, mobile.id}
    first = cast.pia.contacts.where(Contact.value == "pia@example.org").get()
    profile.change_contact(first, Reach("email", first.value, is_main=True), SYSTEM, country="CA", version=1)
    assert {contact.id for contact in cast.pia.contacts.where(Contact.is_main)} == {first.id, mobile.id}


def test_what_is_out_of_use_is_not_the_main_one(cast):
    assert not add(cast, "email", "old@example.org", is_in_use=False, is_main=True).is_main
    assert cast.pia.contacts.where(Contact.is_main).get().value == "pia@example.org"


def test_ten_who_make_another_contact_the_main_one_at_once_leave_one_main_one(cast, at_once):
    contacts = [add(cast, "email", f"pia{n}@example.org") for n in range(10)]
    at_once(
        [
            lambda c=c: profile.change_contact(c, Reach("email", c.value, is_main=True), SYSTEM, country="CA", version=1)
            for c in contacts
        ]
    )
    assert cast.pia.contacts.where(Contact.kind == "email", Contact.is_main).count() == 1


def test_the_old_and_the_new_contact_are_kept_in_the_audit(cast):
    contact = cast.pia.contacts.get()
    profile.change_contact(contact, Reach("email", "new@example.org", is_main=True), cast.by("ines"), country="CA", version=1)
    [entry] = entries("contact.changed")
    values = audit.values_of(entry)
    assert (values["before"]["value"], values["after"]["value"]) == ("pia@example.org", "new@example.org")
    profile.remove_contact(Contact.get_by_id(contact.id), cast.by("ines"))
    [entry] = entries("contact.removed")
    assert audit.values_of(entry) == {"before": {"kind": "email", "value": "new@example.org"}}


def test_removing_twice_is_harmless_and_told_once(cast):
    contact = cast.pia.contacts.get()
    for _ in range(2):
        profile.remove_contact(contact, cast.by("ines"))
    assert len(entries("contact.removed")) == 1


def test_changing_what_was_removed_meanwhile_changes_nothing_of_anybody(cast):
    gone = add(cast, "email", "gone@example.org")
    profile.remove_contact(gone, cast.by("ines"))
    other = profile.add_contact(cast.bob, Reach("mobile", "902 555 0123"), cast.by("ines"), country="CA")
    assert store.is_postgres() or other.id == gone.id  # SQLite gives the number of a deleted row to the next one
    with pytest.raises(NotFound):
        profile.change_contact(gone, Reach("email", "new@example.org", is_main=True), cast.by("ada"), country="CA", version=1)
    profile.remove_contact(gone, cast.by("ada"))
    assert Contact.get_by_id(other.id).value == "+19025550123"
    assert cast.pia.contacts.where(Contact.is_main).get().value == "pia@example.org"
    assert entries("contact.changed") == []


def test_contacts_are_shown_email_first_and_the_main_one_before_the_others(cast):
    add(cast, "emergency", "902 555 0199", person="Her sister")
    add(cast, "mobile", "902 555 0123")
    add(cast, "email", "second@example.org", is_main=True)
    shown = [(contact.kind, contact.is_main) for contact in profile.contacts_of(cast.pia)]
    assert shown == [("email", True), ("email", False), ("mobile", False), ("emergency", False)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pia@Example.org", "pia@example.ORG"),
        (" pia@example.org", "pia@example.org "),
        ("ｐｉａ@example.org", "pia@example.org"),
        ("STRASSE@example.org", "straße@example.org"),
    ],
)
def test_addresses_are_compared_without_case_and_forms_of_width(one, other):
    assert profile.email_key(one) == profile.email_key(other)


def test_addresses_that_differ_are_different():
    keys = {profile.email_key(each) for each in ("a@x.org", "a+b@x.org", "a.b@x.org", "ab@x.org", "á@x.org")}
    assert len(keys) == 5


# ---------------------------------------------------------------- consent


def test_consent_is_no_until_somebody_recorded_a_yes_and_the_newest_counts(cast):
    sam, by = cast.sam, cast.by("ines")
    assert not profile.has_consent(sam, "email")
    for given in (True, False, True):
        profile.record_consent(sam, "email", given, by)
        assert profile.has_consent(sam, "email") is given
    assert not profile.has_consent(sam, "sms")
    told = [audit.values_of(entry) for entry in entries("consent.recorded") if entry.individual == sam]
    assert [(values["is_given"], values["how"], values["channel"]) for values in told] == [
        (True, "staff", "email"), (False, "staff", "email"), (True, "staff", "email"),
    ]  # fmt: skip


def test_who_recorded_a_consent_and_when_is_kept(cast, frozen):
    frozen("2026-06-01 09:00")
    profile.record_consent(cast.sam, "sms", True, cast.by("ines"))
    consent = profile.consent_of(cast.sam, "sms")
    assert (consent.recorded_by, consent.recorded_how) == (cast.ines, "staff")
    assert consent.recorded_at.isoformat() == "2026-06-01T09:00:00+00:00"


def test_the_same_consent_again_adds_nothing(cast):
    count = Consent.select().count()
    profile.record_consent(cast.pia, "email", True, cast.by("ines"))
    assert Consent.select().count() == count


def test_a_channel_that_does_not_exist_is_refused(cast):
    assert refused(profile.record_consent, cast.pia, "pigeon", True, SYSTEM).code == "bad_channel"


# ---------------------------------------------------------------- following


def test_following_and_no_longer_following_are_told_once_each(cast):
    for _ in range(2):
        profile.follow(cast.bob, cast.dora, cast.by("dora"))
    assert Follow.select().where(Follow.individual == cast.bob).count() == 1
    for _ in range(2):
        handover.unfollow(cast.bob, cast.dora, cast.by("dora"))
    assert not Follow.select().where(Follow.individual == cast.bob).exists()
    assert len([entry for entry in entries("follow.started") if entry.individual == cast.bob]) == 1
    assert len(entries("follow.ended")) == 1


def test_ten_who_follow_at_once_follow_once(cast, at_once):
    bob, dora, by = cast.bob, cast.dora, cast.by("dora")
    at_once([lambda: profile.follow(bob, dora, by)] * 10)
    assert Follow.select().where(Follow.individual == bob).count() == 1


# ---------------------------------------------------------------- where they usually come


@pytest.fixture
def north(cast):
    return sites.add(sites.Place("North"), cast.by("ada"))


def out_of_use(cast, site):
    sites.change(site, dataclasses.replace(sites.as_place(site), is_in_use=False), cast.by("ada"))


def test_where_somebody_comes_is_set_and_changed_and_the_audit_keeps_the_old_and_the_new(cast, north):
    ines = cast.by("ines")
    person = profile.create(details_of(cast.alice, site_id=north.id), ines)
    assert audit.values_of(entries("individual.created")[-1])["after"]["site"] == "North"
    profile.change(person, details_of(person, site_id=agency.main_site().id), ines, version=1)
    assert Individual.get_by_id(person.id).site == agency.main_site()
    profile.change(Individual.get_by_id(person.id), details_of(person, site_id=None), ines, version=2)
    told = [audit.values_of(entry) for entry in entries("individual.changed")[-2:]]
    assert [(values["before"]["site"], values["after"]["site"]) for values in told] == [("North", "Main Street"), ("Main Street", "")]


def test_nobody_is_sent_to_a_site_that_is_left_or_was_never_there(cast, north):
    out_of_use(cast, north)
    for number in (north.id, 10**6):
        for verb, options in ((profile.create, {}), (partial(profile.change, cast.bob), {"version": cast.bob.version})):
            refusal = refused(verb, details_of(cast.bob, site_id=number), cast.by("ines"), **options)
            assert (refusal.code, refusal.field) == ("bad_site", "site")
    assert Individual.get_by_id(cast.bob.id).site is None


def test_whose_site_is_left_keeps_it_until_somebody_says_another(cast, north):
    person = profile.create(details_of(cast.alice, site_id=north.id), SYSTEM)
    out_of_use(cast, north)
    profile.change(person, details_of(person, pronouns="she"), cast.by("ines"), version=1)
    assert Individual.get_by_id(person.id).site == north


def test_who_was_changed_meanwhile_keeps_the_site_that_was_said_then(cast, north):
    bob = cast.bob
    profile.change(bob, details_of(bob, site_id=north.id), SYSTEM, version=bob.version)
    stale = refused(profile.change, bob, details_of(bob, pronouns="he"), SYSTEM, version=bob.version)
    assert stale.code == "stale"
    assert Individual.get_by_id(bob.id).site == north
