"""Read masks: which values below the content a reader wants (AIP-157)."""

from typing import Any

import msgspec
from msgspec.structs import replace

from crud_service.logic.fields import parse_path, shown
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.query import Field
from crud_service.model.record import Record

_FIELDS = (
    "id",
    "name",
    "date",
    "content",
    "tags",
    "path",
    "etag",
    "revision",
    "version",
    "create_time",
    "update_time",
    "delete_time",
    "purge_time",
    "expire_time",
)

_Tree = dict[str, Any]
"""By key what is wanted below it; empty is all."""

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class ReadMask(msgspec.Struct, frozen=True):
    """What a reader wants of a record."""

    content: _Tree
    """What is wanted below the content; empty if the mask names nothing there, or the content as a whole."""
    has_content: bool = True
    """Whether anything of the content is wanted."""

    def apply(self, record: Record) -> Record:
        """The record with the wanted part of its content: values that are missing, or stand below a value that is no
        object, are left out with all that would only hold them. Its other fields stay: whoever writes the reply leaves
        out those that are not wanted.
        """
        if not self.content:
            return record
        return replace(record, content=_encode(_pruned(_decode(record.content), self.content)).decode())


def parse_read_mask(mask: tuple[str, ...] | None) -> ReadMask | None:
    """What the paths of a mask name; None, which is all, for no mask, an empty one and `*`.

    Raises INVALID_ARGUMENT (`INVALID_READ_MASK`) about `read_mask` for a path that is none or names no field of a
    record.
    """
    if not mask or mask == ("*",):
        return None
    named = [_field(path) for path in mask]
    content: _Tree = {}
    if Field("content") not in named:
        for field in filter(lambda each: each.keys, named):
            _add(content, field.keys)
    return ReadMask(content, any(field.name == "content" for field in named))


def _field(path: str) -> Field:
    if path == "*":
        raise _invalid("'*' stands alone")
    try:
        field = parse_path(path)
    except CrudError as cause:
        raise _invalid(f"{shown(path)} is no path of a field: {cause.message}") from cause
    if field.name not in _FIELDS:
        raise _invalid(f"there is no field {shown(path)} to read; there are {', '.join(_FIELDS)} and content.<key>")
    return field


def _add(tree: _Tree, keys: tuple[str, ...]) -> None:
    """Enter a path, unless all that it stands within is wanted anyway."""
    for key in keys[:-1]:
        if key in tree and not tree[key]:
            return
        tree = tree.setdefault(key, {})
    tree[keys[-1]] = {}


def _pruned(content: dict[str, Any], tree: _Tree) -> dict[str, Any]:
    pruned: dict[str, Any] = {}
    for key, value in content.items():
        wanted = tree.get(key)
        if wanted is None:
            continue
        if not wanted:
            pruned[key] = value
        elif isinstance(value, dict) and (part := _pruned(value, wanted)):
            pruned[key] = part
    return pruned


def _invalid(message: str) -> CrudError:
    return invalid("read_mask", message, Reason.INVALID_READ_MASK)
