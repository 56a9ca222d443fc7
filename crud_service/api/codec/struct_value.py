"""google.protobuf.Struct, read from a message and written as wire bytes without building one.

Building a Struct message costs several times what its bytes cost, so replies write them straight away.
"""

from struct import Struct as Packer
from typing import Any

from google.protobuf import struct_pb2

from crud_service.api.codec.numbers import NotExact, from_double
from crud_service.api.codec.varint import length_delimited
from crud_service.model.errors import CrudError, Reason, invalid

_pack_double = Packer("<Bd").pack
_NULL, _TRUE, _FALSE = b"\x08\x00", b"\x20\x01", b"\x20\x00"
_NUMBER_TAG = 0x11
# Below this all three lengths of an entry take one byte each.
_SHORT_ENTRY = 124


def read_struct(message: struct_pb2.Struct, field: str) -> dict[str, Any]:
    """The JSON object that `message` holds. Raises INVALID_ARGUMENT below `field` for NaN and the infinities."""
    return {key: _read_value(value, field, key) for key, value in message.fields.items()}


def _read_value(value: struct_pb2.Value, field: str, key: str | int) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        try:
            return from_double(value.number_value)
        except NotExact as cause:
            raise _refused(field, key, str(cause), Reason.NUMBER_NOT_EXACT) from cause
    if kind == "bool_value":
        return value.bool_value
    if kind == "null_value":
        return None
    if kind == "struct_value":
        return read_struct(value.struct_value, _join(field, key))
    if kind == "list_value":
        path = _join(field, key)
        return [_read_value(each, path, index) for index, each in enumerate(value.list_value.values)]
    raise _refused(field, key, "is a google.protobuf.Value without a kind", Reason.INVALID_FIELD)


def _refused(field: str, key: str | int, message: str, reason: Reason) -> CrudError:
    return invalid(_join(field, key), message, reason)


def _join(field: str, key: str | int) -> str:
    return f"{field}[{key}]" if isinstance(key, int) else f"{field}.{key}"


def struct_bytes(value: dict[str, Any]) -> bytes:
    """`value` as a serialized google.protobuf.Struct."""
    return b"".join([_entry_bytes(key.encode(), _value_bytes(each)) for key, each in value.items()])


def _entry_bytes(key: bytes, value: bytes) -> bytes:
    """One entry of `Struct.fields`: the key is its field 1, the value its field 2."""
    key_size, value_size = len(key), len(value)
    if key_size + value_size < _SHORT_ENTRY:
        return b"\x0a%c\x0a%c%b\x12%c%b" % (key_size + value_size + 4, key_size, key, value_size, value)
    return length_delimited(b"\x0a", length_delimited(b"\x0a", key) + length_delimited(b"\x12", value))


def _value_bytes(value: Any) -> bytes:
    """`value` as a serialized google.protobuf.Value."""
    if isinstance(value, str):
        return length_delimited(b"\x1a", value.encode())
    if value is None:
        return _NULL
    if value is True:
        return _TRUE
    if value is False:
        return _FALSE
    if isinstance(value, int | float):
        return _pack_double(_NUMBER_TAG, value)
    if isinstance(value, dict):
        return length_delimited(b"\x2a", struct_bytes(value))
    return length_delimited(b"\x32", b"".join(length_delimited(b"\x0a", _value_bytes(each)) for each in value))
