"""Query parameters: the fields of a request that neither its path nor its body has, in lowerCamelCase."""

from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.field_mask import compile_mask_reader
from crud_service.api.codec.fields import message_of
from crud_service.api.codec.json_values import Convert, scalar_converter, unknown_name
from crud_service.model.errors import Reason, Violation, invalid

QueryReader = Callable[[bytes, list[Violation]], dict[str, Any]]
"""Reads a query string as fields of the request; adds a violation for each parameter that is wrong."""

_TRUTH = {"true": True, "false": False}


def compile_query_reader(descriptor: Descriptor, elsewhere: Collection[str]) -> QueryReader:
    """A reader of the fields of `descriptor` that are not `elsewhere`.

    A repeated field is a parameter that may stand several times. Messages but for masks fit into no query.
    """
    fields = [field for field in descriptor.fields if field.name not in elsewhere and _fits(field)]
    parameters = {field.json_name: (field.name, field.is_repeated, _parameter(field)) for field in fields}
    unknown = unknown_name("parameter", parameters)

    def read(query: bytes, violations: list[Violation]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, text in _pairs(query):
            name, is_repeated, convert = parameters.get(key, ("", False, None))
            if convert is None:
                violations.append(Violation(key, unknown, Reason.UNKNOWN_FIELD))
            elif is_repeated:
                values[name] = (*values.get(name, ()), convert(text, name, violations))
            elif name in values:
                violations.append(Violation(name, "stands twice in the query"))
            else:
                values[name] = convert(text, name, violations)
        return values

    return read


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as cause:
        raise invalid("", "the query is not UTF-8", Reason.INVALID_TEXT) from cause


def _fits(field: FieldDescriptor) -> bool:
    return field.type != FieldDescriptor.TYPE_MESSAGE or message_of(field).full_name == "google.protobuf.FieldMask"


def _parameter(field: FieldDescriptor) -> Convert:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return compile_mask_reader(field)
    return _bool if field.type == FieldDescriptor.TYPE_BOOL else scalar_converter(field)


def _bool(text: str, path: str, violations: list[Violation]) -> bool:
    if text not in _TRUTH:
        violations.append(Violation(path, "is not true or false"))
    return _TRUTH.get(text, False)
