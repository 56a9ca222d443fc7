"""Field transforms: changes of a record that are computed from its stored values, so that none of them gets lost."""

from math import isfinite
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from crud_service.logic.content_path import Blocked, Content, get_value, kind_of, set_value
from crud_service.logic.fields import parse_path
from crud_service.logic.json_sets import JsonSets, TooManyValues
from crud_service.logic.validation import encode_content, normalize_tags
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.query import Field
from crud_service.model.record import Record
from crud_service.model.requests import FieldTransform

MOST_TRANSFORMS = 100
"""How many transforms one update may have."""

_OPERATIONS = ("increment", "append", "add_to_set", "remove_from_set")
_SETS = ("add_to_set", "remove_from_set")
# Whole numbers below it are kept as integers, which is how a double of that size prints anyway.
_WHOLE = 1e16
# Of a path in a message.
_MOST_CHARS = 64
# By all operations on sets of one update, so that it does not keep a node busy. A content has 500,000 values at most.
_MOST_COMPARED = 1_000_000

_decode = msgspec.json.Decoder().decode


class _Refused(Exception):
    """Why an operation cannot be done, and which part of the transform is to blame."""

    def __init__(self, part: str, why: str) -> None:
        super().__init__(why)
        self.part = part
        self.why = why


def apply_transforms(record: Record, transforms: tuple[FieldTransform, ...]) -> Record:
    """The record after all transforms, in their order.

    A missing number counts as 0, a missing array as empty, and the objects on the way to it are made. Elements are
    equal as JSON: 1 is 1.0, true is not 1. Raises INVALID_ARGUMENT (`INVALID_TRANSFORM`) that names the transform.
    """
    if not transforms:
        return record
    if len(transforms) > MOST_TRANSFORMS:
        raise _invalid("transforms", f"has {len(transforms)} transforms; at most {MOST_TRANSFORMS} are allowed")
    content: Content = _decode(record.content)
    sets, tags = JsonSets(_MOST_COMPARED), record.tags
    for index, transform in enumerate(transforms):
        try:
            field, operation = _target(transform), _operation(transform)
            if field.keys:
                _change_content(content, field, operation, getattr(transform, operation), sets)
            else:
                tags = _changed_tags(tags, operation, getattr(transform, operation))
        except _Refused as refused:
            raise _invalid(f"transforms[{index}]{refused.part}", refused.why) from refused
        except TooManyValues:
            raise _invalid(f"transforms[{index}]", "compares too many values; send fewer at once") from None
        except RecursionError:
            raise _invalid(f"transforms[{index}]", "is nested too deeply") from None
    if all(transform.field == "tags" for transform in transforms):
        return replace(record, tags=tags)
    return replace(record, content=encode_content(content), tags=tags)


def _target(transform: FieldTransform) -> Field:
    if not transform.field:
        raise _Refused(".field", "is missing: name a value below the content, such as content.count, or tags")
    try:
        field = parse_path(transform.field)
    except CrudError as cause:
        raise _Refused(".field", cause.message) from cause
    if field.keys or field.name == "tags":
        return field
    raise _Refused(".field", f"is {transform.field[:_MOST_CHARS]!r}; a transform changes content.<path> or tags")


def _operation(transform: FieldTransform) -> str:
    chosen = [name for name in _OPERATIONS if getattr(transform, name) is not UNSET]
    if len(chosen) != 1:
        raise _Refused("", f"has {len(chosen)} operations; it needs one of {', '.join(_OPERATIONS)}")
    return chosen[0]


def _change_content(content: Content, field: Field, operation: str, operand: Any, sets: JsonSets) -> None:
    value = _changed(get_value(content, field.keys), operation, operand, sets)
    try:
        set_value(content, field.keys, value)
    except Blocked as blocked:
        way = str(Field("content", blocked.keys))[:_MOST_CHARS]
        raise _Refused(".field", f"stands below {way}, which is {kind_of(blocked.value)}, not an object") from blocked


def _changed(stored: Any, operation: str, operand: Any, sets: JsonSets) -> Any:
    match operation:
        case "increment":
            return _increment(stored, operand)
        case "append":
            return [*_array(stored, operation), *operand]
        case "add_to_set":
            return sets.union(_array(stored, operation), operand)
    return sets.difference(_array(stored, operation), operand)


def _changed_tags(tags: tuple[str, ...], operation: str, operand: tuple[Any, ...]) -> tuple[str, ...]:
    if operation not in _SETS:
        raise _Refused(".field", f"tags are a set, which takes {' and '.join(_SETS)}, not {operation}")
    for index, tag in enumerate(operand):
        if not isinstance(tag, str):
            raise _Refused(f".{operation}[{index}]", f"is {kind_of(tag)}; a tag is a string")
    given = set(normalize_tags(operand))
    return normalize_tags((*tags, *given)) if operation == "add_to_set" else tuple(sorted(set(tags) - given))


def _increment(stored: Any, operand: float) -> int | float:
    if stored is UNSET:
        stored = 0
    if isinstance(stored, bool) or not isinstance(stored, int | float):
        raise _Refused(".field", f"is {kind_of(stored)}; increment needs a number")
    if not isfinite(operand):
        raise _Refused(".increment", "is not a finite number")
    return _sum(_exact(stored), _exact(operand))


def _sum(one: float, other: float) -> int | float:
    """The sum as a content keeps it. Whole numbers never lose a digit: a sum that no double holds is refused."""
    try:
        total = float(one + other)
    except OverflowError:
        total = float("inf")
    if not isfinite(total):
        raise _Refused(".increment", "makes a number that is too large")
    if total != one + other:  # integers, which Python adds and compares exactly
        raise _Refused(".increment", "makes a number that is not exact as a 64-bit float")
    return int(total) if total.is_integer() and abs(total) < _WHOLE else total


def _exact(number: float) -> int | float:
    """The same number, as an integer if it is whole."""
    whole = int(number)
    return whole if whole == number else number


def _array(stored: Any, operation: str) -> list[Any]:
    if stored is UNSET:
        return []
    if not isinstance(stored, list):
        raise _Refused(".field", f"is {kind_of(stored)}; {operation} needs an array")
    return stored


def _invalid(field: str, message: str) -> CrudError:
    return invalid(field, message, Reason.INVALID_TRANSFORM)
