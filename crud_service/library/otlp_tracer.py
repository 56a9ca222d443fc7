"""Sends spans to a collector, with OpenTelemetry's exporter for OTLP over HTTP, from a thread of its own.

A call only puts its spans into a queue that has an end. Whatever the collector does - refuses, hangs, is away - costs
spans, never a call; it is told once when it begins and once when it is over.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExportResult

from crud_service.library.otel_spans import OtelSpans
from crud_service.model.errors import StartError
from crud_service.model.ports.tracer import SpanData
from crud_service.model.record import NodeInfo

# So few that encoding them, which keeps the event loop waiting, is over in some milliseconds.
_BATCH = 128
_MOST_WAITING = 4_096
_INTERVAL_SECONDS = 1.0
_SEND_SECONDS = 5.0
_FLUSH_SECONDS = 2.0
_MOST_CHARS = 300


class OtlpTracer:
    """Keeps spans for a moment, and sends them in batches to `url`.

    `changed` is told, in the event loop, what keeps the collector from taking spans, and "" when it takes them again.
    Raises StartError when one of OpenTelemetry's own variables is wrong.
    """

    def __init__(
        self,
        url: str,
        node: NodeInfo,
        changed: Callable[[str], None],
        *,
        most_waiting: int = _MOST_WAITING,
        interval: float = _INTERVAL_SECONDS,
        send_seconds: float = _SEND_SECONDS,
        flush_seconds: float = _FLUSH_SECONDS,
    ) -> None:
        self._words = _Words()
        self._exporter = OTLPSpanExporter(endpoint=url, timeout=send_seconds)
        self._spans = OtelSpans(node)
        self._words.must_be_none()
        self._changed = changed
        self._most_waiting = most_waiting
        self._interval = interval
        self._flush_seconds = flush_seconds
        self._waiting: deque[SpanData] = deque()
        self._refused = self._lost = 0
        self._problem = ""
        self._loop = asyncio.get_running_loop()
        self._awake, self._closing, self._done = threading.Event(), threading.Event(), asyncio.Event()
        threading.Thread(target=self._work, name="traces", daemon=True).start()

    @property
    def dropped(self) -> int:
        """Spans that nobody will see: there were too many, or the collector did not take them."""
        return self._refused + self._lost

    def ended(self, span: SpanData) -> None:
        """Queue a span to be sent within a second or so; drop it if too many wait already."""
        if len(self._waiting) >= self._most_waiting or self._closing.is_set():
            self._refused += 1
            return
        self._waiting.append(span)
        if len(self._waiting) == _BATCH:
            self._awake.set()

    async def close(self) -> None:
        """Send what waits, but give up after two seconds."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._awake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._flush_seconds):
                await self._done.wait()
        # A thread that still waits to try again does not; one that waits for an answer ends with the process.
        self._waiting.clear()
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _work(self) -> None:
        while not self._closing.is_set():
            self._awake.wait(self._interval)
            self._awake.clear()
            while batch := self._next():
                self._send(batch)
        self._words.close()
        self._tell(self._done.set)

    def _next(self) -> list[SpanData]:
        """The spans that have waited longest; none when there are none."""
        batch: list[SpanData] = []
        with suppress(IndexError):  # somebody else has cleared the queue meanwhile
            while len(batch) < _BATCH:
                batch.append(self._waiting.popleft())
        return batch

    def _send(self, batch: list[SpanData]) -> None:
        problem = self._export(batch)
        if problem:
            self._lost += len(batch)
        if bool(problem) != bool(self._problem):
            self._tell(self._changed, problem)
        self._problem = problem

    def _export(self, batch: list[SpanData]) -> str:
        """What keeps the collector from taking a batch; empty if it took it."""
        self._words.forget()
        try:
            result = self._exporter.export([self._spans.make(span) for span in batch])
        except Exception as error:  # noqa: BLE001 - nothing that comes of the exporter may end the sending
            return f"unexpected {type(error).__name__}"
        return "" if result is SpanExportResult.SUCCESS else self._words.first or "no reason given"

    def _tell(self, listener: Callable[..., object], *about: str) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody listens any more
            self._loop.call_soon_threadsafe(listener, *about)


class _Words(logging.Handler):
    """Listens to what the exporter logs each time that it fails: the first words say why. Nobody else hears them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = self._pattern = ""
        self._log = logging.getLogger("opentelemetry")
        self._log.addHandler(self)
        self._log.propagate = False

    def must_be_none(self) -> None:
        """Stop listening and raise StartError if there was a complaint; it may hold a secret, which is not repeated."""
        if self.first:
            self.close()
            raise StartError(f"a variable OTEL_... is wrong: {self._pattern.replace('%s', '...')}")

    def forget(self) -> None:
        """Begin anew."""
        self.first = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first words, as one line."""
        if not self.first:
            self.first = " ".join(record.getMessage().split())[:_MOST_CHARS]
            self._pattern = str(record.msg)

    def close(self) -> None:
        """Stop listening."""
        self._log.removeHandler(self)
        self._log.propagate = not self._log.handlers
        super().close()
