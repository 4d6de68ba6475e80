"""What was sent to a client and who looked: all of theirs, nobody else's, never the words, and cheap however long it is."""

import ast
import datetime as dt
import importlib
from pathlib import Path

import pytest

from domain import (
    accounts,
    audit,
    eligibility,
    event_messages,
    my_history,
    notices,
    preferences,
    reply_links,
    resets,
    sign_in,
    store,
    viewer,
    ways,
    worker_messages,
)
from models import Delivery, Worker, db


def outcomes(who):
    return {(each.name, each.outcome) for each in my_history.sent_to(who)[0]}


def put(kind, subject, **more):
    return notices.put(kind, subject, **more)


@pytest.fixture
def empty(cast):
    """The cast, to whom nothing was sent."""
    with store.writing():
        db.execute_sql("DELETE FROM delivery_attempt")
        db.execute_sql("DELETE FROM delivery")
    return cast


def test_both_what_is_to_the_person_and_to_an_account_of_theirs_and_nobody_elses(empty):
    cast = empty
    with store.writing():
        put("event_booked", 1, to="alice@example.org", individual=cast.alice)
        put("new_device", 2, to="alice@example.org", account=cast.alice_account)
        put("password_changed", 3, to="alice@example.org", account=cast.alice_account, individual=cast.alice)
        put("client_wrote", 4, to="dora@example.org", worker=cast.dora, individual=cast.alice)
        put("password_changed", 5, to="bob@example.org", account=cast.bob_account, individual=cast.bob)
        put("mail_test", 6, to="ada@example.org", worker=cast.ada)
    assert [each.name for each in my_history.sent_to(cast.alice)[0]] == ["Password changed", "New device", "New appointment"]
    assert [each.name for each in my_history.sent_to(cast.bob)[0]] == ["Password changed"]
    assert my_history.sent_to(cast.sam)[0] == []


def test_what_was_sent_to_an_account_that_was_closed_stays_in_the_list(empty):
    cast = empty
    with store.writing():
        put("password_changed", 1, to="alice@example.org", account=cast.alice_account)
    accounts.close(cast.alice_account, cast.by("ada"))
    assert ("Password changed",) in {(name,) for name, _ in outcomes(cast.alice)}


@pytest.mark.parametrize(("state", "why", "said"), [
    ("due", "", "waits to be sent"), ("leased", "", "waits to be sent"), ("held", "This is a sandbox: no message leaves.", "waits to be sent"),
    ("sent", "", "sent"), ("dead", "550 5.1.1 no such user", "could not be delivered"),
    ("expired", "Too late to be of use.", "not sent: it would have come too late"), ("cancelled", "", "not sent: it was no longer needed"),
    ("suppressed", "There is no consent to e-mail.", "not sent: you have not agreed to e-mail"),
    ("suppressed", "There is no e-mail address in use.", "not sent: we have no e-mail address of yours"),
    ("suppressed", "The account has ended.", "not sent: your account had ended"),
    ("suppressed", "The appointment was changed or cancelled meanwhile.", "not sent: the appointment was changed or cancelled meanwhile"),
    ("suppressed", "The message was read meanwhile.", "not sent: you had read the message already"),
    ("suppressed", "The client does not want e-mails of this kind.", "not sent: you do not want e-mails of this kind"),
    ("suppressed", "The reply link was withdrawn.", "not sent: we took its link back"),
    ("suppressed", "Something of which only staff know.", "not sent: it was no longer needed"),
])  # fmt: skip
def test_each_outcome_is_said_in_plain_words_and_never_in_the_servers(empty, state, why, said):
    with store.writing():
        row = put("event_booked", 1, to="alice@example.org", individual=empty.alice)
        Delivery.update(state=state, last_error=why).where(Delivery.id == row.id).execute()
    (each,) = my_history.sent_to(empty.alice)[0]
    assert (each.outcome, each.address) == (said, "a…e@example.org")


TO_WORKERS = {
    worker_messages.NOT_WANTED, worker_messages.SIGNED_IN, "This worker has left.",
    "It is not the first appointment of an enrolment any more.",
}  # fmt: skip
# What is no constant, with everything that it may be.
SAID = {
    "refusal.message": {eligibility.SENTENCES[code] for code in ("address", "address_not_in_use", "consent", "birth_date", "deceased")},
    "way.missing[0].message": {
        ways.DISABLED_ACCOUNT, *(eligibility.SENTENCES[code] for code in (
            "deceased", "consent", "address", "birth_date", "not_wanted", "client_delivery", "closed_staff",
        )),
    },
    "reply_links.why_ended(delivery)": {reply_links.NEWER, reply_links.WITHDRAWN, reply_links.ANSWERED, reply_links.STOPPED},
    "answered": {event_messages.CONFIRMED, event_messages.DECLINED},
    "str(reason)": set(),  # what was raised
}  # fmt: skip


def reasons_of(said, module):
    if isinstance(said, ast.IfExp):
        return reasons_of(said.body, module) | reasons_of(said.orelse, module)
    if isinstance(said, ast.Call) and ast.unparse(said.func) == "N_":
        return {said.args[0].value}
    if (text := ast.unparse(said)) in SAID:
        return SAID[text]
    return {eval(text, vars(module))}  # the name of a constant of ours


def every_reason():
    """What any code may store as the reason for which something was not sent."""
    found = set()
    for file in sorted(Path(my_history.__file__).parent.glob("*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            name = ast.unparse(call.func).rpartition(".")[2] if isinstance(call, ast.Call) and call.args else ""
            is_notices = name == "suppress" and ast.unparse(call.func) == "notices.suppress"
            if is_notices or name in ("Unwanted", "Unreached"):
                found |= reasons_of(call.args[int(is_notices)], importlib.import_module(f"domain.{file.stem}"))
    return found | {reply_links.NEWER, event_messages.GONE, event_messages.OFF}  # of what was cancelled


def test_every_reason_that_is_written_is_told_to_clients_in_their_words():
    reasons = every_reason()
    assert len(reasons) > 25
    assert reasons - TO_WORKERS - set(my_history._BECAUSE) == set()
    assert set(my_history._BECAUSE) - reasons == set(), "nobody writes these any more"


def test_what_stands_between_somebody_and_a_message_is_all_that_is_known_of_here(cast, decided):
    """``SAID`` holds all that ``ways`` may say."""
    decided(client_delivery=0)
    with store.writing():
        preferences.choose(cast.sam, {"messages": False}, cast.visitor(), how="link")
        sam = cast.sam
        sam.death_date, sam.birth_date = dt.date(2026, 1, 1), None
    assert {each.message for each in ways.of(sam).missing} | {
        ways.DISABLED_ACCOUNT, eligibility.SENTENCES["closed_staff"],
    } == SAID["way.missing[0].message"]  # fmt: skip


def test_every_kind_of_message_has_a_name():
    assert set(my_history.NAMES) >= set(notices.KINDS)


def test_the_list_goes_on_by_twenties_and_ends(empty):
    cast = empty
    with store.writing():
        for number in range(45):
            to_account = {"account": cast.alice_account} if number % 2 else {"individual": cast.alice}
            put("event_booked", number, to="alice@example.org", **to_account)
    pages, older = [], ""
    while True:
        rows, older = my_history.sent_to(cast.alice, older)
        pages.append([each.public_id for each in rows])
        if not older:
            break
    assert [len(page) for page in pages] == [20, 20, 5]
    assert len({each for page in pages for each in page}) == 45
    strange = Delivery.get(Delivery.public_id == pages[1][0]).public_id
    assert my_history.sent_to(cast.bob, strange) == ([], "")


def test_messages_of_safety_are_in_the_list(empty):
    cast = empty
    resets.set_password(cast.alice_account, "x", cast.by("alice"), "password.changed", was=cast.alice_account.password_hash)
    session = sign_in.start(cast.alice_account, None, device_token="", agent="a phone", network="", tell_of_device=True)
    assert session
    assert {name for name, _ in outcomes(cast.alice)} >= {"Password changed", "New device"}


# ---------------------------------------------------------------- who looked


def look(cast, who, person=None, at=None):
    audit_page = viewer.StaffViewer(cast.session(who), getattr(cast, who), frozenset(), cast.by(who))
    audit_page.saw(person or cast.alice, "individual")


def test_each_worker_stands_there_once_a_day_and_nobody_elses_looks(cast, frozen):
    now = frozen("2026-03-04 16:00")
    for who in ("dora", "ines", "dora", "dora"):
        look(cast, who)
    look(cast, "otto", cast.bob)
    now.shift(days=1)
    look(cast, "dora")
    seen, before = my_history.looks(cast.alice)
    assert [(each.day.isoformat(), each.worker.id) for each in seen] == [
        ("2026-03-05", cast.dora.id), ("2026-03-04", cast.dora.id), ("2026-03-04", cast.ines.id),
    ]  # fmt: skip
    assert before == ""


def test_a_day_is_one_by_the_clock_of_the_agency(cast, frozen):
    now = frozen("2026-03-05 03:30")  # half past eleven in the evening of the day before in Halifax
    look(cast, "dora")
    now.shift(hours=1)
    look(cast, "dora")
    assert [each.day.isoformat() for each in my_history.looks(cast.alice)[0]] == ["2026-03-05", "2026-03-04"]


def test_who_tried_without_the_right_did_not_open_it_and_changes_are_no_looks(cast):
    with store.writing():
        audit.record("individual.refused", cast.by("otto"), individual=cast.alice)
        audit.record("follow.started", cast.by("ines"), individual=cast.alice, worker=1)
    assert my_history.looks(cast.alice) == ([], "")


def test_who_has_left_is_still_named(cast):
    look(cast, "dora")
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    ((each,), _) = my_history.looks(cast.alice)
    assert (each.worker.first_name, each.worker.last_name) == ("Dora", "Dunn")


def test_the_days_go_on_and_each_stands_there_once(cast, frozen):
    now = frozen("2026-01-04 16:00")
    for _ in range(25):
        for who in ("dora", "ines", "dora"):
            look(cast, who)
        now.shift(days=1)
    found, before, pages = [], "", 0
    while True:
        seen, before = my_history.looks(cast.alice, before)
        found += [(each.day, each.worker.id) for each in seen]
        pages += 1
        if not before:
            break
    assert (len(found), len(set(found)), pages) == (50, 50, 3)
    assert my_history.looks(cast.alice, "no day")[0] == my_history.looks(cast.alice)[0]


def test_a_record_that_is_opened_all_day_long_is_read_whole(cast, frozen, monkeypatch):
    monkeypatch.setattr(my_history, "_LOT", 3)
    frozen("2026-03-04 16:00")
    for who in ("dora", "ines", "dora", "dora", "dora", "otto", "dora"):
        look(cast, who)
    assert len(my_history.looks(cast.alice)[0]) == 3
