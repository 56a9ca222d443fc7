"""Fields by the paths that clients write - `name`, `content.address.city` - and what each of them is good for.

Filters, orders, indexes and masks share this one way of naming a value.
"""

import re
from enum import Enum, auto

from crud_service.model.errors import CrudError, invalid
from crud_service.model.query import Field

MOST_KEYS = 8
"""How many keys a path may have below the content."""
MOST_KEY_CHARS = 128
"""How many characters one of these keys may have."""

_BARE = re.compile(r"[\w-]+")
# What no path can hold, in either kind of quotes: it would end them, or could not be shown again.
_QUOTED = re.compile(
    r'`([^`"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]*)`|"([^`"\\\x00-\x1f\x7f-\x9f\ud800-\udfff]*)"',
)
_MOST_SHOWN = 40


class FieldType(Enum):
    """What the values of a field are, which decides what they may be compared with."""

    TEXT = auto()
    INT = auto()
    TIME = auto()
    CONTENT = auto()
    TAGS = auto()


_TYPES = {
    "id": FieldType.TEXT,
    "name": FieldType.TEXT,
    "date": FieldType.TIME,
    "content": FieldType.CONTENT,
    "tags": FieldType.TAGS,
    "path": FieldType.TEXT,
    "revision": FieldType.INT,
    "version": FieldType.INT,
    "create_time": FieldType.TIME,
    "update_time": FieldType.TIME,
    "delete_time": FieldType.TIME,
    "purge_time": FieldType.TIME,
    "expire_time": FieldType.TIME,
}
NULLABLE = frozenset({"delete_time", "purge_time", "expire_time"})
"""The fields of the record itself that may have no value."""

_NOT_FILTERED = {
    "etag": "etag cannot be compared; use revision, which changes whenever it does",
    "ttl": "ttl cannot be compared; use expire_time, which it becomes",
}
_NOT_ORDERED = {"tags": "tags have no order", "content": "a content as a whole has no order; name a value below it"}
_INDEXED_ALREADY = frozenset({"id", "date", "tags", "path"})
_KNOWN = ", ".join(name for name in _TYPES if name != "content") + " and content.<key>"


class PathError(ValueError):
    """What is wrong with a path, and where in the text it stands."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        """Of the mistake, from 0."""


def scan_path(text: str, start: int = 0) -> tuple[Field, int]:
    """The field whose path begins at `start`, and where the path ends. Raises PathError.

    Its parts are joined by dots. The first is a name; the others are keys: letters, digits, `_` and `-` as they are,
    anything else in backticks or double quotes. Keys that hold one of these, a backslash or a control character
    cannot be named. Whether there is such a field is not yet asked.
    """
    bare = _BARE.match(text, start)
    if bare is None:
        raise PathError(f"expected a field: {_KNOWN}", start)
    name, end = bare[0], bare.end()
    keys: list[str] = []
    while text.startswith(".", end):
        if len(keys) == MOST_KEYS:
            raise PathError(f"a path has at most {MOST_KEYS} keys", end)
        key, end = _scan_key(text, end + 1)
        keys.append(key)
    if keys and name != "content":
        known = name in _TYPES or name in _NOT_FILTERED
        raise PathError(f"{name} has nothing below it; only content has" if known else _unknown(name), start)
    return Field(name, tuple(keys)), end


def parse_path(text: str) -> Field:
    """The field that `text` names, as `scan_path` reads it. Raises INVALID_ARGUMENT about no field in particular."""
    try:
        return _scan_whole(text)
    except PathError as cause:
        raise invalid("", f"{cause.message} (column {cause.offset + 1})") from cause


def is_nameable(key: str) -> bool:
    """Whether a path can name this key, in backticks if need be."""
    return len(key) <= MOST_KEY_CHARS and _QUOTED.fullmatch(f"`{key}`") is not None and key != ""


def filter_field(field: Field) -> FieldType:
    """What the field's values are. Raises ValueError, with what to write instead, unless a filter may name it."""
    field_type = _TYPES.get(field.name)
    if field_type is None:
        raise ValueError(_NOT_FILTERED.get(field.name) or _unknown(field.name))
    return field_type


def order_field(field: Field) -> Field:
    """The field. Raises ValueError, with what to write instead, unless an order may name it."""
    filter_field(field)
    if not field.keys and field.name in _NOT_ORDERED:
        raise ValueError(_NOT_ORDERED[field.name])
    return field


def index_field(text: str, where: str = "field") -> Field:
    """The field that a collection declares an index on.

    Raises INVALID_ARGUMENT about `where` unless `text` is the path of a value below the content, `name`, `revision`,
    `version` or a time other than `date`.
    """
    try:
        field = order_field(parse_path(text))
    except CrudError as cause:
        raise invalid(where, cause.message) from cause
    except ValueError as cause:
        raise invalid(where, str(cause)) from cause
    if field.name in _INDEXED_ALREADY:
        raise invalid(where, f"{field.name} is indexed without being declared")
    return field


def shown(text: str) -> str:
    """A piece of what the client sent, fit for a message."""
    return repr(text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "...")


def _scan_whole(text: str) -> Field:
    field, end = scan_path(text)
    if end < len(text):
        raise PathError("expected a dot or the end of the path; keys with other characters stand in backticks", end)
    return field


def _scan_key(text: str, start: int) -> tuple[str, int]:
    found = _BARE.match(text, start)
    if found is not None:
        key = found[0]
    else:
        found = _QUOTED.match(text, start)
        if found is None:
            message = "expected a key; one with other characters than letters, digits, _ and - stands in backticks"
            raise PathError(message, start)
        key = found[found.lastindex or 0]
    if not 0 < len(key) <= MOST_KEY_CHARS:
        raise PathError(f"a key of a path has 1 to {MOST_KEY_CHARS} characters", start)
    return key, found.end()


def _unknown(name: str) -> str:
    snake = re.sub(r"[A-Z]", lambda upper: f"_{upper[0].lower()}", name)
    if snake in _TYPES:
        return f"there is no field {shown(name)}; write {snake}"
    if name.lower() in _TYPES:
        return f"there is no field {shown(name)}; write {name.lower()}"
    return f"there is no field {shown(name)}; there are {_KNOWN} for a value of the content"
