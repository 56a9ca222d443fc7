"""Partial updates: which fields of a record a client changes, and the record with them changed (AIP-134, AIP-161)."""

from itertools import pairwise
from typing import Any

import msgspec
from msgspec import UNSET
from msgspec.structs import replace

from crud_service.logic.content_path import Blocked, Content, Keys, get_value, kind_of, remove_value, set_value
from crud_service.logic.fields import parse_path
from crud_service.logic.validation import encode_content, normalize_tags
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.query import Field
from crud_service.model.record import Record
from crud_service.model.requests import RecordDraft
from crud_service.model.timestamp import Timestamp, later

_FIELDS = ("name", "date", "content", "tags", "expire_time")
CHANGEABLE = (*_FIELDS, "ttl")
"""The fields of a record that a client may change."""
_EXPIRATION = ("expire_time", "ttl")
_CHOICES = "name, date, content, content.<path>, tags, expire_time, ttl or '*' alone"
# Of a path in a message: it is the client's, and may be as long as a request.
_MOST_CHARS = 64

_decode = msgspec.json.Decoder().decode


class UpdateMask(msgspec.Struct, frozen=True):
    """What an update changes."""

    fields: frozenset[str]
    """Of `name`, `date`, `content`, `tags` and `expire_time`, which stands for `ttl` too: they are two ways to say when
    a record expires.
    """
    content_paths: tuple[Keys, ...] = ()
    """Values below the content, none of them within another one; empty if `fields` has the whole content."""


def parse_update_mask(mask: tuple[str, ...] | None, present: tuple[str, ...]) -> UpdateMask:
    """What `mask` names; without paths in it, the fields that are `present` in the draft.

    Raises INVALID_ARGUMENT (`INVALID_UPDATE_MASK`) for a path that is none, for fields of the service's own, and for
    paths of which one contains another.
    """
    if not mask:
        return UpdateMask(frozenset([_expiration_as_one(name) for name in present]))
    if "*" in mask:
        if len(mask) > 1:
            raise _invalid("'*' stands alone")
        return UpdateMask(frozenset(_FIELDS))
    if set(_EXPIRATION).issubset(mask):
        raise _invalid("expire_time and ttl are two ways to say one thing; name one of them")
    named = [_field(path) for path in mask]
    fields = frozenset([_expiration_as_one(field.name) for field in named if not field.keys])
    paths = sorted({field.keys for field in named if field.keys})
    _check_apart(fields, paths)
    return UpdateMask(fields, tuple(paths))


def created_record(collection: str, record_id: str, draft: RecordDraft, now: Timestamp) -> Record:
    """The record that a create makes of a draft. Raises INVALID_ARGUMENT for an expiration that cannot be."""
    return Record(
        collection,
        record_id,
        draft.name or "",
        draft.date or now,
        encode_content(draft.content) if draft.content else "{}",
        normalize_tags(draft.tags) if draft.tags else (),
        revision=0,
        version=1,
        create_time=now,
        update_time=now,
        expire_time=_expire_time(draft, now),
    )


def apply_update(current: Record, draft: RecordDraft, mask: UpdateMask, now: Timestamp) -> Record:
    """The record with the fields of the mask taken from the draft, and nothing else changed.

    A field that the draft lacks gets its empty value: the date that of the creation, a value below the content is
    removed. Raises INVALID_ARGUMENT when a value of the content cannot be put where the mask says, and for an
    expiration that cannot be.
    """
    expire_time = _expire_time(draft, now)
    values: dict[str, Any] = {}
    for name in mask.fields:
        match name:
            case "name":
                values[name] = draft.name or ""
            case "date":
                values[name] = draft.date or current.create_time
            case "content":
                values[name] = encode_content(draft.content) if draft.content else "{}"
            case "tags":
                values[name] = normalize_tags(draft.tags) if draft.tags else ()
            case "expire_time":
                values[name] = expire_time
    if mask.content_paths:
        values["content"] = _with_values(current.content, draft.content or {}, mask.content_paths)
    return replace(current, **values)


def _with_values(stored: str, draft: Content, paths: tuple[Keys, ...]) -> str:
    """The stored content with the values at `paths` taken from the draft's content."""
    content: Content = _decode(stored)
    for keys in paths:
        value = get_value(draft, keys)
        if value is UNSET:
            remove_value(content, keys)
            continue
        try:
            set_value(content, keys, value)
        except Blocked as blocked:
            way, kind = _shown(blocked.keys), kind_of(blocked.value)
            raise _invalid(f"{_shown(keys)} cannot be set: {way} is {kind}, not an object") from blocked
    return encode_content(content)


def _expire_time(draft: RecordDraft, now: Timestamp) -> Timestamp | None:
    ttl = draft.ttl
    if ttl is UNSET or ttl is None:
        return draft.expire_time or None
    if draft.expire_time:
        raise invalid("record.ttl", "stands beside expire_time; send one of them")
    if ttl <= 0:
        raise invalid("record.ttl", "must be more than 0; to delete a record now, delete it")
    try:
        return later(now, ttl)
    except ValueError as cause:
        raise invalid("record.ttl", "leads past the year 9999; leave it out for a record that stays") from cause


def _field(path: str) -> Field:
    if path in CHANGEABLE:
        return Field(path)
    if path.startswith("content."):
        try:
            return parse_path(path)
        except CrudError as cause:
            raise _invalid(f"{_cut(path)!r}: {cause.message}") from cause
    raise _invalid(f"{_cut(path)!r} is not one of {_CHOICES}")


def _check_apart(fields: frozenset[str], paths: list[Keys]) -> None:
    """Raise unless none of the sorted paths lies within another one or within a whole content."""
    if paths and "content" in fields:
        raise _invalid(f"content contains {_shown(paths[0])}; name one of them")
    for outer, inner in pairwise(paths):
        if inner[: len(outer)] == outer:
            raise _invalid(f"{_shown(outer)} contains {_shown(inner)}; name one of them")


def _expiration_as_one(name: str) -> str:
    return "expire_time" if name == "ttl" else name


def _shown(keys: Keys) -> str:
    return _cut(str(Field("content", keys)))


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else f"{text[:_MOST_CHARS]}..."


def _invalid(message: str) -> CrudError:
    return invalid("update_mask", message, Reason.INVALID_UPDATE_MASK)
