"""Workers, their classes and categories, as who manages them sees them; and the invitation, as its reader does."""

import pytest

from domain import clock, events, profile, security_classes, work_queue, workers
from models import LoginSession, Site, Task, Worker

pytestmark = pytest.mark.usefixtures("cast")


def test_finn_invites_nell_who_chooses_a_password_and_is_in(browse, mailbox):
    finn = browse("finn")
    finn.open("/admin/workers/")
    finn.open(finn.page.links["Invite a worker"])
    page = finn.press("Send the invitation", first_name="Nell", last_name="Nook", email="nell@example.org", in_intake=True)
    assert "The invitation is on its way." in page
    assert "invited" in page
    nell = browse()
    nell.open(mailbox.link("nell@example.org"))
    assert "nell@example.org" in nell.page
    assert "characters" in nell.press("Save and sign in", password="short").problems[0]
    assert nell.press("Save and sign in", password="seven brave geese fly").heading == "Today"
    again = browse()
    assert again.open(mailbox.link("nell@example.org")).status == 410
    assert Worker.get(Worker.email_key == "nell@example.org").group == "worker"


def test_a_link_whose_end_is_missing_says_so(browse):
    browser = browse()
    assert browser.open("/invitation/not-one-of-ours").status == 404
    assert browser.open("/invitation/").status == 404


def test_the_list_finds_by_name_and_address_and_keeps_those_who_left_apart(browse, cast):
    ada = browse("ada")
    for question in ("dunn", "dora", "dora d", "dunn, d", "DORA@example"):
        page = ada.open(f"/admin/workers/?q={question}")
        assert "Dora Dunn" in page.main, question
        assert "Otto Oak" not in page.main
    assert "Nobody found" in ada.open("/admin/workers/?q=zzz")
    ada.open(f"/admin/workers/{cast.otto.public_id}/leaving")
    assert "Their access has ended." in ada.press("End their access")
    assert "Otto Oak" not in ada.open("/admin/workers/").main
    assert "Otto Oak" in ada.open("/admin/workers/?state=left").main


def test_fifty_browsers_of_somebody_who_left_get_nothing_any_more(browse, cast):
    ada, alive = browse("ada"), [browse("dora") for _ in range(50)]
    assert [browser.ask("/admin/").status for browser in alive] == [200] * 50
    ada.open(f"/admin/workers/{cast.dora.public_id}/leaving")
    ada.press("End their access")
    answers = [browser.ask(path) for browser in alive for path in ("/admin/", f"/admin/individuals/{cast.alice.public_id}/")]
    assert {(answer.status, answer.location.partition("?")[0]) for answer in answers} == {(303, "/sign-in")}
    assert "do not match" in browse().sign_in("dora@example.org", cast.password_of("dora"))


def test_what_is_to_be_handed_over_is_listed_and_goes_to_whom_is_chosen(browse, cast):
    profile.follow(cast.bob, cast.dora, cast.by("dora"))
    work_queue.add("new_activation_wanted", "intake", cast.alice, "one")
    dora = browse("dora")
    dora.open("/admin/tasks/")
    assert "It is yours now." in dora.press("Pick up")
    ada = browse("ada")
    page = ada.open(f"/admin/workers/{cast.dora.public_id}/leaving")
    assert "One open task" in page
    assert "Follows 2 people" in page
    assert "Bob Brook" in page
    ada.press("End their access", to=cast.otto.public_id)
    otto = browse("otto")
    assert "Alice Archer" in otto.open("/admin/tasks/?worker=me").main
    assert "Bob Brook" in otto.open("/admin/individuals/").main


def test_how_many_appointments_went_over_and_why_others_stayed_is_said(browse, cast, book):
    for hours in (24, 48, 72):
        book(hours)
    events.book(events.Plan(cast.otto, clock.ahead(hours=72), 50, Site.get(), [cast.bob]), cast.by("otto"))
    ada = browse("ada")
    page = ada.open(f"/admin/workers/{cast.dora.public_id}/leaving")
    assert "Clients are told by e-mail with whom their appointment is now." in page
    page = ada.press("End their access", to=cast.otto.public_id)
    assert f"2 appointments went over to {cast.otto.name}. One stayed, because that time is taken." in page


def test_nobody_is_offered_what_they_may_not_give(browse, cast):
    security_classes.create("Sends", {"send_activations"}, cast.by("ada"))
    finn = browse("finn")
    form = finn.open(f"/admin/workers/{cast.dora.public_id}/edit").form("Save")
    assert form.options["group"] == ["worker", "intake_mgmt", "admin_exec"]
    assert form.options["security_class"] == [""]
    answer = finn.send(form.action, {**form.values, "group": "system_admin"})
    assert answer.status == 422
    assert cast.dora.group == "worker"
    own = finn.open(f"/admin/workers/{cast.finn.public_id}/edit").form("Save")
    assert own.options["group"] == ["admin_exec"]
    page = finn.open(f"/admin/workers/{cast.ada.public_id}/")
    assert page.buttons == []
    assert "rights that you do not have" in page


def test_another_group_signs_out_and_whoever_saves_second_is_told(browse, cast):
    dora, ada, finn = browse("dora"), browse("ada"), browse("finn")
    edit = f"/admin/workers/{cast.dora.public_id}/edit"
    ada.open(edit)
    finn.open(edit)
    assert "Saved." in ada.press("Save", group="intake_mgmt", in_on_call=True)
    assert dora.ask("/admin/").status == 303
    page = finn.press("Save", last_name="Dune")
    assert page.status == 422
    assert any("saved now" in problem for problem in page.problems)
    finn.press("Save", group="intake_mgmt")
    assert cast.dora.last_name == "Dune"


def test_a_class_and_a_category_come_and_go(browse, cast):
    ada = browse("ada")
    ada.open("/admin/workers/classes/new")
    page = ada.press("Save", name="Figures", view_statistics=True, import_data=True)
    assert "2 rights" in page
    ada.open(ada.page.links[next(words for words in page.links if words.startswith("Figures"))])
    assert "one right" in ada.press("Save", view_statistics=False)
    ada.open(f"/admin/workers/classes/{security_classes.every()[0].public_id}/removal")
    assert "Removed." in ada.press("Remove")
    ada.open("/admin/workers/categories/new")
    ada.press("Save", name="Housing")
    assert "Housing" in ada.open(f"/admin/workers/{cast.otto.public_id}/edit").main
    assert "stays as it is" in ada.open("/admin/workers/categories/intake/")
    assert ada.page.form("Save").names >= {"days"}  # within how many days it answers


def test_an_invitation_is_sent_again_and_withdrawn(browse, cast, mailbox):
    wim = workers.invite(workers.Details("Wim", "West", "wim@example.org"), cast.by("ada"))
    ada = browse("ada")
    first = mailbox.link("wim@example.org")
    ada.open(f"/admin/workers/{wim.public_id}/")
    ada.press("Send the invitation again")
    assert browse().open(first).status == 410
    ada.open(ada.page.links["Withdraw the invitation"])
    assert "The invitation is withdrawn." in ada.press("Withdraw the invitation")
    assert "Invite them back" in ada.page.buttons


# ---------------------------------------------------------------- the work queue


def test_a_task_is_picked_up_handed_over_and_done(browse, cast):
    work_queue.add("new_activation_wanted", "intake", cast.alice, "one")
    ines, dora = browse("ines"), browse("dora")
    assert "Wants a new activation link" in dora.open("/admin/").main
    ines.open("/admin/tasks/?worker=nobody&category=intake")
    page = ines.press("Pick up")
    assert "Ines Isle" in page
    assert "Wants a new activation link" not in dora.open("/admin/").main
    assert ines.press("Hand over").problems == ["Choose who gets it."]
    assert "Handed over." in ines.press("Hand over", to=f"worker:{cast.dora.public_id}")
    assert "Alice Archer" in dora.open("/admin/tasks/?worker=me").main
    dora.open(next(href for href in dora.page.hrefs if href.startswith("/admin/tasks/") and len(href) > 30))
    assert dora.press("Done").path == "/admin/tasks/"
    assert Task.get().done_by == cast.dora


def test_nobody_opens_a_task_about_somebody_whom_they_may_not_see(browse, cast):
    work_queue.add("new_activation_wanted", "intake", cast.bob, "one")
    task = Task.get()
    dora = browse("dora")  # of the category, but Bob is none of hers
    assert "Bob" not in dora.open("/admin/tasks/").main
    assert dora.ask(f"/admin/tasks/{task.public_id}/").status == 404
    assert dora.send(f"/admin/tasks/{task.public_id}/holder", {"csrf_token": dora.token}).status == 404
    assert LoginSession.select().where(LoginSession.worker == cast.dora).exists()
