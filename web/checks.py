"""What would make the portal unsafe to run: looked at before it serves, and by ``flask check``.

Each finding is one plain sentence that says what to change.  Nothing here changes anything.
"""

from __future__ import annotations

import ipaddress
import stat
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import peewee

from config import Config, is_loopback
from domain import agency, duty, folder, profile, schema, store
from domain.folder import Place
from domain.rules import RuleBroken
from models import db

OLDEST_FLASK = (3, 1)
OLDEST_SQLITE = (3, 51, 3)  # before it a database in WAL mode can be damaged (sqlite.org/wal.html, "the WAL-reset bug")
OLDEST_POSTGRES = 140_000  # as the server counts its versions: 14
SHORTEST_KEY = 50
FEWEST_CHARACTERS = 5
NOBODYS_DOMAINS = ("example.org", "example.com", "example.net", "invalid", "localhost")
DEMO_FOLDER, DEMO_PASSWORD = "data-demo", "demo-password"

HALF_RESTORED = "A restore was cut off half-way: empty the database and restore again."
NOT_MIGRATED = "The database's tables are not up to date: run flask migrate."

Findings = Iterator[str]


def findings(config: Config) -> list[str]:
    """Everything that stands against running with ``config``; its database must be bound (``store.open_database``)."""
    checks = ALWAYS if config.development else ALWAYS + IN_PRODUCTION
    return [finding for check in checks for finding in check(config)] + _of_database(config)


def beside(config: Config) -> list[str]:
    """What stands against how the portal runs at this moment.  The start does not ask: a second process may serve."""
    if not duty.is_waited_for(config.database_url):
        return []
    return [f"Two processes want to do the background work of {config.sqlite_path}, and one must wait: stop one of them."]


def _of_database(config: Config) -> list[str]:
    if config.sqlite_path and not config.sqlite_path.exists():
        return [NOT_MIGRATED]  # asking would make the file
    checks = OF_DATABASE if config.development else OF_DATABASE + OF_DATABASE_IN_PRODUCTION
    try:
        with store.connection(), store.remembering():
            if not schema.is_current():
                return [NOT_MIGRATED]
            return [finding for check in checks for finding in check(config)]
    except peewee.DatabaseError as error:
        return [f"The database cannot be read ({error}): check DATABASE_URL and the rights of its files."]


# ---------------------------------------------------------------- the installation


def _flask(config: Config) -> Findings:
    installed = version("flask")
    if _numbers(installed) < OLDEST_FLASK:
        yield f"Flask {installed} does not check the Host header: install what requirements.txt asks for."


def _data_folder(config: Config) -> Findings:
    if not config.data.is_dir():
        yield f"The data folder {config.data} does not exist: make it with mkdir -m 700, or change DOORSTEP_DATA."
    elif _mode(config.data) & 0o077:
        yield f"Others can look into the data folder {config.data}: run chmod 700 on it."


def _keys_file(config: Config) -> Findings:
    keys = config.data / "keys.json"
    if keys.exists() and _mode(keys) != 0o600:
        yield f"Others can reach the keys in {keys}, or the portal cannot write them: run chmod 600 on it."


def _restored(config: Config) -> Findings:
    if folder.is_half_restored(Place(config.data, config.sqlite_path)):
        yield HALF_RESTORED


# ---------------------------------------------------------------- production: addresses


def _debug(config: Config) -> Findings:
    if config.debug:
        yield "The debugger would show the portal's insides to everybody: take FLASK_DEBUG away."


def _https(config: Config) -> Findings:
    if not config.https:
        yield "Passwords would travel in the open: set PORTAL_URL to an address that begins with https://."


def _trusted_hosts(config: Config) -> Findings:
    hosts = config.trusted_hosts
    if not hosts or any(not host or host.startswith(".") or "*" in host for host in hosts):
        yield "Any Host header would be believed: set PORTAL_URL to the portal's one exact address."


def _listens(config: Config) -> Findings:
    if not is_loopback(config.host) and not config.behind_proxy:
        yield (
            f"The portal would speak plain http to everybody who reaches {config.host}: set LISTEN to 127.0.0.1, "
            "or TRUSTED_PROXY to the address of the proxy that speaks https."
        )


def _proxy(config: Config) -> Findings:
    if config.behind_proxy and not _is_address(config.behind_proxy):
        yield "Visitors could pretend to be others: set TRUSTED_PROXY to the IP address of the proxy."


# ---------------------------------------------------------------- production: keys


def _secret_key(config: Config) -> Findings:
    if _is_weak(config.secret_key):
        yield _sentence_on_key("SECRET_KEY")


def _audit_key(config: Config) -> Findings:
    if _is_weak(config.audit_key):
        yield _sentence_on_key("AUDIT_KEY")


def _keys_differ(config: Config) -> Findings:
    if config.secret_key == config.audit_key:
        yield "SECRET_KEY and AUDIT_KEY are the same: make a second one for AUDIT_KEY."


def _metrics_token(config: Config) -> Findings:
    if config.metrics_token and _is_weak(config.metrics_token):
        yield f"METRICS_TOKEN can be guessed: set {SHORTEST_KEY} random characters, or leave it out and nobody reads the figures."


def _sentence_on_key(name: str) -> str:
    return f"{name} can be guessed: leave it out and the portal makes one, or set {SHORTEST_KEY} random characters."


def _is_weak(key: str) -> bool:
    return len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_CHARACTERS


# ---------------------------------------------------------------- production: mail


def _mail(config: Config) -> Findings:
    if config.smtp is None:
        yield "No e-mail could leave: set SMTP_HOST and MAIL_FROM."


def _mail_is_private(config: Config) -> Findings:
    if config.smtp and config.smtp.security == "none" and not is_loopback(config.smtp.host):
        yield "E-mail would travel in the open: set SMTP_SECURITY to starttls or tls."


def _sender(config: Config) -> Findings:
    if config.smtp and not _is_our_address(config.smtp.sender):
        yield f"No e-mail can be sent from {config.smtp.sender}: set MAIL_FROM to an address of your own."


# ---------------------------------------------------------------- production: files


def _database_folder(config: Config) -> Findings:
    path = config.sqlite_path
    if path and path.parent.is_dir() and _mode(path.parent) & stat.S_IRWXO:
        yield f"Everybody on this machine can look into the database's folder {path.parent}: run chmod 700 on it."


def _database_file(config: Config) -> Findings:
    path = config.sqlite_path
    if path and path.exists() and _mode(path) & 0o077:
        yield f"Others on this machine can read the database {path}: run chmod 600 on it."


def _demo_folder(config: Config) -> Findings:
    is_demo = config.data.name == DEMO_FOLDER or (config.data / DEMO_PASSWORD).exists()
    if is_demo and not config.demo_allowed:
        yield f"{config.data} is the data folder of a demo: set DOORSTEP_DATA to an empty one."


# ---------------------------------------------------------------- the database


def _sqlite(config: Config) -> Findings:
    if config.sqlite_path and _pragma("journal_mode") == "wal" and _numbers(sqlite_library()) < OLDEST_SQLITE:
        yield (
            f"SQLite {sqlite_library()} can damage a database in WAL mode: install pysqlite3; "
            "where it has no wheel (Linux on ARM), open the database with the pragma journal_mode=delete."
        )


def _foreign_keys(config: Config) -> Findings:
    if config.sqlite_path and _pragma("foreign_keys") != 1:
        yield "SQLite does not check references: open the database with the pragma foreign_keys=1."


def _synchronous(config: Config) -> Findings:
    if config.sqlite_path and _pragma("synchronous") not in (2, 3):
        yield "A power failure could lose what was saved: open the database with the pragma synchronous=full."


def _postgres(config: Config) -> Findings:
    if config.sqlite_path:
        return
    if _server_setting("server_encoding") != "UTF8":
        yield "The database cannot keep every name: make it anew with CREATE DATABASE … ENCODING 'UTF8'."
    if int(_server_setting("server_version_num")) < OLDEST_POSTGRES:
        yield f"PostgreSQL {_server_setting('server_version')} is too old: use {OLDEST_POSTGRES // 10_000} or newer."


def _commits(config: Config) -> Findings:
    """The portal asks each session for it, but what stands between it and the server may drop what is asked."""
    if not config.sqlite_path and (now := _server_setting("synchronous_commit")) not in ("on", "remote_apply"):
        yield f"A power failure could lose what was saved: PostgreSQL's synchronous_commit is {now}, set it to on."


def _postgres_disk(config: Config) -> Findings:
    for name in ("fsync", "full_page_writes") if not config.sqlite_path else ():
        if _server_setting(name) != "on":
            yield f"A power failure could lose what was saved: set {name} to on in PostgreSQL's configuration."


def _demo_agency(config: Config) -> Findings:
    house = agency.current()
    if house and house.is_demo and not config.demo_allowed:
        yield "This is a made-up agency whose password is known: set DOORSTEP_DATA or DATABASE_URL to an empty place."


# ---------------------------------------------------------------- what is looked at

Check = Callable[[Config], Findings]

ALWAYS: tuple[Check, ...] = (_flask, _data_folder, _keys_file, _restored)
IN_PRODUCTION: tuple[Check, ...] = (
    _https, _debug, _secret_key, _audit_key, _keys_differ, _metrics_token, _trusted_hosts, _listens, _proxy, _mail, _mail_is_private,
    _sender, _database_folder, _database_file, _demo_folder,
)  # fmt: skip
OF_DATABASE: tuple[Check, ...] = (_sqlite, _foreign_keys, _synchronous, _postgres, _commits)
OF_DATABASE_IN_PRODUCTION: tuple[Check, ...] = (_demo_agency, _postgres_disk)


# ---------------------------------------------------------------- small questions


def sqlite_library() -> str:
    """The version of the SQLite behind the connection, which need not be Python's own."""
    return str(db.obj.execute_sql("SELECT sqlite_version()").fetchone()[0])


def _pragma(name: str) -> int | str:
    value: int | str = db.obj.execute_sql(f"PRAGMA {name}").fetchone()[0]
    return value


def _server_setting(name: str) -> str:
    return str(db.obj.execute_sql("SELECT current_setting(%s)", (name,)).fetchone()[0])


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _is_our_address(address: str) -> bool:
    domain = address.rpartition("@")[2].lower()
    if any(domain == name or domain.endswith(f".{name}") for name in NOBODYS_DOMAINS):
        return False
    try:
        profile.checked_email(address)
    except RuleBroken:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
