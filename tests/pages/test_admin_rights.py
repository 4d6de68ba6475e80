"""Each page of the staff side, and each kind of worker: who may open it, and what a menu offers."""

import re
from collections import Counter

import pytest

from domain import notices, work_queue
from gateways.mail import Outcome, Verdict
from models import Contact, Delivery, Task

pytestmark = pytest.mark.usefixtures("cast")

EVERYBODY = {"otto", "dora", "ines", "finn", "ada"}
SEE_ALL = {"ines", "finn", "ada"}
SEE_ALICE = {"dora", *SEE_ALL}
INVITE = {"ada"}
SET_UP = {"ada"}
AUDIT = {"finn", "ada"}
IMPORT = {"finn", "ada"}
FIGURES = {"finn", "ada"}
ACCOUNTS = {"ines", "finn", "ada"}
WORKERS = {"finn", "ada"}

# Each page with the workers who may open it; every other one gets the page for what is not there.
PAGES = {
    "/admin/": EVERYBODY,
    "/admin/individuals/": EVERYBODY,
    "/admin/individuals/?q=alice": EVERYBODY,
    "/admin/deliveries/": EVERYBODY,
    "/admin/my-sign-in/": EVERYBODY,
    "/admin/individuals/new": SEE_ALL,
    "/admin/individuals/{alice}/": SEE_ALICE,
    "/admin/individuals/{alice}/history": AUDIT,
    "/admin/individuals/{alice}/accounts": SEE_ALICE,
    "/admin/individuals/{alice}/edit": SEE_ALL,
    "/admin/individuals/{alice}/contacts/new": SEE_ALL,
    "/admin/individuals/{alice}/contacts/{alice_contact}/": SEE_ALL,
    "/admin/individuals/{alice}/contacts/{alice_contact}/removal": SEE_ALL,
    "/admin/individuals/{alice}/account/new": INVITE,
    "/admin/individuals/{alice}/account/{alice_account}/suspend": SEE_ALL,
    "/admin/individuals/{bob}/": SEE_ALL,
    "/admin/individuals/{bob}/history": AUDIT,
    "/admin/individuals/{bob}/accounts": SEE_ALL,
    "/admin/individuals/{bob}/edit": SEE_ALL,
    "/admin/deliveries/{alice_delivery}/": SEE_ALICE,
    "/admin/deliveries/{bob_delivery}/": SEE_ALL,
    "/admin/imports/": IMPORT,
    "/admin/imports/new": IMPORT,
    "/admin/tasks/": EVERYBODY,
    "/admin/requests/": EVERYBODY,
    "/admin/workers/": WORKERS,
    "/admin/workers/new": WORKERS,
    "/admin/workers/{dora}/": WORKERS,
    "/admin/workers/{dora}/edit": WORKERS,
    "/admin/workers/{dora}/leaving": WORKERS,
    "/admin/workers/classes/": WORKERS,
    "/admin/workers/classes/new": WORKERS,
    "/admin/workers/categories/": WORKERS,
    "/admin/workers/categories/new": WORKERS,
    "/admin/settings/": SET_UP,
    "/admin/settings/about_me": SET_UP, "/admin/settings/components": SET_UP,
    "/admin/first-start/agency": SET_UP,
    "/admin/first-start/pages": SET_UP,
    "/admin/first-start/mail": SET_UP,
}


def ids(cast):
    named = {
        "dora": cast.dora, "alice": cast.alice, "bob": cast.bob, "alice_account": cast.alice_account,
        "alice_contact": Contact.get(Contact.individual == cast.alice), "alice_delivery": Delivery.get(Delivery.individual == cast.alice),
        "bob_delivery": Delivery.get(Delivery.individual == cast.bob),
    }  # fmt: skip
    return {name: row.public_id for name, row in named.items()}


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_a_worker_opens_the_pages_of_their_kind_and_no_other(browse, cast, name):
    browser, found = browse(name), ids(cast)
    seen = {path: browser.ask(path.format(**found)).status for path in PAGES}
    assert seen == {path: 200 if name in may else 404 for path, may in PAGES.items()}


@pytest.mark.parametrize("name", ["", "alice"])
def test_nobody_else_opens_any_of_them(browse, cast, name):
    browser, found = browse(name), ids(cast)
    for path in PAGES:
        answer = browser.ask(path.format(**found))
        assert answer.status == (404 if name else 303), path


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_every_link_that_a_worker_is_offered_leads_somewhere(browse, cast, name):
    browser, found, seen = browse(name), ids(cast), Counter()
    waiting = [path.format(**found) for path, may in PAGES.items() if name in may]
    while waiting:
        page = browser.open(waiting.pop())
        assert page.status == 200, page.path
        for href in page.hrefs:
            clean = href.partition("#")[0]
            kind = re.sub(r"[\w-]{22}|=.*", "…", clean)
            seen[kind] += 1
            if clean.startswith("/") and seen[kind] == 1:
                waiting.append(clean)
    assert "/admin/individuals/" in seen


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_every_button_that_a_worker_is_offered_is_theirs_to_press(browse, cast, name):
    work_queue.add("new_activation_wanted", "intake", cast.alice, "a task")
    cast.invited()
    notices.settle(notices.claim(), Outcome(Verdict.REFUSED, 550, "550 no", False))
    browser, found = browse(name), ids(cast)
    seen = {"/sign-out", "/quick-exit"}
    for path in (path.format(**found) for path, may in PAGES.items() if name in may):
        for form in browser.open(path).forms:
            kind = re.sub(r"[\w-]{22}", "…", form.action)
            if form.method == "post" and kind not in seen:
                seen.add(kind)
                assert browser.send(form.action, form.values).status in (200, 303, 422), (path, form.action)
    assert Task.select().count() >= 1


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_the_menu_is_the_same_on_every_page(browse, name):
    browser = browse(name)
    menus = set()
    for path in ("/admin/", "/admin/individuals/", "/admin/deliveries/", "/admin/my-sign-in/"):
        nav = next(e for e in browser.open(path).tree.iter("nav") if e.get("id") == "nav")
        menus.add(tuple(a.get("href") for a in nav.iter("a")))
    accounts = ("/admin/accounts/",) if name in ACCOUNTS else ()
    services = ("/admin/services/",) if name in ACCOUNTS else ()  # those who look after accounts look after services, too
    more = (*(("/admin/workers/",) if name in WORKERS else ()), *(("/admin/imports/",) if name in IMPORT else ()), *(("/admin/statistics/",) if name in FIGURES else ()),
            *(("/admin/settings/",) if name in SET_UP else ()))  # fmt: skip
    assert menus == {("/admin/", "/admin/schedule/", "/admin/requests/", "/admin/discussions/", "/admin/tasks/", "/admin/individuals/", *accounts, *services, "/admin/deliveries/", *more, "/admin/my-sign-in/")}


def test_a_class_gives_rights_beyond_the_group_and_unknown_words_give_nothing(browse, cast):
    from domain import store
    from models import SecurityClass, Worker

    with store.writing():
        seeing = SecurityClass.create(name="Seeing", rights="view_all_individuals everything system_admin")
        Worker.update(security_class=seeing).where(Worker.id == cast.otto.id).execute()
    otto, found = browse("otto"), ids(cast)
    assert otto.ask("/admin/individuals/{bob}/".format(**found)).status == 200
    assert otto.ask("/admin/individuals/{bob}/edit".format(**found)).status == 404
    assert otto.ask("/admin/first-start/agency").status == 404
