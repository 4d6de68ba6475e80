"""What pages say of a cover who may not see the client agrees with where the message waits."""

from domain import agency, covers, discussions
from domain.actor import SYSTEM


def test_a_cover_who_may_not_see_the_client_is_not_said_to_read(cast, browse):
    made = discussions.start(cast.alice, "A question", "When do you open?", cast.by("alice"), worker=cast.dora)
    covers.be_away(cast.dora, covers.Away(agency.today(), agency.today(), cast.otto), SYSTEM)
    page = browse("alice").open(f"/inbox/{made.public_id}/")
    assert "Our team reads what you write here." in page
    assert "Otto" not in page
    page = browse("ines").open(f"/admin/discussions/{made.public_id}/")
    assert "may not see this client, so it waits in the category Intake." in page
    assert "A question" in browse("ada").open("/admin/discussions/?view=waiting")
