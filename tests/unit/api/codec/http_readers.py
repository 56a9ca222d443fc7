"""Readers of requests from HTTP, by the name of the operation."""

import json
from typing import Any

import pytest

from crud_service.api.codec.json_reader import HttpReader, compile_http_reader
from crud_service.model import requests
from crud_service.model.errors import CrudError
from crud_service.v1 import collection_service_pb2, record_service_pb2


def reader(operation: str, path_field: str, body: str) -> HttpReader:
    file = collection_service_pb2 if "Collection" in operation else record_service_pb2
    descriptor = file.DESCRIPTOR.message_types_by_name[f"{operation}Request"]
    return compile_http_reader(descriptor, getattr(requests, operation), path_field, body)


def refusal(read: HttpReader, body: Any = None, *, path: str = "p", query: bytes = b"", **options: bool) -> CrudError:
    """What reading is refused with."""
    with pytest.raises(CrudError) as refused:
        read(path, query, b"" if body is None else json.dumps(body).encode(), **options)
    return refused.value


def fields(error: CrudError) -> list[str]:
    return [violation.field for violation in error.violations]
