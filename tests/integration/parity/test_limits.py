"""Every limit of the contract, at it, one past it and ten times past it, over both transports.

The rows come from `Limits` and from the table of docs/reference/limits.md: a new limit without a row fails.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from crud_service.testing.node import running_node
from tests.e2e.documents import table
from tests.integration.api.http_client import fetch
from tests.integration.parity.conftest import over_both
from tests.integration.parity.limit_rows import ALL, OTHERS, PARENT, ROWS, Row
from tests.integration.parity.transports import Outcome, Transport

_DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "reference" / "limits.md"
DOCUMENTED = {row[1].removeprefix("limit_"): row for row in table(_DOCUMENT.read_text(), "What a request may hold")}


def test_no_limit_is_forgotten() -> None:
    """Each limit has a row here or is of another kind, and a row in the document."""
    assert set(ROWS) | set(OTHERS) == ALL == set(DOCUMENTED)


@pytest.mark.parametrize("name", ROWS)
async def test_a_limit(name: str) -> None:
    """At the limit a request is taken. Past it it is refused with the reason of the document, and nothing is stored."""
    row = ROWS[name]
    (reason,) = re.findall(r"[A-Z]+_[A-Z_]+", DOCUMENTED[name][3])
    settings: dict[str, Any] = {f"limit_{name}": row.limit, **row.settings}
    async with running_node(log_level="error", **settings) as node, over_both(node) as transports:
        await transports[0].call("CreateCollection", {"collectionId": "limits", "collection": {}})
        for transport in transports:
            for size in (row.limit + 1, row.limit * 10):
                before = await node.store.last_revision()
                refused = await send(row, transport, size)
                assert refused.kind in ("INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"), (transport.name, size)
                assert refused.reason == ("" if transport.name in row.reasonless else reason), (transport.name, size)
                assert await node.store.last_revision() == before
            taken = await send(row, transport, row.limit)
            assert taken.ok or taken.reason == "COLLECTION_EXISTS", (transport.name, taken)


async def send(row: Row, transport: Transport, size: int) -> Outcome:
    """What comes of a request of this size."""
    request = row.request(size)
    if row.raw is not None:
        return await transport.call_raw(row.operation, request, row.raw(size))
    return await transport.call(row.operation, request, reason=row.reason(size))


@asynccontextmanager
async def records(count: int, name: str = "", **settings: Any) -> AsyncIterator[tuple[Transport, ...]]:
    """Both ways to a node with so many records."""
    async with running_node(log_level="error", **settings) as node, over_both(node) as transports:
        for number in range(count):
            request = {"parent": PARENT, "recordId": f"r{number}", "record": {"name": name}}
            assert (await transports[0].call("CreateRecord", request)).ok
        yield transports


async def test_pages_of_so_many() -> None:
    """A page that does not say has the default; one that asks for more than the most, however many, has the most."""
    async with records(5, limit_page_size_default=2, limit_page_size_max=3) as transports:
        for transport in transports:
            for size, listed in ((0, 2), (1, 1), (3, 3), (4, 3), (30, 3)):
                page = (await transport.call("ListRecords", {"parent": PARENT, "pageSize": size})).reply
                assert len(page["records"]) == listed
                assert page["nextPageToken"]


async def test_pages_of_so_many_bytes() -> None:
    """A page ends before it grows past its bytes, with a token to go on; a batch that would is refused."""
    async with records(40, "n" * 500, limit_page_bytes=16_384) as transports:
        for transport in transports:
            page = (await transport.call("ListRecords", {"parent": PARENT})).reply
            assert 3 < len(page["records"]) < 33
            assert page["nextPageToken"]
            paths = [f"{PARENT}/records/r{number}" for number in range(40)]
            assert (await transport.call("BatchGetRecords", {"parent": PARENT, "paths": paths[:3]})).ok
            refused = await transport.call("BatchGetRecords", {"parent": PARENT, "paths": paths})
            assert (refused.kind, refused.reason) == ("RESOURCE_EXHAUSTED", "REPLY_TOO_LARGE")


async def test_page_tokens() -> None:
    """A token that is too long is refused like any other that is none; one that the node made is short enough."""
    async with records(3, limit_page_token_bytes=400) as transports:
        for transport in transports:
            query = {"parent": PARENT, "pageSize": 1}
            token = (await transport.call("ListRecords", query)).reply["nextPageToken"]
            assert (await transport.call("ListRecords", query | {"pageToken": token})).ok
            for size in (401, 4_000):
                refused = await transport.call("ListRecords", query | {"pageToken": token.ljust(size, "A")})
                assert (refused.kind, refused.reason) == ("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN")


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 431), (18_000, 431)])
async def test_headers(more: int, status: int) -> None:
    """The bytes of names and values count, together."""
    async with running_node(log_level="error", limit_header_bytes=2_000) as node:
        filled = len("host" + "test" + "x-large")
        answer = await fetch(node.http_port, "GET", "/v1/collections", None, {"x-large": "a" * (2_000 - filled + more)})
        assert answer.status == status
        if status != 200:
            assert answer.json["error"]["details"][0]["reason"] == "HEADERS_TOO_LARGE"


@pytest.mark.parametrize(("size", "status"), [(1_000, 200), (1_001, 414), (10_000, 414)])
async def test_urls(size: int, status: int) -> None:
    """The bytes of path and query count."""
    async with running_node(log_level="error", limit_url_bytes=1_000) as node:
        answer = await fetch(node.http_port, "GET", "/v1/collections?".ljust(size, "&"))
        assert answer.status == status
        if status != 200:
            assert answer.json["error"]["details"][0]["reason"] == "URL_TOO_LONG"
