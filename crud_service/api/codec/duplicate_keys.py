"""Finds a map key that stands twice, in the bytes of a message: parsing would silently keep the last one."""

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.fields import message_of

_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5


def find_duplicate_key(descriptor: Descriptor, data: bytes, path: str = "") -> str:
    """The path of the first duplicate key in `data`, a well-formed `descriptor` message; empty if there is none."""
    seen: set[tuple[int, bytes]] = set()
    for number, payload in _delimited(data):
        field = descriptor.fields_by_number.get(number)
        if field is None or field.type != FieldDescriptor.TYPE_MESSAGE:
            continue
        inner = f"{path}.{field.name}" if path else field.name
        if message_of(field).GetOptions().map_entry:
            key = next((value for entry, value in _delimited(payload) if entry == 1), b"")
            # `fields` of a Struct is how its keys are stored, not part of the path people know.
            inner = f"{path}.{key.decode()}"
            if (number, key) in seen:
                return inner
            seen.add((number, key))
        elif descriptor.full_name.startswith("google.protobuf."):
            inner = path
        if found := find_duplicate_key(message_of(field), payload, inner):
            return found
    return ""


def _delimited(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The number and payload of each length-delimited field, in order."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        wire_type = tag & 7
        if wire_type == _DELIMITED:
            size, position = _varint(data, position)
            yield tag >> 3, data[position : position + size]
            position += size
        elif wire_type == _VARINT:
            _, position = _varint(data, position)
        elif wire_type in (_FIXED64, _FIXED32):
            position += 8 if wire_type == _FIXED64 else 4
        else:
            return  # groups are proto2's; no message of ours has one


def _varint(data: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[position]
        number |= (byte & 127) << shift
        position += 1
        if byte < 128:
            return number, position
        shift += 7
