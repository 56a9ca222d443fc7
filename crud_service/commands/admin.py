"""The command line of `crud-admin`: trust a store, copy it, mend it."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

import crud_service
from crud_service.bootstrap.stores import data_file
from crud_service.commands import trust
from crud_service.logic.verification import Verified
from crud_service.model.errors import StartError
from crud_service.settings import Settings

_MOST_LINES = 100
_DIFFERENCES_FOUND = 1


@click.group(help="Look after the data of a crud-service node. Each command says what it did in one line.")
@click.version_option(crud_service.__version__, prog_name="crud-admin", message="%(prog)s %(version)s")
@click.option(
    "--store",
    envvar="CRUD_STORE",
    default=Settings.model_fields["store"].default,
    show_default=True,
    help="Where the records live, as the node has it.",
)
@click.pass_context
def admin(context: click.Context, store: str) -> None:
    """The store that all commands are about."""
    context.obj = store


@admin.command()
@click.pass_obj
def verify(store: str) -> None:
    """Replay the change log and compare it with the records. A node may be running. Exit code 1: there is a difference.

    Without a difference every record, collection, tag and index is what the log says.
    """
    _tell("verified", *trust.verified(_file(store)))


@admin.command()
@click.pass_obj
def rebuild(store: str) -> None:
    """Make the records anew from the change log. No node may be running on the store."""
    count = trust.rebuild(_file(store))
    click.echo(f"rebuilt {count} collections and records from the log")
    _tell("verified", *trust.verified(_file(store)))


@admin.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.pass_obj
def backup(store: str, target: Path) -> None:
    """Write a consistent copy to the new file TARGET, and verify it. A node may be running."""
    trust.back_up(_file(store), target)
    _tell(f"{target}: verified", *trust.verified(target))


@admin.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Move an existing data file aside.")
@click.pass_obj
def restore(store: str, source: Path, replace: bool) -> None:
    """Verify the backup SOURCE and make it the data of the store. No node may be running on the store.

    Clients that follow the log are told to start anew, since what was written after the backup is gone.
    """
    _tell(f"{source}: verified", *trust.verified(source))
    aside = f".replaced-{datetime.now(UTC):%Y%m%dT%H%M%SZ}" if replace else ""
    trust.restore(source, _file(store), replaces=aside)
    click.echo(f"restored to {_file(store)}")


def main() -> None:
    """Run what the arguments name. Exit code 1: what was looked at is not sound; 2: it could not be done."""
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    try:
        admin(prog_name="crud-admin")
    except StartError as error:
        click.echo(f"crud-admin: {error}", err=True)
        sys.exit(2)


def _file(store: str) -> Path:
    file = data_file(store)
    if file is None:
        raise StartError(f"the store {store} keeps nothing that could be looked after")
    return file


def _tell(what: str, verified: Verified, differences: Iterator[str]) -> None:
    """Say what was found; leave with exit code 1 if it is not sound."""
    found = 0
    for difference in differences:
        found += 1
        if found <= _MOST_LINES:
            click.echo(difference)
    counts = (
        f"{verified.collections} collections, {verified.records} records, {verified.entries} entries of the log "
        f"up to revision {verified.revision}"
    )
    if found:
        click.echo(f"{what} {counts}: {found} differences")
        sys.exit(_DIFFERENCES_FOUND)
    click.echo(f"{what} {counts}: no difference")
