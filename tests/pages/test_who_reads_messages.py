"""Who reads what of messages: everybody of the cast, in front of everything that was written, read from one table.

Spec: "Staff who may see the individual may read it. Internal notes are visibly different and never reach the client."  Each thing that
was written holds a word of its own, and each page is searched for all of them.
"""

import io
import re

import nasty
import pytest
from pages.conftest import born

from domain import accounts, attachments, clock, discussions, events, reply_links, settings
from domain.actor import SYSTEM
from models import Attachment, Attendance, Message, Site

CLIENTS, STAFF = ("alice", "bob"), ("dora", "otto", "ines", "finn", "ada")
NOBODY = ("stranger", "sam", "eve", "pia", "linked")  # not signed in: Pia has opened a reply link, and then given her date of birth
WHO = (*CLIENTS, *STAFF, *NOBODY)
WORDS = {"alice": "heron", "bob": "ibis", "pia": "egret"}  # whose discussions hold which word

# ---- the table

SEES = {"dora": {"alice"}, "otto": set(), "ines": {*WORDS}, "finn": {*WORDS}, "ada": {*WORDS}}  # which records, by caseload and rights
MINE = {"dora": {"alice"}, "ines": {"pia"}}  # which discussions they have
WAITING = {name: {"bob"} for name in ("ines", "finn", "ada")}  # his waits in a category: who may see him, whether a member or not
TODAY = {"dora": {"alice"}, "ines": {"bob"}, "ada": {"bob"}}  # Dora is a member of that category, too
UNREAD = {"alice": 2, "bob": 1}
TOLD = {"alice@example.org": {"You have a new message"}, "pia@example.org": {"You have a new message"},
        **dict.fromkeys(("dora@example.org", "ines@example.org", "ada@example.org"), {"A client wrote to you"})}  # fmt: skip

SUBJECT, MESSAGE, ANSWER, FILE, NOTE, NOTICE = "subject", "message", "answer", "file", "note", "notice"
ALL_BUT_NOTES = {SUBJECT, MESSAGE, ANSWER, FILE}
EVERYTHING = {*ALL_BUT_NOTES, NOTE}
READS, NOT_THERE, SIGN_IN = "reads", "404", "is asked to sign in"
PART = {"HX-Request": "true", "HX-Request-Type": "partial", "X-Poll": "1"}


def things():
    """Each thing: its address, whose discussion it is of (nobody's in particular for a list), what of it may stand there, and for whom."""
    for whose in ("alice", "bob"):
        own = {whose: {whose}}
        yield "discussion", f"/inbox/{{{whose}}}/", own, ALL_BUT_NOTES, CLIENTS
        yield "polled", f"/inbox/{{{whose}}}/new?after=0", own, ALL_BUT_NOTES - {SUBJECT}, CLIENTS
        yield "attachment", f"/inbox/{{{whose}}}/files/{{{whose}_file}}", own, set(), CLIENTS
        yield "appointment", f"/calendar/{{{whose}_place}}", own, set(), CLIENTS
    for whose in WORDS:
        seen = {who: {whose} for who in STAFF if whose in SEES[who]}
        yield "discussion for staff", f"/admin/discussions/{{{whose}}}/", seen, EVERYTHING, STAFF
        yield "polled for staff", f"/admin/discussions/{{{whose}}}/new?after=0", seen, EVERYTHING - {SUBJECT}, STAFF
        yield "attachment for staff", f"/admin/discussions/{{{whose}}}/files/{{{whose}_file}}", seen, set(), STAFF
        yield "of a record", f"/admin/individuals/{{{whose}_record}}/discussions/", seen, {SUBJECT}, STAFF
    own = {who: {who} for who in CLIENTS}
    yield "list", "/inbox/", own, {SUBJECT, NOTICE}, CLIENTS
    for whose, word in WORDS.items():  # in capitals: the page repeats the question
        finds = {who: {who} & {whose} for who in CLIENTS}
        for part in (SUBJECT, MESSAGE, ANSWER):
            yield f"search by {part}", f"/inbox/?q={f'{word}{part}'.upper()}", finds, {SUBJECT}, CLIENTS
        yield "search by note", f"/inbox/?q={f'{word}{NOTE}'.upper()}", {who: set() for who in CLIENTS}, set(), CLIENTS
    yield "mine", "/admin/discussions/", {who: MINE.get(who, set()) for who in STAFF}, {SUBJECT}, STAFF
    yield "waiting", "/admin/discussions/?view=waiting", {who: WAITING.get(who, set()) for who in STAFF}, {SUBJECT}, STAFF
    yield "all", "/admin/discussions/?view=all", SEES, {SUBJECT}, STAFF
    yield "today", "/admin/", {who: TODAY.get(who, set()) for who in STAFF}, {SUBJECT}, STAFF
    yield "by link", "/reply/", {"linked": {"pia"}}, ALL_BUT_NOTES, ("linked",)
    yield "attachment by link", "/reply/files/{pia_file}", {"linked": {"pia"}}, set(), ("linked",)
    for whose in ("alice", "bob"):
        yield "another's attachment by link", f"/reply/files/{{{whose}_file}}", {}, set(), ("linked",)


def expected(who, readers, audience):
    """What somebody meets at an address."""
    if who in readers:
        return READS
    if who in (*CLIENTS, *STAFF):
        return NOT_THERE  # not theirs and not there are the same
    return SIGN_IN if "linked" not in audience else "the way to the link"


# ---- what was written


@pytest.fixture
def written(cast, book):
    """Alice's with Dora, where she was the last to write, and one of hers that she has not read; Bob's, that waits; and Pia's, by link."""
    settings.change("unread_delay", "0", SYSTEM)
    file, hers = {word: attachments.ready([(f"{word}file.png", io.BytesIO(nasty.picture()))]) for word in WORDS.values()}, cast.by("alice")
    alice = discussions.start(cast.alice, "heronsubject", "heronmessage", hers, worker=cast.dora, files=file["heron"])
    discussions.write(alice, "heronanswer", cast.by("dora"))
    discussions.write(alice, "And now?", hers)
    discussions.start(cast.alice, "heronsubject, too", "Words", cast.by("dora"), worker=cast.dora)
    bob = discussions.start(cast.bob, "ibissubject", "ibismessage ibisanswer", cast.by("bob"), category="intake", files=file["ibis"])
    pia = discussions.start(cast.pia, "egretsubject", "egretmessage egretanswer", cast.by("ines"), worker=cast.ines, files=file["egret"])
    for found, word in ((alice, "heron"), (bob, "ibis"), (pia, "egret")):
        discussions.note(found, f"{word}note", cast.by("ines"))
    places = {"alice": book(72), "bob": Attendance.get(Attendance.event == events.book(
        events.Plan(cast.finn, clock.ahead(hours=72), 50, Site.get(), [cast.bob]), cast.by("finn")))}  # fmt: skip
    found = {"alice": alice, "bob": bob, "pia": pia}
    return (
        {name: each.public_id for name, each in found.items()}
        | {f"{name}_record": each.individual.public_id for name, each in found.items()}
        | {f"{name}_place": each.public_id for name, each in places.items()}
        | {f"{name}_file": Attachment.select().join(Message).where(Message.discussion == each).get().public_id for name, each in found.items()}
    )


@pytest.fixture
def needles(written):
    """By what each word is known on a page."""
    found = {(whose, part): f"{word}{part}" for whose, word in WORDS.items() for part in EVERYTHING}
    return found | {(whose, NOTICE): written[f"{whose}_place"] for whose in CLIENTS}


@pytest.fixture
def everybody(cast, browse, written):
    """A browser of each."""
    browsers = {who: browse(who) for who in (*CLIENTS, *STAFF)} | {who: browse() for who in ("stranger", "sam", "pia", "linked")}
    accounts.unlock(cast.eve_account, cast.by("ada"))
    browsers["eve"] = browse("eve")
    accounts.suspend(cast.eve_account, cast.by("ada"))
    link = reply_links.send_new(discussions.Discussion.get(discussions.Discussion.individual == cast.pia), cast.by("ines"))
    for who in ("pia", "linked"):
        browsers[who].open(f"/reply/{reply_links.token(link)}")
    browsers["linked"].press("Continue", born(cast.pia.birth_date))
    for browser in browsers.values():
        browser.lints = False
    assert {*browsers} == {*WHO}
    return browsers


# ---- every cell


def _met(page, *, is_polled):
    """What an answer is; a page that asks by itself is never answered with the sign-in page."""
    if is_polled and page.status == 204 and not page.body:
        return SIGN_IN
    if page.status == 303:
        return SIGN_IN if page.location.startswith("/sign-in") else page.location
    return {200: READS, 404: NOT_THERE}.get(page.status, page.status)


def test_everybody_reads_what_is_theirs_and_nothing_else(everybody, written, needles):
    wrong, cells = [], 0
    for thing, address, readers, parts, audience in things():
        for who, browser in everybody.items():
            path = address.format(**written)
            page = browser.ask(path, headers=PART if thing.startswith("polled") else None)
            meets = _met(page, is_polled=thing.startswith("polled"))
            wanted = expected(who, readers, audience)
            if wanted == "the way to the link":
                wanted = meets if page.is_html else "a page"
            words = {each for each, needle in needles.items() if needle in page.html and needle not in path}
            allowed = {(whose, part) for whose in readers.get(who, ()) for part in parts}
            if meets != wanted or words != {each for each in allowed if needles.get(each, path) not in path}:
                wrong.append(f"{who} at {thing} {address}: {page.status}, not {wanted}; reads {words}, not {allowed}")
            if thing.startswith("attachment") and wanted == READS and not page.headers.get("Content-Disposition", "").startswith("attachment"):
                wrong.append(f"{who} does not get {thing}")
            cells += 1
    assert not wrong, "\n".join(wrong)
    assert cells >= 12 * 35


def test_what_is_new_is_counted_for_its_reader_alone(everybody):
    for who, browser in everybody.items():
        home, count = browser.ask("/"), browser.ask("/inbox/count")
        if who in CLIENTS:
            assert re.findall(r"(\d+) new<", home.html)[:1] == [str(UNREAD[who])], who
            assert f"{UNREAD[who]} new" in count.html, who
        else:
            assert " new<" not in home.html, who
            assert (count.status, who in STAFF) in ((404, True), (303, False)), who


def test_no_mail_says_a_word_of_it_and_only_who_reads_it_is_told(cast, written, needles, mailbox):
    told = {}
    for message in mailbox.collect():
        for each in (needle for (_, part), needle in needles.items() if part != NOTICE):  # of an appointment they are told where it stands
            assert each not in message.as_string(), message["To"]
            assert all(each not in part.get_content() for part in message.walk() if not part.is_multipart()), message["To"]
        if str(message["Subject"]) in ("You have a new message", "A client wrote to you"):
            told.setdefault(str(message["To"]), set()).add(str(message["Subject"]))
    assert told == TOLD
