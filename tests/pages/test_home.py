"""Home, as a client sees it."""

import pytest

pytestmark = pytest.mark.usefixtures("cast")


def test_alice_is_greeted_by_the_name_she_is_called(browse):
    alice = browse("alice")
    page = alice.open("/")
    assert "Alice" in page.heading
