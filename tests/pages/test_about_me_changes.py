"""About Me, changed by the client; old and new side by side for the worker."""

import datetime as dt

import pytest

from domain import profile, store
from models import AuditEntry, Contact, ProfileChange

pytestmark = pytest.mark.usefixtures("cast")
GROUPS = ("names", "legal", "contacts", "emergency")


@pytest.fixture
def allow(decided):
    return lambda mode, *groups: decided(**{f"about_me_{group}": mode for group in groups or GROUPS})


def page_of(person):
    return f"/admin/individuals/{person.public_id}/"


@pytest.mark.parametrize("path", ["names", "legal-name", "contacts/new"])
def test_what_is_off_is_not_there(browse, path):
    alice = browse("alice")
    assert alice.ask(f"/about-me/{path}").status == 404
    assert alice.send(f"/about-me/{path}", {"csrf_token": alice.open("/my-portal/password").form("Save the new password").values["csrf_token"]}).status == 404
    page = alice.open("/about-me/")
    assert [href for href in page.hrefs if href.startswith("/about-me/") and href != "/about-me/"] == []


def test_alice_changes_what_she_is_called(browse, cast, allow):
    allow("at_once", "names")
    alice = browse("alice")
    alice.open("/about-me/")
    alice.open(alice.page.links["Change what we call you"])
    page = alice.press("Save", preferred_name="Lis")
    assert page.path == "/about-me/"
    assert "Saved." in page
    assert "Lis" in page
    assert cast.alice.preferred_name == "Lis"


def test_alice_asks_ines_sees_both_side_by_side_and_accepts(browse, cast, allow):
    allow("approval", "legal")
    alice, ines = browse("alice"), browse("ines")
    alice.open("/about-me/legal-name")
    page = alice.press("Send", last_name="Fletcher")
    assert "Waiting for us" in page
    assert "Fletcher" in page
    assert "Alice Archer" in page
    assert "Asked for a change of their record" in ines.open("/admin/")
    page = ines.open(page_of(cast.alice))
    cells = [" ".join("".join(cell.itertext()).split()) for cell in page.tree.iter() if cell.tag in ("td", "th")]
    assert cells == ["What", "Now", "Asked for", "Last name", "Archer", "Fletcher"]
    page = ines.press("Accept")
    assert "Accepted. The record is changed." in page
    assert cast.alice.last_name == "Fletcher"
    page = alice.open("/about-me/")
    assert "Alice Fletcher" in page
    assert "Waiting for us" not in page


def test_alice_who_empties_her_first_name_is_told_to_enter_it(browse, allow):
    allow("approval", "legal")
    alice = browse("alice")
    alice.open("/about-me/legal-name")
    page = alice.press("Send", first_name=" ", last_name="A" * 201)
    assert page.problems == ["Enter your first name.", "Use at most 200 characters."]
    assert not ProfileChange.select().exists()


def test_ines_is_told_to_decline_an_old_wish_that_would_erase_the_first_name(browse, cast, allow):
    with store.writing():
        ProfileChange.create(individual=cast.alice, group="legal", account=cast.alice_account, asked='{"first_name": ""}',
                             asked_at=dt.datetime.now(dt.UTC))  # fmt: skip
    ines = browse("ines")
    ines.open(page_of(cast.alice))
    assert "A client needs a first name. Decline what was asked." in ines.press("Accept")
    assert cast.alice.first_name == "Alice"


@pytest.mark.parametrize(("mode", "button"), [("approval", "Send"), ("at_once", "Save")])
def test_alice_who_changes_nothing_is_told_so_and_nothing_is_recorded(browse, cast, allow, mode, button):
    allow(mode, "names", "contacts")
    allow("approval", "legal")
    contact = profile.add_contact(cast.alice, profile.Reach("mobile", "902 555 0100"), cast.by("ines"), country="CA")
    before = (cast.alice.version, AuditEntry.select().count())
    alice = browse("alice")
    for path, pressed in (("names", button), ("legal-name", "Send"), (f"contacts/{contact.public_id}/", button)):
        alice.open(f"/about-me/{path}")
        page = alice.press(pressed)
        assert page.path.startswith("/about-me/"), path
        assert ("You changed nothing." in page, "Saved." in page, "Thank you" in page) == (True, False, False)
    assert not ProfileChange.select().exists()
    assert Contact.get_by_id(contact.id).version == 1
    assert (cast.alice.version, AuditEntry.select().count() - 1) == before  # she signed in


def test_a_refusal_needs_a_reason_and_alice_reads_it(browse, cast, allow):
    allow("approval", "legal")
    alice, ines = browse("alice"), browse("ines")
    alice.open("/about-me/legal-name")
    alice.press("Send", last_name="Fletcher")
    ines.open(page_of(cast.alice))
    ines.open(ines.page.links["Decline"])
    assert ines.press("Decline").problems == ["Write why, in a sentence that the client can read."]
    ines.press("Decline", reason="Please bring your papers.")
    page = alice.open("/about-me/")
    assert "We did not change this" in page
    assert "Please bring your papers." in page
    assert "Waiting for us" not in page


@pytest.mark.parametrize(("contacts", "emergency"), [("approval", "at_once"), ("at_once", "approval")])
def test_the_form_promises_of_each_kind_what_then_happens(browse, allow, contacts, emergency):
    allow(contacts, "contacts")
    allow(emergency, "emergency")
    alice, first = browse("alice"), " (a worker looks at it first)"
    page = alice.open("/about-me/contacts/new")
    assert "Some changes are looked at by a worker first; the list says which." in page
    offered = {option.get("value"): option.text for option in page.tree.iter("option")}
    assert offered["mobile"] == "Mobile phone" + (first if contacts == "approval" else "")
    assert offered["emergency"] == "Emergency contact" + (first if emergency == "approval" else "")
    for kind, mode in (("mobile", contacts), ("emergency", emergency)):
        alice.open("/about-me/contacts/new")
        page = alice.press("Send", kind=kind, value="902 555 0134")
        waits = "Thank you. A worker looks at it first; until then we do not use it."
        assert (waits in page, "Saved." in page) == (mode == "approval", mode == "at_once")


@pytest.mark.parametrize(("mode", "button"), [("approval", "Send"), ("at_once", "Save")])
def test_where_all_kinds_are_alike_the_form_says_it_once(browse, allow, mode, button):
    allow(mode, "contacts", "emergency")
    page = browse("alice").open("/about-me/contacts/new")
    assert button in page.buttons
    assert ("A worker looks at it first; until then we do not use it." in page) == (mode == "approval")
    assert "(a worker" not in page.html


def test_alice_takes_it_back(browse, cast, allow):
    allow("approval", "names")
    alice = browse("alice")
    alice.open("/about-me/names")
    alice.press("Send", preferred_name="Lis")
    page = alice.press("Take it back")
    assert "You took it back. Nothing was changed." in page
    assert ProfileChange.get().state == "withdrawn"


@pytest.mark.parametrize(("button", "typed"), [("Accept", {}), ("Decline", {"reason": "Please bring your papers."})])
def test_alice_who_takes_back_what_was_decided_meanwhile_is_told_so(browse, cast, allow, button, typed):
    allow("approval", "names")
    alice, ines = browse("alice"), browse("ines")
    alice.open("/about-me/names")
    alice.press("Send", preferred_name="Lis")
    ines.open(page_of(cast.alice))
    if typed:
        ines.open(ines.page.links["Decline"])
    ines.press(button, **typed)
    page = alice.press("Take it back")
    assert "This was decided already." in page
    assert "You took it back" not in page
    assert ProfileChange.get().state == {"Accept": "accepted", "Decline": "declined"}[button]


def test_alice_adds_a_number_and_says_that_it_no_longer_reaches_her(browse, cast, allow):
    allow("at_once", "contacts")
    alice = browse("alice")
    alice.open("/about-me/contacts/new")
    assert alice.press("Save", kind="mobile", value="12").status == 422
    assert alice.page.form("Save").values["value"] == "12"
    alice.press("Save", value="902 555 0134", instructions="Only in the morning")
    contact = cast.alice.contacts.where(Contact.kind == "mobile").get()
    assert (contact.value, contact.instructions) == ("+19025550134", "Only in the morning")
    alice.open(f"/about-me/contacts/{contact.public_id}/")
    alice.open(alice.page.links["This no longer reaches me"])
    page = alice.press("Yes, stop using it")
    assert "0134" not in page
    assert alice.ask(f"/about-me/contacts/{contact.public_id}/").status == 404


@pytest.mark.parametrize(("person", "named"), [("Sam's aunt", "Sam's aunt"), ("", "+1 902-555-0134")])
def test_an_emergency_contact_is_another_person(browse, cast, allow, person, named):
    allow("at_once", "emergency")
    contact = profile.add_contact(cast.alice, profile.Reach("emergency", "902 555 0134", person), cast.by("ines"), country="CA")
    alice = browse("alice")
    page = alice.open(f"/about-me/contacts/{contact.public_id}/")
    assert "This no longer reaches me" not in page.links
    page = alice.open(page.links["This person should no longer be called"])
    assert f"Should we no longer call {named} in an emergency?" in page
    assert "Saved." in alice.press("Yes, call them no more")
    assert not Contact.get_by_id(contact.id).is_in_use


def test_the_address_of_the_sign_in_and_other_peoples_contacts_are_not_offered(browse, cast, allow):
    allow("at_once", "names", "contacts", "emergency")
    alice = browse("alice")
    own = cast.alice.contacts.where(Contact.kind == "email").get()
    bobs = cast.bob.contacts.get()
    for contact in (own, bobs):
        assert alice.ask(f"/about-me/contacts/{contact.public_id}/").status == 404
        assert alice.ask(f"/about-me/contacts/{contact.public_id}/removal").status == 404
    assert not [href for href in alice.open("/about-me/").hrefs if own.public_id in href]


def test_dora_sees_what_alice_asks_but_may_not_decide(browse, cast, allow):
    allow("approval", "names")
    alice, dora = browse("alice"), browse("dora")
    alice.open("/about-me/names")
    alice.press("Send", preferred_name="Lis")
    page = dora.open(page_of(cast.alice))
    assert "What they ask to change" in page
    assert "Accept" not in page.buttons
    change = ProfileChange.get()
    values = {"csrf_token": dora.token, "version": "1"}
    assert dora.send(f"{page_of(cast.alice)}changes/{change.public_id}/acceptance", values).status == 404
    assert ProfileChange.get().state == "waiting"


def test_ines_who_looked_before_ada_changed_the_record_is_told(browse, cast, allow):
    allow("approval", "names")
    alice, ines = browse("alice"), browse("ines")
    alice.open("/about-me/names")
    alice.press("Send", preferred_name="Lis")
    ines.open(page_of(cast.alice))
    details = profile.Details("Alice", "Archer", preferred_name="Al", birth_date=cast.alice.birth_date)
    profile.change(cast.alice, details, cast.by("ada"), version=cast.alice.version)
    page = ines.press("Accept")
    assert "Somebody else changed this meanwhile" in page
    assert cast.alice.preferred_name == "Al"
    ines.press("Accept")
    assert cast.alice.preferred_name == "Lis"


def test_alice_overwrites_nothing_that_ines_changed_while_she_typed(browse, cast, allow):
    allow("at_once", "names", "contacts")
    contact = profile.add_contact(cast.alice, profile.Reach("mobile", "902 555 0100"), cast.by("ines"), country="CA")
    alice, other = browse("alice"), browse("alice")
    alice.open("/about-me/names")
    other.open(f"/about-me/contacts/{contact.public_id}/")
    details = profile.Details("Alice", "Archer", preferred_name="Al", birth_date=cast.alice.birth_date)
    profile.change(cast.alice, details, cast.by("ines"), version=cast.alice.version)
    profile.change_contact(contact, profile.Reach("mobile", "902 555 0111"), cast.by("ines"), country="CA", version=1)
    page = alice.press("Save", pronouns="she/her")
    assert (page.status, cast.alice.preferred_name) == (422, "Al")
    assert page.problems[1:] == ["Preferred name: saved now: Al"]
    page = other.press("Save", instructions="Only in the morning")
    assert (page.status, Contact.get_by_id(contact.id).value) == (422, "+19025550111")
    assert page.problems[1:] == ["Address or number: saved now: +19025550111"]
    alice.press("Save", preferred_name="Al")
    assert (cast.alice.preferred_name, cast.alice.pronouns) == ("Al", "she/her")


def test_alice_is_told_at_once_of_everything_that_is_wrong(browse, allow):
    allow("approval")
    alice = browse("alice")
    alice.open("/about-me/contacts/new")
    assert alice.press("Send", value=" ", person="A" * 201).problems == [
        "Choose what it is.", "Enter the address or number.", "Use at most 200 characters.",
    ]  # fmt: skip
    alice.open("/about-me/names")
    assert len(alice.press("Send", preferred_name="A" * 201, pronouns="A" * 61, gender="A" * 61).problems) == 3
    alice.open("/about-me/legal-name")
    assert alice.press("Send", {"last_name": "A" * 201, "birth_date-year": "90"}).problems == [
        "Use at most 200 characters.", "Enter the year with four digits.",
    ]  # fmt: skip


# ---------------------------------------------------------------- settings


def test_ada_changes_a_setting_and_it_counts_at_once(browse, cast):
    ada = browse("ada")
    assert "/admin/settings/components" in ada.open("/admin/settings/").hrefs
    ada.open("/admin/settings/components")
    page = ada.press("Save", about_me_names="at_once")
    assert (page.path, "Saved." in page) == ("/admin/settings/", True)
    assert "Change what we call you" in browse("alice").open("/about-me/")


@pytest.mark.parametrize(
    ("section", "key", "typed", "told"),
    [
        ("accounts", "minimum_age", "100", "“Minimum age” goes from 0 to 99."),
        ("accounts", "minimum_age", "many", "Check the value of “Minimum age”."),
        ("accounts", "minimum_age", " ", "Fill this in."),
        ("accounts", "minimum_age", "9" * 30, "“Minimum age” goes from 0 to 99."),
        ("accounts", "minimum_age", "1.5", "Check the value of “Minimum age”."),
        ("sign_in", "password_length", "11", "“Shortest password” goes from 12 to 64."),
    ],
)
def test_a_value_beyond_its_limits_is_refused_and_kept(browse, section, key, typed, told):
    ada = browse("ada")
    ada.open(f"/admin/settings/{section}")
    page = ada.press("Save", **{key: typed})
    assert page.status == 422
    assert page.problems == [told]
    assert page.form("Save").values[key] == typed


def test_every_setting_that_is_wrong_is_told_at_once(browse):
    from domain import settings

    ada = browse("ada")
    ada.open("/admin/settings/accounts")
    page = ada.press("Save", minimum_age="many", licence_count=" ", birth_date_tries="9", link_page_minutes="20")
    assert page.problems == [
        "Check the value of “Minimum age”.", "Fill this in.", "“Wrong dates of birth” goes from 1 to 3.",
    ]  # fmt: skip
    assert settings.get("link_page_minutes") == 30


def test_of_two_who_change_the_same_setting_the_second_is_told(browse):
    two = [browse("ada"), browse("ada")]
    for each in two:
        each.open("/admin/settings/accounts")
    two[0].press("Save", minimum_age="18")
    page = two[1].press("Save", minimum_age="12")
    assert page.status == 422
    assert page.problems == [
        "Somebody else changed this meanwhile: see what is saved now. Change what is still needed and save again.", "Minimum age: saved now: 18",
    ]  # fmt: skip
    two[1].press("Save", minimum_age="12")
    assert two[1].page.path == "/admin/settings/"


def test_of_two_who_change_different_settings_both_are_kept(browse):
    from domain import settings

    two = [browse("ada"), browse("ada")]
    for each in two:
        each.open("/admin/settings/accounts")
    two[0].press("Save", minimum_age="18")
    two[1].press("Save", licence_count="50")
    assert (settings.get("minimum_age"), settings.get("licence_count")) == (18, 50)


def test_a_setting_that_nobody_else_touched_is_no_conflict(browse):
    two = [browse("ada"), browse("ada")]
    for each in two:
        each.open("/admin/settings/accounts")
    two[0].press("Save", minimum_age="18")
    page = two[1].press("Save", minimum_age="12", licence_count="50")
    assert page.problems[1:] == ["Minimum age: saved now: 18"]


def test_there_is_no_section_of_another_name(browse):
    assert browse("ada").ask("/admin/settings/nothing").status == 404
