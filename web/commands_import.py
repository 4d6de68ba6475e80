"""``flask --app app import``: individuals, workers, sites, services, enrolments or events from a CSV file (docs/import.md)."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask

from domain import imports, profile, schema, store, viewer
from domain.actor import SYSTEM, Actor
from domain.import_mapping import FIELDS, FileMapping
from domain.rules import RuleBroken
from models import Worker

RIGHT = "import_data"


def register(app: Flask) -> None:
    """Add the command to the application."""
    app.cli.add_command(import_command)


@click.command("import")
@click.argument("subject", type=click.Choice(list(FIELDS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", default="doorstep", show_default=True, help="doorstep, synthea, or a TOML file of yours.")
@click.option("--dry-run", is_flag=True, help="List every problem and what would be done; change nothing.")
@click.option("--consent-email", type=click.Choice(["yes", "no"]),
              help="Individuals: yes records that all in the file with an address allow e-mail, no records nothing.")
@click.option("--encoding", default="", help="Such as utf-8 or windows-1252; found out when left out.")
@click.option("--delimiter", default="", help="A character, or comma, semicolon, tab, pipe; found out when left out.")
@click.option("--as-worker", metavar="EMAIL", help="Who imports, for the audit; the system when left out.")
def import_command(
    subject: str, file: Path, mapping: str, dry_run: bool, consent_email: str | None,
    encoding: str, delimiter: str, as_worker: str | None,
) -> None:  # fmt: skip
    """Take in a CSV FILE of individuals, workers, sites, services, enrolments or events: all of it, or nothing when there is a problem.

    Ends with 0 when it is done, 1 when the file has problems, 2 when the command was not understood.
    """
    consent = None if consent_email is None else consent_email == "yes"
    choices = imports.Choices(consent_email=consent, encoding=encoding, delimiter=delimiter)
    go = imports.check if dry_run else imports.apply
    if not schema.is_current():
        raise click.UsageError("The tables are not up to date. Run migrate first.")
    with store.connection(), _storage_faults_said():
        report = go(subject, file, _mapping(subject, mapping), choices, _actor(as_worker), _progress())
    _show(report)
    if report.problems:
        sys.exit(1)


@contextlib.contextmanager
def _storage_faults_said() -> Iterator[None]:
    try:
        yield
    except click.ClickException:
        raise
    except Exception as error:
        if not store.is_storage_fault(error):
            raise
        raise click.ClickException(f"It could not be finished: {error}. Put this right and run it again.") from error


def _mapping(subject: str, name: str) -> FileMapping:
    try:
        return imports.find_mapping(subject, name)
    except RuleBroken as broken:
        raise click.BadParameter(str(broken), param_hint="--mapping") from None


def _actor(email: str | None) -> Actor:
    if email is None:
        return SYSTEM
    worker = Worker.get_or_none(Worker.email_key == profile.email_key(email), Worker.is_active)
    if worker is None:
        raise click.BadParameter("No active worker has this address.", param_hint="--as-worker")
    if RIGHT not in viewer.rights_of(worker):
        raise click.BadParameter(f"This worker lacks the right {RIGHT}.", param_hint="--as-worker")
    return Actor(worker=worker)


def _progress() -> imports.Progress | None:
    """A count that runs on the terminal; nothing in a file or a pipe."""
    if not sys.stderr.isatty():
        return None
    return lambda rows: click.echo(f"\r{rows:,} rows read", nl=False, err=True)


def _show(report: imports.Report) -> None:
    if sys.stderr.isatty():
        click.echo(err=True)
    for warning in report.warnings:
        click.echo(f"Note: {warning}")
    for problem in report.problems:
        click.echo(str(problem))
    if report.encoding:
        named = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "pipe"}.get(report.delimiter, report.delimiter)
        click.echo(f"Read as {report.encoding}, separated by {named}.")
    counts = f"{report.rows} rows: {report.created} new, {report.changed} changed, {report.unchanged} unchanged"
    if report.problems:
        click.echo(f"{counts}, {len(report.problems)} problems. Nothing was imported.")
    else:
        click.echo(f"{counts}. " + ("Imported." if report.is_applied else "This was a dry run; nothing was imported."))
