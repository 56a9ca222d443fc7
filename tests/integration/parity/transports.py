"""The same request over either transport, and its outcome in one shape.

A request is written once, as the Proto3 JSON of its message. The gRPC side turns it into a message and the reply back
with protobuf's own JSON mapping, so the service's codecs are judged by an implementation that is not theirs. Where a
client can send bytes that no such request gives, `raw` is sent instead.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import grpc
import grpc.aio
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2

from tests.integration.api.http_client import Answer, HttpConnection, connect
from tests.integration.parity.messages import mask_paths, to_message
from tests.integration.parity.methods import METHODS, Json, Rule, split

Reason = str | bytes


@dataclass(frozen=True)
class Raw:
    """What a client sends when it does not send what it should: `body` over HTTP, `message` over gRPC."""

    body: bytes
    message: bytes


@dataclass(frozen=True)
class Outcome:
    """What came back: the reply as Proto3 JSON, or the error."""

    operation: str
    kind: str = "OK"
    """`OK`, or the name of the gRPC code."""
    reply: Json = field(default_factory=dict)
    reason: str = ""
    message: str = ""
    violations: tuple[tuple[str, str, str], ...] = ()
    """Field, reason and description of each."""
    metadata: Json = field(default_factory=dict)
    call_id: str = ""
    trace_id: str = ""
    status: int = 0
    """Over HTTP."""

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.kind == "OK"


class Transport(Protocol):
    """One way to reach the node."""

    name: str

    async def call(self, operation: str, request: Json, *, reason: Reason = "", traceparent: str = "") -> Outcome:
        """Send a request, given as the Proto3 JSON of its message."""

    async def call_raw(self, operation: str, request: Json, raw: Raw) -> Outcome:
        """Send bytes of one's own. Over HTTP `request` still says where to."""


class GrpcTransport:
    """Calls over gRPC, on a channel with the limits every client has by default."""

    name = "grpc"

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    async def call(self, operation: str, request: Json, *, reason: Reason = "", traceparent: str = "") -> Outcome:
        """As Transport says. A reason that is not ASCII goes as `x-change-reason-bin`."""
        metadata: list[tuple[str, str | bytes]] = []
        if isinstance(reason, bytes) or not (reason.isascii() and reason.isprintable()):
            metadata.append(("x-change-reason-bin", reason.encode() if isinstance(reason, str) else reason))
        elif reason:
            metadata.append(("x-change-reason", reason))
        if traceparent:
            metadata.append(("traceparent", traceparent))
        message = to_message(request, METHODS[operation].request())
        outcome = await self._send(operation, message.SerializeToString(), metadata)
        for record in _masked_records(request, outcome):
            _leave_out(record, request["readMask"])
        return outcome

    async def call_raw(self, operation: str, request: Json, raw: Raw) -> Outcome:
        """As Transport says."""
        return await self._send(operation, raw.message, [])

    async def _send(self, operation: str, data: bytes, metadata: list[tuple[str, str | bytes]]) -> Outcome:
        method = METHODS[operation]
        unary = self._channel.unary_unary(f"/{method.service}/{operation}")
        call = unary(data, metadata=grpc.aio.Metadata(*metadata), timeout=30)
        try:
            reply = method.reply.FromString(await call)
        except grpc.aio.AioRpcError as error:
            return _refused(operation, error)
        trailing = dict(await call.trailing_metadata())
        fields = json_format.MessageToDict(reply, always_print_fields_with_no_presence=True)
        ids = {"call_id": trailing["x-call-id"], "trace_id": trailing["x-trace-id"]}
        return Outcome(operation, reply=fields, **ids)


def _masked_records(request: Json, outcome: Outcome) -> list[Json]:
    if request.get("readMask", "*") in ("", "*") or not outcome.ok:
        return []
    if "changes" in outcome.reply:
        return [change["record"] for change in outcome.reply["changes"]]
    return outcome.reply.get("records", [outcome.reply])


def _leave_out(record: Json, mask: str) -> None:
    """Drop what a mask does not name, as HTTP does. A message has it nevertheless, so it must be empty there."""
    wanted = {path.partition(".")[0] for path in mask_paths(mask)}
    for name in [name for name in record if _snake(name) not in wanted]:
        assert record.pop(name) in ("", "0", []), f"{name} is not in the mask {mask}"


def _snake(name: str) -> str:
    return mask_paths(name)[0]


def _refused(operation: str, error: grpc.aio.AioRpcError) -> Outcome:
    """The error in its details. gRPC itself refuses without: what is too large, what is no method."""
    trailing = dict(error.trailing_metadata() or ())
    kind = error.code().name
    details = trailing.get("grpc-status-details-bin")
    if details is None:
        return Outcome(operation, kind, message=error.details() or "")
    status = status_pb2.Status.FromString(details)
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for each in status.details:
        assert each.Unpack(info) or each.Unpack(bad), f"unexpected detail {each.type_url}"
    assert info.domain == "crud-service"
    return Outcome(
        operation,
        kind,
        reason=info.reason,
        message=status.message,
        violations=tuple((each.field, each.reason, each.description) for each in bad.field_violations),
        metadata=dict(info.metadata),
        call_id=trailing["x-call-id"],
        trace_id=trailing["x-trace-id"],
    )


class HttpTransport:
    """Calls over HTTP, on one connection after the other: the server ends it where it did not read all of a body.

    With `last_rules` each operation goes by the last of its rules, not by the first.
    """

    name = "http"

    def __init__(self, port: int, observe: "Observer | None" = None, *, last_rules: bool = False) -> None:
        self._port = port
        self._observe = observe
        self._last_rules = last_rules
        self._connection: HttpConnection | None = None

    async def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def call(
        self,
        operation: str,
        request: Json,
        *,
        reason: Reason = "",
        traceparent: str = "",
        headers: Mapping[str, str | bytes] | None = None,
    ) -> Outcome:
        """As Transport says, with more headers."""
        named = {"x-change-reason": reason, "traceparent": traceparent, **(headers or {})}
        rule = self._rule(operation, request)
        target, body = split(rule, request)
        data = None if body is None else json.dumps(body).encode()
        sent = {name: each for name, each in named.items() if each}
        return await self._send(operation, rule, target, data, sent)

    async def call_raw(self, operation: str, request: Json, raw: Raw) -> Outcome:
        """As Transport says."""
        rule = self._rule(operation, request)
        target, _ = split(rule, request)
        return await self._send(operation, rule, target, raw.body, {})

    def _rule(self, operation: str, request: Json) -> Rule:
        return METHODS[operation].rule_for(request, last=self._last_rules)

    async def _send(
        self, operation: str, rule: Rule, target: str, body: bytes | None, headers: Mapping[str, str | bytes]
    ) -> Outcome:
        if self._connection is None:
            self._connection = await connect(self._port)
        try:
            answer = await self._connection.request(rule.verb, target, body, headers)
        except (OSError, EOFError):
            await self.close()
            raise
        if answer.headers.get("connection") == "close":
            await self.close()
        if self._observe:
            self._observe(rule.name or operation, answer)
        return http_outcome(operation, answer, headers)


class Observer(Protocol):
    """Sees every HTTP response, so that it can be checked against the OpenAPI document."""

    def __call__(self, operation_id: str, answer: Answer) -> None:
        """One response to an operation, by its name in that document."""


def http_outcome(operation: str, answer: Answer, headers: Mapping[str, str | bytes]) -> Outcome:
    """The response in the shape of both transports. Its status must be the one that belongs to its error."""
    ids = {"call_id": answer.headers.get("x-call-id", ""), "trace_id": answer.headers.get("x-trace-id", "")}
    if answer.status == 304:
        assert answer.body == b""
        return Outcome(operation, status=304, reply={"etag": answer.headers["etag"]}, **ids)
    assert answer.headers["content-type"] == "application/json"
    if answer.status < 300:
        assert answer.status == (201 if operation.startswith("Create") else 200)
        return Outcome(operation, reply=answer.json, status=answer.status, **ids)
    error = answer.json["error"]
    assert set(error) == {"code", "status", "message", "details"}
    info, bad = error["details"][0], next(iter(error["details"][1:]), {"fieldViolations": []})
    assert error["code"] == answer.status == expected_status(error["status"], info["reason"], headers)
    assert info["@type"].endswith("/google.rpc.ErrorInfo")
    assert info["domain"] == "crud-service"
    return Outcome(
        operation,
        error["status"],
        reason=info["reason"],
        message=error["message"],
        violations=tuple((each["field"], each["reason"], each["description"]) for each in bad["fieldViolations"]),
        metadata=info["metadata"],
        status=answer.status,
        **ids,
    )


def expected_status(kind: str, reason: str, headers: Mapping[str, str | bytes]) -> int:
    """The HTTP status of an error, by what the contract says and not by the table of the service."""
    is_conditional = {"if-match", "if-none-match"} & {name.lower() for name in headers}
    if is_conditional and reason in ("ETAG_MISMATCH", "RECORD_EXISTS", "COLLECTION_EXISTS"):
        return 412
    by_reason = {
        "HISTORY_GONE": 410,
        "CONTENT_TOO_LARGE": 413,
        "REQUEST_TOO_LARGE": 413,
        "REPLY_TOO_LARGE": 413,
        "URL_TOO_LONG": 414,
        "UNSUPPORTED_MEDIA_TYPE": 415,
        "ETAG_REQUIRED": 428,
        "HEADERS_TOO_LARGE": 431,
        "METHOD_NOT_ALLOWED": 405,
    }
    by_kind = {
        "INVALID_ARGUMENT": 400,
        "FAILED_PRECONDITION": 400,
        "NOT_FOUND": 404,
        "ALREADY_EXISTS": 409,
        "ABORTED": 409,
        "OUT_OF_RANGE": 400,
        "RESOURCE_EXHAUSTED": 429,
        "DEADLINE_EXCEEDED": 504,
        "PERMISSION_DENIED": 403,
        "INTERNAL": 500,
        "UNAVAILABLE": 503,
    }
    return by_reason.get(reason) or by_kind[kind]
