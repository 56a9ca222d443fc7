"""google.protobuf.Struct and ListValue, read from a message; a Struct or Value is written as bytes without building it.

Building a Struct message costs several times what its bytes cost, so replies write them straight away.
"""

from collections import Counter
from struct import Struct as Packer
from typing import Any

from crud_service.api.codec.varint import length_delimited
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.numbers import NotExact, from_double

_pack_double = Packer("<Bd").pack
_NULL, _TRUE, _FALSE = b"\x08\x00", b"\x20\x01", b"\x20\x00"
_NUMBER_TAG = 0x11
# Below this all lengths of an entry take one byte each.
_SHORT_ENTRY = 124


def read_struct(message: Any, field: str) -> dict[str, Any]:
    """The JSON object that `message` holds, a google.protobuf.Struct with its entries as a list (`PlainMaps`).

    Raises INVALID_ARGUMENT below `field` for a key that stands twice, NaN and the infinities.
    """
    entries = message.fields
    found = {entry.key: _read_value(entry.value, field, entry.key) for entry in entries}
    if len(found) != len(entries):
        raise _refused(field, _twice(entries), "the key stands twice in its object", Reason.DUPLICATE_KEY)
    return found


def read_list(message: Any, field: str) -> tuple[Any, ...]:
    """The JSON values that `message` holds, a google.protobuf.ListValue; what is refused is as in `read_struct`."""
    return tuple([_read_value(each, field, index) for index, each in enumerate(message.values)])


def _twice(entries: Any) -> str:
    """The first key that stands there more than once."""
    count: Counter[str] = Counter(entry.key for entry in entries)
    return next(key for key in count if count[key] > 1)


def _read_value(value: Any, field: str, key: str | int) -> Any:
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
    parts = []
    for key, each in value.items():
        name = key.encode()
        data = value_bytes(each)
        name_size, size = len(name), len(data)
        if name_size + size < _SHORT_ENTRY:
            parts.append(b"\x0a%c\x0a%c%b\x12%c%b" % (name_size + size + 4, name_size, name, size, data))
        else:
            entry = length_delimited(b"\x0a", name) + length_delimited(b"\x12", data)
            parts.append(length_delimited(b"\x0a", entry))
    return b"".join(parts)


def value_bytes(value: Any) -> bytes:
    """`value` as a serialized google.protobuf.Value; None is null."""
    kind = type(value)
    if kind is str:
        data = value.encode()
        return b"\x1a%c%b" % (len(data), data) if len(data) < _SHORT_ENTRY else length_delimited(b"\x1a", data)
    if kind is int or kind is float:
        return _pack_double(_NUMBER_TAG, value)
    if kind is bool:
        return _TRUE if value else _FALSE
    if value is None:
        return _NULL
    if kind is dict:
        return length_delimited(b"\x2a", struct_bytes(value))
    return length_delimited(b"\x32", b"".join([length_delimited(b"\x0a", value_bytes(each)) for each in value]))
