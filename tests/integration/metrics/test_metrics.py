"""What a running node measures, over both transports."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
import pytest_asyncio

from crud_service.bootstrap import Node
from crud_service.testing.node import running_node
from crud_service.v1.record_pb2 import Record
from crud_service.v1.record_service_pb2 import CreateRecordRequest, GetRecordRequest, ListRecordsRequest
from crud_service.v1.record_service_pb2_grpc import RecordServiceStub
from tests.integration.api.http_client import fetch
from tests.integration.metrics.promtool import promtool
from tests.integration.metrics.scrape import scrape

RECORDS = "/v1/collections/notes/records"


@pytest_asyncio.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A node on a file."""
    async with running_node(log_level="warning", store=f"sqlite:///{tmp_path}/crud.db") as running:
        yield running


@pytest_asyncio.fixture
async def stub(node: Node) -> AsyncIterator[RecordServiceStub]:
    """A client of it over gRPC."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        yield RecordServiceStub(channel)


async def test_known_calls_have_known_numbers(node: Node, stub: RecordServiceStub) -> None:
    """After known calls over both transports each number is exactly what they make it."""
    for _ in range(3):
        await fetch(node.http_port, "POST", RECORDS, b"{}")
    await stub.CreateRecord(CreateRecordRequest(parent="collections/notes", record_id="a", record=Record()))
    for _ in range(2):
        await fetch(node.http_port, "GET", f"{RECORDS}/missing")
    with pytest.raises(grpc.aio.AioRpcError):
        await stub.GetRecord(GetRecordRequest(path="collections/notes/records/missing"))
    await fetch(node.http_port, "POST", RECORDS, b"no JSON")
    found = await scrape(node.http_port)
    calls = {
        tuple(dict(labels)[name] for name in ("operation", "transport", "code")): value
        for (name, labels), value in found.samples.items()
        if name == "crud_calls_total" and value
    }
    assert calls == {
        ("CreateRecord", "http", "OK"): 3,
        ("CreateRecord", "http", "INVALID_ARGUMENT"): 1,
        ("CreateRecord", "grpc", "OK"): 1,
        ("GetRecord", "http", "NOT_FOUND"): 2,
        ("GetRecord", "grpc", "NOT_FOUND"): 1,
    }
    assert found.value("crud_call_errors_total", reason="RECORD_NOT_FOUND") == 3
    assert found.value("crud_call_errors_total", reason="MALFORMED_REQUEST") == 1
    counts = {
        (kind, transport): found.value("crud_call_duration_seconds_count", **{"class": kind}, transport=transport)
        for kind in ("read", "write", "list", "batch")
        for transport in ("http", "grpc")
    }
    expected = {("read", "http"): 2, ("read", "grpc"): 1, ("write", "http"): 4, ("write", "grpc"): 1}
    assert {key: count for key, count in counts.items() if count} == expected
    assert found.value("crud_store_group_mutations_sum") == 4
    assert found.value("crud_store_write_seconds_count") == found.value("crud_store_group_mutations_count")
    assert found.value("crud_log_last_revision") == 4
    assert found.value("crud_node_ready") == 1


async def test_unknown_routes_make_no_series(node: Node) -> None:
    """Paths, methods, hosts and headers that nobody knows leave the set of series as it is."""
    before = await scrape(node.http_port)
    for path in ("/nowhere", "/v1/made-up", "/v1/collections/a/records/b/c", "/docs", "/metrics/x", "/%FC%00"):
        for verb in ("GET", "POST", "BREW"):
            await fetch(node.http_port, verb, path)
    await fetch(node.http_port, "PUT", RECORDS, b"{}", {"host": "made.up"})
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        for method in ("/crud_service.v1.RecordService/MadeUp", "/made.Up/GetRecord"):
            with pytest.raises(grpc.aio.AioRpcError):
                await channel.unary_unary(method)(b"")
    after = await scrape(node.http_port)
    assert after.samples.keys() == before.samples.keys()


async def test_what_runs_is_seen(node: Node, stub: RecordServiceStub, monkeypatch: pytest.MonkeyPatch) -> None:
    """While queries run the metrics answer, and count them as running; one that is given up ends as CANCELLED."""
    begun, gone, go_on = asyncio.Semaphore(0), asyncio.Event(), asyncio.Event()
    list_records = node.store.list_records

    async def waiting(query: Any) -> Any:
        begun.release()
        try:
            await go_on.wait()
        except asyncio.CancelledError:
            gone.set()
            raise
        return await list_records(query)

    await fetch(node.http_port, "POST", RECORDS, b"{}")
    monkeypatch.setattr(node.store, "list_records", waiting)
    over_http = asyncio.ensure_future(fetch(node.http_port, "GET", RECORDS))
    over_grpc = stub.ListRecords(ListRecordsRequest(parent="collections/notes"))
    for _ in range(2):
        await begun.acquire()
    found = await scrape(node.http_port)
    for transport in ("http", "grpc"):
        assert found.value("crud_calls_running", operation="ListRecords", transport=transport) == 1
        assert found.value("crud_calls_total", operation="ListRecords", transport=transport, code="OK") == 0
    over_grpc.cancel()
    await gone.wait()
    go_on.set()
    assert (await over_http).status == 200
    found = await scrape(node.http_port)
    for transport, code in (("http", "OK"), ("grpc", "CANCELLED")):
        assert found.value("crud_calls_running", operation="ListRecords", transport=transport) == 0
        assert found.value("crud_calls_total", operation="ListRecords", transport=transport, code=code) == 1


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "text/plain"),
        ("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", "text/plain"),
        ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3", "application/openmetrics-text"),
        ("application/openmetrics-text; version=nonsense; escaping=\xff", "application/openmetrics-text"),
        ("\x80,;=,/", "text/plain"),
    ],
)
async def test_the_format_is_negotiated(node: Node, accept: str | None, media_type: str) -> None:
    """OpenMetrics for who asks for it, Prometheus' text for everybody else, and no Accept header is an error."""
    headers = {"accept": accept.encode("latin-1")} if accept else {}
    answer = await fetch(node.http_port, "GET", "/metrics", None, headers)
    assert answer.status == 200
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.endswith(b"# EOF\n") is (media_type != "text/plain")


async def test_switched_off() -> None:
    """Without the setting nothing is measured, and neither the path nor a link to it is there."""
    async with running_node(log_level="warning", metrics=False) as node:
        assert (await fetch(node.http_port, "GET", "/metrics")).status == 404
        assert "metrics" not in (await fetch(node.http_port, "GET", "/")).json["links"]
        assert "/metrics" not in (await fetch(node.http_port, "GET", "/openapi.json")).json["paths"]
        assert node._metrics is None
        assert (await fetch(node.http_port, "POST", RECORDS, b"{}")).status == 201


async def test_promtool_has_no_complaint(node: Node) -> None:
    """Names, types and units follow Prometheus' conventions."""
    await fetch(node.http_port, "POST", RECORDS, b"{}")
    text = (await fetch(node.http_port, "GET", "/metrics")).body.decode()
    verdict = promtool("check", "metrics", text=text)
    assert (verdict.returncode, verdict.stdout, verdict.stderr) == (0, "", "")
    assert promtool("check", "metrics", text="# TYPE wrongTotal counter\nwrongTotal 1\n").returncode != 0
