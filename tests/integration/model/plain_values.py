"""JSON values as the contract speaks of them, as simply as it can be said: equality, order, patches and paths."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

MISSING = object()
"""What stands for a value that is not there."""


class Impossible(Exception):
    """A value stands in the way, or is of a type that does not fit."""


def text_of(seconds: int | None) -> str | None:
    """A time as the contract writes it in full."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000000Z")


def seconds_of(text: str) -> int:
    """The time that `text_of` wrote."""
    return int(datetime.fromisoformat(text[:19] + "+00:00").timestamp())


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 is 1.0, true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other and isinstance(one, bool) is isinstance(other, bool)


def is_number(value: Any) -> bool:
    """Whether the value is a number; a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def order_of(value: Any) -> tuple[Any, ...]:
    """A key to sort any values by."""
    if isinstance(value, bool):
        return (1, value)
    if is_number(value):
        return (2, value)
    return (3, value) if isinstance(value, str) else (0,)


def at(content: Any, keys: Sequence[str]) -> Any:
    """The value below a content."""
    for key in keys:
        if not isinstance(content, dict) or key not in content:
            return MISSING
        content = content[key]
    return content


def with_value(content: dict[str, Any], keys: Sequence[str], value: Any) -> dict[str, Any]:
    """The content with another value at `keys`; without one if it is MISSING."""
    first, *rest = keys
    if not rest:
        kept = {key: each for key, each in content.items() if key != first}
        return kept if value is MISSING else {**content, first: value}
    inner = content.get(first, MISSING)
    if value is MISSING:
        return {**content, first: with_value(inner, rest, value)} if isinstance(inner, dict) else content
    if inner is not MISSING and not isinstance(inner, dict):
        raise Impossible
    return {**content, first: with_value({} if inner is MISSING else inner, rest, value)}


def merged(target: Any, patch: Any) -> Any:
    """MergePatch of RFC 7396, as its pseudocode has it."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def transformed(value: Any, operation: str, operand: Any) -> Any:
    """What a transform makes of a value that may be MISSING."""
    if operation == "increment":
        if value is not MISSING and not is_number(value):
            raise Impossible
        return (0 if value is MISSING else value) + operand
    if value is not MISSING and not isinstance(value, list):
        raise Impossible
    elements = [] if value is MISSING else value
    if operation == "append":
        return [*elements, *operand]
    if operation == "remove_from_set":
        return [each for each in elements if not any(same(each, other) for other in operand)]
    added = list(elements)
    for each in operand:
        if not any(same(each, other) for other in added):
            added.append(each)
    return added
