"""Import as a page, without JavaScript: upload, name the columns, answer about consent, look, take in."""

import csv
import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import pytest
from pages.conftest import File, words

from domain import import_jobs, import_page, profile, services
from models import Event, ImportFile, ImportMapping, Individual, Service, Site, Worker

pytestmark = pytest.mark.usefixtures("cast")

SYNTHEA = Path(__file__).resolve().parents[1] / "data" / "synthea"
PEOPLE = "Client no.;First name;Surname;DOB;E-mail;Colour\n1;Ann;Bell;31.12.1990;ann@example.org;red\n2;Cy;Dell;01.02.1985;;blue\n"


@pytest.fixture
def work(app):
    """``work()``: the background does what is due."""
    return lambda: import_jobs.run_due(app.extensions["doorstep"].uploads)


@pytest.fixture
def ada(browse):
    return browse("ada")


def upload(browser, content, subject="individuals", name="people.csv"):
    browser.open("/admin/imports/new")
    content = content if isinstance(content, bytes) else content.encode()
    form = browser.page.form("Upload")
    return browser.submit(form, {**form.filled({}), "subject": subject, "file": File(name, content)})


def answer(browser, yes=True, button="Check the file"):
    """Press one of two radio buttons."""
    form = browser.page.form(button)
    return browser.submit(form, {**form.filled({}), "consent": "yes" if yes else "no"})


def through(browser, work, content, subject="individuals"):
    """All steps up to the look at what would happen."""
    upload(browser, content, subject)
    browser.press("Continue")
    if subject == "individuals":
        answer(browser)
    else:
        browser.press("Check the file")
    work()
    return browser.open(f"/admin/imports/{newest().public_id}/")


def newest():
    return ImportFile.select().order_by(ImportFile.id.desc()).get()


# ---------------------------------------------------------------- the way


def test_a_file_of_clients_is_taken_in_step_by_step(ada, work):
    page = ada.open("/admin/imports/")
    assert "Nothing imported yet" in page
    ada.open(page.links["Import a file"])
    assert "At most 15 MB" in ada.page
    page = upload(ada, PEOPLE)
    assert (page.heading, ada.answer.status) == ("Name the columns", 303)
    assert "2 rows" in page
    assert "Ann · Cy" in page
    form = page.form("Continue")
    assert [form.values[f"column-{n}"] for n in range(6)] == ["external_id", "first_name", "last_name", "birth_date", "email", ""]
    assert form.values["dates"] == "dmy"
    ada.press("Continue")
    assert ada.page.heading == "May we write to them?"
    assert "consent" not in ada.page.form("Check the file").values
    page = answer(ada)
    assert "The file is being checked" in page
    assert page.links["Refresh"] == page.path
    work()
    page = ada.open(page.path)
    assert "The file is right" in page
    assert "New 2" in page
    assert not Individual.select().where(Individual.external_id == "1").exists()
    page = ada.press("Take in all of it")
    assert "being taken in" in page
    work()
    page = ada.open(page.path)
    assert "2 new, 0 changed, 0 unchanged" in page
    assert Individual.get(Individual.external_id == "1").legal_name == "Ann Bell"
    page = ada.open("/admin/imports/")
    assert "people.csv" in page
    assert "2 new, 0 changed, 0 unchanged" in page
    assert "Ada Ames" in page


@pytest.mark.parametrize(
    ("subject", "files", "table", "rows"),
    [
        ("sites", ["organizations"], Site, 63), ("workers", ["organizations", "providers"], Worker, 166),
        ("individuals", ["patients"], Individual, 27),
    ],
)  # fmt: skip
def test_a_real_export_needs_no_choice_at_all(ada, work, subject, files, table, rows):
    before = table.select().count()
    for name, what in zip(files, ("sites", "workers") if subject == "workers" else (subject,), strict=True):
        through(ada, work, (SYNTHEA / f"{name}.csv").read_bytes(), what)
        ada.press("Take in all of it")
        work()
    page = ada.open(ada.page.path)
    assert f"{rows} new, 0 changed, 0 unchanged" in page
    assert table.select().count() == before + rows
    page = through(ada, work, (SYNTHEA / f"{files[-1]}.csv").read_bytes(), subject)
    assert f"Unchanged {rows}" in page


CARE = [("sites", "organizations", 63), ("workers", "providers", 166), ("individuals", "patients", 27), ("services", "careplans", 16),
        ("services", "encounters", 25), ("enrolments", "careplans", 49), ("events", "encounters", 604)]  # fmt: skip
PEARLE = "50730ee5-553c-2383-fa04-f9a2a5a47f6f"


@pytest.mark.long
def test_what_another_system_knows_of_care_is_where_staff_and_clients_look_for_it(ada, work, browse, cast):
    for subject, name, new in CARE:
        page = through(ada, work, (SYNTHEA / f"{name}.csv").read_bytes(), subject)
        assert f"New {new}" in page, words(page.tree)
        ada.press("Take in all of it")
        work()
    pearle = Individual.get(Individual.external_id == PEARLE)
    profile.add_contact(pearle, profile.Reach("email", "pearle@example.org", is_main=True), cast.by("ada"), country="CA")
    profile.record_consent(pearle, "email", True, cast.by("ada"))
    cast.activated(pearle)
    page = ada.open(f"/admin/individuals/{pearle.public_id}/enrolments/")
    assert "Routine antenatal care" in page
    assert "Prenatal visit" in ada.open(f"/admin/individuals/{pearle.public_id}/events")
    assert "Appointment taken in or changed by import" in ada.open(f"/admin/individuals/{pearle.public_id}/history")
    client = browse(PEARLE)
    assert "Routine antenatal care" not in client.open("/my-services/").main
    for shown in Service.select().where(Service.name.in_(["Routine antenatal care", "Prenatal visit"])):
        services.show(shown, cast.by("ada"), is_visible=True, version=shown.version, warned_of=())
    prenatal = Service.get(Service.external_id == "424619006")
    for asked, many in (("", 16), ("year=2023", 13), ("year=2021", 1), (f"service={prenatal.public_id}", 8), ("outcome=attended", 16),
                        ("outcome=missed", 0), (f"service={prenatal.public_id}&year=2022&outcome=attended", 0)):  # fmt: skip
        page = client.open(f"/calendar/history?{asked}")
        assert len({href for href in page.hrefs if re.fullmatch(r"/calendar/[\w-]{22}", href)}) == many, asked
    assert "Routine antenatal care" in client.open("/my-services/")
    page = through(ada, work, (SYNTHEA / "encounters.csv").read_bytes(), "events")
    assert "Unchanged 604" in page


def test_columns_of_another_program_are_recognised(ada, work):
    heading = "Appointment ID,Client ID,Therapist,Start date,Start time,End date,End time,Status"
    upload(ada, f"{heading}\n7,alice,dora@example.org,12/31/2020,2:30 pm,12/31/2020,3:20 pm,show", "events")
    form = ada.page.form("Continue")
    fields = ["external_id", "individual", "worker", "starts_at", "starts_at", "ends_at", "ends_at", "state"]
    assert ([form.values[f"column-{n}"] for n in range(8)], form.values["dates"]) == (fields, "mdy")
    ada.press("Continue")
    ada.press("Check the file")
    work()
    assert "New 1" in ada.open(ada.page.path)
    ada.press("Take in all of it")
    work()
    event = Event.get(Event.external_id == "7")
    assert (event.starts_at, event.ends_at - event.starts_at) == (dt.datetime(2020, 12, 31, 18, 30, tzinfo=dt.UTC), dt.timedelta(minutes=50))


def test_what_a_mapping_adds_to_every_row_is_said(ada):
    page = upload(ada, (SYNTHEA / "encounters.csv").read_bytes(), "events")
    assert "Added to every row, unless a column says it: What became of it: show" in page
    assert "Added to every row" not in upload(ada, (SYNTHEA / "encounters.csv").read_bytes(), "services")


@pytest.mark.parametrize(("subject", "content", "link", "path"), [
    ("services", "external_id,name\n1,Tea", "See the services", "/admin/services/"),
    ("enrolments", "external_id,individual,service,opened_on\n1,alice,Advice,2020-01-31", "See the clients", "/admin/individuals/"),
    ("events", "external_id,individual,worker,starts_at,ends_at,state\n1,alice,dora,2020-01-31 10:00,2020-01-31 11:00,show",
     "See the schedule", "/admin/schedule/"),
])  # fmt: skip
def test_what_was_taken_in_is_one_link_away(ada, work, cast, subject, content, link, path):
    services.add(services.Details("Advice"), "case", cast.by("ada"))
    through(ada, work, content, subject)
    ada.press("Take in all of it")
    work()
    assert ada.open(ada.page.path).links[link] == path


def test_what_a_file_of_appointments_must_tell_is_asked_for(ada):
    upload(ada, "Number,Client ID,Start\n7,alice,2020-12-31 14:30", "events")
    page = ada.press("Continue")
    assert (page.status, "Say which column holds this: Worker (their id or e-mail)." in page) == (422, True)


def test_problems_are_listed_with_row_and_column_and_can_be_downloaded(ada, work):
    page = through(ada, work, PEOPLE.replace("01.02.1985", "31.02.1985").replace("Cy", "=1+1"))
    assert "1 problem" in page
    assert "Row 3" in page
    assert "31.02.1985" in page
    assert "Take in all of it" not in page.buttons
    assert "New 1" not in page.main
    answered = ada.ask(page.links["Download as CSV"])
    assert answered.headers["Content-Type"].startswith("text/csv")
    assert "attachment" in answered.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answered.body.decode("utf-8-sig"))))
    assert rows[0] == ["Row", "Column", "What stands there", "What is wrong", "Only a note"]
    assert rows[1][:3] == ["3", "DOB", "31.02.1985"]
    assert [rows[2][0], rows[2][2], rows[2][4]] == ["3", "'=1+1", "yes"]


def test_of_many_problems_the_first_two_hundred_are_shown_and_all_are_in_the_download(ada, work):
    page = through(ada, work, "id,name,born\n" + "".join(f"{n},Ann Bell,31.31.1990\n" for n in range(230)))
    assert "The first 200 of 230" in page
    assert page.html.count("no such date") == 200
    assert ada.ask(page.links["Download as CSV"]).body.count(b"no such date") == 230


@pytest.mark.parametrize(
    ("name", "row", "problem"),
    [
        ("finn", "ada,Ada,Ames,new@example.org,system_admin", "somebody who has rights that you do not have"),
        ("finn", "otto,Otto,Oak,otto@example.org,system_admin", "You cannot give rights that you do not have."),
        ("ada", "otto,Otto,Oak,alice@example.org,worker", "A client signs in to the portal with this e-mail address."),
    ],
)  # fmt: skip
def test_what_must_not_become_of_workers_is_a_problem_of_the_file(browse, work, name, row, problem):
    page = through(browse(name), work, f"id,first name,last name,email,role\n{row}\n", "workers")
    assert "1 problem" in page
    assert "Row 2" in page
    assert problem in page
    assert "Take in all of it" not in page.buttons


def test_choices_that_were_kept_are_offered_for_the_next_file_with_the_same_headings(ada, browse):
    upload(ada, "no;who;colour\n1;Ann Bell;red\n")
    ada.press("Continue", {"column-0": "external_id", "column-1": "name", "column-2": "gender", "keep_as": "Registrations"})
    finn = browse("finn")
    page = upload(finn, "colour;who;no\nblue;Cy Dell;2\n")
    form = page.form("Continue")
    assert [form.values[f"column-{n}"] for n in range(3)] == ["gender", "name", "external_id"]
    assert "As in “Registrations”" in page
    finn.press("Continue")
    assert newest().state == "mapped"
    assert ImportMapping.get().worker.external_id == "ada"


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"column-0": ""}, "Say which column holds the number or id"), ({"column-1": "", "column-2": ""}, "Say which column holds the name"),
        ({"column-5": "email"}, "“E-mail” is “E-mail” already"), ({"column-5": "name"}, "whole name"),
    ],
)  # fmt: skip
def test_columns_that_cannot_be_are_refused_beside_the_column_and_everything_is_kept(ada, chosen, problem):
    upload(ada, PEOPLE)
    page = ada.press("Continue", {**chosen, "dates": "dmy", "keep_as": "Mine"})
    assert ada.answer.status == 422
    assert any(problem in each for each in page.problems)
    form = page.form("Continue")
    assert {name: form.values[name] for name in chosen} == chosen
    assert form.values["keep_as"] == "Mine"
    assert newest().state == "uploaded"


def test_letters_that_are_wrong_are_read_in_another_way(ada):
    page = upload(ada, "id,name\n1,Łukasz Żak\n".encode("cp1250"))
    assert "Łukasz Żak" not in page
    page = ada.press("Read it again", encoding="cp1250")
    assert "Łukasz Żak" in page
    page = ada.press("Read it again", delimiter="semicolon")
    assert "id,name" in page
    page = ada.press("Read it again", encoding="utf-16")
    assert ada.answer.status == 422
    assert page.problems


def test_sites_can_be_given_a_time_zone(ada, work):
    upload(ada, "id,name\nn,North\n", "sites")
    ada.press("Continue", time_zone="Europe/Prague")
    ada.press("Check the file")
    work()
    ada.open(ada.page.path)
    ada.press("Take in all of it")
    work()
    assert Site.get(Site.external_id == "n").time_zone == "Europe/Prague"


HOSTILE = ("<script>alert(1)</script>", '"><svg onload=alert(1)>', "{{ 7 * 7 }}", "%(name)s %s", "</option></select>x", "=1+1")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_stands_in_a_file_is_shown_as_the_text_that_it_is(ada, work, text):
    quoted = text.replace('"', '""')
    content = f'id,name,"{quoted}",born\n1,Ann Bell,"{quoted}","{quoted}"\n'
    page = upload(ada, content, name=f"{text}.csv".replace('"', "%22"))  # as browsers write it
    assert page.text.count(text) >= 2
    ada.press("Continue", {"column-2": "pronouns", "keep_as": text})
    answer(ada)
    work()
    page = ada.open(f"/admin/imports/{newest().public_id}/")
    assert "Row 2" in page
    assert text in page
    assert "<svg" not in page.html.replace('<svg class="icon', "")
    assert text in upload(ada, content)


def test_two_columns_make_up_one_address(ada, work):
    through(ada, work, "id,name,Street,House number\n1,Ann Bell,Quay Road,5\n")
    ada.press("Take in all of it")
    work()
    assert [contact.value for contact in Individual.get(Individual.external_id == "1").contacts] == ["Quay Road 5"]


# ---------------------------------------------------------------- files that are none


def xlsx():
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    return package.getvalue()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "The file is empty."), (b"%PDF-1.4", "This is not a CSV file."), (xlsx(), "choose “Save as” and then CSV"),
        (b"id,name\n", "The file has a heading, but no rows."), (b"id\x00,name\n1,a\n", "This is not a CSV file."),
    ],
)  # fmt: skip
def test_what_is_no_csv_is_refused_beside_the_field_whatever_it_is_called(ada, content, problem):
    page = upload(ada, content, name="people.csv")
    assert (ada.answer.status, ImportFile.select().count()) == (422, 0)
    assert any(problem in each for each in page.problems)
    assert page.form("Upload").values["subject"] == "individuals"


def test_without_a_file_or_an_answer_the_form_says_so(ada):
    ada.open("/admin/imports/new")
    page = ada.press("Upload")
    assert page.problems == ["Choose one of the list.", "Choose a file."]
    upload(ada, PEOPLE)
    ada.press("Continue")
    page = ada.press("Check the file")
    assert (ada.answer.status, page.problems) == (422, ["Choose one of the list."])


def test_a_file_that_is_too_large_is_refused_with_the_limit(ada, decided):
    decided(import_megabytes=1)
    page = upload(ada, b"id,name\n" + b"1,Ann Bell\n" * 100_000)
    assert ada.answer.status == 422
    assert "larger than 1 MB" in page.problems[0]


# ---------------------------------------------------------------- given up, gone, somebody else's


def test_an_import_can_be_given_up_until_it_is_applied(ada, work, app):
    page = through(ada, work, PEOPLE)
    ada.open(page.links["Give this import up"])
    page = ada.press("Give it up")
    assert "Given up" in page
    assert "Nothing was taken in." in page
    work()
    assert list(app.extensions["doorstep"].uploads.iterdir()) == []
    assert ada.send(f"{page.path}application", {"csrf_token": ada.token}).status == 303
    assert "moved on meanwhile" in ada.open(page.path)
    assert not Individual.select().where(Individual.external_id == "1").exists()


def test_an_import_of_a_colleague_is_there_for_who_may_import_and_for_nobody_else(ada, browse, work):
    path = through(ada, work, PEOPLE).path
    assert "The file is right" in browse("finn").open(path)
    for name in ("dora", "ines", "alice"):
        assert browse(name).ask(path).status == 404
    assert browse("ines").ask("/admin/imports/").status == 404
    assert "/admin/imports/" in browse("finn").open("/admin/").hrefs
    assert "/admin/imports/" not in browse("ines").open("/admin/").hrefs
    browse("finn").open(path)
    finn = browse("finn")
    finn.open(path)
    finn.press("Take in all of it")
    work()
    assert newest().run is not None
    assert newest().worker.external_id == "finn"


def test_a_second_import_waits_and_says_so(ada, work):
    first = upload(ada, PEOPLE).path.removesuffix("columns")
    ada.press("Continue")
    answer(ada)
    upload(ada, PEOPLE)
    ada.press("Continue")
    page = answer(ada)
    assert "Another import is running" in page
    assert "Another import is running" not in ada.open(first) or import_page.is_waiting(newest())
    work()
    assert "The file is right" in ada.open(page.path)
    assert "The file is right" in ada.open(first)


def test_a_file_that_is_gone_is_said_in_words(ada, app):
    path = upload(ada, PEOPLE).path
    for kept in app.extensions["doorstep"].uploads.iterdir():
        kept.unlink()
    assert "The file is no longer here." in ada.open(path)


def test_while_it_runs_the_page_asks_for_its_middle_alone(ada, work):
    upload(ada, PEOPLE)
    ada.press("Continue")
    path = answer(ada).path
    htmx = {"HX-Request": "true", "HX-Request-Type": "partial"}
    part = ada.ask(path, headers=htmx)
    assert part.html.lstrip().startswith('<div class="flow" id="import" data-hx-get')
    assert 'data-hx-trigger="every 2s"' in part.html
    work()
    part = ada.ask(path, headers=htmx)
    assert part.html.lstrip().startswith('<div class="flow" id="import">')
    assert "The file is right" in part


def test_nobody_reaches_an_uploaded_file_by_an_address(ada, app):
    upload(ada, PEOPLE)
    (kept,) = app.extensions["doorstep"].uploads.iterdir()
    for path in (f"/static/../imports/{kept.name}", f"/imports/{kept.name}", f"/static/{kept.name}", f"/admin/imports/{kept.name}/"):
        assert ada.ask(path).status == 404


def test_the_list_says_how_many_problems_a_file_has(ada, work):
    through(ada, work, "id,name\n1,North\n", "sites")
    through(ada, work, PEOPLE)
    page = through(ada, work, PEOPLE.replace("31.12.1990", "31.02.1990").replace("ann@", "ann@@"))
    assert "2 problems" in page
    through(ada, work, PEOPLE.replace("ann@", "ann@@"))
    page = ada.open("/admin/imports/")
    rows = [words(row) for row in page.tree.iter("a") if row.get("class") == "row"]
    assert [any(told in row for told in ("0 new", "checked")) for row in rows] == [False, False, True, True]
    assert ["1 problem" in rows[0], "2 problems" in rows[1]] == [True, True]
