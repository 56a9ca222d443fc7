"""A request of any size for each limit of the contract, and the limit that it is tried at."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crud_service.model.limits import Limits
from tests.integration.parity import wire
from tests.integration.parity.transports import Json, Raw

PARENT = "collections/limits"


@dataclass(frozen=True)
class Row:
    """One limit. `request` makes a request of so many units of what it bounds."""

    limit: int
    """What it is set to: small, so that ten times as much is quick."""
    operation: str
    request: Callable[[int], Json]
    raw: Callable[[int], Raw] | None = None
    reason: Callable[[int], str] = lambda size: ""
    """`x-change-reason`."""
    reasonless: tuple[str, ...] = ()
    """The transports whose library refuses before the service can give a reason."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Other limits that would be in the way."""


def _record(make: Callable[[int], Json]) -> Callable[[int], Json]:
    return lambda size: {"parent": PARENT, "record": make(size)}


def _listed(make: Callable[[int], Json]) -> Callable[[int], Json]:
    return lambda size: {"parent": PARENT, **make(size)}


def _collection(make: Callable[[int], Json]) -> Callable[[int], Json]:
    """Each size makes a collection of its own, because one that is there is not made."""
    return lambda size: {"collectionId": f"of-{size}", "collection": make(size)}


def _content(size: int) -> Json:
    """A content of so many bytes."""
    return {"t": "a" * (size - len('{"t":""}'))}


def _nested(depth: int) -> Json:
    found: Json = {}
    for _ in range(depth - 1):
        found = {"a": found}
    return found


def _batch_of_contents(size: int) -> Json:
    """A batch with contents of so many bytes together, in two records."""
    halves = (size // 2, size - size // 2)
    return {"parent": PARENT, "requests": [{"record": {"content": _content(half)}} for half in halves]}


def _body(size: int) -> Raw:
    """A create of so many bytes, filled up with a name."""
    empty = json.dumps({"name": ""}).encode()
    message = b""
    for chars in range(size, 0, -1):
        message = wire.create_record(PARENT, wire.name("a" * chars))
        if len(message) == size:
            break
    return Raw(empty.replace(b'""', b'"' + b"a" * (size - len(empty)) + b'"'), message)


ROWS: dict[str, Row] = {
    "name_chars": Row(20, "CreateRecord", _record(lambda size: {"name": "n" * size})),
    "description_chars": Row(20, "CreateCollection", _collection(lambda size: {"description": "d" * size})),
    "tags": Row(3, "CreateRecord", _record(lambda size: {"tags": [f"t{number}" for number in range(size)]})),
    "tag_chars": Row(5, "CreateRecord", _record(lambda size: {"tags": ["t" * size]})),
    "content_bytes": Row(100, "CreateRecord", _record(lambda size: {"content": _content(size)})),
    "content_depth": Row(3, "CreateRecord", _record(lambda size: {"content": _nested(size)})),
    "filter_bytes": Row(50, "ListRecords", _listed(lambda size: {"filter": 'name = "' + "a" * (size - 9) + '"'})),
    "filter_terms": Row(
        3, "ListRecords", _listed(lambda size: {"filter": " AND ".join(f"id = a{number}" for number in range(size))})
    ),
    "filter_depth": Row(2, "ListRecords", _listed(lambda size: {"filter": "(" * size + "id = a" + ")" * size})),
    "order_fields": Row(
        2, "ListRecords", _listed(lambda size: {"orderBy": ",".join(f"content.a{number}" for number in range(size))})
    ),
    "batch_records": Row(3, "BatchCreateRecords", _listed(lambda size: {"requests": [{"record": {}}] * size})),
    "batch_bytes": Row(200, "BatchCreateRecords", _batch_of_contents),
    "request_id_chars": Row(10, "CreateRecord", lambda size: {"parent": PARENT, "record": {}, "requestId": "r" * size}),
    "collection_indexes": Row(
        2,
        "CreateCollection",
        _collection(lambda size: {"indexes": [{"field": f"content.a{number}"} for number in range(size)]}),
    ),
    "change_reason_chars": Row(20, "CreateRecord", _record(lambda size: {}), reason=lambda size: "r" * size),
    "request_bytes": Row(
        1_000,
        "CreateRecord",
        _record(lambda size: {}),
        raw=_body,
        reasonless=("grpc",),
        settings={"limit_name_chars": 20_000},
    ),
}
"""The limits past which a request is refused over both transports."""

OTHERS = {
    "page_size_default": "a page of so many: test_limits.py",
    "page_size_max": "a page of so many: test_limits.py",
    "page_bytes": "a page that ends earlier: test_limits.py",
    "page_token_bytes": "no other token of a size is valid: test_limits.py",
    "query_seconds": "time: tests/integration/store/test_sqlite_searches.py",
    "request_seconds": "time: tests/unit/logic/test_idempotency.py",
    "wait_seconds": "time: tests/unit/logic/changes/test_listing.py",
    "watch_seconds": "time: tests/unit/logic/changes/test_watch_ended.py",
    "bookmark_seconds": "time: tests/unit/logic/changes/test_watch_ended.py",
    "stall_seconds": "time: tests/integration/api/test_http_streams.py, test_grpc_streams.py",
    "idle_seconds": "time: tests/integration/api/test_http_imports.py, test_grpc_streams.py",
    "import_rows": "rows that are stored at once, no bound on a request: tests/unit/logic/bulk",
    "header_bytes": "over HTTP alone to the byte: test_limits.py; over gRPC: test_sizes.py",
    "url_bytes": "over HTTP alone: test_limits.py",
}
"""The limits of another kind, and where they are tried."""

ALL = set(Limits.__struct_fields__)
