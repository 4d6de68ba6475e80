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


def test_a_held_message_is_not_offered_for_sending(cast, browse, decided, deliver):
    account = accounts.create(cast.pia, cast.by("ada"))
    decided(sandbox=1)
    with SmtpServer() as server:
        deliver(server)
    page = browse("ada").open(f"/admin/deliveries/{account.deliveries.get().public_id}/")
    assert "It can be sent once this is no sandbox any more." in page
    assert "Send it" not in page.buttons
    assert "Do not send it" in page.buttons
