"""Readers of requests from HTTP, by the name of the operation."""

import json
from typing import Any

import pytest

from crud_service.api.codec.json_reader import HttpReader, compile_http_reader
from crud_service.model import requests
from crud_service.model.errors import CrudError
from tests.unit.api.codec.messages import METHODS


def reader(operation: str, path_field: str, body: str) -> HttpReader:
    (descriptor,) = [each.input_type for each in METHODS if each.name == operation]
    return compile_http_reader(descriptor, getattr(requests, operation), path_field, body)


def refusal(read: HttpReader, body: Any = None, *, path: str = "p", query: bytes = b"", **options: bool) -> CrudError:
    """What reading is refused with."""
    with pytest.raises(CrudError) as refused:
        read(path, query, b"" if body is None else json.dumps(body).encode(), **options)
    return refused.value


def fields(error: CrudError) -> list[str]:
    return [violation.field for violation in error.violations]
