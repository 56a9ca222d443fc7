"""The operations table: what the proto says of each method, and what serves it. It drives both transports."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, FileDescriptor, MethodDescriptor

from crud_service.api.http_rules import HttpRule, http_rules
from crud_service.model import requests
from crud_service.model.call import Call, Handler, StreamHandler
from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_service_pb2

FILES: Sequence[FileDescriptor] = (
    record_service_pb2.DESCRIPTOR,
    collection_service_pb2.DESCRIPTOR,
    admin_service_pb2.DESCRIPTOR,
)
"""The files of the contract that define services."""


class Operation(msgspec.Struct, frozen=True):
    """One operation of the service."""

    name: str
    """The method's name, such as `GetRecord`."""
    service: str
    """The full name of its service, such as `crud_service.v1.RecordService`."""
    request: Descriptor
    reply: Descriptor
    rules: tuple[HttpRule, ...]
    """Where it lives on HTTP."""
    request_type: type
    """The type of `model.requests` that logic takes."""
    request_streams: bool
    """Whether the handler is given an AsyncIterator of requests."""
    reply_streams: bool
    """Whether the handler is a StreamHandler, which gives any number of replies."""
    handler: Callable[[Call, Any], Any]
    """What serves it: `await handler(call, request)`, or `async for reply in handler(call, request)`."""


def operations_table(
    handlers: Mapping[str, Handler | StreamHandler], files: Sequence[FileDescriptor] = FILES
) -> list[Operation]:
    """The table: every method of `files` with its handler.

    Raises LookupError for a method without handler or request type, and for a handler without method.
    """
    methods: list[MethodDescriptor] = [
        method for file in files for service in file.services_by_name.values() for method in service.methods
    ]
    names = [method.name for method in methods]
    if sorted(names) != sorted(handlers):
        raise LookupError(f"methods and handlers differ: {sorted(set(names) ^ set(handlers))}")
    return [_operation(method, handlers[method.name]) for method in methods]


def _operation(method: MethodDescriptor, handler: Handler | StreamHandler) -> Operation:
    request_type: type | None = getattr(requests, method.name, None)
    if request_type is None:
        raise LookupError(f"crud_service.model.requests has no type {method.name}")
    return Operation(
        method.name,
        method.containing_service.full_name,
        method.input_type,
        method.output_type,
        http_rules(method),
        request_type,
        method.client_streaming,
        method.server_streaming,
        handler,
    )


def resource_of(operation: Operation) -> Callable[[Any], str]:
    """How to read the path that a request of the operation names; for the log."""
    field = next((rule.path_field for rule in operation.rules), "")
    return attrgetter(field) if field else lambda request: ""
