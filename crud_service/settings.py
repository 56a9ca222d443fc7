"""The settings of a node, read once: from flags, then the environment, then a TOML file, then the defaults."""

import difflib
import os
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import click
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    field_validator,
)

import crud_service
from crud_service.chassis.admission import AdmissionLimits
from crud_service.chassis.stream_pool import StreamLimits
from crud_service.library.advertised import read_advertised
from crud_service.library.consul_options import ConsulOptions, read_consul_address
from crud_service.model.errors import StartError
from crud_service.model.limits import Limits

_PREFIX = "CRUD_"
_FILE = "crud.toml"
_DNS_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_ABOUT = "Serve records over gRPC and HTTP. Settings come from flags, then the environment, then a TOML file."
# Read elsewhere, so no misspelt settings.
_OTHER_VARIABLES = {"CRUD_CONFIG", "CRUD_COMMIT"}


class Settings(BaseModel):
    """What an operator may choose. A field `http_address` is the flag `--http-address`, the variable
    `CRUD_HTTP_ADDRESS` and the key `http_address` of the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    http_address: str = Field("127.0.0.1:8080", description="Where HTTP listens, host:port; port 0 takes a free one.")
    grpc_address: str = Field("127.0.0.1:50051", description="Where gRPC listens, host:port; port 0 takes a free one.")
    store: str = Field("sqlite:///data/crud.db", description="Where records live: sqlite:///FILE or memory://.")
    auto_migrate: bool = Field(True, description="Bring an older data file up to date at start.")
    auto_create_collections: bool = Field(True, description="Make a collection when the first record is written to it.")
    page_token_key: SecretStr | None = Field(None, description="Seals page tokens; kept in the store when not set.")
    service_name: str = Field("crud-service", description="The name the service goes by and is found by.")
    advertise_address: str | None = Field(
        None, description="Where others reach this node, HOST or HOST:GRPC_PORT,HTTP_PORT; found out when not set."
    )
    consul_address: str | None = Field(
        None, description="The Consul agent to register with, HOST:PORT or https://HOST:PORT; none when not set."
    )
    consul_token: SecretStr | None = Field(None, description="The ACL token for Consul.")
    consul_datacenter: str | None = Field(None, description="The datacenter that the agent must be of.")
    consul_ca_file: str | None = Field(None, description="Whom to trust for https, PEM; the system's when not set.")
    consul_cert_file: str | None = Field(None, description="This node's certificate for https, PEM.")
    consul_key_file: str | None = Field(None, description="The key of the certificate, PEM, if it is not beside it.")
    consul_timeout: PositiveFloat = Field(2.0, description="Seconds that one exchange with the agent may take.")
    consul_check_interval: PositiveFloat = Field(2.0, description="Seconds between two checks that Consul makes.")
    consul_check_timeout: PositiveFloat = Field(2.0, description="Seconds that one check of Consul's may take.")
    consul_deregister_after: float = Field(
        60.0, ge=60, description="Seconds until Consul forgets a node that fails its checks."
    )
    sweep_interval: PositiveFloat = Field(1.0, description="Seconds between two looks for records to expire or purge.")
    history_age: NonNegativeInt = Field(
        2_592_000, description="Seconds that the log keeps superseded states, where a collection does not say."
    )
    history_entries: NonNegativeInt = Field(
        0, description="Entries of a collection that the log keeps, where it does not say; 0 is any number."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least level to log.")
    log_format: Literal["auto", "json", "text"] = Field("auto", description="auto is text on a terminal, else json.")
    event_loop: Literal["auto", "uvloop", "asyncio"] = Field("auto", description="auto is uvloop where there is one.")
    metrics: bool = Field(True, description="Measure what the node does, and answer /metrics.")
    admission_executing: PositiveInt = Field(256, description="Calls that run at a time at most.")
    admission_executing_min: PositiveInt = Field(16, description="Calls that run at a time even while they are slow.")
    admission_slow: PositiveFloat = Field(0.5, description="Seconds of a call past which fewer run at a time.")
    admission_waiting: NonNegativeInt = Field(256, description="Calls that wait for their turn at most.")
    admission_wait: NonNegativeFloat = Field(0.25, description="Seconds that a call waits for its turn at most.")
    streams_max: PositiveInt = Field(2_000, description="Streams and long polls that are open at a time at most.")
    streams_per_connection: PositiveInt = Field(20, description="Those of one connection at most.")
    rate_limit: NonNegativeFloat = Field(0.0, description="Calls a second that a principal may make; 0 is any number.")
    rate_limit_burst: PositiveInt = Field(200, description="Calls that a principal may make at once after a pause.")
    deadline_default: PositiveFloat = Field(5.0, description="Seconds that a call has whose caller does not say.")
    deadline_max: PositiveFloat = Field(30.0, description="Seconds that a call has at most.")
    health_interval: PositiveFloat = Field(1.0, description="Seconds between two looks at what the node needs.")
    health_timeout: PositiveFloat = Field(1.0, description="Seconds that one look may take before it counts as failed.")
    shutdown_grace: PositiveFloat = Field(10.0, description="Seconds that running calls have when the node stops.")
    drain_wait: NonNegativeFloat = Field(
        1.0, description="Seconds to serve on after leaving the registry, until clients have noticed."
    )
    limit_name_chars: PositiveInt = Field(512, description="Characters of a name.")
    limit_description_chars: PositiveInt = Field(4_096, description="Characters of a collection's description.")
    limit_tags: PositiveInt = Field(64, description="Tags of a record.")
    limit_tag_chars: PositiveInt = Field(128, description="Characters of a tag.")
    limit_content_bytes: PositiveInt = Field(1_048_576, description="Bytes of a content as compact JSON.")
    limit_content_depth: int = Field(32, ge=1, le=32, description="Levels of a content; gRPC can carry 32.")
    limit_page_size_default: PositiveInt = Field(50, description="Records of a page that does not say.")
    limit_page_size_max: PositiveInt = Field(1_000, description="Records of a page at most.")
    limit_page_bytes: PositiveInt = Field(2_097_152, description="Bytes of a page; a gRPC client takes 4 MiB.")
    limit_page_token_bytes: PositiveInt = Field(4_096, description="Bytes of a page token.")
    limit_filter_bytes: PositiveInt = Field(2_048, description="Bytes of a filter.")
    limit_filter_terms: PositiveInt = Field(50, description="Terms of a filter.")
    limit_filter_depth: int = Field(8, ge=1, le=64, description="Parentheses and negations around a term of a filter.")
    limit_order_fields: PositiveInt = Field(3, description="Fields of an order.")
    limit_query_seconds: PositiveFloat = Field(2.0, description="Seconds that the store may search for a page.")
    limit_batch_records: PositiveInt = Field(1_000, description="Records of a batch or a transaction.")
    limit_batch_bytes: PositiveInt = Field(8_388_608, description="Bytes of the contents that a batch writes.")
    limit_request_id_chars: PositiveInt = Field(128, description="Characters of a request id.")
    limit_collection_indexes: PositiveInt = Field(16, description="Declared indexes of a collection.")
    limit_change_reason_chars: PositiveInt = Field(512, description="Characters of x-change-reason.")
    limit_request_bytes: PositiveInt = Field(16_777_216, description="Bytes of a request.")
    limit_header_bytes: PositiveInt = Field(16_384, description="Bytes of a request's headers or metadata.")
    limit_url_bytes: PositiveInt = Field(16_384, description="Bytes of a URL.")
    limit_request_seconds: PositiveFloat = Field(
        86_400.0, description="Seconds that a request id is remembered; no younger history is compacted."
    )
    limit_wait_seconds: PositiveFloat = Field(20.0, description="Seconds that a list of changes may wait for one.")
    limit_watch_seconds: PositiveFloat = Field(3_600.0, description="Seconds until a watch must be resumed.")
    limit_bookmark_seconds: float = Field(
        5.0, gt=0, le=10, description="Seconds that a watch is silent at most; the contract promises 10."
    )
    limit_stall_seconds: PositiveFloat = Field(15.0, description="Seconds that a stream waits for a slow client.")
    limit_import_rows: PositiveInt = Field(1_000, description="Rows of an import that are stored at once.")
    limit_idle_seconds: PositiveFloat = Field(60.0, description="Seconds that an import waits for its next rows.")

    @field_validator("http_address", "grpc_address")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, colon, port = value.rpartition(":")
        if not (host and colon and port.isdecimal() and int(port) < 65_536):
            raise ValueError("must be host:port, such as 127.0.0.1:8080")
        return value

    @field_validator("service_name")
    @classmethod
    def _fit_for_dns(cls, value: str) -> str:
        if not _DNS_LABEL.fullmatch(value):
            raise ValueError("must be letters, digits and hyphens, at most 63, so that DNS can carry it")
        return value

    @field_validator("advertise_address")
    @classmethod
    def _advertised(cls, value: str | None) -> str | None:
        if value is not None:
            read_advertised(value)
        return value

    @field_validator("consul_address")
    @classmethod
    def _agent(cls, value: str | None) -> str | None:
        if value is not None:
            read_consul_address(value)
        return value

    @field_validator("store")
    @classmethod
    def _known_store(cls, value: str) -> str:
        if value != "memory://" and not value.removeprefix("sqlite:///"):
            raise ValueError("must name a file: sqlite:///data/crud.db, or sqlite:////var/lib/crud.db from the root")
        if value != "memory://" and not value.startswith("sqlite:///"):
            raise ValueError("must be sqlite:///FILE or memory://")
        return value

    @property
    def limits(self) -> Limits:
        """The limits of the contract."""
        return Limits(**{name: getattr(self, f"limit_{name}") for name in Limits.__struct_fields__})

    @property
    def admission(self) -> AdmissionLimits:
        """How many calls run and wait at a time."""
        return AdmissionLimits(
            self.admission_executing,
            self.admission_executing_min,
            self.admission_slow,
            self.admission_waiting,
            self.admission_wait,
        )

    @property
    def streams(self) -> StreamLimits:
        """How many streams and long polls are open at a time."""
        return StreamLimits(self.streams_max, self.streams_per_connection)

    @property
    def consul(self) -> ConsulOptions | None:
        """What there is to know about Consul; None if there is no address."""
        if self.consul_address is None:
            return None
        given: dict[str, Any] = {
            name: getattr(self, f"consul_{name}") or "" for name in ConsulOptions.__struct_fields__
        }
        given["token"] = self.consul_token.get_secret_value() if self.consul_token else ""
        return ConsulOptions(**given)


def load_settings(arguments: Sequence[str] | None = None) -> Settings:
    """The settings of this process: `arguments` (those of the command line when None), environment, file.

    Raises StartError that names the setting that is wrong. `--help` and `--version` print and exit.
    """
    flags = _read_flags(arguments)
    file = flags.pop("config", None)
    environment = _read_environment(os.environ)
    sources = {f"{_PREFIX}{name.upper()}": name for name in environment}
    sources |= {f"--{name.replace('_', '-')}": name for name in flags}
    try:
        return Settings(**_read_file(file) | environment | flags)
    except ValidationError as cause:
        raise StartError(_explain(cause, sources, file or _FILE)) from cause


def _read_flags(arguments: Sequence[str] | None) -> dict[str, Any]:
    """The flags that were given, by the names of their fields, and `config`."""
    options: list[click.Parameter] = [
        click.Option([f"--{name.replace('_', '-')}"], help=_help(name), metavar="VALUE")
        for name in Settings.model_fields
    ]
    about_file = f"A TOML file.  [CRUD_CONFIG, default {_FILE} if there is one]"
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


def _help(name: str) -> str:
    field = Settings.model_fields[name]
    default = "" if field.default is None else f", default {field.default}"
    return f"{field.description}  [{_PREFIX}{name.upper()}{default}]"


def _read_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that are settings. One that is almost a setting is a typing mistake."""
    known = {f"{_PREFIX}{name.upper()}": name for name in Settings.model_fields}
    for variable in environment:
        if variable.startswith(_PREFIX) and variable not in known and variable not in _OTHER_VARIABLES:
            for meant in difflib.get_close_matches(variable, known, n=1, cutoff=0.9):
                raise StartError(f"{variable} is no setting; did you mean {meant}?")
    return {name: environment[variable] for variable, name in known.items() if environment.get(variable)}


def _read_file(path: str | None) -> dict[str, Any]:
    if path is None and not Path(_FILE).is_file():
        return {}
    file = Path(path or _FILE)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as cause:
        raise StartError(f"the settings file {file} cannot be read: {cause.strerror}") from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise StartError(f"the settings file {file} is no TOML: {cause}") from cause


def _explain(error: ValidationError, sources: Mapping[str, str], file: str) -> str:
    """One line about the first mistake, naming the flag, the variable or the key of the file it came from."""
    first = error.errors()[0]
    name = str(first["loc"][0])
    named = next((source for source, field in reversed(list(sources.items())) if field == name), f"{name} in {file}")
    if first["type"] == "extra_forbidden":
        return f"{named} is no setting; --help lists them"
    secret = "SecretStr" in str(Settings.model_fields[name].annotation)
    given = "" if secret else f" (given: {first['input']!r})"
    return f"{named}: {first['msg'].removeprefix('Value error, ')}{given}"
