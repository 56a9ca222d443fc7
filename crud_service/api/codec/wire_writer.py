"""Replies as protobuf bytes: writers compiled from a message's descriptor, reading attributes of the model's types.

They are compiled to Python source, as those of `json_writer` are. Only what replies use is supported, and compiling
refuses the rest, so a new kind of field shows at start-up.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.fields import message_of
from crud_service.api.codec.struct_value import struct_bytes
from crud_service.api.codec.varint import length_delimited, varint
from crud_service.model.timestamp import Timestamp, to_unix

Writer = Callable[[Any], bytes]
"""Serializes one model object."""

_VARINTS = (FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_BOOL)
_decode_json = msgspec.json.Decoder().decode


def compile_writer(descriptor: Descriptor) -> Writer:
    """A writer for objects with attributes named like the fields of `descriptor`; None and empty are not sent."""
    source = ["def write(m):", " out = []"]
    names: dict[str, Any] = {"length_delimited": length_delimited}
    for field in descriptor.fields:
        names[f"put_{field.number}"] = _field_writer(field)
        put = f"put_{field.number}(v)"
        if field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated:
            put = _inline_string(_tag(field, 2))
        source.append(f" v = m.{field.name}\n if v: out.append({put})")
    source.append(" return b''.join(out)")
    exec("\n".join(source), names)  # noqa: S102 - made of the names in our own descriptors, nothing else
    return names["write"]  # type: ignore[no-any-return]


def _inline_string(tag: bytes) -> str:
    """An expression that serializes the text `v`; most are short enough for a length of one byte."""
    short = repr(tag.replace(b"%", b"%%") + b"%c%b")
    return f"{short} % (n, b) if (n := len(b := v.encode())) < 128 else length_delimited({tag!r}, b)"


def _field_writer(field: FieldDescriptor) -> Writer:
    """Serializes one field that is present: its tag and its value, for each value if it is repeated."""
    put = _single(field)
    if field.is_repeated:
        return lambda values: b"".join([put(each) for each in values])
    return put


def _single(field: FieldDescriptor) -> Writer:
    if field.type == FieldDescriptor.TYPE_STRING:
        tag = _tag(field, 2)
        return lambda value: length_delimited(tag, value.encode())
    if field.type in _VARINTS and not field.is_repeated:
        tag = _tag(field, 0)
        return lambda value: tag + varint(value)
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return _message(_tag(field, 2), message_of(field))
    raise TypeError(f"{field.full_name}: no writer for a field of this type")


def _message(tag: bytes, descriptor: Descriptor) -> Writer:
    """Serializes a message with its tag."""
    if descriptor.full_name == "google.protobuf.Timestamp":
        # The times of a record are often the same ones.
        return lru_cache(maxsize=1024)(lambda value: length_delimited(tag, _timestamp_bytes(value)))
    if descriptor.full_name == "google.protobuf.Struct":
        return lambda text: length_delimited(tag, struct_bytes(_decode_json(text)))
    put = compile_writer(descriptor)
    return lambda value: length_delimited(tag, put(value))


def _tag(field: FieldDescriptor, wire_type: int) -> bytes:
    return varint(field.number << 3 | wire_type)


def _timestamp_bytes(timestamp: Timestamp) -> bytes:
    """A google.protobuf.Timestamp."""
    seconds, nanos = to_unix(timestamp)
    return (b"\x08" + varint(seconds) if seconds else b"") + (b"\x10" + varint(nanos) if nanos else b"")
