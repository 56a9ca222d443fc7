"""JSON values as the model has them: converters compiled from the descriptors of messages and their fields."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.field_mask import compile_mask_reader
from crud_service.api.codec.fields import attribute, is_resource, message_of, model_type, read_fields
from crud_service.api.codec.places import below, too_many
from crud_service.model.duration import parse_duration
from crud_service.model.errors import Reason, Violation
from crud_service.model.timestamp import parse as parse_timestamp

Convert = Callable[[Any, str, list[Violation]], Any]
"""Turns one JSON value into the model's; adds a violation about the given field path when it cannot."""

_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_INT_BITS = {FieldDescriptor.TYPE_INT32: 31, FieldDescriptor.TYPE_INT64: 63}


def compile_object(descriptor: Descriptor, most_items: int) -> Convert:
    """Reads an object as the model's type for `descriptor`, with at most `most_items` objects in an array of them.

    Unknown fields are refused, those that the server owns are ignored. A null is an absent field; in a resource it is
    the empty value, and present.
    """
    model, fields, null_is_empty = model_type(descriptor), _fields(descriptor, most_items), is_resource(descriptor)
    choices, unknown = _choices(descriptor), unknown_name("field", fields)

    def convert(value: Any, path: str, violations: list[Violation]) -> Any:
        if not isinstance(value, dict):
            what = "is not a JSON object" if path else "the body is not a JSON object"
            violations.append(Violation(path, what, Reason.MALFORMED_REQUEST))
            return None
        for members in choices:
            if not members.keys().isdisjoint(value):
                value = _chosen(value, path, members, violations)
        values, prefix = {}, below(path, "")
        for key, each in value.items():
            if key not in fields:
                violations.append(Violation(prefix + key, unknown, Reason.UNKNOWN_FIELD))
                continue
            name, place, convert_field = fields[key]
            if convert_field and (null_is_empty or each is not None):
                values[name] = convert_field(each, prefix + place, violations)
        return model(**values)

    return convert


def scalar_converter(field: FieldDescriptor) -> Convert:
    """Reads a string or a number."""
    if field.type in _INT_BITS:
        bits = _INT_BITS[field.type]
        return lambda value, path, violations: _integer(value, path, violations, bits)
    if field.type not in _SCALARS:
        raise TypeError(f"{field.full_name}: no reader for a field of this type")
    return _SCALARS[field.type]


def text_converter(field: FieldDescriptor) -> Convert | None:
    """Reads a message that is a text in JSON: a mask or a duration. None for any other."""
    name = message_of(field).full_name
    if name == "google.protobuf.FieldMask":
        return compile_mask_reader(field)
    return _duration if name == "google.protobuf.Duration" else None


def unknown_name(what: str, known: Mapping[str, Any]) -> str:
    """The description of a violation about a name that is not `known`."""
    return f"is no {what} here; known are {', '.join(sorted(known)) or 'none'}"


def _fields(descriptor: Descriptor, most_items: int) -> dict[str, tuple[str, str, Convert | None]]:
    """By JSON name: the name in the model, the name in the proto, and what converts it; None ignores it."""
    read = read_fields(descriptor, model_type(descriptor))
    return {
        field.json_name: (attribute(field), field.name, _converter(field, most_items) if field in read else None)
        for field in descriptor.fields
    }


def _converter(field: FieldDescriptor, most_items: int) -> Convert:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return (_messages if field.is_repeated else _message)(field, most_items)
    if field.is_repeated and field.type != FieldDescriptor.TYPE_STRING:
        raise TypeError(f"{field.full_name}: no reader for a field of this type")
    return _strings if field.is_repeated else scalar_converter(field)


def _message(field: FieldDescriptor, most_items: int) -> Convert:
    descriptor = message_of(field)
    if convert := text_converter(field):
        return convert
    return _WELL_KNOWN.get(descriptor.full_name) or compile_object(descriptor, most_items)


def _messages(field: FieldDescriptor, most_items: int) -> Convert:
    convert = compile_object(message_of(field), most_items)

    def convert_all(value: Any, path: str, violations: list[Violation]) -> tuple[Any, ...]:
        if value is not None and not isinstance(value, list):
            violations.append(Violation(path, "is not an array of objects"))
        elif value and len(value) > most_items:
            violations.append(too_many(field, path, len(value), most_items))
        elif value:
            return tuple([convert(each, f"{path}[{index}]", violations) for index, each in enumerate(value)])
        return ()

    return convert_all


def _choices(descriptor: Descriptor) -> list[dict[str, str]]:
    """The members of each oneof: JSON name to name."""
    return [{field.json_name: field.name for field in oneof.fields} for oneof in descriptor.oneofs]


def _chosen(value: dict[str, Any], path: str, members: dict[str, str], violations: list[Violation]) -> dict[str, Any]:
    """The object without the nulls beside a member of a oneof that is set; two that are set are a violation."""
    given = [key for key in members if value.get(key) is not None]
    if len(given) > 1:
        what = f"cannot stand beside {members[given[0]]}; take one of {', '.join(members.values())}"
        violations.append(Violation(below(path, members[given[1]]), what))
    if not given:
        return value
    return {key: each for key, each in value.items() if each is not None or key not in members}


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


def _bool(value: Any, path: str, violations: list[Violation]) -> bool:
    if value is not None and not isinstance(value, bool):
        violations.append(Violation(path, "is not true or false"))
    return value is True


def _integer(value: Any, path: str, violations: list[Violation], bits: int) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and -(1 << bits) <= value < 1 << bits:
        return value
    if value is not None:
        violations.append(Violation(path, f"is not a whole number of {bits + 1} bits"))
    return 0


def _double(value: Any, path: str, violations: list[Violation]) -> int | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if value is not None:
        violations.append(Violation(path, "is not a number"))
    return 0


def _timestamp(value: Any, path: str, violations: list[Violation]) -> str | None:
    try:
        return parse_timestamp(value) if value is not None else None
    except (ValueError, TypeError) as cause:
        violations.append(Violation(path, str(cause) if isinstance(value, str) else "is not a string with a time"))
    return None


def _duration(value: Any, path: str, violations: list[Violation]) -> int | None:
    try:
        return parse_duration(value) if value is not None else None
    except (ValueError, TypeError) as cause:
        violations.append(Violation(path, str(cause) if isinstance(value, str) else "is not a string with a duration"))
    return None


def _content(value: Any, path: str, violations: list[Violation]) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if value is not None:
        hint = 'put plain text into {"text": "..."}' if isinstance(value, str) else 'such as {"text": "hello"}'
        violations.append(Violation(path, f"is not a JSON object; {hint}", Reason.CONTENT_NOT_OBJECT))
    return {}


def _list(value: Any, path: str, violations: list[Violation]) -> tuple[Any, ...]:
    if isinstance(value, list):
        return tuple(value)
    if value is not None:
        violations.append(Violation(path, "is not an array"))
    return ()


_SCALARS: dict[int, Convert] = {
    FieldDescriptor.TYPE_STRING: _string,
    FieldDescriptor.TYPE_BOOL: _bool,
    FieldDescriptor.TYPE_DOUBLE: _double,
}
_WELL_KNOWN: dict[str, Convert] = {
    "google.protobuf.Struct": _content,
    "google.protobuf.ListValue": _list,
    "google.protobuf.Timestamp": _timestamp,
}
