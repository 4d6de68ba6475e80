"""How an individual is reached: contacts and consent."""

import pytest
from pages.conftest import words

from domain import audit, preferences, profile
from models import AuditEntry, Consent, Contact

pytestmark = pytest.mark.usefixtures("cast")


def page_of(person):
    return f"/admin/individuals/{person.public_id}/"


@pytest.fixture
def ines(browse, cast):
    """Ines, who looks at Pia's record."""
    browser = browse("ines")
    browser.open(page_of(cast.pia))
    return browser


def add(browser, **typed):
    browser.open(browser.page.links["Add a contact"])
    return browser.press("Save", **typed)


def contact(person, **which):
    return person.contacts.where(*(getattr(Contact, name) == value for name, value in which.items())).get()


# ---------------------------------------------------------------- contacts


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("email", "Pia.Pell@Example.Org", "Pia.Pell@example.org"), ("email", "  pia2@example.org ", "pia2@example.org"),
        ("email", "pia@bücher.example", "pia@bücher.example"), ("mobile", "902 555 0134", "+19025550134"),
        ("mobile", "+44 20 7946 0018", "+442079460018"), ("phone", "(902) 555-0135", "+19025550135"),
        ("phone", "٩٠٢ ٥٥٥ ٠١٣٤", "+19025550134"), ("emergency", "902.555.0136", "+19025550136"), ("address", "1 Water Street", "1 Water Street"),
    ],
)  # fmt: skip
def test_a_contact_is_kept_in_its_proper_form(ines, cast, kind, typed, kept):
    page = add(ines, kind=kind, value=typed, person="Pia's aunt", instructions="Only in the morning")
    assert page.path == page_of(cast.pia)
    assert "Saved." in page
    row = contact(cast.pia, kind=kind, value=kept)
    assert (row.person, row.instructions, row.is_in_use, row.is_main) == ("Pia's aunt", "Only in the morning", True, False)
    assert "Pia's aunt · Only in the morning" in page


@pytest.mark.parametrize(
    ("kind", "typed", "told"),
    [
        ("email", "not an address", "Enter an e-mail address such as name@example.org."),
        ("email", "two@example.org, three@example.org", "Enter an e-mail address such as name@example.org."),
        ("email", "pia@example.org\r\nBcc: evil@example.org", "Enter an e-mail address such as name@example.org."),
        ("email", "a" * 250 + "@example.org", None), ("mobile", "12", None), ("mobile", "call me", None), ("phone", "+", None),
        ("emergency", "9" * 50, None), ("address", "A" * 501, "Use at most 500 characters."), ("email", "", "Enter the address or number."),
        ("address", "   ", "Enter the address or number."), ("email", "pia\x00@example.org", "This contains a character that cannot be stored."),
    ],
)  # fmt: skip
def test_a_contact_that_cannot_be_is_refused_beside_its_field(ines, cast, kind, typed, told):
    page = add(ines, kind=kind, value=typed, instructions="Only in the morning")
    assert page.status == 422
    assert len(page.problems) == 1
    assert told is None or page.problems == [told]
    kept = page.form("Save").values
    assert kept["instructions"] == "Only in the morning"
    assert kept["kind"] == kind
    assert cast.pia.contacts.count() == 1


def test_a_type_that_is_not_offered_is_refused(ines, cast):
    form = ines.open(ines.page.links["Add a contact"]).form("Save")
    answer = ines.send(form.action, form.filled({"value": "@pia"}) | {"kind": "fax"})
    assert answer.status == 422
    assert cast.pia.contacts.count() == 1


def test_a_new_main_address_takes_the_place_of_the_earlier_one(ines, cast):
    add(ines, kind="email", value="new@example.org", is_main=True)
    assert [(row.value, row.is_main) for row in cast.pia.contacts.order_by(Contact.id)] == [
        ("pia@example.org", False), ("new@example.org", True),
    ]  # fmt: skip


def test_what_is_not_in_use_cannot_be_the_main_one(ines, cast):
    add(ines, kind="mobile", value="902 555 0134", is_in_use=False, is_main=True)
    row = contact(cast.pia, kind="mobile")
    assert (row.is_in_use, row.is_main) == (False, False)
    assert "not in use" in ines.page


def test_a_contact_is_changed_and_the_history_keeps_both(ines, browse, cast):
    ines.open(next(href for text, href in ines.page.links.items() if text.startswith("pia@example.org")))
    assert ines.page.form("Save").values["value"] == "pia@example.org"
    page = ines.press("Save", value="pia.new@example.org")
    assert "pia.new@example.org" in page
    assert cast.pia.contacts.count() == 1
    page = browse("ada").open(f"{page_of(cast.pia)}history")
    assert "Contact changed" in page
    assert "Contact: pia@example.org → pia.new@example.org" in page


def test_removing_asks_first_and_keeps_the_history(ines, browse, cast):
    row = contact(cast.pia, kind="email")
    ines.open(f"{page_of(cast.pia)}contacts/{row.public_id}/")
    page = ines.open(ines.page.links["Remove this contact"])
    assert page.heading == "Remove this contact?"
    assert "pia@example.org" in page
    assert page.links["No, go back"].startswith(page_of(cast.pia))
    assert cast.pia.contacts.count() == 1
    ines.press("Remove")
    assert cast.pia.contacts.count() == 0
    assert "No contacts yet." in ines.page
    assert "Contact removed" in browse("ada").open(f"{page_of(cast.pia)}history")


def test_a_contact_that_was_removed_meanwhile_is_not_there(browse, cast):
    row = contact(cast.pia, kind="email")
    ines, finn = browse("ines"), browse("finn")
    for browser in (ines, finn):
        browser.open(f"{page_of(cast.pia)}contacts/{row.public_id}/removal")
    ines.press("Remove")
    assert finn.press("Remove").status == 404
    assert AuditEntry.select().where(AuditEntry.kind == "contact.removed").count() == 1


def test_one_persons_contact_is_not_found_under_another_person(browse, cast):
    row = contact(cast.bob, kind="email")
    ines = browse("ines")
    for end in ("", "removal"):
        path = f"{page_of(cast.pia)}contacts/{row.public_id}/{end}"
        assert ines.ask(path).status == 404
        assert ines.send(path, {"csrf_token": ines.token, "kind": "email", "value": "x@example.org"}).status == 404
    assert contact(cast.bob, kind="email").value == "bob@example.org"


@pytest.mark.parametrize("kind", ["email", "mobile", "address", "nonsense", "%00"])
def test_the_type_may_be_chosen_by_the_way_in(browse, cast, kind):
    page = browse("ines").open(f"{page_of(cast.pia)}contacts/new?kind={kind}")
    assert page.form("Save").values["kind"] == (kind if kind in ("email", "mobile", "address") else "email")


# ---------------------------------------------------------------- consent


def test_consent_is_withdrawn_and_given_again_with_who_and_when(ines, cast):
    assert profile.has_consent(cast.pia, "email")
    page = ines.press("They withdrew consent: E-mail")
    assert "Saved." in page
    assert not profile.has_consent(cast.pia, "email")
    newest = Consent.select().order_by(Consent.id.desc()).get()
    assert (newest.recorded_by, newest.recorded_how) == (cast.ines, "staff")
    assert "Ines Isle" in page.main
    ines.press("They allow it: E-mail")
    assert profile.has_consent(cast.pia, "email")
    assert cast.pia.consents.count() == 3


def test_two_who_record_the_same_consent_add_one_row(browse, cast):
    two = [browse("ines"), browse("finn")]
    for browser in two:
        browser.open(page_of(cast.pia))
    for browser in two:
        browser.press("They withdrew consent: E-mail")
    assert cast.pia.consents.count() == 2


@pytest.mark.parametrize("channel", ["fax", "", "email; DROP TABLE consent", "\x00"])
def test_a_channel_that_does_not_exist_is_refused_in_words(ines, cast, channel):
    answer = ines.send(f"{page_of(cast.pia)}consent", {"csrf_token": ines.token, "channel": channel, "given": "1"})
    assert answer.status == 303
    assert "Choose a channel." in ines.open(page_of(cast.pia))
    assert cast.pia.consents.count() == 1


def test_who_saves_a_contact_second_is_told_what_is_saved_now(browse, cast):
    contact = cast.alice.contacts.where(Contact.kind == "email").get()
    two = [browse("ines"), browse("finn")]
    for each in two:
        each.open(f"{page_of(cast.alice)}contacts/{contact.public_id}/")
    two[0].press("Save", instructions="Only in the morning")
    page = two[1].press("Save", person="Alice herself")
    assert page.status == 422
    assert "Instructions: saved now: Only in the morning" in page.problems
    assert page.form("Save").values["person"] == "Alice herself"
    assert cast.alice.contacts.where(Contact.kind == "email").get().instructions == "Only in the morning"
    two[1].press("Save", instructions="Only in the morning")
    saved = cast.alice.contacts.where(Contact.kind == "email").get()
    assert (saved.instructions, saved.person, saved.version) == ("Only in the morning", "Alice herself", 3)


def test_a_form_that_was_refused_is_a_look_and_can_be_sent_again_put_right(browse, cast):
    ines, looks = browse("ines"), AuditEntry.select().where(AuditEntry.kind == "individual.viewed")
    form = ines.open(f"{page_of(cast.alice)}contacts/new").form("Save")
    assert looks.count() == 1
    assert ines.send(form.action, form.filled({"kind": "mobile", "value": "12"})).status == 422
    assert looks.count() == 2
    assert ines.send(form.action, form.filled({"kind": "mobile", "value": "902 555 0134"})).status == 303  # Back, and the same form
    assert looks.count() == 2
    assert contact(cast.alice, kind="mobile").value == "+19025550134"


def test_a_form_about_a_stranger_is_refused_each_time_it_is_sent(browse, cast):
    dora = browse("dora")
    form = dora.open(page_of(cast.alice)).form("Stop following")
    values = {**form.values, "follow": "1"}
    assert dora.send(f"{page_of(cast.bob)}following", values).status == 404
    profile.follow(cast.bob, cast.dora, cast.by("ines"))
    assert dora.send(f"{page_of(cast.bob)}following", values).status == 303


def test_everything_that_is_wrong_with_a_contact_is_told_at_once(ines, cast):
    ines.open(f"{page_of(cast.pia)}contacts/new")
    page = ines.press("Save", kind="mobile", value="12", person="A" * 201, instructions="A" * 501)
    assert page.problems == [
        "Enter a phone number such as +1 202 555 0134.", "Use at most 200 characters.", "Use at most 500 characters.",
    ]  # fmt: skip


def test_in_french_no_consent_is_not_a_refusal(ines, cast):
    """Nobody was asked yet: 'refusé' would say that they said no."""
    page = ines.open(page_of(cast.sam), headers={"Accept-Language": "fr"})
    badges = [words(e) for e in page.tree.iter("span") if "badge" in e.get("class", "").split()]
    assert badges == ["non autorisé", "non autorisé"]


# ---------------------------------------------------------------- what they want, as they said it by phone


def preference():
    return AuditEntry.select().where(AuditEntry.kind == "preference.changed").order_by(AuditEntry.id)


def test_staff_write_down_which_mails_a_client_wants(ines, cast):
    page = ines.press("Save what they want", {"kinds-messages": None})
    assert "Saved." in page
    assert preferences.refused(cast.pia.id) == {"messages"}
    (entry,) = preference()
    assert (entry.actor_kind, entry.worker, entry.individual) == ("worker", cast.ines, cast.pia)
    assert audit.values_of(entry)["how"] == "staff"
    assert "They want no e-mails of these kinds: New messages" in page
    assert "They do not want e-mails about new messages." in page
    ines.press("Save what they want", {"kinds-messages": "y"})
    assert preferences.refused(cast.pia.id) == set()


def test_what_the_client_chose_meanwhile_stays(ines, cast):
    preferences.choose(cast.pia, {"updates": False}, cast.visitor(), how="link")
    ines.press("Save what they want", {"kinds-messages": None})
    assert preferences.refused(cast.pia.id) == {"messages", "updates"}


def test_who_may_not_change_records_finds_no_form(browse, cast):
    dora = browse("dora")
    assert "Save what they want" not in dora.open(page_of(cast.alice)).buttons
    answer = dora.send(f"{page_of(cast.alice)}kinds-of-messages", {"csrf_token": dora.token})
    assert answer.status == 404
    assert preferences.refused(cast.alice.id) == set()


def test_where_the_agency_sends_none_there_is_nothing_to_choose(browse, cast, decided):
    decided(client_delivery=0)
    assert "Save what they want" not in browse("ines").open(page_of(cast.pia)).buttons
