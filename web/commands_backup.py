"""``flask --app app backup`` and ``restore``: the whole portal in one file (docs/deploy.md)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask, current_app

from config import Config
from domain import backup, clock, store
from domain.archive import Listed
from domain.folder import Place
from domain.restore import Restored, restore
from domain.rules import RuleBroken


def register(app: Flask) -> None:
    """Add the commands to the application."""
    app.cli.add_command(backup_command)
    app.cli.add_command(restore_command)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--thin", is_flag=True, help="With a folder: remove backups there that are no longer needed.")
def backup_command(file: Path, thin: bool) -> None:
    """Put the database and the keys into one new FILE while the portal runs.  A folder gets a file named by the time.

    Ends with 0 when it is done and 1 when it is not.  Whoever holds the file holds everything.
    """
    config: Config = current_app.extensions["doorstep"]
    if thin and not file.is_dir():
        raise click.UsageError("--thin takes a folder of backups.")
    target = file / backup.name_of(clock.now()) if file.is_dir() else file
    with _refusals_said():
        made = backup.make(target, keys={"secret_key": config.secret_key, "audit_key": config.audit_key})
        removed = backup.thin_out(file) if thin else []
    click.echo(f"Backed up {sum(made.rows.values()):,} rows in {made.size / 1e6:,.1f} MB to {made.file}.")
    if removed:
        click.echo(f"{len(removed)} old backups were removed.")
    if made.audit:
        raise click.ClickException("The backup was made, but the record of who did what was altered: see audit verify.")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Also where a portal is already; that one is kept aside.")
@click.option("--yes", is_flag=True, help="Do not ask before replacing.")
def restore_command(file: Path, replace: bool, yes: bool) -> None:
    """Put a backup FILE into an empty data folder, while no portal runs there.

    Ends with 0 when it is done and 1 when it is not; then nothing was changed.
    """
    config: Config = current_app.extensions["doorstep"]
    if replace and not yes:
        click.confirm(f"The backup takes the place of the portal in {config.data}. Go on?", abort=True)
    place = Place(config.data, config.sqlite_path)
    with _refusals_said():
        done = restore(file, place, audit_key=config.audit_key if config.audit_key_is_set else None, replace=replace)
    _tell(done, done.listed)


def _tell(done: Restored, listed: Listed) -> None:
    click.echo(f"Restored the backup of {listed.made_at}: {sum(listed.rows.values()):,} rows.")
    click.echo("Everybody has to sign in again, and links in e-mails of before no longer work.")
    if done.held:
        click.echo(f"{done.held} e-mails may have been sent since. They are held: decide in the admin, Deliveries, held.")
    if listed.audit:
        click.echo("Note: the record of who did what was altered before this backup was made. See audit verify.")
    if done.kept:
        click.echo(f"What was here before is kept in {done.kept}. Remove it when it is no longer needed.")
    click.echo("Start the portal now.")


@contextlib.contextmanager
def _refusals_said() -> Iterator[None]:
    try:
        yield
    except RuleBroken as refused:
        raise click.ClickException(str(refused)) from None
    except Exception as error:
        if not store.is_storage_fault(error):
            raise
        raise click.ClickException(f"It could not be finished: {error}. Nothing was changed.") from error
