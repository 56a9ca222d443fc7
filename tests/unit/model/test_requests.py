"""The requests and replies: named and shaped like the messages of the contract."""

from typing import Any

import msgspec
import pytest
from google.protobuf.descriptor import Descriptor, MethodDescriptor

from crud_service.model import record, requests
from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_service_pb2

METHODS: list[MethodDescriptor] = [
    method
    for file in (record_service_pb2, collection_service_pb2, admin_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


def fields_of(message: Descriptor) -> list[str]:
    return [field.name for field in message.fields]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_request_has_the_fields_of_its_message(method: MethodDescriptor) -> None:
    """Each operation has a request type of its name, with the fields of its message, and it can be sent empty."""
    request: Any = getattr(requests, method.name)
    assert sorted(request.__struct_fields__) == sorted(fields_of(method.input_type))
    assert isinstance(request(), msgspec.Struct)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_reply_has_the_fields_of_its_message(method: MethodDescriptor) -> None:
    """Each reply offers every field of its message as an attribute."""
    name = method.output_type.name
    reply = getattr(record, name, None) or getattr(requests, f"{name.removesuffix('Response')}Reply", None)
    assert reply is not None
    missing = [field for field in fields_of(method.output_type) if not hasattr(reply, field)]
    assert not missing


def test_an_empty_draft_has_nothing_present() -> None:
    """What a client did not send is UNSET, so an update without a mask changes nothing by accident."""
    draft = requests.RecordDraft()
    assert [getattr(draft, name) for name in ("name", "date", "content", "tags")] == [msgspec.UNSET] * 4
    assert [getattr(requests.CollectionDraft(), name) for name in ("name", "description")] == [msgspec.UNSET] * 2
