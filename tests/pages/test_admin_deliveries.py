"""Deliveries and Today: what went out, what failed, and what waits for staff."""

import pytest

from domain import accounts, links, notices, store, work_queue
from domain.restore import HELD
from gateways.mail import Outcome, Verdict
from models import DELIVERY_STATES, AuditEntry, Delivery, DeliveryAttempt, Task

pytestmark = pytest.mark.usefixtures("cast")

REFUSED = Outcome(Verdict.REFUSED, 550, "550 5.1.1 no such user here", True)


@pytest.fixture
def failed(cast):
    """Pia's activation, which the mail server refused."""
    cast.invited()
    notices.settle(notices.claim(), REFUSED)
    return Delivery.select().where(Delivery.individual == cast.pia).get()


def lines(page):
    return ["".join(span.itertext()) for span in page.tree.iter("span") if span.get("class") == "row-line"]


def follow(cast, worker, person):
    from domain import profile

    profile.follow(person, getattr(cast, worker), cast.by(worker))


# ---------------------------------------------------------------- deliveries


def test_ines_sees_what_went_out_with_masked_addresses(browse, cast, mailbox):
    mailbox.collect()
    page = browse("ines").open("/admin/deliveries/")
    assert page.heading == "Deliveries"
    assert any(line.startswith("Alice Archer · a…e@example.org · ") for line in lines(page))
    assert "alice@example.org" not in page


def test_the_list_is_narrowed_by_what_became_of_it(browse, cast, failed):
    ines = browse("ines")
    ines.open("/admin/deliveries/")
    assert [line for line in lines(ines.open(ines.page.links["Failed"])) if "Pia Pell" in line]
    assert not [line for line in lines(ines.open(ines.page.links["Sent"])) if "Pia Pell" in line]
    page = ines.open(ines.page.links["Too late"])
    assert ("Nothing here" in page, "No e-mail came too late." in page, "as soon as" in page) == (True, True, False)


def test_all_filters_are_written_alike(browse):
    page = browse("ines").open("/admin/deliveries/")
    chips = [name for name, href in page.links.items() if "/admin/deliveries/" in href and name != "Deliveries"]
    assert chips[:8] == ["All", "Waiting", "Held", "Sent", "Failed", "Not sent", "Too late", "Cancelled"]


def test_each_state_has_its_words_for_none(browse, db):
    with store.writing():
        DeliveryAttempt.delete().execute()
        Delivery.delete().execute()
    ada = browse("ada")
    told = {ada.open(f"/admin/deliveries/?state={state}").main for state in ("", *DELIVERY_STATES)}
    assert len(told) == 1 + len(DELIVERY_STATES)
    assert "E-mails appear here as soon as the portal sends one." in ada.open("/admin/deliveries/")


def test_the_list_is_in_the_order_of_the_dates_that_it_shows(browse, frozen, cast):
    frozen("2026-03-01 12:00")
    cast.invited()
    frozen.shift(days=3)
    accounts.resend(cast.pia_account, cast.by("ada"))
    frozen.shift(days=40)
    accounts.create(cast.person("Zoe"), cast.by("ada"))
    shown = [line.rpartition(" · ")[2] for line in lines(browse("ada").open("/admin/deliveries/"))]
    assert [each.partition(",")[0] for each in shown[:3]] == ["13 Apr 2026", "4 Mar 2026", "1 Mar 2026"]


@pytest.mark.parametrize("state", ["", "nonsense", "dead'--", "%00", "due&state=sent"])
def test_a_filter_that_was_made_up_is_harmless(browse, state):
    assert browse("ines").open(f"/admin/deliveries/?state={state}").status == 200


def test_one_delivery_shows_every_try_and_what_the_server_said(browse, cast, failed):
    page = browse("ines").open(f"/admin/deliveries/{failed.public_id}/")
    assert "failed" in page
    assert "550 5.1.1 no such user here" in page
    assert "refused" in page
    assert "pia@example.org" in page
    assert "E-mails to this address come back. Please ask for another one." in page
    assert page.links["Pia Pell"] == f"/admin/individuals/{cast.pia.public_id}/"


def test_the_record_of_who_gets_no_mail_says_so(browse, cast, failed):
    page = browse("ines").open(f"/admin/individuals/{cast.pia.public_id}/")
    assert "E-mails to pia@example.org come back. Please ask for another address." in page


def test_a_delivery_that_waits_says_that_it_was_not_tried(browse, cast):
    cast.invited()
    waiting = Delivery.select().where(Delivery.individual == cast.pia).get()
    page = browse("ines").open(f"/admin/deliveries/{waiting.public_id}/")
    assert "Not tried yet." in page
    assert "Send it again" not in page.buttons


def test_a_failed_one_is_sent_again_as_a_new_delivery(browse, cast, failed, mailbox):
    ines = browse("ines")
    ines.open(f"/admin/deliveries/{failed.public_id}/")
    page = ines.press("Send it again")
    repeat = Delivery.get(Delivery.again == failed)
    assert page.path == f"/admin/deliveries/{repeat.public_id}/"
    assert "It is on its way again." in page
    assert Delivery.get_by_id(failed.id).state == "dead"
    assert mailbox.newest("pia@example.org")["Subject"] == "Your portal is ready"


def test_the_same_one_is_not_sent_again_twice(browse, cast, failed):
    two = [browse("ines"), browse("finn")]
    for browser in two:
        browser.open(f"/admin/deliveries/{failed.public_id}/")
    two[0].press("Send it again")
    page = two[1].press("Send it again")
    assert "Only a delivery that failed can be sent again, and only once." in page
    assert Delivery.select().where(Delivery.again == failed).count() == 1


def test_a_delivery_that_is_on_its_way_cannot_be_sent_again(browse, cast):
    cast.invited()
    waiting, ines = Delivery.select().where(Delivery.individual == cast.pia).get(), browse("ines")
    answer = ines.send(f"/admin/deliveries/{waiting.public_id}/again", {"csrf_token": ines.token})
    assert answer.status == 303
    assert Delivery.select().where(Delivery.individual == cast.pia).count() == 1


def test_what_is_too_late_cannot_be_sent_again(browse, failed, frozen):
    frozen(failed.expires_at)
    ines = browse("ines")
    assert "Send it again" not in ines.open(f"/admin/deliveries/{failed.public_id}/").buttons
    answer = ines.send(f"/admin/deliveries/{failed.public_id}/again", {"csrf_token": ines.token})
    assert answer.status == 303
    assert "It is too late to send this again. Send a new one." in ines.open(answer.location)
    assert not Delivery.select().where(Delivery.again == failed).exists()


def test_a_worker_sees_the_deliveries_of_the_own_caseload(browse, cast, failed):
    dora = browse("dora")
    assert all("Alice Archer" in line for line in lines(dora.open("/admin/deliveries/")))
    assert dora.open(f"/admin/deliveries/{failed.public_id}/").status == 404
    follow(cast, "dora", cast.pia)
    page = dora.open(f"/admin/deliveries/{failed.public_id}/")
    assert page.status == 200
    assert "Send it again" not in page.buttons
    assert dora.send(f"/admin/deliveries/{failed.public_id}/again", {"csrf_token": dora.token}).status == 404
    assert browse("otto").open("/admin/deliveries/").main.endswith("E-mails appear here as soon as the portal sends one.")


def test_mail_to_staff_is_seen_by_who_may_see_the_audit(browse, cast, mailbox):
    browse().sign_in("dora@example.org", cast.password_of("dora"))
    mailbox.collect()
    told = Delivery.get(Delivery.worker == cast.dora)
    for name, status in (("ines", 404), ("dora", 404), ("finn", 200), ("ada", 200)):
        assert browse(name).open(f"/admin/deliveries/{told.public_id}/").status == status, name


def test_many_deliveries_are_paged_newest_first(browse, cast):
    for number in range(45):
        notices.put("password_changed", number, to="alice@example.org", account=cast.alice_account, individual=cast.alice)
    ines = browse("ines")
    page, seen = ines.open("/admin/deliveries/?state=due"), []
    while True:
        seen += [href for href in page.hrefs if href.startswith("/admin/deliveries/") and href.count("/") == 4]
        if "Next" not in page.links:
            break
        page = ines.open(page.links["Next"])
    assert len(seen) == len(set(seen)) == 45
    newest = [f"/admin/deliveries/{row.public_id}/" for row in Delivery.select().where(Delivery.state == "due").order_by(Delivery.id.desc())]
    assert seen == newest


# ---------------------------------------------------------------- held after a restore


@pytest.fixture
def held(cast):
    """What waited for Alice when the portal was restored."""
    row = notices.put("password_changed", 1, to="alice@example.org", account=cast.alice_account, individual=cast.alice)
    with store.writing():
        Delivery.update(state="held", last_error=HELD).where(Delivery.id == row.id).execute()
    return row


def state(row):
    return Delivery.get_by_id(row.id).state


def test_what_is_held_is_shown_on_today_and_in_the_list(browse, cast, held):
    ines = browse("ines")
    page = ines.open("/admin/")
    assert "One e-mail is held" in page
    page = ines.open(page.links["Look at them"])
    assert [line for line in lines(page) if line.startswith("Alice Archer")]
    page = ines.open(f"/admin/deliveries/{held.public_id}/")
    assert "Waited when the backup was made. It may have been sent since." in page


def test_a_quiet_day_speaks_of_no_held_mail(browse):
    assert "held" not in browse("ines").open("/admin/").main


def test_held_mail_goes_out_when_staff_say_so(browse, cast, held, mailbox):
    ines = browse("ines")
    ines.open(f"/admin/deliveries/{held.public_id}/")
    page = ines.press("Send it")
    assert "It is on its way." in page
    assert "Do not send it" not in page.buttons
    assert mailbox.newest("alice@example.org") is not None
    assert state(held) == "sent"
    assert AuditEntry.select().where(AuditEntry.kind == "delivery.released", AuditEntry.worker == cast.ines).count() == 1


def test_held_mail_is_not_sent_when_staff_say_so(browse, cast, held, mailbox):
    ines = browse("ines")
    ines.open(f"/admin/deliveries/{held.public_id}/")
    assert "It will not be sent." in ines.press("Do not send it")
    assert state(held) == "cancelled"
    assert AuditEntry.select().where(AuditEntry.kind == "delivery.cancelled", AuditEntry.worker == cast.ines).count() == 1


@pytest.mark.parametrize(("first", "second", "after"), [
    ("Send it", "Send it", "due"), ("Send it", "Do not send it", "due"),
    ("Do not send it", "Send it", "cancelled"), ("Do not send it", "Do not send it", "cancelled"),
])  # fmt: skip
def test_of_two_who_decide_the_first_one_counts(browse, held, first, second, after):
    two = [browse("ines"), browse("finn")]
    for browser in two:
        browser.open(f"/admin/deliveries/{held.public_id}/")
    two[0].press(first)
    assert "Somebody has decided about this one already." in two[1].press(second)
    assert state(held) == after
    assert AuditEntry.select().where(AuditEntry.kind.in_(("delivery.released", "delivery.cancelled"))).count() == 1


@pytest.mark.parametrize("settled", ["sent", "dead", "expired", "suppressed", "leased"])
@pytest.mark.parametrize("verb", ["release", "cancellation"])
def test_what_is_settled_stays_as_it_is(browse, held, settled, verb):
    with store.writing():
        Delivery.update(state=settled).where(Delivery.id == held.id).execute()
    ines = browse("ines")
    assert not {"Send it", "Do not send it"} & set(ines.open(f"/admin/deliveries/{held.public_id}/").buttons)
    assert ines.send(f"/admin/deliveries/{held.public_id}/{verb}", {"csrf_token": ines.token}).status == 303
    assert state(held) == settled


def test_held_mail_whose_link_is_void_is_not_offered_but_can_be_put_away(browse, cast):
    link = cast.invited()
    row = Delivery.get(Delivery.link == link)
    with store.writing():
        links.void("activation", account=link.account)
        Delivery.update(state="held").where(Delivery.id == row.id).execute()
    ines = browse("ines")
    page = ines.open(f"/admin/deliveries/{row.public_id}/")
    assert "its link no longer works" in page
    assert "Send it" not in page.buttons
    assert ines.send(f"/admin/deliveries/{row.public_id}/release", {"csrf_token": ines.token}).status == 303
    assert state(row) == "held"
    ines.open(f"/admin/deliveries/{row.public_id}/")
    ines.press("Do not send it")
    assert state(row) == "cancelled"


def test_a_worker_sees_what_is_held_and_does_not_decide(browse, held):
    dora = browse("dora")
    page = dora.open(f"/admin/deliveries/{held.public_id}/")
    assert page.status == 200
    assert not {"Send it", "Do not send it"} & set(page.buttons)
    for verb in ("release", "cancellation"):
        assert dora.send(f"/admin/deliveries/{held.public_id}/{verb}", {"csrf_token": dora.token}).status == 404
    assert state(held) == "held"
    assert "held" not in dora.open("/admin/").main


# ---------------------------------------------------------------- today


@pytest.fixture
def task(cast):
    """Alice, or somebody with her link, asked for a new one."""
    work_queue.add("new_activation_wanted", "intake", cast.alice, "a task")
    return Task.get()


def test_a_quiet_day_says_so(browse):
    page = browse("ines").open("/admin/")
    assert page.heading == "Today"
    assert "Nothing waits" in page


def test_what_waits_is_shown_with_its_person_and_done_once(browse, cast, task):
    ines = browse("ines")
    page = ines.open("/admin/")
    assert "Wants a new activation link" in page
    assert f"/admin/individuals/{cast.alice.public_id}/" in page.hrefs
    page = ines.press("Done")
    assert "Done." in page
    assert "Nothing waits" in page
    row = Task.get_by_id(task.id)
    assert row.done_by == cast.ines
    assert AuditEntry.select().where(AuditEntry.kind == "task.done").count() == 1


def test_a_task_that_somebody_else_did_meanwhile_is_done_once(browse, cast, task):
    two = [browse("ines"), browse("ada")]
    for browser in two:
        browser.open("/admin/")
    for browser in two:
        browser.press("Done")
    assert Task.get_by_id(task.id).done_by == cast.ines
    assert AuditEntry.select().where(AuditEntry.kind == "task.done").count() == 1


def test_a_worker_sees_the_tasks_of_the_own_caseload(browse, cast, task):
    assert "Wants a new activation link" in browse("dora").open("/admin/")
    otto = browse("otto")
    assert "Wants a new activation link" not in otto.open("/admin/")
    assert otto.send(f"/admin/tasks/{task.public_id}/done", {"csrf_token": otto.token}).status == 404
    assert Task.get_by_id(task.id).done_at is None


def test_mail_that_failed_waits_on_today(browse, cast, failed):
    page = browse("ines").open("/admin/")
    assert "An e-mail could not be delivered" in page
    assert "E-mails that failed" in page
    assert f"/admin/deliveries/{failed.public_id}/" in page.hrefs
    assert "Pia" not in browse("otto").open("/admin/").main


def test_a_wrong_date_of_birth_waits_on_today(browse, cast):
    from domain import activation

    link = cast.invited()
    activation.accept_terms(link, *activation.pages_to_accept("en"), cast.visitor())
    for _ in range(3):
        with pytest.raises(activation.RuleBroken):
            activation.prove_birth_date(link, cast.bob.birth_date.replace(day=2), cast.visitor())
    assert "Activation stopped: wrong date of birth" in browse("ines").open("/admin/")
    assert cast.pia_account.reason == "date_of_birth"


def test_of_more_than_twenty_tasks_the_oldest_come_first(browse, cast):
    for number in range(25):
        work_queue.add("delivery_problem", "delivery_problems", cast.person(f"P{number:02}", "Crowd"), f"delivery {number}")
    page = browse("ines").open("/admin/")
    assert page.buttons.count("Done") == 20
    assert "P00 Crowd" in page
    assert "P24 Crowd" not in page


def test_closing_an_account_leaves_its_open_tasks_to_the_workers(browse, cast, task):
    accounts.close(cast.alice_account, cast.by("ada"))
    assert "Wants a new activation link" in browse("ines").open("/admin/")
