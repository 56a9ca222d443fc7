"""Requests from HTTP: a JSON body, query parameters and the path, read by what the proto's descriptors say."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.fields import draft_type, message_of
from crud_service.api.codec.strict_json import parse_json
from crud_service.model.errors import Reason, Violation, invalid, invalid_all
from crud_service.model.timestamp import parse as parse_timestamp

HttpReader = Callable[[str, bytes, bytes], Any]
"""Makes the request of an operation from the value bound in the path, the query string and the body."""

_Convert = Callable[[Any, str, list[Violation]], Any]
"""Turns one JSON value into the model's; adds a violation about the given field path when it cannot."""

_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_INT_BITS = {FieldDescriptor.TYPE_INT32: 31, FieldDescriptor.TYPE_INT64: 63}


def compile_http_reader(descriptor: Descriptor, model: type, path_field: str, body: str) -> HttpReader:
    """A reader of requests whose path binds `path_field` (maybe `record.path`) and whose body is the field `body`.

    What is neither in the path nor in the body may stand in the query, in lowerCamelCase. It raises INVALID_ARGUMENT
    that lists all violations at once.
    """
    head, _, tail = path_field.partition(".")
    bound = {head, body} - {""}
    parameters = {
        field.json_name: (field.name, _parameter(field)) for field in descriptor.fields if field.name not in bound
    }
    convert_body = _resource(message_of(descriptor.fields_by_name[body])) if body else None

    def read(path_value: str, query: bytes, data: bytes) -> Any:
        values: dict[str, Any] = {path_field: path_value} if path_field and not tail else {}
        violations: list[Violation] = []
        if query:
            values |= _read_query(query, parameters, violations)
        if convert_body:
            document = _read_body(data, body)
            if tail and isinstance(document, dict):
                _bind(document, tail, path_value, path_field, violations)
            values[body] = convert_body(document, body, violations)
        if violations:
            raise invalid_all(violations)
        return model(**values)

    return read


def _read_body(data: bytes, field: str) -> Any:
    if not data.strip():
        raise invalid(field, "the body is empty; send a JSON object, if only {}", Reason.MALFORMED_REQUEST)
    return parse_json(data, field)


def _bind(document: dict[str, Any], name: str, value: str, field: str, violations: list[Violation]) -> None:
    """Put the path's value into the body's resource; the body may repeat it, but not contradict it."""
    if document.get(name) not in (None, "", value):
        violations.append(Violation(field, "differs from the path of the URL"))
    document[name] = value


def _read_query(
    query: bytes, parameters: dict[str, tuple[str, _Convert]], violations: list[Violation]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as cause:
        raise invalid("", "the query is not UTF-8", Reason.INVALID_TEXT) from cause
    for key, text in pairs:
        name, convert = parameters.get(key, ("", None))
        if convert is None:
            violations.append(Violation(key, _unknown("parameter", parameters), Reason.UNKNOWN_FIELD))
        elif name in values:
            violations.append(Violation(name, "stands twice in the query"))
        else:
            values[name] = convert(text, name, violations)
    return values


def _parameter(field: FieldDescriptor) -> _Convert:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        if message_of(field).full_name != "google.protobuf.FieldMask":
            raise TypeError(f"{field.full_name}: no query parameter can be a message")
        return _mask
    return _scalar(field)


def _mask(text: Any, path: str, violations: list[Violation]) -> tuple[str, ...]:
    """A field mask: comma-separated paths in lowerCamelCase, given to logic in the names of the proto."""
    return tuple(re.sub(r"[A-Z]", lambda upper: f"_{upper[0].lower()}", each) for each in text.split(",") if each)


def _resource(descriptor: Descriptor) -> _Convert:
    """Reads an object as the draft of a resource. Fields the server owns are accepted and ignored."""
    model = draft_type(descriptor)
    fields = {
        field.json_name: (field.name if field.name in model.__struct_fields__ else "", _converter(field))  # type: ignore[attr-defined]
        for field in descriptor.fields
    }

    def convert(value: Any, path: str, violations: list[Violation]) -> Any:
        if not isinstance(value, dict):
            violations.append(Violation(path, "is not a JSON object", Reason.MALFORMED_REQUEST))
            return None
        values = {}
        for key, each in value.items():
            if key not in fields:
                violations.append(Violation(f"{path}.{key}", _unknown("field", fields), Reason.UNKNOWN_FIELD))
                continue
            name, convert_field = fields[key]
            if name:
                values[name] = convert_field(each, f"{path}.{name}", violations)
        return model(**values)

    return convert


def _converter(field: FieldDescriptor) -> _Convert:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return {
            "google.protobuf.Struct": _content,
            "google.protobuf.Timestamp": _timestamp,
        }[message_of(field).full_name]
    return _strings if field.is_repeated else _scalar(field)


def _scalar(field: FieldDescriptor) -> _Convert:
    if field.type in _INT_BITS:
        bits = _INT_BITS[field.type]
        return lambda value, path, violations: _integer(value, path, violations, bits)
    if field.type != FieldDescriptor.TYPE_STRING:
        raise TypeError(f"{field.full_name}: no reader for a field of this type")
    return _string


def _string(value: Any, path: str, violations: list[Violation]) -> str:
    if isinstance(value, str):
        return value
    if value is not None:
        violations.append(Violation(path, "is not a string"))
    return ""


def _strings(value: Any, path: str, violations: list[Violation]) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    if value is not None:
        violations.append(Violation(path, "is not an array of strings"))
    return ()


def _integer(value: Any, path: str, violations: list[Violation], bits: int) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -(1 << bits) <= value < 1 << bits:
        return value
    if value is not None:
        violations.append(Violation(path, f"is not a whole number of {bits + 1} bits"))
    return 0


def _timestamp(value: Any, path: str, violations: list[Violation]) -> str | None:
    try:
        return parse_timestamp(value) if value is not None else None
    except (ValueError, TypeError) as cause:
        violations.append(Violation(path, str(cause) if isinstance(value, str) else "is not a string with a time"))
    return None


def _content(value: Any, path: str, violations: list[Violation]) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if value is not None:
        hint = 'put plain text into {"text": "..."}' if isinstance(value, str) else 'such as {"text": "hello"}'
        violations.append(Violation(path, f"is not a JSON object; {hint}", Reason.CONTENT_NOT_OBJECT))
    return {}


def _unknown(what: str, known: dict[str, Any]) -> str:
    return f"is no {what} here; known are {', '.join(sorted(known)) or 'none'}"
