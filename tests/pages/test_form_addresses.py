"""Whoever opens the address that a form is sent to (a refused form's page stands there) is led to the page of the form."""

import pytest

from domain import discussions


@pytest.fixture
def hers(cast):
    return discussions.start(cast.alice, "A question", "When do you open?", cast.by("alice"), worker=cast.dora)


def test_after_a_refusal_the_address_says_what_it_is_and_leads_to_the_form(browse, hers):
    dora = browse("dora")
    dora.open(f"/admin/discussions/{hers.public_id}/")
    assert dora.press("Keep the note", note="").status == 422
    page = dora.open(f"/admin/discussions/{hers.public_id}/notes")
    assert (page.status, "POST" in page.headers["Allow"]) == (405, True)
    assert "only takes what a form sends" in page.main
    assert page.links["Open the page again"] == f"/admin/discussions/{hers.public_id}/"


def test_it_leads_to_the_nearest_page_there_is(browse, hers):
    alice = browse("alice")
    assert alice.open(f"/inbox/{hers.public_id}/seen").links["Open the page again"] == f"/inbox/{hers.public_id}/"
    assert alice.open("/my-portal/messages/consent").links["Open the page again"] == "/my-portal/messages"
    assert alice.open("/sign-out").links["Go to the first page"] == "/"


def test_a_stranger_learns_no_more_than_that(cast, browse):
    for which in ("AAAAAAAAAAAAAAAAAAAAAA", "x"):
        page = browse().open(f"/admin/discussions/{which}/notes")
        assert (page.status, page.links["Open the page again"]) == (405, f"/admin/discussions/{which}/")


def test_every_address_that_only_takes_forms_says_so(app, cast, browse):
    dora = browse("dora")
    only = [rule.rule for rule in app.url_map.iter_rules() if "POST" in rule.methods and "GET" not in rule.methods and not rule.arguments]
    assert len(only) > 10
    for path in only:
        page = dora.open(path)
        if page.status not in (200, 404):  # the same address has a page, by another rule
            assert (page.status, "only takes what a form sends" in page.main) == (405, True), path
