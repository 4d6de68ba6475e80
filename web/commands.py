"""The command line, ``flask --app app …``, and what ``script/run`` says at start."""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from config import BadConfiguration, Config
from domain import agency, audit, demo, document_print, health, links, sandbox, schema, store, workers
from domain.actor import SYSTEM
from domain.rules import RuleBroken
from web import access, checks, commands_backup, commands_import

DEMO_CLIENTS = 40


def register(app: Flask) -> None:
    """Add our commands to the application."""
    for command in (migrate, demo_command, audiences, check, reset_second_step):
        app.cli.add_command(command)
    app.cli.add_command(audit_group)
    commands_import.register(app)
    commands_backup.register(app)


@click.command("migrate")
@click.argument("what", type=click.Choice(["up", "down", "status"]), default="up")
@click.option("--yes", is_flag=True, help="Do not ask before undoing a step.")
def migrate(what: str, yes: bool) -> None:
    """Bring the database's tables up to date, undo the newest step, or list the steps."""
    if what == "status":
        for name, applied in schema.status():
            click.echo(f"{'done   ' if applied else 'waiting'} {name}")
        return
    if what == "down" and not yes:
        click.confirm("Undoing a step deletes the data that it brought. Go on?", abort=True)
    names = schema.up() if what == "up" else schema.down()
    for name in names:
        click.echo(f"{what} {name}")
    click.echo("Everything is up to date." if what == "up" else f"{len(names)} undone.")


@click.command("demo")
@click.option("--clients", type=click.IntRange(1, 1_000_000), required=True, help="How many clients.")
@click.option("--password", help="Everybody's password; made and printed when it is left out.")
@click.option("--seed", type=int, default=1, help="The same seed gives the same agency.")
def demo_command(clients: int, password: str | None, seed: int) -> None:
    """Fill an empty data folder with a made-up agency."""
    config: Config = current_app.extensions["doorstep"]
    chosen = password or secrets.token_urlsafe(12)
    try:
        _fill(config, clients, chosen, seed)
    except (RuleBroken, BadConfiguration) as refused:
        raise click.ClickException(str(refused)) from None
    click.echo(f"Sign in as admin@example.org, worker1@example.org or client1@example.org with the password {chosen}")


def _fill(config: Config, clients: int, password: str, seed: int) -> None:
    _must_allow_demo(config)
    schema.up()
    with store.connection():
        demo.fill(clients=clients, password=password, seed=seed)


def _must_allow_demo(config: Config) -> None:
    if not (config.development or config.demo_allowed):
        raise BadConfiguration("a demo agency is for development only: take PORTAL_URL away, or use an empty data folder")


@click.command("audiences")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def audiences(as_json: bool) -> None:
    """List each route, its methods and who may use it."""
    rows = access.table(current_app)
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        click.echo(f"{row['route']:60} {' '.join(row['methods']):10} {row['audience']:8} {row['right']}")


@click.command("check")
def check() -> None:
    """Say what would make the portal unsafe to run; ends with 1 when there is something."""
    config: Config = current_app.extensions["doorstep"]
    with store.connection():
        found = checks.findings(config) + checks.beside(config)
        is_sandbox = config.sandbox or (schema.is_current() and sandbox.is_on())
        is_moved = schema.is_current() and sandbox.is_moved()
    for finding in found:
        click.echo(finding)
    if is_sandbox:
        click.echo("This is a sandbox: no message leaves for a real address.")
    if is_moved:
        click.echo("PORTAL_URL has changed: no message leaves until an administrator says in the portal whether it is the real one.")
    if health.is_scanner_silent():
        click.echo("The virus scanner does not answer: no file is taken until it does. Start clamd, or check VIRUS_SCANNER.")
    if found:
        sys.exit(1)
    for language in document_print.typewritten():
        click.echo(f"PDFs in the language {language} are set in letters of a typewriter: install fonts-noto-core (docs/install.md).")
    click.echo("Nothing stands against running.")


@click.command("reset-second-step")
@click.argument("email")
def reset_second_step(email: str) -> None:
    """Remove the authenticator app of a worker who lost it and has nobody to ask; they set one up at their next sign-in."""
    with store.connection():
        worker = workers.by_address(email)
        if worker is None:
            raise click.ClickException("no worker signs in with this address")
        try:
            workers.remove_app(worker, SYSTEM)
        except RuleBroken as refused:
            raise click.ClickException(str(refused)) from None
    click.echo("The app is removed, and they are signed out everywhere. They set up another one at their next sign-in.")


audit_group = AppGroup("audit", help="The record of who did what.")


@audit_group.command("verify")
def verify() -> None:
    """Walk the whole chain; ends with 1 when an entry was removed or altered."""
    with store.connection():
        found = audit.verify()
    for finding in found:
        click.echo(finding)
    if found:
        sys.exit(1)
    click.echo("The chain is whole.")


# ---------------------------------------------------------------- the start


def overrides(wants_demo: bool, port: int | None) -> dict[str, object]:
    """What ``script/run``'s arguments change in the environment."""
    changed: dict[str, object] = {} if port is None else {"PORT": port}
    if wants_demo and not os.environ.get("DOORSTEP_DATA"):
        changed["DOORSTEP_DATA"] = "data-demo"
    return changed


def prepare(config: Config, *, demo: bool) -> None:
    """Fill the demo agency when it is asked for and not there.  Raises BadConfiguration for a demo in production."""
    if not demo or agency.current() is not None:
        return
    _must_allow_demo(config)  # before anything is written: a demo's password keeps production from the folder
    password = secrets.token_urlsafe(9)
    _password_file(config).write_text(password)
    _password_file(config).chmod(0o600)
    _fill(config, DEMO_CLIENTS, password, 1)


def announcement(config: Config, *, demo: bool) -> str:
    """What the terminal says once the portal listens; ``{port}`` stands for the port."""
    address = config.portal_url if not config.development else "http://localhost:{port}"
    lines = ["", f"  Doorstep is at {address}"]
    link = agency.first_start_link()
    if link is not None:
        lines += [f"  Begin at {address}/first-start/ with the code {links.letters(link)}"]
    elif demo and _password_file(config).exists():
        lines += ["  Sign in as admin@example.org, worker1@example.org or client1@example.org",
                  f"  with the password {_password_file(config).read_text()}"]  # fmt: skip
    else:
        lines += [f"  Sign in at {address}/sign-in"]
    if config.development and config.smtp is None:
        lines += [f"  Mail that the portal sends is kept at {address}/dev/mail"]
    return "\n".join([*lines, "  Stop with Ctrl-C", ""])


def _password_file(config: Config) -> Path:
    return config.data / "demo-password"
