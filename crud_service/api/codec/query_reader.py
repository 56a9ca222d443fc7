"""Query parameters: the fields of a request that neither its path nor its body has, in lowerCamelCase."""

from collections.abc import Callable, Collection
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.json_values import Convert, scalar_converter, text_converter, unknown_name
from crud_service.model.errors import Reason, Violation, invalid

QueryReader = Callable[[bytes, list[Violation]], dict[str, Any]]
"""Reads a query string as fields of the request; adds a violation for each parameter that is wrong."""

_TRUTH = {"true": True, "false": False}


def compile_query_reader(descriptor: Descriptor, elsewhere: Collection[str]) -> QueryReader:
    """A reader of the fields of `descriptor` that are not `elsewhere`.

    A repeated field is a parameter that may stand several times. Of messages, masks and durations fit into a query.
    """
    found = [(field, _parameter(field)) for field in descriptor.fields if field.name not in elsewhere]
    parameters = {field.json_name: (field.name, field.is_repeated, convert) for field, convert in found if convert}
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


def _parameter(field: FieldDescriptor) -> Convert | None:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return None if field.is_repeated else text_converter(field)
    return _bool if field.type == FieldDescriptor.TYPE_BOOL else scalar_converter(field)


def _bool(text: str, path: str, violations: list[Violation]) -> bool:
    if text not in _TRUTH:
        violations.append(Violation(path, "is not true or false"))
    return _TRUTH.get(text, False)
