"""Sending spans to a collector: whatever it does, nobody waits, nothing grows, and it is told once."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from time import perf_counter

import pytest
import pytest_asyncio

from crud_service.library.otlp_tracer import OtlpTracer
from crud_service.model.ports.tracer import SpanData, SpanKind
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now
from tests.integration.tracing.collector import Collector, collecting

NODE = NodeInfo("node-1", "orders", "1.2.3", "abc", (), "sqlite", now())
_PATIENCE = 20


def span(number: int = 1) -> SpanData:
    return SpanData("GetRecord", SpanKind.SERVER, "1" * 32, f"{number + 1:016x}", "", 1, "", 1, end=2)


class Told:
    """What a tracer told about trouble, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._more = asyncio.Semaphore(0)

    def __call__(self, problem: str) -> None:
        self.said.append(problem)
        self._more.release()

    async def next(self) -> str:
        """The next thing that is told."""
        await asyncio.wait_for(self._more.acquire(), _PATIENCE)
        return self.said[-1]


@pytest_asyncio.fixture
async def collector() -> AsyncIterator[Collector]:
    """A collector."""
    async with collecting() as running:
        yield running


def tracer(url: str, told: Callable[[str], None], **settings: float) -> OtlpTracer:
    quick = {"interval": 0.01, "send_seconds": 0.2, "flush_seconds": 5.0}
    return OtlpTracer(f"{url}/v1/traces", NODE, told, **quick | settings)  # type: ignore[arg-type]


async def test_spans_come_in_batches(collector: Collector) -> None:
    """Every span arrives once, several in a request, at the path for traces, and the last ones before the end."""
    told = Told()
    sending = tracer(collector.url, told, interval=60)
    for number in range(1_100):
        sending.ended(span(number))
    await sending.close()
    assert sorted(each.span_id for each in collector.spans) == [(n + 1).to_bytes(8, "big") for n in range(1_100)]
    assert len(collector.bodies) < 20
    assert all(head.startswith("post /v1/traces http/1.1") for head in collector.heads)
    assert (told.said, sending.dropped) == ([], 0)
    await sending.close()


async def test_spans_do_not_wait_for_the_end(collector: Collector) -> None:
    """What has ended is sent soon, without anybody asking."""
    sending = tracer(collector.url, Told())
    sending.ended(span())
    await asyncio.wait_for(collector.asked.acquire(), _PATIENCE)
    await sending.close()
    assert len(collector.spans) == 1


async def test_a_refusal_is_told_once(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    """A collector that refuses costs spans; why is told once, and once that it is over; nothing else is logged."""
    told = Told()
    collector.status = 401
    with caplog.at_level(logging.DEBUG, "opentelemetry"):
        sending = tracer(collector.url, told)
        sending.ended(span(1))
        assert "401" in await told.next()
        for _ in range(3):
            sending.ended(span(2))
            await asyncio.wait_for(collector.asked.acquire(), _PATIENCE)
        collector.status = 200
        sending.ended(span(3))
        assert await told.next() == ""
        await sending.close()
    assert len(told.said) == 2
    assert collector.spans[-1].span_id == (4).to_bytes(8, "big")
    assert sending.dropped >= 1
    assert [each.name for each in caplog.records if each.name.startswith("opentelemetry")] == []


async def test_nobody_there() -> None:
    """Where nothing listens the reason is one line, and stopping takes no longer than one attempt."""
    told = Told()
    async with collecting() as gone:
        url = gone.url
    sending = tracer(url, told)
    sending.ended(span())
    problem = await told.next()
    assert problem
    assert "\n" not in problem
    assert len(problem) <= 300
    await sending.close()
    assert sending.dropped == 1


async def test_one_that_hangs_keeps_nobody(collector: Collector) -> None:
    """While a collector does not answer, spans are dropped past a bound, and stopping takes a bounded time."""
    told = Told()
    collector.is_open.clear()
    sending = tracer(collector.url, told, most_waiting=10, send_seconds=60, flush_seconds=0.1)
    sending.ended(span())
    await asyncio.wait_for(collector.asked.acquire(), _PATIENCE)
    for number in range(100):
        sending.ended(span(number))
    assert sending.dropped == 90
    start = perf_counter()
    await sending.close()
    assert perf_counter() - start < 3
    sending.ended(span())
    assert sending.dropped == 91
    collector.is_open.set()


async def test_what_cannot_be_sent_costs_one_batch(collector: Collector) -> None:
    """A span that the exporter fails on, which no span should, does not end the sending."""
    told = Told()
    sending = tracer(collector.url, told)
    broken = span()
    broken.trace_id = "no hex"
    sending.ended(broken)
    assert await told.next() == "unexpected ValueError"
    sending.ended(span())
    assert await told.next() == ""
    await sending.close()
    assert len(collector.spans) == 1


async def test_the_thread_ends(collector: Collector) -> None:
    """A tracer has one thread of its own, which ends with it."""
    before = threading.active_count()
    sending = tracer(collector.url, Told())
    assert [each.name for each in threading.enumerate()].count("traces") == 1
    await sending.close()
    threads = [each for each in threading.enumerate() if each.name == "traces"]
    for thread in threads:
        await asyncio.to_thread(thread.join, _PATIENCE)
    assert "traces" not in [each.name for each in threading.enumerate()]
    assert before >= 1
