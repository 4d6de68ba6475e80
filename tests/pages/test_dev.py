"""What is there in development only."""


def test_every_component_is_shown_on_one_valid_page(browse, house):
    page = browse().open("/dev/components")
    assert page.status == 200
    for part in ("Today card", "Timeline", "Card with pairs", "Callouts", "Toast", "Empty state", "Confirm page", "Table"):
        assert part in page


def test_a_portal_for_the_public_has_none_of_it(production, browse):
    assert production.test_client().get("/dev/components", base_url="https://portal.example.org").status_code == 404
