"""How large a JSON value is as google.protobuf.Struct, without building one."""

from typing import Any


def struct_size(value: dict[str, Any]) -> int:
    """The serialized size in bytes of `value` as a google.protobuf.Struct."""
    return sum(_field(_field(len(key.encode())) + _field(_value(each))) for key, each in value.items())


def _value(value: object) -> int:
    """The size of a google.protobuf.Value."""
    if value is None or isinstance(value, bool):
        return 2
    if isinstance(value, int | float):
        return 9
    if isinstance(value, str):
        return _field(len(value.encode()))
    if isinstance(value, dict):
        return _field(struct_size(value))
    if isinstance(value, list):
        return _field(sum(_field(_value(each)) for each in value))
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _field(size: int) -> int:
    """The size of a length-delimited field that holds `size` bytes: tag, length as a varint, payload."""
    return 1 + max(1, (size.bit_length() + 6) // 7) + size
