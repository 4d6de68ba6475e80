"""What ``flask check`` finds stops the start, and a monitoring program can read it from the exit code (P30)."""

import pytest
from faults.running import AS_ALWAYS, Portal, command

pytestmark = pytest.mark.long

NAMES = {
    "PORTAL_URL": "https://portal.harbour.test", "SMTP_HOST": "mail.harbour.test", "SMTP_PORT": "587", "SMTP_SECURITY": "starttls",
    "MAIL_FROM": "portal@harbour.test", "SECRET_KEY": "seven quiet otters " * 3, "AUDIT_KEY": "nine green herons go " * 3,
}  # fmt: skip
GOOD = "Nothing stands against running.\n"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"PORTAL_URL": "http://portal.harbour.test"}, "PORTAL_URL"),
        ({"LISTEN": "0.0.0.0"}, "LISTEN"),
        ({"SECRET_KEY": "short", "SMTP_HOST": ""}, "SECRET_KEY"),
    ],
    ids=["http", "everybody", "two at once"],
)
def test_a_finding_ends_the_check_with_1_and_the_start_before_anybody_is_served(data, changes, named):
    code, told = command(data, "check", **NAMES | changes)
    assert (code, named in told) == (1, True), told
    findings = told.splitlines()
    assert len(findings) == len(changes)
    with Portal(data, None, AS_ALWAYS, **NAMES | changes) as portal:
        assert portal.ends() == 1
        assert portal.announced() == ""
    refused = [line for line in portal.log.splitlines() if line.startswith("The portal does not start: ")]
    assert refused == [f"The portal does not start: {finding}" for finding in findings]


def test_what_cannot_be_read_at_all_ends_it_with_2(data):
    with Portal(data, None, AS_ALWAYS, **NAMES | {"PORTAL_URL": "portal.harbour.test"}) as portal:
        assert portal.ends() == 2
    assert "The portal does not start: PORTAL_URL" in portal.log


def test_without_a_finding_the_check_ends_with_0_and_the_portal_starts(data):
    assert command(data, "check", **NAMES) == (0, GOOD)
    with Portal(data, None, AS_ALWAYS, **NAMES) as portal:
        assert "Doorstep is at https://portal.harbour.test" in portal.announced()
        assert command(data, "check", **NAMES) == (0, GOOD), "the portal itself is no second one"
        assert portal.stop() == 0, portal.log
