"""What people see when nothing can be saved: an honest page that keeps what they typed, and once it works, once (P15)."""

import contextlib
import time

import pytest
from faults.nursery import KEY, Nursery, limited, opened, sound
from pages.conftest import PORTAL, Browser, born

import models
from app import create_app
from config import Config
from domain import accounts, activation, audit, clock, links, profile, store
from domain.actor import SYSTEM
from models import AuditEntry, Delivery, FormReceipt, Individual, Link, LoginSession, PortalAccount, db

SORRY = "We cannot save right now"
TOLD = "Nothing was changed. Please try again in a moment."
PASSWORD = "nine quiet otters swim"
SENTENCE = "Names are typed with care: “Zoë O'Neil” & <Sons>"


@pytest.fixture
def browse(db, cast, tmp_path):
    """``browse("ines")`` is her browser on the portal of this test."""
    app = create_app(
        Config(
            data=tmp_path, portal_url=PORTAL, database_url=db.url, host="127.0.0.1", port=8000,
            development=True, secret_key=KEY, audit_key=KEY, smtp=None, behind_proxy=None,
        )
    )  # fmt: skip
    models.db.connect()
    connected = models.db.obj
    yield lambda name="": Browser(app, name)
    connected.close()
    models.db.initialize(db)


@pytest.fixture(scope="module")
def nursery():
    with Nursery() as warm:
        yield warm


@contextlib.contextmanager
def locked(nursery):
    """Another process holds the place for writers, and we wait a twentieth of a second for it."""
    holder = nursery.start("hold", db.database).ready()
    db.execute_sql("PRAGMA busy_timeout = 50")
    try:
        yield
    finally:
        db.execute_sql("PRAGMA busy_timeout = 10000")
        holder.ring()
        holder.finish()


@contextlib.contextmanager
def no_room(nursery):
    """No file may take another byte: what a write meets on a disk that is full, or over its quota."""
    with limited(1):
        yield


@contextlib.contextmanager
def no_page(nursery):
    """No page more than there are, and those are full: SQLite itself says "database or disk is full"."""
    pages = db.execute_sql("PRAGMA page_count").fetchone()[0]
    db.execute_sql(f"PRAGMA max_page_count = {pages}")
    try:
        fill_up()
        yield
    finally:
        db.execute_sql("PRAGMA max_page_count = 1000000")


def fill_up():
    with pytest.raises(Exception, match=r"full|cannot rollback") as met:
        while True:
            profile.create(profile.Details("Filler", "F" * 60), SYSTEM)
    assert store.is_storage_fault(met.value)


@pytest.fixture(params=[locked, no_room])
def fault(request, nursery):
    """``with fault():`` nothing can be saved."""
    return lambda: request.param(nursery)


def is_sorry(page):
    return (page.status, page.heading) == (503, SORRY) and TOLD in page


def kept(page):
    """What the page holds for the next try."""
    form = page.form("Try again")
    return {name: form.values[name] for name in form.hidden}


NEWCOMER = {"first_name": "Zoë", "last_name": "N" * 190, "preferred_name": SENTENCE, "pronouns": "she/her"}


def newcomers():
    return Individual.select().where(Individual.first_name == "Zoë").count()


def everything(*but):
    return {
        table._meta.table_name: sorted(table.select().tuples(), key=repr) for table in models.TABLES if table not in but
    }


# ---------------------------------------------------------------- what was typed


@pytest.mark.parametrize("fault", [locked, no_room, no_page], indirect=True)
def test_what_staff_typed_is_kept_and_saved_once_when_there_is_room_again(cast, browse, fault):
    ines = browse("ines")
    ines.open("/admin/individuals/new")
    typed = NEWCOMER | born(cast.pia.birth_date)
    with fault():
        before = everything(FormReceipt)
        page = ines.press("Save", typed)
        first_id = kept(page)["form_id"]
        for _ in range(2):  # as often as one likes
            assert is_sorry(page)
            assert {name: kept(page)[name] for name in typed} == typed
            assert kept(page)["form_id"] == first_id
            page = ines.press("Try again")
        assert everything(FormReceipt) == before
        assert ines.open("/admin/individuals/").status == 200, "reading goes on"
        ines.page = page
    again = ines.page.form("Try again")
    page = ines.press("Try again")
    assert page.status == 200
    assert SENTENCE in page
    assert newcomers() == 1
    assert ines.send(again.action, again.values).location == ines.answer.location, "a double tap gets the same answer"
    assert newcomers() == 1
    person = Individual.get(Individual.first_name == "Zoë")
    assert person.birth_date == cast.pia.birth_date
    assert AuditEntry.select().where(AuditEntry.kind == "individual.created", AuditEntry.individual == person).count() == 1
    assert audit.verify() == []


def test_an_account_is_made_whole_or_not_at_all_and_then_once(cast, browse, fault):
    ada, person = browse("ada"), cast.person("Quinn")
    ada.open(f"/admin/individuals/{person.public_id}/account/new")
    with fault():
        before = everything(FormReceipt)
        page = ada.press("Send the activation")
        assert is_sorry(page), page.heading
        assert kept(page)["email"] == accounts.suggested_address(person)
        assert everything(FormReceipt) == before
    ada.press("Try again")
    assert [account.state for account in person.accounts] == ["pending"]
    assert Link.select().where(Link.account == person.accounts.get()).count() == 1
    assert [delivery.state for delivery in person.deliveries] == ["due"]


def test_an_address_typed_for_a_new_password_is_kept(browse, fault):
    browser = browse()
    browser.open("/forgotten-password")
    with fault():
        page = browser.press("Send me the link", email="Alice@example.org")
        assert is_sorry(page)
        assert kept(page)["email"] == "Alice@example.org"
        assert Delivery.select().where(Delivery.kind == "password_reset").count() == 0
    assert browser.press("Try again").path == "/forgotten-password/sent"
    assert Delivery.select().where(Delivery.kind == "password_reset").count() == 1


@pytest.mark.long
def test_wherever_the_room_runs_out_during_a_post_the_next_try_does_it_once_and_at_once(browse, decided):
    """Between the first of its transactions and the last, and when not even that it failed can be written down."""
    decided(resets_an_hour=1000)
    left_behind = set()
    for room in range(1, 70_000, 4_120):  # about a page more each time
        ines, browser = browse("ines"), browse()
        ines.open("/admin/individuals/new")
        browser.open("/forgotten-password")
        for who, button, typed, count in (
            (ines, "Save", NEWCOMER, newcomers), (browser, "Send me the link", {"email": "alice@example.org"}, resets)
        ):  # fmt: skip
            before = count()
            with limited(room):
                who.press(button, typed)
            assert who.answer.status in (303, 503)
            left_behind |= set(FormReceipt.select(FormReceipt.is_done).where(FormReceipt.status.is_null()).tuples())
            if who.answer.status == 503:
                began = time.monotonic()
                assert who.press("Try again").status == 200, (room, button, who.page.heading)
                assert time.monotonic() - began < 5
            assert count() == before + 1, (room, button)
    assert (False,) in left_behind, "no post was cut off after its receipt was taken: this shows nothing"
    assert audit.verify() == []


def resets():
    return Delivery.select().where(Delivery.kind == "password_reset").count()


# ---------------------------------------------------------------- what is secret


def test_a_password_is_never_kept_and_the_sign_in_works_afterwards(cast, browse, fault):
    browser, password = browse(), cast.password_of("alice")
    browser.open("/sign-in")
    with fault():
        page = browser.press("Sign in", email="alice@example.org", password=password)
        assert is_sorry(page)
        assert forms_of(page) == [], "no form, as it could only be sent without the password"
        assert password not in page.html
        assert models.LoginSession.select().where(models.LoginSession.account == cast.alice_account).count() == 0
    assert browser.sign_in("alice@example.org", password).path == "/"


def forms_of(page):
    """The forms of the page, without the choice of a language that every page for strangers has."""
    return [form.action for form in page.forms if form.action != "/language"]


def test_an_activation_that_could_not_be_saved_leaves_the_link_good_and_keeps_no_password(cast, browse, fault):
    link, browser = cast.invited(), browse()
    browser.open(f"/activate/{links.token(link)}")
    browser.press("Continue", accept=True)
    browser.press("Continue", born(cast.pia.birth_date))
    with fault():
        before = everything(FormReceipt)
        page = browser.press("Activate my account", password=PASSWORD)
        assert is_sorry(page)
        assert forms_of(page) == []
        assert PASSWORD not in page.html
        assert everything(FormReceipt) == before
        assert activation.standing(Link.get_by_id(link.id)) == activation.GOOD
    browser.open("/activate/")
    assert browser.press("Activate my account", password=PASSWORD).path == "/activate/welcome"
    assert cast.pia_account.state == "active"
    assert AuditEntry.select().where(AuditEntry.kind == "account.activated", AuditEntry.individual == cast.pia).count() == 1


def test_a_date_of_birth_that_could_not_be_counted_is_not_judged(cast, browse, fault):
    """Otherwise a full disk would give away, as often as one likes, whether a date is right."""
    link, browser = cast.invited(), browse()
    browser.open(f"/activate/{links.token(link)}")
    form = browser.press("Continue", accept=True).form("Continue")
    with fault():
        answers = [browser.submit(form, form.filled(born(who.birth_date))) for who in (cast.bob, cast.pia)]
        assert all(map(is_sorry, answers))
        assert PortalAccount.get_by_id(link.account_id).birth_date_tries == 0
    assert browser.press("Try again").heading == "Choose a password"


# ---------------------------------------------------------------- reading


def test_reading_goes_on_but_for_what_must_be_noted(cast, browse, fault):
    """Also after a minute, when a session's clock would be moved; a record is not shown without an entry in it."""
    link, alice, ines = cast.invited(), browse("alice"), browse("ines")
    with store.writing():
        LoginSession.update(seen_at=clock.ago(minutes=5)).execute()
    for browser in (alice, ines):
        browser.open("/pages/help")
    with fault():
        read = {path: alice.open(path).status for path in ("/", "/about-me/", "/my-portal/")}
        read |= {path: ines.open(path).status for path in ("/admin/", "/admin/individuals/", "/admin/deliveries/")}
        assert read == dict.fromkeys(read, 200)
        record = ines.open(f"/admin/individuals/{cast.alice.public_id}/")
        assert is_sorry(record)
        assert "Archer" not in record
        assert is_sorry(browse().open(f"/activate/{links.token(link)}"))
    assert ines.open(f"/admin/individuals/{cast.alice.public_id}/").heading == "Alice Archer"


# ---------------------------------------------------------------- no room for another byte


@pytest.mark.long
def test_wherever_a_growing_file_meets_its_end_nothing_acknowledged_is_lost_and_nothing_is_half_done(templates, tmp_path, nursery):
    """Writes that fail in the middle, at twenty places, in one process that lives through all of them."""
    database = tmp_path / "doorstep.db"
    templates.copy("house", database)
    rooms = [33_000 + 7_919 * number for number in range(20)]  # of the log; an act takes some tens of thousands
    heard = nursery.start("full", database, rooms=rooms).finish()
    sound(database)
    met = [words for words in heard if "room" in words]
    assert [words["room"] for words in met] == rooms
    for words in met:
        assert words["is_storage"], words
        assert not words["half_written"], words
    acked = [words["number"] for words in heard if "ack" in words] + [words["number"] for words in met]
    with opened(database):
        assert sorted(acked) == list(range(1, max(acked) + 1))
        people = {row.external_id: row for row in Individual.select()}
        assert people.keys() == {f"person {number}" for number in acked}
        for who in people.values():
            assert [account.state for account in who.accounts] == ["pending"]
            assert [delivery.kind for delivery in who.deliveries] == ["activation"]
            assert who.contacts.count() == who.consents.count() == 1
        assert AuditEntry.select().where(AuditEntry.kind == "account.created").count() == len(acked)
        assert audit.verify() == []
