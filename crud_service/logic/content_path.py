"""Values below a content by the keys on the way to them: get, set and remove one, and leave all others alone."""

from typing import Any

from msgspec import UNSET

Content = dict[str, Any]
Keys = tuple[str, ...]


class Blocked(Exception):
    """A value on the way is no object, so nothing can stand below it."""

    def __init__(self, keys: Keys, value: Any) -> None:
        super().__init__(f"{keys} is {kind_of(value)}")
        self.keys = keys
        """The keys of the value in the way."""
        self.value = value


def get_value(content: Content, keys: Keys) -> Any:
    """The value at `keys`; UNSET if there is none."""
    value: Any = content
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return UNSET
        value = value[key]
    return value


def set_value(content: Content, keys: Keys, value: Any) -> None:
    """Put `value` at `keys`, at least one, making the objects on the way. Raises Blocked if one cannot be made."""
    inner = content
    for depth, key in enumerate(keys[:-1], 1):
        inner = inner.setdefault(key, {})
        if not isinstance(inner, dict):
            raise Blocked(keys[:depth], inner)
    inner[keys[-1]] = value


def remove_value(content: Content, keys: Keys) -> None:
    """Take the value at `keys`, at least one, out of its object; nothing happens if there is none."""
    parent = get_value(content, keys[:-1])
    if isinstance(parent, dict):
        parent.pop(keys[-1], None)


def kind_of(value: Any) -> str:
    """What a JSON value is, in words for a message."""
    if value is None:
        return "null"
    kinds = {bool: "a boolean", str: "a string", list: "an array", dict: "an object"}
    return kinds.get(type(value), "a number")
