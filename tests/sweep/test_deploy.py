"""What the guides and the files in deploy/ name is there: settings, files, commands, limits."""

import configparser
import re
from pathlib import Path

import pytest

from web import oversize, server

ROOT = Path(__file__).resolve().parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "deploy").iterdir()), ROOT / "Containerfile"]
NOT_OURS = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}


def settings_in(text):
    """Names that are given a value, and names between backticks; ``FILE`` and the like are no settings."""
    found = re.findall(r"(?<![\w$/-])([A-Z][A-Z0-9_]{3,})=", text) + re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`", text)
    return set(found) - NOT_OURS


def offered():
    return set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def read_by_config():
    return set(re.findall(r'env(?:\.get\(|\[)"([A-Z_]+)"', (ROOT / "config.py").read_text()))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_setting_that_a_guide_names_is_one(guide):
    assert settings_in(guide.read_text()) <= offered() & read_by_config()


def test_every_setting_is_explained():
    assert read_by_config() == offered()


def test_a_setting_that_is_none_would_be_found():
    assert settings_in("    -e PORTAL_ADDRESS=x, and `SMTP_TLS`") == {"PORTAL_ADDRESS", "SMTP_TLS"}
    assert settings_in((ROOT / "docs" / "deploy.md").read_text()) >= {"PORTAL_URL", "TRUSTED_PROXY", "LISTEN"}


@pytest.mark.parametrize("guide", [path for path in GUIDES if path.suffix == ".md"], ids=lambda path: path.name)
def test_every_file_that_a_guide_leads_to_is_there(guide):
    text = guide.read_text()
    missing = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (guide.parent / link).exists()]
    missing += [path for path in re.findall(r"/opt/doorstep/(deploy/[\w.-]+\w)", text) if not (ROOT / path).exists()]
    assert missing == []


def test_every_command_that_a_guide_gives_exists(app):
    given = r"(?:(?:^|`|&& )doorstep|flask --app app) ([a-z-]+)\b"
    named = {name for guide in GUIDES for name in re.findall(given, guide.read_text(), re.MULTILINE)}
    assert named >= {"backup", "restore", "check", "audit", "migrate", "import"}
    assert named <= app.cli.commands.keys()


# ---------------------------------------------------------------- proxies


PROXIES = {"nginx.conf": r"client_max_body_size (\d+)m;", "Caddyfile": r"max_size (\d+)MB"}


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_lets_through_what_the_portal_takes(name):
    allowed = re.search(PROXIES[name], (ROOT / "deploy" / name).read_text())
    assert allowed is not None
    assert int(allowed[1]) * 1024 * 1024 == oversize.MOST_READ > server.MOST_BODY


def test_nginx_sets_every_header_that_the_portal_believes():
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    told = dict(re.findall(r"proxy_set_header (\S+) (\S+);", text))
    assert (told["Host"], told["X-Forwarded-Host"], told["X-Forwarded-Proto"]) == ("$host", "$host", "$scheme")
    assert told["X-Forwarded-For"] == "$remote_addr"  # not $proxy_add_x_forwarded_for, which keeps the visitor's claims


# ---------------------------------------------------------------- units


def unit(name):
    read = configparser.RawConfigParser(strict=False, allow_no_value=True)
    read.optionxform = str
    read.read_string((ROOT / "deploy" / name).read_text())
    return read


def test_the_portal_comes_back_whatever_ends_it_and_is_given_time_to_stop():
    service = unit("doorstep.service")["Service"]
    assert (service["Restart"], service["User"], service["UMask"]) == ("always", "doorstep", "0077")
    assert int(service["TimeoutStopSec"]) > 10 + 15  # requests and jobs in hand: web/server.py


def test_a_backup_is_made_at_least_every_five_minutes():
    timer, service = unit("doorstep-backup.timer")["Timer"], unit("doorstep-backup.service")["Service"]
    assert timer["OnCalendar"] == "*:0/5"
    folder = service["ExecStart"].split()[-1]
    assert "backup --thin" in service["ExecStart"]
    assert folder in service["ReadWritePaths"].split()
    assert folder in (ROOT / "docs" / "deploy.md").read_text()


def test_a_container_is_nobodys_root_and_keeps_its_data():
    text = (ROOT / "Containerfile").read_text()
    assert re.search(r"^USER doorstep$", text, re.MULTILINE)
    assert re.search(r"^VOLUME /data$", text, re.MULTILINE)
    assert "/healthz" in text
