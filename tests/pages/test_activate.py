"""From the link in the mail to an active account, as the client sees it."""

import datetime as dt
import re

import pytest
from pages.conftest import born, text_of

from domain import accounts, agency, links
from domain.actor import SYSTEM
from models import AuditEntry, Link, LinkOpening, LoginSession, PageVersion, Task

pytestmark = pytest.mark.usefixtures("cast")

PASSWORD = "nine quiet otters swim"
WRONG = dt.date(1990, 6, 15)


@pytest.fixture
def link(cast):
    """The link in Pia's mail."""
    return cast.invited()


@pytest.fixture
def pia(browse, link):
    """Pia, who has opened the link."""
    browser = browse()
    browser.open(f"/activate/{links.token(link)}")
    return browser


def accept(browser):
    return browser.press("Continue", accept=True)


def prove(browser, date):
    return browser.press("Continue", born(date))


def try_typed(browser, day, month, year):
    return browser.press("Continue", {"birth_date-day": day, "birth_date-month": month, "birth_date-year": year})


# ---------------------------------------------------------------- the way through


def test_pia_activates_her_account_in_four_steps(browse, cast, link, mailbox):
    message = mailbox.newest("pia@example.org")
    assert message["Subject"] == "Your portal is ready"
    assert "Activate my account" in text_of(message)
    pia = browse()
    page = pia.open(mailbox.link("pia@example.org"))
    assert page.path == "/activate/"
    assert page.heading == "Before you begin"
    assert "Step 1 of 4" in page
    assert "This is what it says." in page  # the privacy policy itself
    page = accept(pia)
    assert page.heading == "Confirm who you are"
    assert "Step 2 of 4" in page
    page = prove(pia, cast.pia.birth_date)
    assert page.heading == "Choose a password"
    assert "Step 3 of 4" in page
    page = pia.press("Activate my account", password=PASSWORD)
    assert page.path == "/activate/welcome"
    assert "Step 4 of 4" in page
    assert cast.pia_account.state == "active"
    page = pia.open(page.links["Go to my portal"])
    assert "Pia" in page.heading
    assert browse().sign_in("pia@example.org", PASSWORD).path == "/"


def test_the_versions_that_were_accepted_are_kept(cast, pia):
    accept(pia)
    account = cast.pia_account
    assert account.accepted_privacy == PageVersion.get(slug="privacy")
    assert account.accepted_terms == PageVersion.get(slug="terms")
    mine = AuditEntry.select().where(AuditEntry.kind == "account.terms_accepted", AuditEntry.individual == cast.pia)
    assert mine.count() == 1


def test_the_terms_that_are_shown_are_the_newest(cast, pia):
    newest = agency.publish("terms", "en", "# Be kind to each other", SYSTEM)
    assert "Be kind to each other" in pia.open("/activate/")
    accept(pia)
    assert cast.pia_account.accepted_terms == newest


def test_nothing_goes_on_without_a_tick(cast, pia):
    page = pia.press("Continue")
    assert page.status == 422
    assert page.problems == ["Tick the box to go on."]
    assert cast.pia_account.accepted_terms is None


def test_opening_is_noted_and_changes_nothing_else(browse, cast, link):
    before = cast.pia_account
    browse(agent="a mail scanner").open(f"/activate/{links.token(link)}")
    assert [(o.link, o.agent) for o in LinkOpening.select()] == [(link, "a mail scanner")]
    assert cast.pia_account.__data__ == before.__data__
    assert Link.get_by_id(link.id).used_at is None


def test_the_token_is_not_in_the_address_nor_on_any_page_of_the_way(pia, cast, link):
    token = links.token(link)
    pages = [pia.page, accept(pia), prove(pia, cast.pia.birth_date), pia.press("Activate my account", password=PASSWORD)]
    for page in pages:
        assert token not in page.path
        assert token not in page.html
        assert link.nonce not in page.html
        assert page.headers["Referrer-Policy"] == "same-origin"


# ---------------------------------------------------------------- the date of birth


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("30", "2", "1990"), "This date does not exist. Check day, month and year."),
        (("31", "4", "1990"), "This date does not exist. Check day, month and year."),
        (("29", "2", "1991"), "This date does not exist. Check day, month and year."),
        (("0", "1", "1990"), "This date does not exist. Check day, month and year."),
        (("1", "13", "1990"), "This date does not exist. Check day, month and year."),
        (("-1", "1", "1990"), "This date does not exist. Check day, month and year."),
        (("1.5", "1", "1990"), "This date does not exist. Check day, month and year."),
        (("x", "May", "1990"), "This date does not exist. Check day, month and year."),
        (("1", "", "1990"), "This date does not exist. Check day, month and year."),
        (("1", "1", "19900"), "This date does not exist. Check day, month and year."),
        (("1", "1", "1" * 5000), "This date does not exist. Check day, month and year."),
        (("²", "1", "1990"), "This date does not exist. Check day, month and year."),
        (("1\x00", "1", "1990"), "This date does not exist. Check day, month and year."),
        (("1", "1", "90"), "Enter the year with four digits."),
        (("1", "1", "0090"), "Enter the year with four digits."),
        (("", "", ""), "Enter your date of birth."),
        (("  ", " ", " "), "Enter your date of birth."),
    ],
)
def test_what_is_no_date_is_told_and_costs_no_try(cast, pia, typed, told):
    accept(pia)
    page = try_typed(pia, *typed)
    assert page.status == 422
    assert page.problems == [told]
    assert cast.pia_account.birth_date_tries == 0
    assert prove(pia, cast.pia.birth_date).heading == "Choose a password"


def test_what_was_typed_stays_in_the_boxes(pia):
    accept(pia)
    kept = try_typed(pia, "30", "2", "1990").form("Continue").values
    assert [kept[f"birth_date-{part}"] for part in ("day", "month", "year")] == ["30", "2", "1990"]


@pytest.mark.parametrize(
    "spell",
    [
        lambda n, width: str(n), lambda n, width: str(n).zfill(width), lambda n, width: f" {n} ",
        lambda n, width: "".join("٠١٢٣٤٥٦٧٨٩"[int(d)] for d in str(n)),
        lambda n, width: "".join("۰۱۲۳۴۵۶۷۸۹"[int(d)] for d in str(n)),
        lambda n, width: "".join("०१२३४५६७८९"[int(d)] for d in str(n).zfill(width)),
    ],
    ids=["plain", "with zeros", "with spaces", "Arabic-Indic", "Persian", "Devanagari"],
)  # fmt: skip
def test_a_date_is_understood_in_the_readers_own_digits(cast, pia, spell):
    accept(pia)
    date = cast.pia.birth_date
    page = try_typed(pia, spell(date.day, 2), spell(date.month, 2), spell(date.year, 4))
    assert page.heading == "Choose a password"


def test_a_wrong_date_says_how_many_tries_are_left(cast, pia):
    accept(pia)
    assert prove(pia, WRONG).problems == ["That date of birth does not match. You have 2 tries left."]
    assert pia.page.status == 422
    assert prove(pia, WRONG).problems == ["That date of birth does not match. You have 1 try left."]
    assert cast.pia_account.state == "pending"


def test_the_third_wrong_date_closes_the_account_and_tells_everybody(cast, pia, mailbox):
    accept(pia)
    for _ in range(3):
        page = prove(pia, WRONG)
    assert (page.status, page.heading) == (410, "This link was closed")
    assert "Ask for a new link" in page.buttons
    account = cast.pia_account
    assert (account.state, account.reason) == ("closed", "date_of_birth")
    assert mailbox.newest("pia@example.org")["Subject"] == "Your activation was stopped"
    assert [task.kind for task in Task.select()] == ["birth_date_closed"]


def test_whatever_number_of_tries_the_agency_allows_all_texts_are_right(browse, cast, pia, mailbox, decided):
    decided(birth_date_tries=1)
    accept(pia)
    page = prove(pia, WRONG)
    assert (page.status, page.heading) == (410, "This link was closed")
    said = [page.text, browse("ines").open("/admin/").text, text_of(mailbox.newest("pia@example.org"))]
    staff = browse("ada").open(f"/admin/individuals/{cast.pia.public_id}/")
    said += [staff.text, browse("ada").open(staff.links["Who did and saw what"]).text]
    assert [text for text in said if "wrong date of birth" not in text.lower()] == []
    assert [text for text in said if re.search("three|3 times|too often", text)] == []


def test_the_right_date_after_two_wrong_ones_is_right(cast, pia):
    accept(pia)
    prove(pia, WRONG)
    prove(pia, WRONG)
    assert prove(pia, cast.pia.birth_date).heading == "Choose a password"


def test_another_browser_has_to_prove_itself_again(browse, cast, link, pia):
    accept(pia)
    prove(pia, cast.pia.birth_date)
    other = browse()
    other.open(f"/activate/{links.token(link)}")
    assert accept(other).heading == "Confirm who you are"
    answer = other.send("/activate/password", {"csrf_token": other.token, "password": PASSWORD})
    assert (answer.status, answer.location) == (303, "/activate/")
    assert cast.pia_account.state == "pending"


# ---------------------------------------------------------------- the steps cannot be skipped


def test_the_password_comes_after_the_date_of_birth(cast, pia):
    answer = pia.send("/activate/password", {"csrf_token": pia.token, "password": PASSWORD})
    assert (answer.status, answer.location) == (303, "/activate/")
    assert cast.pia_account.state == "pending"
    assert not LoginSession.select().exists()


def test_nobody_is_activated_without_having_accepted_the_terms(cast, pia):
    assert pia.send("/activate/date-of-birth", {"csrf_token": pia.token, **born(cast.pia.birth_date)}).status == 303
    assert pia.send("/activate/password", {"csrf_token": pia.token, "password": PASSWORD}).status == 303
    assert cast.pia_account.state == "pending"
    assert pia.open("/activate/").heading == "Before you begin"


@pytest.mark.parametrize("path", ["/activate/", "/activate/welcome"])
def test_the_pages_behind_the_link_are_nothing_to_a_stranger(browse, path):
    page = browse().open(path)
    assert page.status == 404 or page.path == "/sign-in"


@pytest.mark.parametrize("step", ["terms", "date-of-birth", "password", "new-link"])
def test_no_step_can_be_posted_without_the_link(browse, step):
    stranger = browse()
    assert stranger.send(f"/activate/{step}", {"csrf_token": stranger.token, "accept": "y"}).status == 404


@pytest.mark.parametrize(
    "weak",
    ["", "eleven chrs", "password1234", "qwertyuiop12", "Pia Pell Pia Pell", "pia@example.org", "pellpellpell", "111111111111"],
)
def test_a_weak_password_is_refused_and_not_shown_again(cast, pia, weak):
    accept(pia)
    prove(pia, cast.pia.birth_date)
    page = pia.press("Activate my account", password=weak)
    assert page.status == 422
    assert len(page.problems) == 1
    assert page.form("Activate my account").values["password"] == ""
    assert cast.pia_account.state == "pending"
    assert pia.press("Activate my account", password=PASSWORD).path == "/activate/welcome"


@pytest.mark.parametrize("odd", ["päivää kuu ja tähdet", "קיץ חם וארוך מאוד", "🦦🦦🐢 swim at 🌙 dawn", " nine quiet otters ", "o" + "tters'\"<>&% swim"])
def test_any_characters_make_a_password(browse, cast, pia, odd):
    accept(pia)
    prove(pia, cast.pia.birth_date)
    pia.press("Activate my account", password=odd)
    assert cast.pia_account.state == "active"
    assert browse().sign_in("pia@example.org", odd).path == "/"


def test_a_password_beyond_1024_bytes_is_refused(cast, pia):
    accept(pia)
    prove(pia, cast.pia.birth_date)
    assert pia.press("Activate my account", password="ä" * 513).problems == ["This password is too long."]


def test_of_two_who_activate_at_once_one_does(browse, cast, link, at_once):
    two, forms = [browse(), browse()], []
    for browser in two:
        browser.open(f"/activate/{links.token(link)}")
        accept(browser)
        prove(browser, cast.pia.birth_date)
        break
    twin = two[1]
    twin.client._cookies.update(two[0].client._cookies)
    twin.page = twin.ask("/activate/")
    for browser in two:
        form = browser.page.form("Activate my account").filled({"password": PASSWORD})
        forms.append({name: value for name, value in form.items() if name != "form_id"})
    answers = at_once([lambda b=b, f=f: b.send("/activate/password", f) for b, f in zip(two, forms, strict=True)])
    assert sorted(answer.status for answer in answers) == [303, 410]
    assert AuditEntry.select().where(AuditEntry.kind == "account.activated", AuditEntry.individual == cast.pia).count() == 1


@pytest.fixture
def staff_are_quick(db):
    """Whoever becomes active is suspended at that very moment."""
    db.execute_sql(
        "CREATE TRIGGER staff_are_quick AFTER UPDATE OF state ON portal_account WHEN NEW.state = 'active' "
        "BEGIN UPDATE portal_account SET state = 'locked', reason = 'suspended' WHERE id = NEW.id; END"
    )


def test_who_is_suspended_in_the_moment_of_activation_is_led_to_sign_in(cast, pia, staff_are_quick):
    accept(pia)
    prove(pia, cast.pia.birth_date)
    page = pia.press("Activate my account", password=PASSWORD)
    assert (page.path, page.status) == ("/sign-in", 200)
    assert cast.pia_account.reason == "suspended"
    assert not LoginSession.select().exists()


# ---------------------------------------------------------------- links that no longer work


def test_a_used_link_leads_to_sign_in(browse, cast, link):
    pia = browse()
    pia.open(f"/activate/{links.token(link)}")
    accept(pia)
    prove(pia, cast.pia.birth_date)
    pia.press("Activate my account", password=PASSWORD)
    page = browse().open(f"/activate/{links.token(link)}")
    assert (page.status, page.heading) == (410, "Your account is already active")
    assert page.links["Sign in"] == "/sign-in"
    assert "Ask for a new link" in page.buttons


def test_an_expired_link_says_so_even_when_no_job_ran(browse, link, frozen):
    frozen(link.account.invited_at + dt.timedelta(days=14))
    page = browse().open(f"/activate/{links.token(link)}")
    assert (page.status, page.heading) == (410, "This link is too old")
    assert "Ask for a new link" in page.buttons
    assert "+1 902-555-0100" in page


def test_a_link_works_until_its_last_minute(browse, link, frozen):
    frozen(link.account.invited_at + dt.timedelta(days=14) - dt.timedelta(minutes=1))
    assert browse().open(f"/activate/{links.token(link)}").heading == "Before you begin"


def test_a_replaced_link_names_the_newer_one(browse, cast, link):
    accounts.resend(link.account, cast.by("ada"))
    page = browse().open(f"/activate/{links.token(link)}")
    assert (page.status, page.heading) == (410, "There is a newer link")
    assert browse().open(f"/activate/{links.token(cast.link_of(cast.pia_account))}").status == 200


@pytest.mark.parametrize(
    ("end", "heading"),
    [(accounts.cancel, "This link was withdrawn"), (lambda a, by: accounts.fail_birth_date(a), "This link was closed")],
    ids=["cancelled", "date of birth"],
)
def test_a_link_that_was_ended_says_why_and_offers_a_new_one(browse, cast, link, end, heading):
    end(link.account, cast.by("ada"))
    page = browse().open(f"/activate/{links.token(link)}")
    assert (page.status, page.heading) == (410, heading)
    assert "Ask for a new link" in page.buttons


@pytest.mark.parametrize("step", ["terms", "date of birth", "password"])
def test_who_is_on_the_way_when_the_activation_is_cancelled_is_told(cast, pia, step):
    if step != "terms":
        accept(pia)
    if step == "password":
        prove(pia, cast.pia.birth_date)
    accounts.cancel(cast.pia_account, cast.by("ada"))
    page = {
        "terms": lambda: accept(pia), "date of birth": lambda: prove(pia, cast.pia.birth_date),
        "password": lambda: pia.press("Activate my account", password=PASSWORD),
    }[step]()  # fmt: skip
    assert (page.status, page.heading) == (410, "This link was withdrawn")
    assert cast.pia_account.state == "closed"


@pytest.mark.parametrize("spoil", ["cut", "grown", "swapped", "one character", "another purpose", "nonsense", "empty"])
def test_a_link_that_we_did_not_make_is_not_there(browse, cast, link, spoil):
    token = links.token(link)
    spoiled = {
        "cut": token[:-1], "grown": f"{token}A", "swapped": token.swapcase(),
        "one character": ("B" if token[0] == "A" else "A") + token[1:], "nonsense": "x" * 22,
        "another purpose": links.token(links.make("password_reset", link.expires_at, account=link.account)),
        "empty": "%20",
    }[spoil]  # fmt: skip
    stranger = browse()
    page = stranger.open(f"/activate/{spoiled}")
    assert (page.status, page.heading) == (404, "This link is not complete")
    assert "Open the e-mail again and press its button, or copy the whole address." in page
    assert "If it still fails, call us on +1 902-555-0100 and ask for a new e-mail." in page
    assert page.main == stranger.open("/activate/AAAA").main, "every bad token is answered in the same way"
    assert not LinkOpening.select().exists()


def test_the_carried_words_cannot_be_forged(browse, pia, link):
    other = browse()
    cookie = pia.client.get_cookie("activate", path="/activate/")
    forged = cookie.value[:-3] + ("AAA" if cookie.value[-3:] != "AAA" else "BBB")
    other.client.set_cookie("activate", forged, path="/activate/")
    assert other.open("/activate/").status == 404


def test_one_persons_date_does_not_open_another_persons_link(browse, cast, pia):
    other = cast.invited(cast.person("Olga", "Old", born=dt.date(1970, 5, 5)))
    accept(pia)
    prove(pia, cast.pia.birth_date)
    pia.open(f"/activate/{links.token(other)}")  # the same browser, the other link
    assert pia.page.heading == "Before you begin"
    assert accept(pia).heading == "Confirm who you are"
    assert prove(pia, cast.pia.birth_date).status == 422
    answer = pia.send("/activate/password", {"csrf_token": pia.token, "password": PASSWORD})
    assert answer.location == "/activate/"
    assert {account.state for account in (cast.pia_account, other.account)} == {"pending"}


# ---------------------------------------------------------------- asking for a new link


def test_who_asks_for_a_new_link_twice_a_day_makes_one_task(browse, cast, link, frozen):
    frozen()
    accounts.cancel(link.account, cast.by("ada"))
    pia = browse()
    for _ in range(2):
        pia.open(f"/activate/{links.token(link)}")
        page = pia.press("Ask for a new link")
        assert page.status == 200
        assert "+1 902-555-0100" in page
    assert [task.kind for task in Task.select()] == ["new_activation_wanted"]
    frozen.shift(days=1)
    pia.open(f"/activate/{links.token(link)}")
    pia.press("Ask for a new link")
    assert Task.select().count() == 2


def test_a_new_activation_works_after_the_old_one_expired(browse, cast, link, frozen):
    frozen(link.account.invited_at + dt.timedelta(days=15))
    accounts.expire_due()
    accounts.send_new(cast.pia_account, cast.by("ada"))
    pia = browse()
    pia.open(f"/activate/{links.token(cast.link_of(cast.pia_account))}")
    accept(pia)
    prove(pia, cast.pia.birth_date)
    assert pia.press("Activate my account", password=PASSWORD).path == "/activate/welcome"
