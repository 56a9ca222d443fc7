"""The requests and replies: named and shaped like the messages of the contract."""

import re
from typing import Any

import msgspec
import pytest
from google.protobuf.descriptor import Descriptor, MethodDescriptor

from crud_service.model import record, reports, requests
from crud_service.v1 import (
    admin_service_pb2,
    bulk_pb2,
    change_pb2,
    collection_service_pb2,
    record_pb2,
    record_service_pb2,
)

METHODS: list[MethodDescriptor] = [
    method
    for file in (record_service_pb2, collection_service_pb2, admin_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


NOT_ON_THE_WIRE = {"UpdateRecord": {"merge_patch"}}
"""Fields that only say how a request came."""

NAMED_APART = {"WatchRecordsReply": "WatchEvent"}
"""Replies whose type is not called after their message."""

INPUT_ONLY = {"ttl"}
"""Fields of resources that no reply has."""


def fields_of(message: Descriptor) -> set[str]:
    return {field.name for field in message.fields}


MESSAGES: dict[str, Descriptor] = {
    message.name: message
    for file in (record_pb2, change_pb2, bulk_pb2, record_service_pb2, collection_service_pb2, admin_service_pb2)
    for message in file.DESCRIPTOR.message_types_by_name.values()
}


def type_of(message: Descriptor) -> Any:
    """The type that stands for a message: of a request `X` for `XRequest`, else of its name, or `XDraft`."""
    name = message.name.removesuffix("Request")
    return getattr(requests, name, None) or getattr(requests, f"{name}Draft", None)


def is_sent(message: Descriptor) -> bool:
    """Whether clients send it. Of the files about changes and bulk they send nothing but requests."""
    return message.name.endswith("Request") or message.file not in (change_pb2.DESCRIPTOR, bulk_pb2.DESCRIPTOR)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_request_belongs_to_each_method(method: MethodDescriptor) -> None:
    """Each operation has a request type of its name, and it can be sent empty."""
    request: Any = getattr(requests, method.name)
    assert type_of(method.input_type) is request
    assert isinstance(request(), msgspec.Struct)


@pytest.mark.parametrize("name", [name for name, message in MESSAGES.items() if type_of(message) and is_sent(message)])
def test_a_type_has_the_fields_of_its_message(name: str) -> None:
    """What a client sends has the fields of its message, by the names on the wire, and each has a default.

    Of a resource only the fields count that a client may set; of a request all of them.
    """
    model = type_of(MESSAGES[name])
    fields = {field.encode_name for field in msgspec.structs.fields(model)}
    if model.__name__.endswith("Draft"):
        assert fields < fields_of(MESSAGES[name])
    else:
        assert fields - NOT_ON_THE_WIRE.get(model.__name__, set()) == fields_of(MESSAGES[name])
    assert isinstance(model(), msgspec.Struct)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_reply_has_the_fields_of_its_message(method: MethodDescriptor) -> None:
    """Each reply offers every field of its message as an attribute."""
    name = method.output_type.name
    named = re.sub("^Batch[A-Z][a-z]+", "Batch", name).replace("Response", "Reply")
    asked = getattr(requests, NAMED_APART.get(named, named), None)
    reply = getattr(record, name, None) or getattr(reports, name, None) or asked
    assert reply is not None
    missing = [field for field in fields_of(method.output_type) - INPUT_ONLY if not hasattr(reply, field)]
    assert not missing


def test_an_empty_draft_has_nothing_present() -> None:
    """What a client did not send is UNSET, so an update without a mask changes nothing by accident."""
    draft = requests.RecordDraft()
    changeable = ("name", "date", "content", "tags", "expire_time", "ttl")
    assert [getattr(draft, name) for name in changeable] == [msgspec.UNSET] * 6
    changeable = ("name", "description", "require_etag", "retention", "indexes", "history_age", "history_entries")
    assert [getattr(requests.CollectionDraft(), name) for name in changeable] == [msgspec.UNSET] * 7


@pytest.mark.parametrize("type_", [requests.RecordCompare, requests.RecordOperation, requests.FieldTransform])
def test_the_members_of_a_oneof_are_absent(type_: Any) -> None:
    """Of what may be one of several things, nothing is set by itself."""
    values = msgspec.structs.asdict(type_())
    assert all(value is msgspec.UNSET for name, value in values.items() if name not in {"path", "field"})
    assert len(values) > 3
