"""Where settings come from: flags, the environment and a TOML file, by the names of a pydantic model's fields."""

import difflib
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError
from pydantic.fields import FieldInfo

import crud_service
from crud_service.model.errors import StartError

PREFIX = "CRUD_"
FILE = "crud.toml"
_ABOUT = "Serve records over gRPC and HTTP. Settings come from flags, then the environment, then a TOML file."
# Read elsewhere, so no misspelt settings.
_OTHER_VARIABLES = {"CRUD_CONFIG", "CRUD_COMMIT"}

Fields = Mapping[str, FieldInfo]


def read_flags(fields: Fields, arguments: Sequence[str] | None) -> dict[str, Any]:
    """The flags that were given, by the names of their fields, and `config`. Raises StartError for an unknown one."""
    options: list[click.Parameter] = [
        click.Option([f"--{name.replace('_', '-')}"], help=_help(name, field), metavar="VALUE")
        for name, field in fields.items()
    ]
    about_file = f"A TOML file.  [CRUD_CONFIG, default {FILE} if there is one]"
    config = click.Option(["--config"], envvar="CRUD_CONFIG", help=about_file)
    version = click.version_option(crud_service.__version__, prog_name="crud-server", message="%(prog)s %(version)s")
    command = version(click.Command("crud-server", params=[config, *options], callback=dict, help=_ABOUT))
    try:
        given = command.main(arguments, prog_name="crud-server", standalone_mode=False)
    except click.ClickException as cause:
        raise StartError(f"{cause.format_message()} Try --help.") from cause
    if not isinstance(given, dict):  # --help and --version have printed, and answer with an exit code
        sys.exit(given)
    return {name: value for name, value in given.items() if value is not None}


def _help(name: str, field: FieldInfo) -> str:
    default = "" if field.default is None else f", default {field.default}"
    return f"{field.description}  [{PREFIX}{name.upper()}{default}]"


def read_environment(fields: Fields, environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that are settings. One that is almost a setting is a typing mistake: StartError."""
    known = {f"{PREFIX}{name.upper()}": name for name in fields}
    for variable in environment:
        if variable.startswith(PREFIX) and variable not in known and variable not in _OTHER_VARIABLES:
            for meant in difflib.get_close_matches(variable, known, n=1, cutoff=0.9):
                raise StartError(f"{variable} is no setting; did you mean {meant}?")
    return {name: environment[variable] for variable, name in known.items() if environment.get(variable)}


def read_file(path: str | None) -> dict[str, Any]:
    """What the file says, the usual one if no path is given. Raises StartError for one that cannot be read."""
    if path is None and not Path(FILE).is_file():
        return {}
    file = Path(path or FILE)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as cause:
        raise StartError(f"the settings file {file} cannot be read: {cause.strerror}") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise StartError(f"the settings file {file} is no TOML: {cause}") from cause


def explain(fields: Fields, error: ValidationError, sources: Mapping[str, str], file: str) -> str:
    """One line about the first mistake, naming the flag, the variable or the key of the file it came from.

    `sources` has the field of each flag and variable that was given, those that win last.
    """
    first = error.errors()[0]
    name = str(first["loc"][0])
    named = next((source for source, field in reversed(list(sources.items())) if field == name), f"{name} in {file}")
    if first["type"] == "extra_forbidden":
        return f"{named} is no setting; --help lists them"
    secret = "SecretStr" in str(fields[name].annotation) or name == "otlp_endpoint"  # a URL may hold one
    given = "" if secret else f" (given: {first['input']!r})"
    return f"{named}: {first['msg'].removeprefix('Value error, ')}{given}"
