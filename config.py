"""Every setting that comes from the environment: typed, read once, checked once.

What an agency decides lives in the database (``domain.settings``); this module holds
only what a deployer decides.  ``.env.example`` explains each name.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

_SCANNER = re.compile(r"(?P<host>(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_LONGEST_SOCKET = 107  # bytes of a socket's path, by the system
_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[^\s@<>\"]+")
Security = Literal["tls", "starttls", "none"]


class BadConfiguration(Exception):
    """The environment asks for something that cannot be, or that would be unsafe."""


@dataclasses.dataclass(frozen=True)
class Smtp:
    """How to reach the mail server; ``sender`` is the address in From."""

    host: str
    port: int
    security: Security
    user: str
    password: str = dataclasses.field(repr=False)
    sender: str = ""


@dataclasses.dataclass(frozen=True)
class Config:
    """What the deployer chose.  ``development`` is derived, never set: whatever is in doubt is production."""

    data: Path
    portal_url: str
    database_url: str
    host: str
    port: int
    development: bool
    secret_key: str = dataclasses.field(repr=False)
    audit_key: str = dataclasses.field(repr=False)
    smtp: Smtp | None
    behind_proxy: str | None
    debug: bool = False
    demo_allowed: bool = False
    metrics_token: str = dataclasses.field(repr=False, default="")  # empty: nobody reads the figures
    sandbox: bool = False  # nothing leaves for a real address, whatever the agency's setting says
    virus_scanner: tuple[str, int] | str | None = None  # clamd's host and port, or the path of its socket
    audit_key_is_set: bool = False  # in the environment, which counts more than keys.json

    @property
    def https(self) -> bool:
        """Cookies are Secure and HSTS is sent exactly when the portal's address is https."""
        return self.portal_url.startswith("https://")

    @property
    def portal_host(self) -> str:
        """Host of the portal's address, without the port."""
        return urlsplit(self.portal_url).hostname or "localhost"

    @property
    def trusted_hosts(self) -> list[str]:
        """The only Host headers that are answered (T17)."""
        return [self.portal_host] + (["127.0.0.1", "localhost"] if self.development else [])

    @property
    def sqlite_path(self) -> Path | None:
        """The database's file, or None when it is not SQLite."""
        prefix = "sqlite:///"
        return Path(self.database_url[len(prefix) :]) if self.database_url.startswith(prefix) else None

    @property
    def mailbox(self) -> Path:
        """Where a development server keeps the messages that it would have sent."""
        return self.data / "mail"

    @property
    def uploads(self) -> Path:
        """Where files wait that staff import; nothing in it is ever served."""
        return self.data / "imports"

    @property
    def queue_path(self) -> Path:
        """The job queue's own file: a bell that may be deleted at any time, never the book."""
        return self.data / "queue.db"


def is_loopback(host: str) -> bool:
    """True for localhost, 127.0.0.0/8 and ::1."""
    return host == "localhost" or is_loopback_address(host.strip("[]"))


def is_loopback_address(address: str) -> bool:
    """True for 127.0.0.0/8, also as IPv6 writes it, and ::1; a name is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def from_environment(environ: Mapping[str, str] | None = None, **overrides: object) -> Config:
    """Read the environment once.

    The keys file is made on first use (mode 0600).  Raises BadConfiguration with a sentence that
    names the variable to change.
    """
    env = dict(os.environ if environ is None else environ)
    env.update({name: str(value) for name, value in overrides.items()})
    data = Path(env.get("DOORSTEP_DATA") or "data").resolve()
    host = env.get("LISTEN") or "127.0.0.1"
    port = _port("PORT", env.get("PORT") or "8000")
    portal_url = (env.get("PORTAL_URL") or f"http://localhost:{port}").rstrip("/")
    _check_url(portal_url)
    _check_database(env.get("DATABASE_URL") or "")
    _make_private(data)
    keys = _keys(data, env)
    return Config(
        data=data,
        portal_url=portal_url,
        database_url=env.get("DATABASE_URL") or f"sqlite:///{data / 'doorstep.db'}",
        host=host,
        port=port,
        development=_is_development(env.get("PORTAL_URL"), host),
        secret_key=keys["secret_key"],
        audit_key=keys["audit_key"],
        smtp=_smtp(env),
        behind_proxy=env.get("TRUSTED_PROXY") or None,
        debug=bool(env.get("FLASK_DEBUG") not in (None, "", "0")),
        demo_allowed=env.get("DOORSTEP_BENCH") == "1" and is_loopback(host),
        metrics_token=env.get("METRICS_TOKEN") or "",
        sandbox=env.get("DOORSTEP_SANDBOX") not in (None, "", "0"),
        virus_scanner=_scanner(env.get("VIRUS_SCANNER") or ""),
        audit_key_is_set=bool(env.get("AUDIT_KEY")),
    )


def _is_development(portal_url: str | None, host: str) -> bool:
    local = not portal_url or (urlsplit(portal_url).scheme == "http" and urlsplit(portal_url).hostname == "localhost")
    return local and is_loopback(host)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise BadConfiguration("PORTAL_URL must be the portal's address without a path, such as https://portal.example.org")


def _check_database(url: str) -> None:
    if url and not url.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise BadConfiguration("DATABASE_URL must begin with postgresql:// or sqlite:///")


def _port(name: str, text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) < 65536:
        raise BadConfiguration(f"{name} must be a port number from 0 to 65535")
    return int(text)


def _smtp(env: Mapping[str, str]) -> Smtp | None:
    host = env.get("SMTP_HOST")
    if not host:
        return None
    security = env.get("SMTP_SECURITY") or "starttls"
    if security not in ("tls", "starttls", "none"):
        raise BadConfiguration("SMTP_SECURITY must be tls, starttls or none")
    sender = env.get("MAIL_FROM") or ""
    if not _PLAIN_ADDRESS.fullmatch(sender):
        raise BadConfiguration("MAIL_FROM must be the address that the portal writes from, such as portal@example.org")
    port = _port("SMTP_PORT", env.get("SMTP_PORT") or {"tls": "465", "starttls": "587", "none": "25"}[security])
    return Smtp(host, port, security, env.get("SMTP_USER") or "", env.get("SMTP_PASSWORD") or "", sender)  # type: ignore[arg-type]


def _scanner(text: str) -> tuple[str, int] | str | None:
    if not text:
        return None
    path, found = text.removeprefix("unix:"), _SCANNER.fullmatch(text)
    if text.startswith("unix:/") and len(os.fsencode(path)) <= _LONGEST_SOCKET:
        return path
    if found and 0 < int(found["port"]) < 65536:
        return found["host"].strip("[]"), int(found["port"])
    raise BadConfiguration("VIRUS_SCANNER must be clamd's host and port, such as 127.0.0.1:3310, or unix: and the path of its socket")


def _keys(data: Path, env: Mapping[str, str]) -> dict[str, str]:
    given = {"secret_key": env.get("SECRET_KEY"), "audit_key": env.get("AUDIT_KEY")}
    kept = _kept_keys(data) if not all(given.values()) else {}
    return {name: value or kept[name] for name, value in given.items()}


def _kept_keys(data: Path) -> dict[str, str]:
    path = data / "keys.json"
    if not path.exists():
        fresh = {"secret_key": secrets.token_urlsafe(48), "audit_key": secrets.token_urlsafe(48)}
        _write_once(path, json.dumps(fresh))
    try:
        return dict(json.loads(path.read_text()))
    except ValueError as broken:
        raise BadConfiguration("keys.json in the data folder cannot be read; restore it from the backup") from broken


def _make_private(folder: Path) -> None:
    """A new folder is for this user alone; one that was there keeps the rights it has, and ``flask check`` judges them."""
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)


def _write_once(path: Path, text: str) -> None:
    """Two processes that start at once agree on the first one's keys."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
