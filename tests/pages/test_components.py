"""Each component has its switch in Setup: off, and its button, its addresses and its help are gone for everybody; on, and
they are back (spec 00, rule 11).  A new component adds one line to ``COMPONENTS``."""

import dataclasses

import pytest

from domain import clock, events, profile, settings
from models import Attendance, Contact, Site

pytestmark = pytest.mark.usefixtures("cast")


@dataclasses.dataclass(frozen=True)
class Component:
    """What a switch turns off: a link or a button on a page, addresses (with what is posted there), words of the help."""

    page: str
    button: str
    addresses: tuple[str, ...]
    typed: dict[str, str] = dataclasses.field(default_factory=dict)
    help: str = ""  # an article that is gone, or an article and words in it
    words: str = ""
    posts: tuple[str, ...] = ()  # addresses that take posts only
    on: str = "at_once"
    off: str = "off"


COMPONENTS = {
    "about_me_names": Component("/about-me/", "/about-me/names", ("/about-me/names",), {"preferred_name": "Lis"}),
    "about_me_legal": Component(
        "/about-me/", "/about-me/legal-name", ("/about-me/legal-name",), {"first_name": "Lis", "last_name": "Orr"}, on="approval"
    ),
    "about_me_contacts": Component(
        "/about-me/", "/about-me/contacts/new", ("/about-me/contacts/new", "/about-me/contacts/{phone}/", "/about-me/contacts/{phone}/removal"),
        {"kind": "mobile", "value": "+1 902 555 0166"},
    ),
    "about_me_emergency": Component(
        "/about-me/", "/about-me/contacts/new",
        ("/about-me/contacts/new", "/about-me/contacts/{emergency}/", "/about-me/contacts/{emergency}/removal"),
        {"kind": "emergency", "person": "Sam", "value": "+1 902 555 0166"},
    ),
    "address_change": Component(
        "/my-portal/", "/my-portal/address", ("/my-portal/address", "/my-portal/address/code"),
        {"email": "lis@example.org", "current": "alice likes 9 quiet otters", "code": "123456"}, help="/pages/help/my-portal",
        words="Sign in with another address", on="1", off="0",
    ),
    "confirming": Component("/calendar/{place}", "/calendar/{place}/confirmation", (), on="1", off="0", posts=("/calendar/{place}/confirmation",)),
    "cancelling": Component("/calendar/{place}", "/calendar/{place}/cancellation", ("/calendar/{place}/cancellation",), on="1", off="0"),
    "calendar_feed": Component(
        "/calendar/", "/calendar/feed", ("/calendar/feed",), on="1", off="0",
        posts=("/calendar/feed/details", "/calendar/feed/end"),
    ),
    "discussions": Component("/inbox/", "/inbox/new", ("/inbox/new",), {"to": "team", "subject": "A question", "body": "Words"},
                             help="/pages/help/inbox", words="Writing a message", on="1", off="0"),
    "quick_exit": Component("/", "/quick-exit", ("/quick-exit",), help="/pages/help/quick-exit", on="1", off="0"),
}
BESIDE = {"quick_exit_address"}  # what stands beside a switch, and is none
# Tried in test_things_to_do, in test_photos, in test_requesting, where somebody has hours, and in test_inbox, where the other switch is on.
ELSEWHERE = {"documents", "worker_photos", "requesting", "changing_time", "starting_discussions"}


def test_setup_has_one_page_with_every_switch_and_each_says_what_it_takes_away():
    keys = settings.SECTIONS["components"].keys
    assert set(keys) == COMPONENTS.keys() | BESIDE | ELSEWHERE
    for key in keys:
        assert settings.CATALOGUE[key].help


@pytest.fixture
def contacts(cast):
    """Alice's phone and the one to call for her, by kind."""
    for kind, name in (("mobile", ""), ("emergency", "Sam Archer")):
        profile.add_contact(cast.alice, profile.Reach(kind=kind, value="+1 902 555 0177", person=name), cast.by("ada"), country="CA")
    return {"phone": Contact.get(Contact.kind == "mobile").public_id, "emergency": Contact.get(Contact.kind == "emergency").public_id,
            "place": _appointment(cast)}  # fmt: skip


def _appointment(cast):
    events.book(events.Plan(cast.dora, clock.ahead(hours=72), 50, Site.get(), [cast.alice]), cast.by("dora"))
    return Attendance.get().public_id


@pytest.mark.parametrize("key", COMPONENTS)
def test_what_is_off_is_gone_for_everybody_and_what_is_on_is_back(cast, browse, decided, contacts, key):
    one = COMPONENTS[key]
    for other, each in COMPONENTS.items():
        decided(**{other: each.off})
    alice, readers = browse("alice"), [browse("bob"), browse("ada"), browse()]
    addresses = [address.format(**contacts) for address in one.addresses]
    for is_on in (False, True, False):
        decided(**{key: one.on if is_on else one.off})
        assert (one.button.format(**contacts) in alice.open(one.page.format(**contacts)).html) == is_on
        for address in [*addresses, *(each.format(**contacts) for each in one.posts)]:
            assert address not in addresses or (alice.ask(address).status != 404) == is_on, address
            if not is_on:
                alice.open("/my-portal/language")
                alice.lints = False
                for browser in (alice, *readers):
                    typed = {"csrf_token": browser.token, "form_id": "a" * 22, **one.typed}
                    status = browser.ask(address, "POST", typed).status
                    assert status == 404 or (browser is readers[-1] and status == 303), (address, status)
                alice.lints = True
        if one.help:
            answer = browse().ask(one.help)
            assert (answer.status == 200 and one.words in answer.body.decode()) == is_on
