"""How two states of a record differ, field by field."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from crud_service.logic.fields import MOST_KEYS, is_nameable
from crud_service.logic.wire_size import struct_size
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.query import Field
from crud_service.model.record import Record
from crud_service.model.requests import FieldChange
from crud_service.model.timestamp import format_rfc3339

_TIMES = ("date", "expire_time", "delete_time")
# The tags and lengths of one change on the wire, and the names of its fields in JSON. An upper bound.
_CHANGE_BYTES = 64

_decode = msgspec.json.Decoder().decode


def differences(one: Record, other: Record) -> tuple[FieldChange, ...]:
    """The fields that differ, sorted by their paths. What one state lacks is UNSET, which null is not.

    Objects of the content are compared key by key, anything else as a whole. Every field is one that a mask can name:
    an object that differs in a key without a path, or below the deepest one that a path may have, differs as a whole.
    """
    old, new = _values(one), _values(other)
    found = [FieldChange(name, old[name], new[name]) for name in old if old[name] != new[name]]
    found += _below(Field("content"), _decode(one.content), _decode(other.content))
    return tuple(sorted(found, key=lambda change: change.field))


def check_diff_size(changes: Sequence[FieldChange], limits: Limits) -> None:
    """RESOURCE_EXHAUSTED (`REPLY_TOO_LARGE`) when the changes are more than a client takes."""
    values = {
        f"{number} {change.field}": value
        for change in changes
        for number, value in enumerate((change.old_value, change.new_value))
        if value is not UNSET
    }
    if struct_size(values) + _CHANGE_BYTES * len(changes) > limits.page_bytes:
        message = f"the reply may have more than {limits.page_bytes} bytes; get the record at both revisions"
        raise CrudError(Kind.RESOURCE_EXHAUSTED, Reason.REPLY_TOO_LARGE, message)


def _values(record: Record) -> dict[str, Any]:
    """The fields besides the content that a change of a record may change, as JSON has them."""
    times = {name: getattr(record, name) for name in _TIMES}
    shown = {name: UNSET if time is None else format_rfc3339(time) for name, time in times.items()}
    return {"name": record.name, "tags": list(record.tags), **shown}


def _below(field: Field, one: Any, other: Any) -> Iterator[FieldChange]:
    """How the values of a field of the content differ."""
    if _same(one, other):
        return
    if isinstance(one, dict) and isinstance(other, dict) and len(field.keys) < MOST_KEYS:
        pairs = {key: (one.get(key, UNSET), other.get(key, UNSET)) for key in (*one, *other)}
        differing = {key: pair for key, pair in pairs.items() if not _same(*pair)}
        if all(map(is_nameable, differing)):
            for key, pair in differing.items():
                yield from _below(Field(field.name, (*field.keys, key)), *pair)
            return
    yield FieldChange(str(field), one, other)


def _same(one: Any | UnsetType, other: Any | UnsetType) -> bool:
    """Whether two values are the same JSON: 1 is 1.0, and true is no number."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)
