"""About Me: the client reads what the agency has noted."""

import pytest

from domain import profile

pytestmark = pytest.mark.usefixtures("cast")


def reach(cast, kind, value, **more):
    return profile.add_contact(cast.alice, profile.Reach(kind, value, **more), cast.by("ines"), country="CA")


def test_alice_sees_her_names_and_dates(browse, cast):
    details = profile.Details(
        "Alice", "Archer", preferred_name="Lis", pronouns="she/her", gender="woman", birth_date=cast.alice.birth_date
    )
    profile.change(cast.alice, details, cast.by("ines"), version=cast.alice.version)
    page = browse("alice").open("/about-me/")
    for sentence in ("Lis", "Alice Archer", "she/her", "woman", f"1 January {cast.alice.birth_date.year}"):
        assert sentence in page


def test_alice_sees_how_she_is_reached(browse, cast):
    reach(cast, "mobile", "902 555 0134", instructions="Only in the morning", is_main=True)
    reach(cast, "address", "1 Water Street\nHalifax")
    reach(cast, "emergency", "902 555 0177", person="Sam's aunt")
    page = browse("alice").open("/about-me/")
    assert "alice@example.org" in page
    assert "+1 902-555-0134" in page
    assert "Only in the morning" in page
    assert "1 Water Street" in page
    assert "Sam's aunt" in page


def test_what_is_no_longer_in_use_is_not_shown(browse, cast):
    reach(cast, "mobile", "902 555 0134", is_in_use=False)
    assert "0134" not in browse("alice").open("/about-me/")


def test_who_cannot_be_reached_is_told(browse, cast):
    for contact in cast.alice.contacts:
        profile.remove_contact(contact, cast.by("ines"))
    page = browse("alice").open("/about-me/")
    assert "We have no way to reach you" in page
    assert "+1 902-555-0100" in page


def test_nobody_sees_somebody_else(browse):
    page = browse("alice").open("/about-me/")
    assert "bob@example.org" not in page
    assert "Brook" not in page


def test_nothing_can_be_changed_here(browse):
    assert browse("alice").open("/about-me/").buttons == []


def test_a_change_shows_at_once(browse, cast):
    alice = browse("alice")
    alice.open("/about-me/")
    details = profile.Details("Alice", "Fletcher", birth_date=cast.alice.birth_date)
    profile.change(cast.alice, details, cast.by("ines"), version=cast.alice.version)
    assert "Alice Fletcher" in alice.open("/about-me/")
