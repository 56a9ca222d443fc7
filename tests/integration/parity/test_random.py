"""Random records are read equal over the other transport, and random bytes are never an error of the service."""

import json
from datetime import UTC, datetime
from typing import Any

import grpc.aio
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crud_service.bootstrap import Node
from tests.integration.api.http_client import fetch
from tests.integration.parity.methods import METHODS, Json, split
from tests.integration.parity.transports import GrpcTransport, HttpTransport, Raw

_SAFE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_LABEL = st.characters(exclude_categories=["Cs", "Cc"])
_TEXT = st.text(_SAFE, max_size=20)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
_DATES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda date: f"{date.year:04}" + date.strftime("-%m-%dT%H:%M:%S.%fZ")
)
_RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "name": st.text(_LABEL, max_size=40),
        "date": _DATES,
        "content": st.dictionaries(_TEXT, _VALUES, max_size=5),
        "tags": st.lists(st.text(_LABEL, min_size=1, max_size=10).filter(str.strip), max_size=6),
    },
)
_SHORT = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_PARENT = "collections/random"


@_SHORT
@given(record=_RECORDS, turn=st.booleans())
async def test_random_record(
    grpc_transport: GrpcTransport, http_transport: HttpTransport, record: Json, turn: bool
) -> None:
    """A random record that one transport wrote is read equal by the other, and holds what was sent."""
    writer, reader = (grpc_transport, http_transport) if turn else (http_transport, grpc_transport)
    written = await writer.call("CreateRecord", {"parent": _PARENT, "record": record})
    assert written.ok, written
    stored = written.reply
    read = await reader.call("GetRecord", {"path": stored["path"]})
    assert read.reply == stored
    assert stored["content"] == record.get("content", {})
    assert stored["name"] == record.get("name", "")
    assert stored["tags"] == sorted({tag.strip() for tag in record.get("tags", [])})
    patched = await reader.call(
        "UpdateRecord", {"record": {**record, "path": stored["path"]}, "updateMask": "content,tags"}
    )
    assert patched.reply["content"] == stored["content"]
    assert (await writer.call("GetRecord", {"path": stored["path"]})).reply == patched.reply


_BROKEN_JSON = st.recursive(
    st.sampled_from(
        ['"a"', "1", "-0", "1e999", "NaN", "null", "true", '"\\ud800"', '"\\u0000"', "[", "]", "{", "", ","]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda each: "[" + ",".join(each) + "]")
        | st.lists(st.tuples(st.sampled_from(["name", "date", "content", "tags", "id", "x"]), inner), max_size=3).map(
            lambda pairs: "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in pairs) + "}"
        )
    ),
    max_leaves=8,
).map(str.encode)


@_SHORT
@given(body=st.binary(max_size=200) | _BROKEN_JSON, operation=st.sampled_from(sorted(METHODS)))
async def test_random_body(node: Node, body: bytes, operation: str) -> None:
    """No body is an error of the service."""
    resource = {"path": "collections/random/records/a"}
    request = {"parent": _PARENT, "path": _PARENT, "record": resource, "collection": {"path": _PARENT}}
    for rule in METHODS[operation].rules:
        target = split(rule, request)[0].partition("?")[0]
        answer = await fetch(node.http_port, rule.verb, target, body)
        assert answer.status < 500, answer


@_SHORT
@given(data=st.binary(max_size=200), operation=st.sampled_from(sorted(METHODS)))
async def test_random_message(node: Node, data: bytes, operation: str) -> None:
    """No bytes of a message are an error of the service."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        call = channel.unary_unary(f"/{METHODS[operation].service}/{operation}")(data, timeout=10)
        assert (await call.code()).name in {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "ABORTED"}


@_SHORT
@given(record=_RECORDS, cut=st.integers(0, 400), flip=st.integers(0, 255))
async def test_damaged_message(grpc_transport: GrpcTransport, record: Json, cut: int, flip: int) -> None:
    """A message with one changed byte is taken or refused, never an error of the service."""
    request = {"parent": _PARENT, "record": record}
    data = bytearray(json_format.ParseDict(request, METHODS["CreateRecord"].request()).SerializeToString())
    data[cut % len(data)] ^= flip
    outcome = await grpc_transport.call_raw("CreateRecord", {}, Raw(b"", bytes(data)))
    assert outcome.kind in {"OK", "INVALID_ARGUMENT"}, outcome


@_SHORT
@given(
    target=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
    verb=st.sampled_from(["GET", "POST"]),
)
async def test_random_target(node: Node, target: str, verb: str) -> None:
    """No URL is an error of the service."""
    answer = await fetch(node.http_port, verb, "/v1/" + target, b"{}")
    assert answer.status < 500, answer
