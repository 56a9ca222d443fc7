"""What a record and a collection may hold. Each check returns all violations, each with its field."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from crud_service.logic.wire_size import struct_size
from crud_service.model.duration import MAX_SECONDS, SECOND
from crud_service.model.errors import Reason, Violation, invalid
from crud_service.model.limits import Limits
from crud_service.model.record import Collection, Record, most_struct_size

_forbidden_in_label = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]").search
_forbidden_in_text = re.compile(r"[\x00\ud800-\udfff]").search
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

# Every gRPC client takes replies of 4 MiB by default; content three times its JSON limit stays well below.
_WIRE_FACTOR = 3
_TOO_DEEP = "is nested too deeply"
# Of the path of a violation: keys may be as long as the content.
_MOST_PATH_CHARS = 256


def encode_content(content: dict[str, Any]) -> str:
    """The content as the compact JSON text that is stored. Raises INVALID_ARGUMENT for what JSON cannot carry."""
    try:
        try:
            return _encode(content).decode()
        except UnicodeEncodeError:
            raise invalid(_bad_text(content), "holds a lone surrogate", Reason.INVALID_TEXT) from None
    except RecursionError:
        raise invalid("record.content", _TOO_DEEP, Reason.CONTENT_TOO_DEEP) from None


def normalize_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """A set of tags as it is stored: trimmed, each once, sorted by code point."""
    return tuple(sorted({tag.strip() for tag in tags}))


def record_violations(record: Record, limits: Limits) -> list[Violation]:
    """What is wrong with a record that is about to be stored; empty if nothing."""
    found = [*label_violations("record.name", record.name, limits.name_chars), *_tags(record.tags, limits)]
    found.extend(_content(record.content, limits))
    return found


def collection_violations(collection: Collection, limits: Limits) -> list[Violation]:
    """What is wrong with a collection that is about to be stored; empty if nothing."""
    found = [*label_violations("collection.name", collection.name, limits.name_chars)]
    found.extend(_text("collection.description", collection.description, limits.description_chars))
    for name in ("retention", "history_age"):
        duration = getattr(collection, name)
        if duration is not None and not 0 <= duration <= MAX_SECONDS * SECOND:
            found.append(Violation(f"collection.{name}", "must lie within 0s and 10,000 years"))
    if collection.history_entries < 0:
        found.append(Violation("collection.history_entries", "must not be negative"))
    indexes, most = len(collection.indexes), limits.collection_indexes
    if indexes > most:
        found.append(Violation("collection.indexes", f"has {indexes} indexes; at most {most} are allowed"))
    return found


def check_reason(reason: str, limits: Limits) -> None:
    """Raise INVALID_ARGUMENT unless `reason` may stand in the change log."""
    for violation in label_violations("x-change-reason", reason, limits.change_reason_chars):
        raise invalid("x-change-reason", violation.description, Reason.INVALID_CHANGE_REASON)


def check_request_id(request_id: str, limits: Limits) -> None:
    """Raise INVALID_ARGUMENT unless `request_id` may stand in the change log."""
    for violation in label_violations("request_id", request_id, limits.request_id_chars):
        raise invalid("request_id", violation.description, Reason.INVALID_REQUEST_ID)


def label_violations(field: str, value: str, most: int) -> Iterator[Violation]:
    """What is wrong with a text of one line that has at most `most` characters."""
    if len(value) > most:
        yield Violation(field, f"has {len(value)} characters; at most {most} are allowed")
    if _forbidden_in_label(value):
        yield Violation(field, "holds a control character or a lone surrogate", Reason.INVALID_TEXT)


def _text(field: str, value: str, most: int) -> Iterator[Violation]:
    if len(value) > most:
        yield Violation(field, f"has {len(value)} characters; at most {most} are allowed")
    if _forbidden_in_text(value):
        yield Violation(field, "holds U+0000 or a lone surrogate", Reason.INVALID_TEXT)


def _tags(tags: tuple[str, ...], limits: Limits) -> Iterator[Violation]:
    if len(tags) > limits.tags:
        yield Violation("record.tags", f"has {len(tags)} tags; at most {limits.tags} are allowed")
        return
    for tag in tags:
        if not tag:
            yield Violation("record.tags", "holds an empty tag")
        yield from label_violations("record.tags", tag, limits.tag_chars)


def _content(content: str, limits: Limits) -> Iterator[Violation]:
    size = len(content) if content.isascii() else len(content.encode())
    if size > limits.content_bytes:
        what = f"has {size} bytes as compact JSON; at most {limits.content_bytes} are allowed"
        yield Violation("record.content", what, Reason.CONTENT_TOO_LARGE)
        return
    # Both tests below decode the content, which is dear; counting characters rules most contents out.
    if content.count("{") + content.count("[") > limits.content_depth:
        depth = _depth(content)
        if depth is None or depth > limits.content_depth:
            what = f"is nested {depth or 'far more than 100'} levels deep; at most {limits.content_depth} are allowed"
            yield Violation("record.content", what, Reason.CONTENT_TOO_DEEP)
            return
    if "\\u0000" in content and (where := _bad_text(_decode(content))):
        yield Violation(where, "holds U+0000", Reason.INVALID_TEXT)
    most = _WIRE_FACTOR * limits.content_bytes
    if most_struct_size(content) > most:
        wire = struct_size(_decode(content))
        if wire > most:
            what = f"has {wire} bytes as google.protobuf.Struct; at most {most} are allowed"
            yield Violation("record.content", what, Reason.CONTENT_TOO_LARGE)


def _depth(content: str) -> int | None:
    """How many objects and arrays enclose the deepest value; None if it is too deep for the decoder."""
    try:
        depth, level = 0, [_decode(content)]
    except RecursionError:
        return None
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return depth


def _bad_text(content: object, path: str = "record.content") -> str:
    """The path of the first string in `content` that holds U+0000 or a lone surrogate; empty if none does."""
    if isinstance(content, str):
        return path if _forbidden_in_text(content) else ""
    if isinstance(content, dict):
        for key, value in content.items():
            if _forbidden_in_text(key):
                return path
            if found := _bad_text(value, f"{path}.{key}"[:_MOST_PATH_CHARS]):
                return found
    if isinstance(content, list):
        for index, value in enumerate(content):
            if found := _bad_text(value, f"{path}[{index}]"):
                return found
    return ""
