"""One request by both transports: whatever a client sends, logic is given the same object."""

import json
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import MethodDescriptor
from hypothesis import given, settings
from hypothesis import strategies as st

from crud_service.api.codec.json_reader import HttpReader, compile_http_reader
from crud_service.api.codec.wire_reader import Reader, compile_reader
from crud_service.api.http_rules import http_rules
from crud_service.model import requests
from crud_service.model.errors import CrudError, Kind
from crud_service.v1 import record_pb2
from crud_service.v1.record_service_pb2 import FieldTransform
from tests.unit.api.codec.messages import METHODS, TEXTS, VALUES, messages


def model(method: MethodDescriptor) -> Any:
    return getattr(requests, method.name)


@cache
def wire_reader(method: MethodDescriptor) -> Reader:
    return compile_reader(method.input_type, model(method))


@cache
def http_readers(method: MethodDescriptor) -> list[HttpReader]:
    """The reader of each rule, and one that takes all of the request from the body."""
    parts = [("", "*"), *((rule.path_field, rule.body) for rule in http_rules(method))]
    return [compile_http_reader(method.input_type, model(method), *each) for each in parts]


@pytest.mark.parametrize("method", METHODS, ids=[method.name for method in METHODS])
@given(data=st.data())
@settings(max_examples=50)
def test_json_and_protobuf_are_one_request(method: MethodDescriptor, data: st.DataObject) -> None:
    """What protobuf writes of a message, and what it prints of it as JSON, are read as the same request."""
    message = data.draw(messages(method.input_type))
    printed = json.dumps(json_format.MessageToDict(message)).encode()
    read = http_readers(method)[0]("", b"", printed)
    assert isinstance(read, model(method))
    assert read == wire_reader(method)(message.SerializeToString())


def is_answered(read: Callable[[], Any], method: MethodDescriptor) -> bool:
    """Whether reading gives a request of the method, or refuses it as the caller's mistake."""
    try:
        return isinstance(read(), model(method))
    except CrudError as error:
        return error.kind is Kind.INVALID_ARGUMENT


@given(st.sampled_from(METHODS), st.binary(max_size=200))
@settings(max_examples=500)
def test_any_bytes_are_a_request_or_a_refusal(method: MethodDescriptor, data: bytes) -> None:
    """Bytes are read, or refused as INVALID_ARGUMENT, whatever they are."""
    assert is_answered(lambda: wire_reader(method)(data), method)


@given(st.sampled_from(METHODS), st.data())
@settings(max_examples=300)
def test_a_damaged_message_is_a_request_or_a_refusal(method: MethodDescriptor, data: st.DataObject) -> None:
    """So are messages with a few bytes changed."""
    sent = bytearray(data.draw(messages(method.input_type)).SerializeToString())
    for _ in range(data.draw(st.integers(1, 3)) if sent else 0):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    assert is_answered(lambda: wire_reader(method)(bytes(sent)), method)


MESSAGES = [method.input_type for method in METHODS] + [record_pb2.Record.DESCRIPTOR, FieldTransform.DESCRIPTOR]
NAMES = sorted({field.json_name for message in MESSAGES for field in message.fields})
"""Of fields, as JSON has them."""

DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | TEXTS, inner, max_size=6),
    max_leaves=12,
)


@given(st.sampled_from(METHODS), DOCUMENTS, st.booleans())
@settings(max_examples=500)
def test_any_json_is_a_request_or_a_refusal(method: MethodDescriptor, document: Any, is_merge_patch: bool) -> None:
    """JSON of any shape, under each rule of a method, is read or refused as INVALID_ARGUMENT."""
    body = json.dumps(document).encode()
    for read in http_readers(method):
        assert is_answered(partial(read, "p", b"", body, is_merge_patch=is_merge_patch), method)


@given(st.sampled_from(METHODS), st.binary(max_size=60))
@settings(max_examples=300)
def test_any_body_is_a_request_or_a_refusal(method: MethodDescriptor, body: bytes) -> None:
    """So are bytes that are mostly no JSON."""
    for read in http_readers(method):
        assert is_answered(partial(read, "p", b"", body), method)


PAIRS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["", "true", "1", "a.b,cD", "%ff", "%F0"])))


@given(st.sampled_from(METHODS), PAIRS, st.binary(max_size=20))
@settings(max_examples=300)
def test_any_query_is_a_request_or_a_refusal(
    method: MethodDescriptor, pairs: list[tuple[str, str]], noise: bytes
) -> None:
    """So is any query string."""
    query = "&".join([f"{key}={value}" for key, value in pairs]).encode() + noise
    for read in http_readers(method):
        assert is_answered(partial(read, "p", query, b"{}"), method)
