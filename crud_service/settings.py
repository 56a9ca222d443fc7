"""The settings of a node, read once: from flags, then the environment, then a TOML file, then the defaults."""

import os
import re
from collections.abc import Sequence
from typing import Any, Literal

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

from crud_service.chassis.action_log import Sampling
from crud_service.chassis.admission import AdmissionLimits
from crud_service.chassis.breaker import BreakerLimits
from crud_service.chassis.outgoing import OutgoingLimits
from crud_service.chassis.rate_rules import RateRule, read_rate_rules
from crud_service.chassis.stream_pool import StreamLimits
from crud_service.library.advertised import read_advertised
from crud_service.library.consul_options import ConsulOptions, read_consul_address
from crud_service.library.otlp_endpoint import read_otlp_endpoint
from crud_service.library.setting_sources import FILE, PREFIX, explain, read_environment, read_file, read_flags
from crud_service.model.errors import StartError
from crud_service.model.limits import Limits

_DNS_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


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
    log_calls_first: NonNegativeInt = Field(
        100, description="Calls a second that went well and are logged, before some are left out."
    )
    log_calls_share: float = Field(
        0.01, ge=0, le=1, description="The part of the calls beyond these that is logged as well."
    )
    log_calls_slow: PositiveFloat = Field(1.0, description="Seconds of a call past which it is always logged.")
    event_loop: Literal["auto", "uvloop", "asyncio"] = Field("auto", description="auto is uvloop where there is one.")
    metrics: bool = Field(True, description="Measure what the node does, and answer /metrics.")
    node_events: bool = Field(True, description="Keep what happens to nodes as records of system.events.")
    otlp_endpoint: str | None = Field(
        None, description="The collector that gets traces by OTLP/HTTP, http://HOST:PORT; none when not set."
    )
    trace_sample: float = Field(
        1.0, ge=0, le=1, description="The part of the traces that begin here to record; callers decide about theirs."
    )
    admission_executing: PositiveInt = Field(256, description="Calls that run at a time at most.")
    admission_executing_min: PositiveInt = Field(16, description="Calls that run at a time even while they are slow.")
    admission_slow: PositiveFloat = Field(0.5, description="Seconds of a call past which fewer run at a time.")
    admission_waiting: NonNegativeInt = Field(256, description="Calls that wait for their turn at most.")
    admission_wait: NonNegativeFloat = Field(0.25, description="Seconds that a call waits for its turn at most.")
    streams_max: PositiveInt = Field(2_000, description="Streams and long polls that are open at a time at most.")
    streams_per_connection: PositiveInt = Field(20, description="Those of one connection at most.")
    admission_lag: PositiveFloat = Field(
        0.25, description="Seconds that the event loop may be late before nobody waits and fewer calls run."
    )
    rate_limit: NonNegativeFloat = Field(0.0, description="Calls a second that a principal may make; 0 is any number.")
    rate_limit_burst: PositiveInt = Field(200, description="Calls that a principal may make at once after a pause.")
    rate_limits: str = Field(
        "", description="Rates of single kinds of calls, or on collections: write=50/100,collections/invoices=20."
    )
    deadline_default: PositiveFloat = Field(5.0, description="Seconds that a call has whose caller does not say.")
    deadline_max: PositiveFloat = Field(30.0, description="Seconds that a call has at most.")
    outgoing_attempts: PositiveInt = Field(3, description="Attempts of one call to a dependency at most.")
    outgoing_retry_ratio: float = Field(
        0.1, ge=0, le=1, description="Retries as a part of the calls to a dependency; 0 is none."
    )
    breaker_failure_rate: float = Field(
        0.5, gt=0, le=1, description="The part of failed calls from which on a dependency is left alone."
    )
    breaker_least_calls: PositiveInt = Field(10, description="Calls without which that does not happen.")
    breaker_window: PositiveFloat = Field(30.0, description="Seconds over which these are counted.")
    breaker_open: PositiveFloat = Field(2.0, description="Seconds that a dependency is left alone.")
    breaker_probes: PositiveInt = Field(
        3, description="Calls at a time that try it after that, and successes that end it."
    )
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

    @field_validator("rate_limits")
    @classmethod
    def _rates(cls, value: str) -> str:
        read_rate_rules(value)
        return value

    @field_validator("consul_address")
    @classmethod
    def _agent(cls, value: str | None) -> str | None:
        if value is not None:
            read_consul_address(value)
        return value

    @field_validator("otlp_endpoint")
    @classmethod
    def _collector(cls, value: str | None) -> str | None:
        return None if value is None else read_otlp_endpoint(value)

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
            self.admission_lag,
        )

    @property
    def streams(self) -> StreamLimits:
        """How many streams and long polls are open at a time."""
        return StreamLimits(self.streams_max, self.streams_per_connection)

    @property
    def sampling(self) -> Sampling:
        """Which calls that went well are logged."""
        return Sampling(self.log_calls_first, self.log_calls_share, self.log_calls_slow)

    @property
    def rates(self) -> tuple[RateRule, ...]:
        """How many calls a second a principal may make."""
        every = (RateRule("", self.rate_limit, self.rate_limit_burst),) if self.rate_limit else ()
        return every + read_rate_rules(self.rate_limits)

    @property
    def outgoing(self) -> OutgoingLimits:
        """How calls to dependencies are made."""
        breaker = BreakerLimits(
            self.breaker_failure_rate,
            self.breaker_least_calls,
            self.breaker_window,
            self.breaker_open,
            self.breaker_probes,
        )
        return OutgoingLimits(breaker, self.outgoing_attempts, self.outgoing_retry_ratio)

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
    fields = Settings.model_fields
    flags = read_flags(fields, arguments)
    file = flags.pop("config", None)
    environment = read_environment(fields, os.environ)
    sources = {f"{PREFIX}{name.upper()}": name for name in environment}
    sources |= {f"--{name.replace('_', '-')}": name for name in flags}
    try:
        return Settings(**read_file(file) | environment | flags)
    except ValidationError as cause:
        raise StartError(explain(fields, cause, sources, file or FILE)) from cause
