"""Replies as Proto3 JSON: writers compiled from a message's descriptor. JSON never goes through protobuf.

A writer is compiled to Python source, as `dataclasses` does it: a loop over fields and closures costs three times as
much, on every record of every page.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.fields import message_of
from crud_service.model.timestamp import Timestamp, format_rfc3339

Shaper = Callable[[Any], Any]
"""Turns one model value into what msgspec prints as its Proto3 JSON."""

_encode = msgspec.json.Encoder().encode


def compile_json_writer(descriptor: Descriptor) -> Callable[[Any], bytes]:
    """A writer of compact JSON: lowerCamelCase names, 64-bit integers as strings, empty fields printed, unset times
    left out.
    """
    shape = _object_shaper(descriptor)
    return lambda message: _encode(shape(message))


def _object_shaper(descriptor: Descriptor) -> Shaper:
    """A function like `lambda m: {"id": m.id, "revision": str(m.revision), ...}`, in the order of the fields."""
    names: dict[str, Any] = {}
    pairs, removals = [], []
    for field in descriptor.fields:
        value, key = f"m.{field.name}", repr(field.json_name)
        shaper = _shaper(field)
        if shaper is not None:
            names[f"shape_{field.number}"] = shaper
            value = f"shape_{field.number}({value})"
        if shaper is _time:
            removals.append(f" if out[{key}] is None: del out[{key}]")
        pairs.append(f"{key}: {value},")
    source = "\n".join(("def shape(m):", f" out = {{{' '.join(pairs)}}}", *removals, " return out"))
    exec(source, names)  # noqa: S102 - made of the names in our own descriptors, nothing else
    return names["shape"]  # type: ignore[no-any-return]


def _time(value: Timestamp | None) -> str | None:
    return None if value is None else format_rfc3339(value)


def _shaper(field: FieldDescriptor) -> Shaper | None:
    """How a value of this field is printed; None if msgspec prints it right as it is."""
    single = _single(field)
    if field.is_repeated and single:
        return lambda values: [single(each) for each in values]
    return single


def _single(field: FieldDescriptor) -> Shaper | None:
    if field.type == FieldDescriptor.TYPE_INT64:
        return str
    if field.type != FieldDescriptor.TYPE_MESSAGE:
        return None
    name = message_of(field).full_name
    if name == "google.protobuf.Timestamp":
        return _time
    if name == "google.protobuf.Struct":
        return msgspec.Raw
    return _object_shaper(message_of(field))
