"""Protobuf bytes written by hand, for messages that no library would write."""

import struct

_DEPTH_FIELDS = 5


def delimited(number: int, payload: bytes | str) -> bytes:
    """A length-delimited field: a string, bytes or a message."""
    data = payload.encode() if isinstance(payload, str) else payload
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def varint_field(number: int, value: int) -> bytes:
    """A field of an integer."""
    return _varint(number << 3) + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def number_value(value: float) -> bytes:
    """A google.protobuf.Value with a number."""
    return b"\x11" + struct.pack("<d", value)


def text_value(value: bytes | str) -> bytes:
    """A google.protobuf.Value with a string, which may be no UTF-8."""
    return delimited(3, value)


def struct_value(*pairs: tuple[bytes | str, bytes]) -> bytes:
    """A google.protobuf.Value with an object."""
    return delimited(5, struct_of(*pairs))


def list_value(*values: bytes) -> bytes:
    """A google.protobuf.Value with an array."""
    return delimited(6, b"".join(delimited(1, each) for each in values))


def list_of(value: bytes, count: int) -> bytes:
    """A google.protobuf.Value with an array of one value many times."""
    return delimited(6, delimited(1, value) * count)


def struct_of(*pairs: tuple[bytes | str, bytes]) -> bytes:
    """A google.protobuf.Struct of keys and Values, in this order, duplicates and all."""
    return b"".join(delimited(1, delimited(1, key) + delimited(2, value)) for key, value in pairs)


def nested(depth: int) -> bytes:
    """A google.protobuf.Struct of so many objects, one in the other."""
    found = b""
    for _ in range(depth - 1):
        found = struct_of(("a", delimited(_DEPTH_FIELDS, found)))
    return found


def create_record(parent: str, *fields: bytes) -> bytes:
    """A CreateRecordRequest whose record has these fields."""
    return delimited(1, parent) + delimited(2, b"".join(fields))


def name(value: bytes | str) -> bytes:
    """The field `name` of a record."""
    return delimited(2, value)


def date(seconds: int, nanos: int = 0) -> bytes:
    """The field `date` of a record."""
    return delimited(3, varint_field(1, seconds) + varint_field(2, nanos))


def content(value: bytes) -> bytes:
    """The field `content` of a record, given as a google.protobuf.Struct."""
    return delimited(4, value)


def tag(value: bytes | str) -> bytes:
    """One of the field `tags` of a record."""
    return delimited(5, value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
