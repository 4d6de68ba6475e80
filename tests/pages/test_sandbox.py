"""Every page of a sandbox says that it is one, and so do the commands and ``/readyz``."""

import json

import pytest
from smtp_server import SmtpServer

from domain import accounts, sandbox

pytestmark = pytest.mark.usefixtures("cast")

BANNER = "Sandbox: for trying out. No message leaves."


def test_every_page_says_so_to_everybody_while_it_is_one(browse, decided):
    pages = {"": ("/sign-in", "/pages/help", "/no-such-page"), "alice": ("/", "/my-portal/"), "ada": ("/admin/", "/admin/settings/")}
    readers = {name: browse(name) if name else browse() for name in pages}
    for is_on in (False, True):
        decided(sandbox=int(is_on))
        for name, paths in pages.items():
            for path in paths:
                assert (BANNER in readers[name].ask(path).body.decode()) == is_on, path
        said = json.loads(readers[""].ask("/readyz").body)
        assert said.get("sandbox", False) == is_on


def test_ada_sets_the_mark_in_setup(browse):
    ada = browse("ada")
    ada.open("/admin/settings/installation")
    assert BANNER not in ada.page
    assert BANNER in ada.press("Save", sandbox=True)
    assert sandbox.is_on()


def test_where_the_deployer_set_the_mark_setup_says_that_its_tick_changes_nothing(browse):
    ada, sentence = browse("ada"), "Whoever runs this portal has marked it as a sandbox"
    assert sentence not in ada.open("/admin/settings/installation")
    sandbox.use(True)
    try:
        assert sentence in ada.open("/admin/settings/installation")
        assert sentence not in ada.open("/admin/settings/accounts")
        ada.open("/admin/settings/installation")
        assert BANNER in ada.press("Save", sandbox=False)
    finally:
        sandbox.use(False)


def checked(app):
    """What ``flask check`` says."""
    with app.app_context():
        return app.test_cli_runner().invoke(args=["check"])


@pytest.mark.parametrize("marked", ["by setting", "by environment"])
def test_the_check_of_the_installation_says_so_and_finds_nothing_wrong_with_it(make_app, decided, marked):
    line = "This is a sandbox: no message leaves for a real address."
    before = checked(make_app())
    decided(sandbox=int(marked == "by setting"))
    try:
        after = checked(make_app(sandbox=marked == "by environment"))
    finally:
        sandbox.use(False)
    assert set(after.output.splitlines()) - set(before.output.splitlines()) == {line}
    assert (before.exit_code, after.exit_code) == (0, 0), before.output


def test_a_held_message_is_not_offered_for_sending(cast, browse, decided, deliver):
    account = accounts.create(cast.pia, cast.by("ada"))
    decided(sandbox=1)
    with SmtpServer() as server:
        deliver(server)
    page = browse("ada").open(f"/admin/deliveries/{account.deliveries.get().public_id}/")
    assert "It can be sent once this is no sandbox any more." in page
    assert "Send it" not in page.buttons
    assert "Do not send it" in page.buttons
