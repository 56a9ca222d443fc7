"""The traces of a real node, as a collector gets them, over both transports."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import grpc
import grpc.aio
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from crud_service.bootstrap import Node
from crud_service.bootstrap.traces import Traces
from crud_service.library.memory import MemoryStore
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now
from crud_service.settings import Settings
from crud_service.testing.node import running_node
from crud_service.v1.record_pb2 import Record
from crud_service.v1.record_service_pb2 import CreateRecordRequest, GetRecordRequest, ListRecordsRequest
from crud_service.v1.record_service_pb2_grpc import RecordServiceStub
from tests.e2e.server_process import running_server
from tests.integration.api.http_client import Answer, fetch
from tests.integration.tracing.collector import Collector, attributes, collecting

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
RECORDS = "/v1/collections/notes/records"
ROUTE = "/v1/{parent=collections/*}/records"


@asynccontextmanager
async def traced_node(folder: Path, **settings: Any) -> AsyncIterator[tuple[Node, Collector]]:
    """A node on a file, and the collector of its traces. What it recorded has arrived when the node has stopped."""
    async with collecting() as collector:
        store = {"store": f"sqlite:///{folder}/crud.db", "log_level": "error", "otlp_endpoint": collector.url}
        async with running_node(**store | settings) as node:
            yield node, collector


@asynccontextmanager
async def client(node: Node) -> AsyncIterator[RecordServiceStub]:
    """A client over gRPC."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{node.grpc_port}") as channel:
        yield RecordServiceStub(channel)


async def create(node: Node, **headers: str) -> Answer:
    """Create a record over HTTP."""
    return await fetch(node.http_port, "POST", RECORDS, b"{}", headers)


def server_spans(collector: Collector) -> list[Span]:
    """The spans of calls."""
    return [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]


def below(collector: Collector, parent: Span) -> list[Span]:
    """The spans right below another one, in the order of their beginnings."""
    found = [span for span in collector.spans if span.parent_span_id == parent.span_id]
    return sorted(found, key=lambda span: span.start_time_unix_nano)


def assert_within(inner: Span, outer: Span) -> None:
    """One span lies in the other one, and both have a length."""
    assert outer.start_time_unix_nano <= inner.start_time_unix_nano < inner.end_time_unix_nano
    assert inner.end_time_unix_nano <= outer.end_time_unix_nano


async def test_a_call_is_a_tree_of_spans(tmp_path: Path) -> None:
    """A write has its span, with those of what it asked of the store below it, over either transport."""
    async with traced_node(tmp_path) as (node, collector), client(node) as stub:
        answer = await create(node)
        call = stub.CreateRecord(CreateRecordRequest(parent="collections/notes", record=Record()))
        await call
        metadata = dict(await call.trailing_metadata())
    spans = {span.trace_id.hex(): span for span in server_spans(collector)}
    assert len(spans) == 2
    over_http, over_grpc = spans[answer.headers["x-trace-id"]], spans[metadata["x-trace-id"]]
    assert (over_http.name, over_grpc.name) == ("CreateRecord", "CreateRecord")
    assert attributes(over_http) == {
        "crud.call_id": answer.headers["x-call-id"],
        "crud.resource": "collections/notes",
        "http.request.method": "POST",
        "http.route": ROUTE,
        "http.response.status_code": 201,
    }
    assert attributes(over_grpc) == {
        "crud.call_id": metadata["x-call-id"],
        "crud.resource": "collections/notes",
        "rpc.system.name": "grpc",
        "rpc.method": "crud_service.v1.RecordService/CreateRecord",
        "rpc.response.status_code": "OK",
    }
    for span in (over_http, over_grpc):
        assert span.parent_span_id == b""
        assert span.status.code == Status.STATUS_CODE_UNSET
        children = below(collector, span)
        assert children[-1].name == "store.commit"
        for child in children:
            assert child.kind == Span.SPAN_KIND_CLIENT
            assert child.trace_id == span.trace_id
            assert attributes(child)["db.system.name"] == "sqlite"
            assert_within(child, span)
            assert below(collector, child) == []
    assert sum(1 + len(below(collector, span)) for span in spans.values()) == len(collector.spans)


async def test_whose_spans_they_are(tmp_path: Path) -> None:
    """The spans say which service, version and node they are of."""
    async with traced_node(tmp_path, service_name="orders") as (node, collector):
        info = (await fetch(node.http_port, "GET", "/v1/node")).json
    (resource,) = (attributes(each.resource) for each in collector.resources)
    assert resource["service.name"] == "orders"
    assert resource["service.version"] == info["version"]
    assert resource["service.instance.id"] == info["nodeId"]


async def test_a_trace_goes_on(tmp_path: Path) -> None:
    """A call with a traceparent is a part of the caller's span, with its state, and so is its entry in the log."""
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01", "tracestate": "vendor=a:1 , other=b"}
    async with traced_node(tmp_path, trace_sample=0) as (node, collector), client(node) as stub:
        assert (await create(node, **headers)).headers["x-trace-id"] == TRACE
        request = CreateRecordRequest(parent="collections/notes", record=Record())
        await stub.CreateRecord(
            request,
            metadata=(("traceparent", headers["traceparent"]), ("tracestate", "vendor=a:1"), ("tracestate", "other=b")),
        )
        entries = await node.store.read_log(0, 10)
    assert {entry.trace_id for entry in entries} == {TRACE}
    first, second = server_spans(collector)
    for span in (first, second):
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, SPAN)
        assert span.trace_state == "vendor=a:1,other=b"
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    assert {span.trace_state for span in collector.spans} == {"vendor=a:1,other=b"}


@pytest.mark.parametrize(
    ("headers", "sample"),
    [({"traceparent": f"00-{TRACE}-{SPAN}-00"}, 1.0), ({}, 0.0), ({"traceparent": "nonsense"}, 0.0)],
)
async def test_what_is_not_sampled_is_not_recorded(tmp_path: Path, headers: dict[str, str], sample: float) -> None:
    """A call whose caller does not sample, or that the ratio leaves out, is served and sends nothing."""
    async with traced_node(tmp_path, trace_sample=sample) as (node, collector):
        assert (await create(node, **headers)).status == 201
    assert collector.bodies == []


async def test_a_broken_traceparent_starts_a_trace(tmp_path: Path) -> None:
    """What is not well-formed, or stands twice, is no parent, and its state is left out."""
    right, long = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01-more"
    async with traced_node(tmp_path) as (node, collector), client(node) as stub:
        for parent in (long, f"{right}\r\ntraceparent: {right}"):
            answer = await create(node, traceparent=parent, tracestate="vendor=a")
            assert answer.headers["x-trace-id"] != TRACE
        request = CreateRecordRequest(parent="collections/notes", record=Record())
        await stub.CreateRecord(request, metadata=(("traceparent", long), ("tracestate", "vendor=a")))
    assert len(server_spans(collector)) == 3
    for span in collector.spans:
        assert span.trace_id.hex() != TRACE
        assert span.trace_state == ""


async def test_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller has to mend is no failed span, what the node has to is, over both transports."""
    async with traced_node(tmp_path) as (node, collector), client(node) as stub:
        await create(node)
        missing = f"{RECORDS}/missing"
        assert (await fetch(node.http_port, "GET", missing)).status == 404
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetRecord(GetRecordRequest(path=missing.removeprefix("/v1/")))
        assert (await fetch(node.http_port, "POST", RECORDS, b"no JSON")).status == 400

    answers = [span for span in server_spans(collector) if "crud.reason" in attributes(span)]
    assert [attributes(span)["crud.reason"] for span in answers] == [
        "RECORD_NOT_FOUND",
        "RECORD_NOT_FOUND",
        "MALFORMED_REQUEST",
    ]
    assert [attributes(span).get("http.response.status_code") for span in answers] == [404, None, 400]
    assert attributes(answers[1])["rpc.response.status_code"] == "NOT_FOUND"
    assert {span.status.code for span in collector.spans} == {Status.STATUS_CODE_UNSET}


async def test_faults(tmp_path: Path) -> None:
    """A fault in the store fails its own span and the call's, by the name of the exception and no word of it."""

    class Planted(Exception):
        """A fault that nobody expects."""

    async def failing(*_: object) -> None:
        raise Planted("planted secret")

    async with collecting() as collector:
        settings: dict[str, Any] = {"otlp_endpoint": collector.url, "log_level": "error"}
        async with faulty_node(failing, **settings) as node, client(node) as stub:
            assert (await fetch(node.http_port, "GET", f"{RECORDS}/a")).status == 500
            with pytest.raises(grpc.aio.AioRpcError):
                await stub.GetRecord(GetRecordRequest(path="collections/notes/records/a"))
    assert len(collector.spans) == 4
    for span in collector.spans:
        assert (span.status.code, span.status.message) == (Status.STATUS_CODE_ERROR, "")
        assert attributes(span)["error.type"].endswith("Planted")
    assert b"planted secret" not in b"".join(collector.bodies)


@asynccontextmanager
async def faulty_node(failing: Any, **settings: Any) -> AsyncIterator[Node]:
    """A node whose store fails to get records, before logic is given it."""
    open_store = Node.open_store

    async def open_faulty(node: Node) -> None:
        await open_store(node)
        node.store.get_record = failing  # type: ignore[method-assign]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Node, "open_store", open_faulty)
        async with running_node(**settings) as node:
            yield node


async def test_nothing_of_what_is_stored_or_secret_is_told(tmp_path: Path) -> None:
    """Names, contents, tags, filters, reasons, request ids, tokens and other headers are in no span."""
    body = b'{"name": "planted-1", "content": {"planted-2": "planted-3"}, "tags": ["planted-4"]}'
    headers = {
        "x-change-reason": "planted-5",
        "idempotency-key": "planted-6",
        "authorization": "Bearer planted-7",
        "cookie": "planted-8",
    }
    async with traced_node(tmp_path, page_token_key="planted-9") as (node, collector), client(node) as stub:
        assert (await fetch(node.http_port, "POST", RECORDS, body, headers)).status == 201
        assert (await fetch(node.http_port, "POST", RECORDS, body, headers)).status == 201
        wrong = b'{"name": "planted-10", "planted-11": 1}'
        assert (await fetch(node.http_port, "POST", RECORDS, wrong)).status == 400
        for query in ("filter=name:planted-12", "filter=planted-13(", "pageToken=planted-14", "planted-15=1"):
            await fetch(node.http_port, "GET", f"{RECORDS}?{query}")
        request = ListRecordsRequest(parent="collections/notes", filter='name="planted-16"')
        await stub.ListRecords(request, metadata=(("authorization", "Bearer planted-17"),))
    sent = b"".join(collector.bodies)
    assert b"collections/notes" in sent
    assert b"planted" not in sent


async def test_a_collector_that_is_away_does_not_matter(tmp_path: Path) -> None:
    """Without a collector calls are served as ever, it is logged once, and the node stops in time, with success."""
    async with collecting() as gone:
        settings = {"CRUD_OTLP_ENDPOINT": gone.url, "CRUD_LOG_LEVEL": "warning", "CRUD_LOG_FORMAT": "json"}
    async with running_server(folder=tmp_path, settings=settings) as server:
        for _ in range(3):
            assert (await fetch(server.http_port, "POST", RECORDS, b"{}")).status == 201
        start = perf_counter()
        code, _, log = await server.stop()
        assert perf_counter() - start < 10
    assert code == 0
    (line,) = log.splitlines()
    assert json.loads(line)["event"].startswith("traces: ")


async def test_it_is_said_when_a_collector_comes_back(tmp_path: Path) -> None:
    """A collector that refuses is logged once, and once that it takes spans again; what it missed is lost."""
    async with collecting() as collector:
        collector.status = 401
        settings = {"CRUD_OTLP_ENDPOINT": collector.url, "CRUD_LOG_FORMAT": "json"}
        async with running_server(folder=tmp_path, settings=settings) as server:
            await fetch(server.http_port, "GET", "/v1/node")
            await asyncio.wait_for(collector.asked.acquire(), 20)
            collector.status = 200
            answer = await fetch(server.http_port, "GET", "/v1/node")
            code, _, log = await server.stop()
    assert code == 0
    told = [json.loads(line) for line in log.splitlines() if '"traces: ' in line]
    assert [each["level"] for each in told] == ["warning", "info"]
    assert "401" in told[0]["event"]
    assert [span.trace_id.hex() for span in collector.spans] == [answer.headers["x-trace-id"]]


async def test_without_a_collector_there_is_no_tracing() -> None:
    """A node that nobody told of a collector has no thread and no middleware for it, and logic has the store itself."""
    store, node = MemoryStore(), NodeInfo("", "", "", "", (), "", now())
    traces = Traces(Settings(), node)
    assert traces.store(store) is store
    assert traces.middleware() == []
    assert "traces" not in [thread.name for thread in threading.enumerate()]
    await traces.close()
