"""Replies as Proto3 JSON: writers compiled from a message's descriptor. JSON never goes through protobuf.

A writer is compiled to Python source, as `dataclasses` does it: a loop over fields and closures costs three times as
much, on every record of every page.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.fields import message_of
from crud_service.model.timestamp import format_rfc3339

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
    """A function like `lambda m: {"id": m.id, "revision": str(m.revision), ...}`."""
    names: dict[str, Any] = {}
    always, maybe = [], []
    for field in descriptor.fields:
        shaper = _shaper(field)
        if shaper is None:
            always.append(f"{field.json_name!r}: m.{field.name},")
            continue
        names[f"shape_{field.number}"] = shaper
        if field.message_type is not None and not field.is_repeated:
            maybe.append(f" v = m.{field.name}\n if v is not None: out[{field.json_name!r}] = shape_{field.number}(v)")
        else:
            always.append(f"{field.json_name!r}: shape_{field.number}(m.{field.name}),")
    source = "\n".join(("def shape(m):", f" out = {{{' '.join(always)}}}", *maybe, " return out"))
    exec(source, names)  # noqa: S102 - made of the names in our own descriptors, nothing else
    return names["shape"]  # type: ignore[no-any-return]


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
        return format_rfc3339
    if name == "google.protobuf.Struct":
        return msgspec.Raw
    return _object_shaper(message_of(field))
