"""What was sent, and who looked: the client's own page, and no word of any message on it."""

import re

import pytest

from domain import discussions, notices, store
from models import Delivery, Worker

pytestmark = pytest.mark.usefixtures("cast")
PAGE = "/my-portal/history"


def test_alice_finds_it_in_my_portal_and_reads_what_was_sent(cast, browse, decided):
    decided(unread_delay=0)
    discussions.start(cast.alice, "Canary subject", "Canary words", cast.by("dora"), worker=cast.dora)
    alice = browse("alice")
    assert PAGE in alice.open("/my-portal/").html
    page = alice.open(PAGE)
    assert "New message" in page
    assert "waits to be sent" in page
    assert "Canary" not in page
    assert not [form for form in page.forms if form.action.startswith(PAGE)]


def test_the_address_is_masked(cast, browse):
    with store.writing():
        notices.put("password_changed", 7, to="alice.the.second@example.org", account=cast.alice_account, individual=cast.alice)
    page = browse("alice").open(PAGE)
    assert "a…d@example.org" in page
    assert "alice.the.second" not in page.html


def test_bob_sees_nothing_of_hers_also_by_the_name_of_a_page(cast, browse):
    with store.writing():
        row = notices.put("event_booked", 7, to="alice@example.org", individual=cast.alice)
    bob = browse("bob")
    for path in (PAGE, f"{PAGE}?older={row.public_id}"):
        assert "New appointment" not in bob.open(path)


def test_who_opened_the_record_is_named_as_clients_know_them(cast, browse):
    with store.writing():
        Worker.update(display_name="Dora of the front desk").where(Worker.id == cast.dora.id).execute()
    browse("dora").open(f"/admin/individuals/{cast.alice.public_id}/")
    with store.writing():
        Worker.update(is_active=False).where(Worker.id == cast.dora.id).execute()
    page = browse("alice").open(PAGE)
    assert "Dora of the front desk" in page
    assert "Nobody opened it yet." in browse("bob").open(PAGE)


def test_older_ones_have_pages_of_their_own(cast, browse):
    with store.writing():
        for number in range(25):
            notices.put("event_booked", number, to="alice@example.org", individual=cast.alice)
    alice = browse("alice")
    page = alice.open(PAGE)
    (older,) = re.findall(rf'href="({PAGE}[?]older=[^"]+)"', page.html)
    page = alice.open(older)
    assert "Who opened your record" not in page
    theirs = Delivery.select().where(Delivery.individual == cast.alice, Delivery.worker.is_null())
    assert page.html.count('class="row-title"') == theirs.count() - 20


def test_staff_and_strangers_do_not_get_there(browse):
    assert browse("ada").ask(PAGE).status == 404
    assert browse().ask(PAGE).status == 303


def test_what_stands_there_stays_where_a_message_was_taken_back(cast, browse, decided):
    with store.writing():
        row = notices.put("event_booked", 7, to="alice@example.org", individual=cast.alice)
    notices.drop_for(cast.alice_account)
    with store.writing():
        Delivery.update(state="cancelled").where(Delivery.id == row.id).execute()
    assert "not sent: it was no longer needed" in browse("alice").open(PAGE)
