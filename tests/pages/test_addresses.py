"""The addresses of our own pages are Flask's, whatever is filled in."""

import pytest

from web import addresses

VALUES = ("k3VqT0pOQ2mZl1s9aB-_xw", "0place_id0", "Ä b/ü?&", "", "2026")


def test_every_page_has_the_address_that_flask_gives_it(app):
    with app.test_request_context("/"):
        for rule in app.url_map.iter_rules():
            for value in VALUES[:2] * 2:  # built, and then known
                values = dict.fromkeys(rule.arguments, value)
                assert addresses.url_for(rule.endpoint, **values) == app.url_for(rule.endpoint, **values)


@pytest.mark.parametrize("value", VALUES)
def test_what_is_asked_for_beside_it_is_told_as_flask_tells_it(app, value):
    with app.test_request_context("/"):
        for _ in range(2):
            asked = {"service": value, "page": 2, "nothing": None}
            assert addresses.url_for("my_services.timeline", **asked) == app.url_for("my_services.timeline", **asked)
            assert addresses.url_for("calendar.history", service=value) == app.url_for("calendar.history", service=value)
            named = {"place_id": VALUES[0], "shown": value}
            assert addresses.url_for("calendar.event", **named) == app.url_for("calendar.event", **named)
