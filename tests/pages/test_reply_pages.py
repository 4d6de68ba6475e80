"""What the page behind a reply link can do beside reading: files go along, the portal's own answer is shown, and one leaves quickly."""

import nasty
import pytest
from pages.conftest import File, born

from domain import agency, answering, attachments, discussions, reply_links, settings
from domain.actor import SYSTEM
from models import Attachment, AuditEntry, db

EXIT = "Quick exit: leave this page at once"
PDF = File("form.pdf", nasty.pdf())
pytestmark = pytest.mark.usefixtures("cast")


@pytest.fixture(autouse=True)
def _at_once(cast):
    settings.change("unread_delay", "0", SYSTEM)


@pytest.fixture
def written(cast):
    """Dora wrote to Pia, who has no account."""
    return discussions.start(cast.pia, "Your form", "Please bring it.", cast.by("dora"), worker=cast.dora)


@pytest.fixture
def pia(browse, cast, written, mailbox):
    """Pia, who has opened the link and said who she is."""
    browser = browse()
    browser.open(mailbox.link("pia@example.org"))
    browser.press("Continue", born(cast.pia.birth_date))
    return browser


def test_the_page_asks_little(pia, monkeypatch):
    asked = []
    execute = db.obj.execute_sql
    monkeypatch.setattr(db.obj, "execute_sql", lambda sql, *more, **how: asked.append(sql) or execute(sql, *more, **how))
    assert "Please bring it." in pia.open("/reply/")
    assert len([sql for sql in asked if sql.startswith("SELECT") and "house_mark" not in sql]) <= 6


# ---------------------------------------------------------------- files


def names():
    return [each.name for each in Attachment.select()]


def test_files_go_along_with_the_answer(pia, written):
    pia.open("/reply/")
    page = pia.press("Send", {"body": "Here it is.", "files": [PDF]})
    assert page.heading == "Your answer is sent"
    assert names() == ["form.pdf"]
    assert Attachment.get().message.body == "Here it is."


def test_a_file_that_cannot_be_sent_spends_nothing(pia, written):
    pia.open("/reply/")
    page = pia.press("Send", {"body": "Here it is.", "files": [File("form.exe", b"MZ")]})
    assert page.status == 422
    assert "Here it is." in page
    assert names() == []
    assert reply_links.standing(reply_links.newest(written)) == "good"


def test_where_no_files_are_taken_none_are_offered(pia, decided):
    decided(attachments_each=0)
    assert "Files" not in pia.open("/reply/").main


def test_no_file_is_looked_at_for_who_did_not_give_the_date_of_birth(browse, written, mailbox, cast, monkeypatch):
    stranger = browse()
    stranger.open(mailbox.link("pia@example.org"))
    seal = stranger.page.form("Continue").filled({})["link"]
    monkeypatch.setattr(attachments, "ready", lambda files: pytest.fail("looked at"))
    values = {"csrf_token": stranger.token, "link": seal, "body": "Here.", "files": [PDF]}
    page = stranger.page = stranger.send("/reply/messages", values)
    assert (page.status, page.heading) == (422, "Confirm who you are")
    assert "Choose your files again: form.pdf." in page
    monkeypatch.undo()
    page = stranger.press("Send", born(cast.pia.birth_date))
    assert "Choose your files again: form.pdf." in page  # the words alone would not be what they meant
    assert names() == []
    page = stranger.press("Send", {"body": "Here.", "files": [PDF]})
    assert page.heading == "Your answer is sent"
    assert names() == ["form.pdf"]


# ---------------------------------------------------------------- what the portal answers by itself


def test_what_the_portal_answers_by_itself_stands_on_the_page_that_thanks(pia, browse, mailbox, written, cast):
    answering.open_hours({}, {"en": "We read this soon."}, cast.by("ada"))
    closed = (agency.today().weekday() + 3) % 7
    answering.open_hours({closed: (0, 60)}, {"en": "We read this soon."}, cast.by("ada"))
    pia.open("/reply/")
    page = pia.press("Send", {"body": "I come."})
    assert page.heading == "Your answer is sent"
    assert "We read this soon." in page
    other = browse().open(mailbox.link("pia@example.org"))  # who has the link but not the date of birth
    assert other.heading == "Your answer is sent"
    assert "We read this soon." not in other


# ---------------------------------------------------------------- away quickly


def test_a_quick_exit_is_offered_and_forgets_what_was_proved(pia, decided):
    decided(quick_exit=0)
    assert "Quick exit" not in pia.open("/reply/")
    decided(quick_exit=1)
    page = pia.open("/reply/")
    assert "Quick exit" in page
    pia.press(EXIT)
    page = pia.open("/reply/")
    assert page.status == 404
    assert "Please bring it." not in page


@pytest.mark.parametrize("is_marked", [False, True], ids=["by the form", "by the page, which leaves a mark"])
def test_a_quick_exit_ends_what_the_date_of_birth_opened_also_for_a_copy_of_the_cookie(app, pia, decided, written, is_marked):
    decided(quick_exit=1)
    form = pia.open("/reply/").form(EXIT)
    if is_marked:
        pia.client.set_cookie(app.config["LEFT_COOKIE"], "1", domain="localhost")
    copy = pia.client.get_cookie("reply", domain="localhost", path="/reply/").value
    answer = pia.send(form.action, form.values)
    assert (answer.status, answer.location) == (303, "/quick-exit")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    pia.client.set_cookie("reply", copy, domain="localhost", path="/reply/")
    page = pia.open("/reply/")
    assert "Please bring it." not in page
    assert page.form("Continue").action == "/reply/date-of-birth"
    for _ in range(2):  # nothing is left to end
        assert pia.send(form.action, form.values).location == "/quick-exit"
    assert AuditEntry.select().where(AuditEntry.kind == "reply_link.left").count() == 1


def test_it_takes_a_session_in_the_same_browser_along_and_without_a_good_token_only_leads_out(browse, mailbox, cast, written, decided):
    decided(quick_exit=1)
    alice = browse("alice")
    alice.open(mailbox.link("pia@example.org"))
    alice.press("Continue", born(cast.pia.birth_date))
    form = alice.open("/reply/").form(EXIT)
    assert alice.send(form.action, {"csrf_token": "old"}).location == "/quick-exit"
    assert "Please bring it." in alice.open("/reply/")
    alice.send(form.action, form.values)
    assert alice.ask("/about-me/").location.startswith("/sign-in")


def test_switched_off_there_is_no_way_out(pia, decided):
    decided(quick_exit=1)
    form = pia.open("/reply/").form(EXIT)
    decided(quick_exit=0)
    assert pia.send(form.action, form.values).status == 404
    assert "Please bring it." in pia.open("/reply/")


def test_should_the_exit_not_arrive_the_next_page_forgets_it(app, pia, decided):
    decided(quick_exit=1)
    pia.client.set_cookie(app.config["LEFT_COOKIE"], "1", domain="localhost")
    for _ in range(2):
        page = pia.open("/reply/")
        assert page.status == 404
        assert "Please bring it." not in page
