"""Individuals, as workers see and change them."""

import datetime as dt
import re
import unicodedata

import pytest
from pages.conftest import born, words

from domain import agency, profile, sites, store
from models import AuditEntry, AuditValues, Follow, Individual, PortalAccount, SecurityClass, Worker

pytestmark = pytest.mark.usefixtures("cast")

PEOPLE = "/admin/individuals/"


def rows(page):
    """The names in the list, in its order."""
    return [
        "".join(title.itertext())
        for title in page.tree.iter("span") if title.get("class") == "row-title"
    ]  # fmt: skip


def open_person(browser, person):
    return browser.open(f"{PEOPLE}{person.public_id}/")


def edit(browser, person):
    return browser.open(f"{PEOPLE}{person.public_id}/edit")


# ---------------------------------------------------------------- a new record


def test_ines_makes_a_record_and_comes_to_its_page(browse):
    ines = browse("ines")
    ines.open(PEOPLE)
    ines.open(ines.page.links["New client"])
    page = ines.press("Save", {"first_name": "Nora", "last_name": "North", "preferred_name": "No", **born(dt.date(1988, 3, 27))})
    person = Individual.get(Individual.first_name == "Nora")
    assert page.path == f"{PEOPLE}{person.public_id}/"
    assert page.heading == "Nora North"
    assert "The record is made. Add how to reach this person." in page
    assert "27 March 1988" in page
    assert (person.last_name, person.preferred_name, person.birth_date) == ("North", "No", dt.date(1988, 3, 27))
    entry = AuditEntry.select().where(AuditEntry.kind == "individual.created", AuditEntry.individual == person).get()
    assert entry.worker.external_id == "ines"


NAMES = [
    "O'Brien", "D’Arcy-O‘Neill", "Nguyễn", "Łukasz", "Zoë", "محمد عبد الله", "שרה לוי", "李小龍", "Ж", "Anna-Lena", "van der Berg",
    "🦦🏳️‍🌈", "Iñtërnâtiônàlizætiøn", "\u202eevil\u202c", "=1+1", "-2", "@home", "%_%", "a&b<c>", '"quoted"', "Robert'); DROP TABLE--", "A" * 200,
    "null", "None", "0", "\u200fرنا",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_kept_and_shown_letter_by_letter(browse, name):
    ines = browse("ines")
    ines.open(f"{PEOPLE}new")
    page = ines.press("Save", first_name=name, last_name="North", preferred_name=name)
    person = Individual.get(Individual.last_name == "North")
    assert person.first_name == unicodedata.normalize("NFC", name)
    assert page.heading == f"{person.first_name} North"
    assert edit(ines, person).form("Save").values["first_name"] == person.first_name
    assert f"{person.first_name} North" in rows(ines.open(PEOPLE))


def test_one_name_alone_is_enough(browse):
    ines = browse("ines")
    ines.open(f"{PEOPLE}new")
    assert ines.press("Save", last_name="Cher").heading == "Cher"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"first_name": "A" * 201}, "Use at most 200 characters."),
        ({"last_name": "A" * 201}, "Use at most 200 characters."),
        ({"pronouns": "A" * 61}, "Use at most 60 characters."),
        ({"gender": "A" * 61}, "Use at most 60 characters."),
        ({"first_name": "No\x00ra"}, "This contains a character that cannot be stored."),
        ({"preferred_name": "No\x1bra"}, "This contains a character that cannot be stored."),
        ({"first_name": "  ", "last_name": "\t"}, "Enter a name."),
        (born(dt.date(1849, 12, 31)), "Check the year: the date of birth cannot be 1849."),
        (born(dt.date(2199, 1, 1)), "Check the year: the date of birth cannot be 2199."),
        ({"birth_date-day": "30", "birth_date-month": "2", "birth_date-year": "1990"}, "This date does not exist. Check day, month and year."),
        ({"birth_date-day": "3", "birth_date-month": "2", "birth_date-year": "90"}, "Enter the year with four digits."),
        (born(dt.date(2199, 1, 1), "death_date"), "The date of death cannot lie in the future."),
        ({**born(dt.date(1990, 5, 5)), **born(dt.date(1990, 5, 4), "death_date")}, "The date of death lies before the date of birth."),
    ],
)
def test_what_cannot_be_is_told_beside_its_field_and_all_that_was_typed_stays(browse, typed, told):
    ines = browse("ines")
    ines.open(f"{PEOPLE}new")
    before = Individual.select().count()
    page = ines.press("Save", {"first_name": "Nora", "last_name": "North", "pronouns": "she/her", **typed})
    assert page.status == 422
    assert page.problems == [told]
    kept = page.form("Save").values
    for name, value in {"first_name": "Nora", "last_name": "North", "pronouns": "she/her", **typed}.items():
        assert kept[name].strip() == "".join(c for c in value if c.isprintable()).strip()
    assert Individual.select().count() == before


def test_everything_that_is_wrong_is_told_at_once(browse):
    ines = browse("ines")
    ines.open(f"{PEOPLE}new")
    page = ines.press("Save", {
        "first_name": " ", "pronouns": "A" * 61, **born(dt.date(1849, 12, 31)), "death_date-day": "30", "death_date-month": "2",
        "death_date-year": "2020",
    })  # fmt: skip
    assert page.problems == [
        "Enter a name.", "Use at most 60 characters.", "Check the year: the date of birth cannot be 1849.",
        "This date does not exist. Check day, month and year.",
    ]  # fmt: skip


def test_two_faults_are_told_together(browse):
    ines = browse("ines")
    ines.open(f"{PEOPLE}new")
    page = ines.press("Save", {"first_name": "No\x00ra", "birth_date-day": "x"})
    assert len(page.problems) == 2


def test_each_problem_leads_to_its_field(browse):
    ines = browse("ines")
    ines.open(f"{PEOPLE}new")
    page = ines.press("Save", {"first_name": "No\x00ra", "birth_date-day": "x"})
    summary = next(e for e in page.tree.iter("div") if e.get("class") == "error-summary")
    targets = [a.get("href") for a in summary.iter("a")]
    assert targets == ["#first_name", "#birth_date-day"]


# ---------------------------------------------------------------- changing one


def test_ines_changes_a_name_and_the_history_shows_both(browse, cast):
    ines = browse("ines")
    edit(ines, cast.pia)
    page = ines.press("Save", last_name="Pellworth")
    assert "Saved." in page
    assert page.heading == "Pia Pellworth"
    page = browse("ada").open(f"{PEOPLE}{cast.pia.public_id}/history")
    assert "Record changed" in page
    assert "Last name: Pell → Pellworth" in page
    assert "Ines Isle" in page


def test_saving_without_a_change_notes_nothing(browse, cast):
    ines = browse("ines")
    edit(ines, cast.pia)
    ines.press("Save")
    assert not AuditEntry.select().where(AuditEntry.kind == "individual.changed").exists()


def test_who_saves_second_is_told_and_loses_nothing(browse, cast):
    ines, finn = browse("ines"), browse("finn")
    edit(ines, cast.pia)
    edit(finn, cast.pia)
    ines.press("Save", preferred_name="Pip")
    page = finn.press("Save", pronouns="they/them")
    assert page.status == 422
    assert page.problems == [
        "Somebody else changed this meanwhile: see what is saved now. Change what is still needed and save again.",
        "Preferred name: saved now: Pip",
    ]  # fmt: skip
    assert page.form("Save").values["pronouns"] == "they/them"
    assert (cast.pia.preferred_name, cast.pia.pronouns) == ("Pip", "")
    finn.press("Save", preferred_name="Pip")
    assert (cast.pia.preferred_name, cast.pia.pronouns) == ("Pip", "they/them")


def test_both_changed_the_same_and_each_its_own(browse, cast):
    ines, finn = browse("ines"), browse("finn")
    edit(ines, cast.pia)
    edit(finn, cast.pia)
    ines.press("Save", {"preferred_name": "Pip", "gender": "woman", "pronouns": "she", **born(dt.date(1990, 5, 6))})
    page = finn.press("Save", preferred_name="Pippa", gender="woman", last_name="Pellworth")
    assert page.problems[1:] == ["Preferred name: saved now: Pip", "Pronouns: saved now: she", "Date of birth: saved now: 6 May 1990"]


def test_whoever_mends_something_else_first_is_still_told(browse, cast):
    ines, finn = browse("ines"), browse("finn")
    edit(finn, cast.pia)
    edit(ines, cast.pia)
    ines.press("Save", preferred_name="Pip")
    assert finn.press("Save", {"birth_date-year": "90"}).problems == ["Enter the year with four digits."]
    page = finn.press("Save", {"birth_date-year": "1990"})
    assert "Preferred name: saved now: Pip" in page.problems
    assert cast.pia.preferred_name == "Pip"


@pytest.mark.parametrize("before", ["", "nonsense", "preferred_name", "=", "preferred_name=x preferred_name=y", "\x00", "a" * 5000])
def test_without_knowing_what_was_shown_all_that_differs_is_said(browse, cast, before):
    ines, finn = browse("ines"), browse("finn")
    form = edit(finn, cast.pia).form("Save")
    edit(ines, cast.pia)
    ines.press("Save", preferred_name="Pip")
    answer = finn.send(form.action, form.filled({"pronouns": "they"}) | {"before": before})
    assert answer.problems[1:] == ["Preferred name: saved now: Pip", "Pronouns: saved now: nothing"]


def test_of_two_who_save_at_once_one_does(browse, cast, at_once):
    two = [browse("ines"), browse("finn")]
    forms = [edit(b, cast.pia).form("Save").filled({"preferred_name": f"Pip {n}"}) for n, b in enumerate(two)]
    path = f"{PEOPLE}{cast.pia.public_id}/edit"
    answers = at_once([lambda b=b, f=f: b.send(path, f) for b, f in zip(two, forms, strict=True)])
    assert sorted(answer.status for answer in answers) == [303, 422]
    assert AuditEntry.select().where(AuditEntry.kind == "individual.changed").count() == 1


@pytest.mark.parametrize("version", ["", "abc", "-1", "0", "1.5", "9" * 40, "٣", "\x00"])
def test_a_version_that_was_tampered_with_overwrites_nothing(browse, cast, version):
    ines = browse("ines")
    form = edit(ines, cast.pia).form("Save")
    answer = ines.send(form.action, form.filled({"last_name": "Lost"}) | {"version": version})
    assert answer.status == 422
    assert cast.pia.last_name == "Pell"


def test_a_language_that_is_not_offered_is_refused(browse, cast):
    ines = browse("ines")
    form = edit(ines, cast.pia).form("Save")
    assert ines.send(form.action, form.values | {"language": "tlh"}).status == 422
    assert cast.pia.language == ""


def test_a_date_can_be_taken_out_again(browse, cast):
    ines = browse("ines")
    edit(ines, cast.pia)
    ines.press("Save", {"birth_date-day": "", "birth_date-month": "", "birth_date-year": ""})
    assert cast.pia.birth_date is None


def test_a_death_is_shown_on_the_record(browse, cast):
    ines = browse("ines")
    edit(ines, cast.pia)
    assert "Died on 2 March 2020." in ines.press("Save", born(dt.date(2020, 3, 2), "death_date"))


# ---------------------------------------------------------------- finding somebody


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("alice", ["Alice Archer"]), ("ARCHER", ["Alice Archer", "Sam Archer"]), ("arch al", ["Alice Archer"]), ("bob@example.org", ["Bob Brook"]),
        ("bob@", ["Bob Brook"]), ("Pell Pia", ["Pia Pell"]), ("  eve  ", ["Eve Ember"]), ("lice", []), ("nobody here", []), ("%", None), ("_", None),
        ("%%", None), ("' OR 1=1 --", None), ("ａlice", ["Alice Archer"]), ("\x00", None), ("a\x00lice", None), ("*", None), ("🦦", None),
    ],
)  # fmt: skip
def test_people_are_found_by_the_beginning_of_a_word(browse, asked, found):
    ines = browse("ines")
    ines.open(PEOPLE)
    page = ines.press("Search", q=asked)
    assert page.status == 200
    if found is not None:
        assert rows(page) == found
        assert ("Nobody found" in page) == (not found)
    assert page.form("Search").values["q"] == "".join(c for c in asked.strip() if c.isprintable())


def test_names_are_found_without_their_signs_and_accents(browse, cast):
    cast.person("Séamus", "O’Brien")
    ines = browse("ines")
    ines.open(PEOPLE)
    for asked in ("obrien", "o'brien", "seamus", "SÉAMUS", "brien"):
        assert rows(ines.press("Search", q=asked)) == ["Séamus O’Brien"]


def test_a_number_is_found_by_its_digits(browse, cast):
    profile.add_contact(cast.bob, profile.Reach("mobile", "902 555 0134"), cast.by("ines"), country="CA")
    ines = browse("ines")
    ines.open(PEOPLE)
    assert rows(ines.press("Search", q="19025550134")) == ["Bob Brook"]


def test_a_fragment_of_the_search_is_the_list_alone(browse):
    answer = browse("ines").ask(f"{PEOPLE}?q=alice", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert answer.html.strip().startswith('<div id="results">')
    assert "Alice Archer" in answer.html
    assert "<html" not in answer.html
    assert "HX-Request" in answer.headers["Vary"]


def test_a_page_that_htmx_restores_from_its_history_is_whole(browse):
    for headers in ({"HX-History-Restore-Request": "true"}, {"HX-Request": "true", "HX-Boosted": "true"}):
        assert browse("ines").ask(f"{PEOPLE}?q=alice", headers=headers).heading == "Clients"


# ---------------------------------------------------------------- paging


@pytest.fixture
def crowd(cast):
    """Forty-five more people, some with one and the same name."""
    with store.writing():
        for number in range(45):
            name = "Same" if number % 3 == 0 else f"Number {number:02}"
            profile.create(profile.Details(name, "Crowd"), cast.by("ines"))


def test_fifty_people_are_seen_page_by_page_there_and_back(browse, crowd):
    ines = browse("ines")
    pages = [ines.open(PEOPLE)]
    assert "Previous" not in pages[0].links
    while "Next" in pages[-1].links:
        pages.append(ines.open(pages[-1].links["Next"]))
    assert [len(rows(page)) for page in pages] == [20, 20, 10]
    shown = [link for page in pages for link in page.hrefs if re.fullmatch(rf"{PEOPLE}[\w-]{{22}}/", link)]
    assert len(shown) == len(set(shown)) == 50
    back = [pages[-1]]
    while "Previous" in back[-1].links:
        back.append(ines.open(back[-1].links["Previous"]))
    assert [rows(page) for page in back[::-1]] == [rows(page) for page in pages]
    assert "Next" in back[-1].links


def test_the_order_is_by_last_name_whatever_its_case(browse, cast):
    for last in ("zu Zebra", "Ångström", "de Abel", "Zebra"):
        cast.person("X", last)
    names = rows(browse("ines").open(PEOPLE))
    assert names.index("X Ångström") < names.index("X de Abel") < names.index("X Zebra") < names.index("X zu Zebra")


def test_paging_keeps_what_was_asked_for(browse, crowd):
    ines = browse("ines")
    ines.open(PEOPLE)
    ines.press("Search", q="crowd")
    page = ines.open(ines.page.links["Next"])
    assert page.form("Search").values["q"] == "crowd"
    assert all(name.endswith("Crowd") for name in rows(page))
    assert len(rows(page)) == 20


@pytest.mark.parametrize("side", ["after", "before"])
@pytest.mark.parametrize(
    "cursor", ["", "x", "5", "5.", ".", "-1.x", "99999999999999999999.x", "٣.x", "1.\x00", "1." + "z" * 5000, "1.'; DROP TABLE individual", "²."]
)
def test_a_cursor_that_was_made_up_is_harmless(browse, side, cursor):
    assert browse("ines").open(f"{PEOPLE}?{side}={cursor}").status == 200


def test_the_history_is_paged_too(browse, cast):
    for number in range(70):
        profile.change(cast.pia, profile.Details("Pia", f"Pell {number}"), cast.by("ines"), version=cast.pia.version)
    ada = browse("ada")
    page = ada.open(f"{PEOPLE}{cast.pia.public_id}/history")
    entries = [len(rows(page))]
    while "Next" in page.links:
        page = ada.open(page.links["Next"])
        entries.append(len(rows(page)))
    assert len(entries) == 2
    assert sum(entries) >= 70


def test_the_history_says_which_contact_and_which_answer(browse, cast):
    ines, ada, here = cast.by("ines"), browse("ada"), f"{PEOPLE}{cast.sam.public_id}/history"
    contact = profile.add_contact(cast.sam, profile.Reach("mobile", "902 555 0134"), ines, country="CA")
    profile.change_contact(contact, profile.Reach("mobile", "902 555 0135"), ines, country="CA", version=1)
    profile.remove_contact(contact, ines)
    profile.record_consent(cast.sam, "sms", True, ines)
    profile.record_consent(cast.sam, "sms", False, ines)
    told = rows(ada.open(here))
    assert told[:5] == [
        "Consent recorded: Text message, not allowed", "Consent recorded: Text message, allowed", "Contact removed: Mobile phone",
        "Contact changed: Mobile phone", "Contact added: Mobile phone",
    ]  # fmt: skip


def test_what_was_blanked_is_told_without_its_values(browse, cast):
    profile.record_consent(cast.sam, "sms", True, cast.by("ines"))
    with store.writing():
        AuditValues.update(body="").execute()
    assert "Consent recorded: –, –" in browse("ada").open(f"{PEOPLE}{cast.sam.public_id}/history")


def test_the_same_worker_who_looks_again_within_an_hour_is_one_line(browse, cast, frozen):
    frozen("2026-03-01 12:00")
    for minutes, who in ((0, "dora"), (30, "dora"), (30, "dora"), (10, "ines"), (10, "dora"), (10, "ada")):
        frozen.shift(minutes=minutes)
        browse(who).open(f"{PEOPLE}{cast.alice.public_id}/")
    page = browse("ada").open(f"{PEOPLE}{cast.alice.public_id}/history")
    lines = [words(row) for row in page.tree.iter("li") if "Record opened" in words(row)]
    assert lines == [
        "Record opened1 Mar 2026, 09:30 AST · Ada Ames", "Record opened 3 times1 Mar 2026, 09:20 AST · Dora Dunn",
        "Record opened1 Mar 2026, 09:10 AST · Ines Isle", "Record opened1 Mar 2026, 08:00 AST · Dora Dunn",
    ]  # fmt: skip


@pytest.mark.parametrize("older", ["", "x", "-1", "0", "99999999999999999999", "1.5", "%00", "٣"])
def test_a_place_in_the_history_that_was_made_up_is_harmless(browse, cast, older):
    assert browse("ada").open(f"{PEOPLE}{cast.pia.public_id}/history?older={older}").status == 200


def test_an_empty_list_leads_whoever_may_import_to_the_import(browse, cast):
    otto, ask = browse("otto"), "ask whoever runs the portal to import your list."
    page = otto.open(PEOPLE)
    assert (ask in page, "Import your list" in page.links) == (True, False)
    with store.writing():
        imports = SecurityClass.create(name="Imports", rights="import_data")
        Worker.update(security_class=imports).where(Worker.id == cast.otto.id).execute()
    page = otto.open(PEOPLE)
    assert (ask in page, "Add the first person, or bring in everybody at once from a file." in page) == (False, True)
    assert otto.open(page.links["Import your list"]).heading == "Import a file"


# ---------------------------------------------------------------- who sees whom


def test_a_worker_without_a_caseload_sees_nobody(browse, cast):
    otto = browse("otto")
    page = otto.open(PEOPLE)
    assert rows(page) == []
    assert "Nobody here yet" in page
    for person in (cast.alice, cast.bob, cast.sam):
        assert open_person(otto, person).status == 404
    otto.open(PEOPLE)
    assert rows(otto.press("Search", q="alice")) == []


def test_dora_sees_alice_whom_she_follows_and_nobody_else(browse, cast):
    dora = browse("dora")
    assert rows(dora.open(PEOPLE)) == ["Alice Archer"]
    assert open_person(dora, cast.alice).heading == "Alice Archer"
    for person in (cast.bob, cast.sam, cast.eve):
        assert open_person(dora, person).status == 404
    dora.open(PEOPLE)
    assert rows(dora.press("Search", q="archer")) == ["Alice Archer"]
    assert rows(dora.press("Search", q="bob")) == []


def test_dora_reads_and_is_offered_nothing_that_she_may_not_do(browse, cast):
    page = open_person(browse("dora"), cast.alice)
    assert set(page.buttons) == {"Stop following"}
    theirs = {href for href in page.links.values() if href.endswith(("/edit", "/new", "/removal", "/suspend", "/disable", "/close"))}
    assert theirs == {f"/admin/individuals/{cast.alice.public_id}/discussions/new"}  # everybody of staff writes to whom they see


def test_looking_is_noted_and_the_record_names_who_looked(browse, cast):
    open_person(browse("dora"), cast.alice)
    entry = AuditEntry.select().where(AuditEntry.kind == "individual.viewed").get()
    assert (entry.individual, entry.worker) == (cast.alice, cast.dora)
    assert "Record opened" in browse("ada").open(f"{PEOPLE}{cast.alice.public_id}/history")


def test_ines_follows_bob_and_stops_again(browse, cast):
    ines = browse("ines")
    open_person(ines, cast.bob)
    page = ines.press("Follow")
    assert "You follow this person now." in page
    assert "Ines Isle" in page.main
    assert Follow.select().where(Follow.worker == cast.ines, Follow.individual == cast.bob).count() == 1
    page = ines.press("Stop following")
    assert "You no longer follow this person." in page
    assert not Follow.select().where(Follow.worker == cast.ines).exists()


def test_dora_who_stops_following_alice_comes_back_to_her_list(browse, cast):
    dora = browse("dora")
    open_person(dora, cast.alice)
    page = dora.press("Stop following")
    assert page.path == PEOPLE
    assert rows(page) == []
    assert open_person(dora, cast.alice).status == 404


def test_nobody_follows_somebody_whom_they_cannot_see(browse, cast):
    otto = browse("otto")
    answer = otto.send(f"{PEOPLE}{cast.alice.public_id}/following", {"csrf_token": otto.token, "follow": "1"})
    assert answer.status == 404
    assert not Follow.select().where(Follow.worker == cast.otto).exists()


def test_a_page_without_an_account_says_so(browse, cast):
    page = open_person(browse("ines"), cast.pia)
    assert "No portal account yet." in page
    assert not PortalAccount.select().where(PortalAccount.individual == cast.pia).exists()


def test_that_dora_tried_to_open_a_record_outside_her_caseload_is_in_the_record(browse, cast):
    answer, nobody = browse("dora").ask(f"{PEOPLE}{cast.bob.public_id}/"), browse("dora").ask(f"{PEOPLE}{'x' * 22}/")
    assert (answer.status, nobody.status) == (404, 404)
    entry = AuditEntry.select().where(AuditEntry.kind == "individual.refused").get()
    assert (entry.worker, entry.individual) == (cast.dora, cast.bob)


# ---------------------------------------------------------------- where they usually come


@pytest.fixture
def north(cast):
    return sites.add(sites.Place("North Road"), cast.by("ada"))


def test_an_agency_of_one_site_is_not_asked_where_somebody_comes(browse, cast):
    ines = browse("ines")
    assert "Where they usually come." not in edit(ines, cast.bob)
    ines.press("Save", pronouns="he")
    assert "<dt>Site</dt>" not in open_person(ines, cast.bob).html


def test_ines_says_where_bob_comes_and_his_page_shows_it(browse, cast, north):
    ines = browse("ines")
    assert "Where they usually come." in edit(ines, cast.bob)
    page = ines.press("Save", site=north.public_id)
    assert "<dt>Site</dt>" in page.html
    assert "North Road" in page
    assert Individual.get_by_id(cast.bob.id).site == north
    edit(ines, cast.bob)
    ines.press("Save", pronouns="he")
    assert Individual.get_by_id(cast.bob.id).site == north
    edit(ines, cast.bob)
    ines.press("Save", site="")
    assert Individual.get_by_id(cast.bob.id).site is None


def test_a_site_that_is_left_stays_with_bob_and_is_offered_to_nobody_else(browse, cast, north):
    third, ines = sites.add(sites.Place("Quay"), cast.by("ada")), browse("ines")
    edit(ines, cast.bob)
    ines.press("Save", site=north.public_id)
    sites.change(north, sites.Place("North Road", is_in_use=False), cast.by("ada"))
    assert "North Road (no longer in use)" in edit(ines, cast.bob).html
    assert "North Road (no longer in use)" in ines.press("Save", pronouns="he")
    offered = edit(ines, cast.alice).form("Save").options["site"]
    assert offered == ["", agency.main_site().public_id, third.public_id]


def test_a_site_that_ends_while_the_form_is_open_is_refused_beside_its_field(browse, cast, north):
    sites.add(sites.Place("Quay"), cast.by("ada"))
    ines = browse("ines")
    edit(ines, cast.bob)
    sites.change(north, sites.Place("North Road", is_in_use=False), cast.by("ada"))
    page = ines.press("Save", site=north.public_id, pronouns="he")
    assert page.status == 422
    assert "Choose one of the list." in page


def test_a_choice_is_not_dropped_without_a_word_because_one_of_two_sites_ended_meanwhile(browse, cast, north):
    ines = browse("ines")
    edit(ines, cast.bob)
    sites.change(north, sites.Place("North Road", is_in_use=False), cast.by("ada"))
    page = ines.press("Save", site=north.public_id, pronouns="he")
    assert (page.status, page.problems) == (422, ["Choose one of the list."])
    ines.press("Save", site=agency.main_site().public_id)
    bob = Individual.get_by_id(cast.bob.id)
    assert (bob.site, bob.pronouns) == (agency.main_site(), "he")


def test_a_form_that_was_opened_before_there_was_a_second_site_says_nothing_of_it(browse, cast, north):
    ines = browse("ines")
    edit(ines, cast.bob)
    ines.press("Save", site=agency.main_site().public_id)
    sites.change(north, sites.Place("North Road", is_in_use=False), cast.by("ada"))
    edit(ines, cast.bob)
    sites.change(north, sites.Place("North Road"), cast.by("ada"))
    assert ines.press("Save", pronouns="he").path == f"{PEOPLE}{cast.bob.public_id}/"
    bob = Individual.get_by_id(cast.bob.id)
    assert (bob.site, bob.pronouns) == (agency.main_site(), "he")


def test_who_comes_to_a_site_that_is_left_is_moved_to_the_only_other_one(browse, cast, north):
    ines = browse("ines")
    edit(ines, cast.bob)
    ines.press("Save", site=north.public_id)
    sites.change(north, sites.Place("North Road", is_in_use=False), cast.by("ada"))
    assert "North Road (no longer in use)" in open_person(ines, cast.bob)
    edit(ines, cast.bob)
    ines.press("Save", site=agency.main_site().public_id)
    assert Individual.get_by_id(cast.bob.id).site == agency.main_site()


def test_who_saves_second_reads_which_site_is_saved_now(browse, cast, north):
    ines, ada = browse("ines"), browse("ada")
    edit(ines, cast.bob)
    edit(ada, cast.bob)
    ada.press("Save", site=north.public_id)
    assert "Site: saved now: North Road" in ines.press("Save", site=agency.main_site().public_id)
