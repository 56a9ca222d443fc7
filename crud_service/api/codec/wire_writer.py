"""Replies as protobuf bytes: writers compiled from a message's descriptor, reading attributes of the model's types.

They are compiled to Python source, as those of `json_writer` are. Only what replies use is supported, and compiling
refuses the rest, so a new kind of field shows at start-up.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from msgspec import UNSET

from crud_service.api.codec.fields import enum_of, holds_value, is_resource, message_of, written_fields
from crud_service.api.codec.masked import Masked
from crud_service.api.codec.struct_value import struct_bytes, value_bytes
from crud_service.api.codec.varint import length_delimited, varint
from crud_service.model.duration import SECOND
from crud_service.model.timestamp import Timestamp, to_unix

Writer = Callable[[Any], bytes]
"""Serializes one model object."""

_VARINTS = (FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_INT32, FieldDescriptor.TYPE_BOOL)
_decode_json = msgspec.json.Decoder().decode


def compile_writer(descriptor: Descriptor) -> Writer:
    """A writer for objects with attributes named like the fields of `descriptor`.

    None and empty are not sent; of any JSON value only UNSET is not, for None is null there.
    """
    names: dict[str, Any] = {"length_delimited": length_delimited, "Masked": Masked, "UNSET": UNSET}
    source = ["def write(m):", " out = []"]
    fields = written_fields(descriptor)
    for field in fields:
        names[f"put_{field.number}"] = _field_writer(field)
        source.append(f" v = m.{field.name}\n if {_present(field)}: out.append({_put(field)})")
    source.append(" return b''.join(out)")
    if is_resource(descriptor):
        names["write_masked"] = _masked_writer(fields, names)
        source.insert(1, " if type(m) is Masked: return write_masked(m)")
    exec("\n".join(source), names)  # noqa: S102 - made of the names in our own descriptors, nothing else
    return names["write"]  # type: ignore[no-any-return]


def _masked_writer(fields: list[FieldDescriptor], names: dict[str, Any]) -> Writer:
    """Writes the named fields only. Rare enough to be a plain loop."""
    puts = {
        field.name: eval(f"lambda v: {_put(field)} if {_present(field)} else b''", names)  # noqa: S307 - as above
        for field in fields
    }

    def write(masked: Masked) -> bytes:
        return b"".join([put(getattr(masked.resource, name)) for name, put in puts.items() if name in masked.names])

    return write


def _present(field: FieldDescriptor) -> str:
    """An expression for whether the value `v` is sent. A message is, even an empty one: 0s is a duration."""
    if holds_value(field):
        return "v is not UNSET"
    return "v is not None" if field.type == FieldDescriptor.TYPE_MESSAGE and not field.is_repeated else "v"


def _put(field: FieldDescriptor) -> str:
    """An expression that serializes the value `v`."""
    if field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated:
        return _inline_string(_tag(field, 2))
    return f"put_{field.number}(v)"


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
    if field.type == FieldDescriptor.TYPE_ENUM:
        return _enum(_tag(field, 0), enum_of(field)).__getitem__
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return _message(_tag(field, 2), message_of(field))
    raise TypeError(f"{field.full_name}: no writer for a field of this type")


def _message(tag: bytes, descriptor: Descriptor) -> Writer:
    """Serializes a message with its tag."""
    if descriptor.full_name == "google.protobuf.Timestamp":
        # The times of a record are often the same ones.
        return lru_cache(maxsize=1024)(lambda value: length_delimited(tag, _timestamp_bytes(value)))
    if descriptor.full_name == "google.protobuf.Duration":
        return lambda nanos: length_delimited(tag, _duration_bytes(nanos))
    if descriptor.full_name == "google.protobuf.Struct":
        return lambda text: length_delimited(tag, struct_bytes(_decode_json(text)))
    if descriptor.full_name == "google.protobuf.Value":
        return lambda value: length_delimited(tag, value_bytes(value))
    put = compile_writer(descriptor)
    return lambda value: length_delimited(tag, put(value))


def _enum(tag: bytes, descriptor: EnumDescriptor) -> dict[str, bytes]:
    """The serialized field by the name of its value; that of 0 is not sent."""
    return {value.name: tag + varint(value.number) if value.number else b"" for value in descriptor.values}


def _tag(field: FieldDescriptor, wire_type: int) -> bytes:
    return varint(field.number << 3 | wire_type)


def _timestamp_bytes(timestamp: Timestamp) -> bytes:
    """A google.protobuf.Timestamp."""
    return _seconds_and_nanos(*to_unix(timestamp))


def _duration_bytes(duration: int) -> bytes:
    """A google.protobuf.Duration, whose parts have one sign."""
    seconds, nanos = divmod(abs(duration), SECOND)
    return _seconds_and_nanos(seconds, nanos) if duration >= 0 else _seconds_and_nanos(-seconds, -nanos)


def _seconds_and_nanos(seconds: int, nanos: int) -> bytes:
    return (b"\x08" + varint(seconds) if seconds else b"") + (b"\x10" + varint(nanos) if nanos else b"")
