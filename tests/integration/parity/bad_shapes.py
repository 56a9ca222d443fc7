"""Bodies of the wrong shape, which only HTTP can send: unknown fields at every level, wrong types, two of a choice."""

from collections.abc import Iterator
from typing import Any

from tests.integration.parity.refusal import KEPT, PARENT, Refusal, json_body
from tests.integration.parity.transports import Json

_GONE = f"{PARENT}/records/gone"
_TRANSFORM = {"field": "content.n", "increment": 1}


def bad_shapes() -> Iterator[Refusal]:
    """All of them."""
    yield from _unknown_fields()
    yield from _choices()
    yield from _types()


def _unknown_fields() -> Iterator[Refusal]:
    """A field `x` that no message has, at every level of every body."""
    x = {"x": 1}
    for operation, body, field in (
        ("CreateRecord", x, "record.x"),
        ("UpdateRecord", x, "record.x"),
        ("UndeleteRecord", x, "x"),
        ("PurgeRecord", x, "x"),
        ("CreateCollection", x, "collection.x"),
        ("CreateCollection", {"indexes": [{"field": "name", "x": 1}]}, "collection.indexes[0].x"),
        ("UpdateCollection", x, "collection.x"),
        ("BatchCreateRecords", x, "x"),
        ("BatchCreateRecords", {"requests": [x]}, "requests[0].x"),
        ("BatchCreateRecords", {"requests": [{}, {"record": x}]}, "requests[1].record.x"),
        ("BatchCreateRecords", {"requests": [{"record_id": "a"}]}, "requests[0].record_id"),
        ("BatchUpdateRecords", {"requests": [{"record": {"path": KEPT}, "x": 1}]}, "requests[0].x"),
        (
            "BatchUpdateRecords",
            {"requests": [{"record": {"path": KEPT}, "transforms": [_TRANSFORM | x]}]},
            "requests[0].transforms[0].x",
        ),
        ("BatchDeleteRecords", {"requests": [{"path": KEPT, "x": 1}]}, "requests[0].x"),
        ("BatchDeleteRecords", {"requests": [{"path": KEPT}], "validateOnly": True}, "validateOnly"),
        ("TransactRecords", x, "x"),
        ("TransactRecords", {"compare": [x]}, "compare[0].x"),
        ("TransactRecords", {"then": [x]}, "then[0].x"),
        ("TransactRecords", {"else": [{"delete": {"path": KEPT, "x": 1}}]}, "else[0].delete.x"),
        ("TransactRecords", {"then": [{"create": {"record": x}}]}, "then[0].create.record.x"),
    ):
        request: Json = {"path": _GONE, "parent": PARENT, "record": {"path": KEPT}, "collection": {"path": PARENT}}
        yield json_body(f"unknown {field} of {operation}", operation, request, body, "UNKNOWN_FIELD", field)


def _choices() -> Iterator[Refusal]:
    """Two members of what may be one."""
    two = [{"path": KEPT, "version": "1", "exists": True}]
    yield json_body(
        "two comparisons in one", "TransactRecords", {}, {"compare": two}, "INVALID_FIELD", "compare[0].exists"
    )
    steps = [{"get": {"path": KEPT}}, {"delete": {"path": KEPT}, "get": {"path": KEPT}}]
    yield json_body(
        "two operations in one step", "TransactRecords", {}, {"then": steps}, "INVALID_FIELD", "then[1].get"
    )
    both = {"ttl": "1s", "expireTime": "2999-01-01T00:00:00Z"}
    yield json_body("ttl and expire_time", "CreateRecord", {"parent": PARENT}, both, "INVALID_FIELD", "record.ttl")
    update = {"transforms": [{"field": "content.n", "increment": 1, "append": [1]}]}
    request = {"record": {"path": KEPT}, "transforms": []}
    yield json_body("two transforms in one", "UpdateRecord", request, update, "INVALID_FIELD", "transforms[0].append")


def _types() -> Iterator[Refusal]:
    """Fields of the wrong type. A body without its record is about the record that the URL names."""
    record: dict[str, Any] = {"record": {"path": KEPT}, "transforms": []}
    for field, value in (
        ("ttl", 5), ("ttl", "5"), ("ttl", "1h"), ("ttl", "1.0000000001s"), ("ttl", "400000000000s"), ("ttl", ""),
        ("expireTime", "soon"), ("expireTime", 5), ("expireTime", "2026-01-01T00:00:00"),
    ):  # fmt: skip
        name = {"expireTime": "expire_time"}.get(field, field)
        title = f"{field} of {value!r}"
        yield json_body(title, "CreateRecord", {"parent": PARENT}, {field: value}, "INVALID_FIELD", f"record.{name}")
    for field, value, name in (
        ("retention", 5, "retention"), ("retention", "1 day", "retention"), ("requireEtag", "true", "require_etag"),
        ("requireEtag", 1, "require_etag"), ("indexes", {}, "indexes"), ("indexes", "name", "indexes"),
    ):  # fmt: skip
        body = {"id": "never", field: value}
        title = f"{field} of {value!r}"
        yield json_body(title, "CreateCollection", {}, body, "INVALID_FIELD", f"collection.{name}")
    for title, operation, body, reason, place in _BODIES:
        request = {"parent": PARENT, "path": _GONE, **record}
        yield json_body(title, operation, request, body, reason, place)


def _compare(value: Any) -> Json:
    return {"compare": [value]}


def _transform(name: str, value: Any) -> Json:
    return {"transforms": [{"field": "content.n", name: value}]}


_VERSION, _INCREMENT = "compare[0].version", "transforms[0].increment"
_BODIES: tuple[tuple[str, str, Any, str, str], ...] = (
    ("requests that are an object", "BatchCreateRecords", {"requests": {}}, "INVALID_FIELD", "requests"),
    ("an item that is a number", "BatchCreateRecords", {"requests": [{}, 1]}, "MALFORMED_REQUEST", "requests[1]"),
    ("an item that is null", "BatchDeleteRecords", {"requests": [None]}, "MALFORMED_REQUEST", "requests[0]"),
    ("a body that is an array", "BatchUpdateRecords", [], "MALFORMED_REQUEST", ""),
    ("a validateOnly that is a text", "BatchUpdateRecords", {"validateOnly": "y"}, "INVALID_FIELD", "validate_only"),
    ("a mask that is an array", "BatchUpdateRecords", {"readMask": ["name"]}, "INVALID_READ_MASK", "read_mask"),
    ("a version that is a text", "TransactRecords", _compare({"version": "x"}), "INVALID_FIELD", _VERSION),
    ("a version that is a fraction", "TransactRecords", _compare({"version": 1.5}), "INVALID_FIELD", _VERSION),
    ("an exists that is a text", "TransactRecords", _compare({"exists": "no"}), "INVALID_FIELD", "compare[0].exists"),
    ("a step that is a text", "TransactRecords", {"then": ["delete"]}, "MALFORMED_REQUEST", "then[0]"),
    ("a then that is an object", "TransactRecords", {"then": {}}, "INVALID_FIELD", "then"),
    ("an increment that is a text", "UpdateRecord", _transform("increment", "1"), "INVALID_FIELD", _INCREMENT),
    ("an inexact increment", "UpdateRecord", _transform("increment", 2**53 + 1), "NUMBER_NOT_EXACT", _INCREMENT),
    ("an append of one value", "UpdateRecord", _transform("append", 1), "INVALID_FIELD", "transforms[0].append"),
    ("transforms that are an object", "UpdateRecord", {"transforms": {}}, "INVALID_FIELD", "transforms"),
    ("an undelete with a path of its own", "UndeleteRecord", {"path": KEPT}, "INVALID_FIELD", "path"),
)
