"""A collector for tests: it takes traces by OTLP over HTTP as a real one does, and shows them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span


class Collector:
    """What has come. `status` is what it answers; it does not answer while `is_open` is cleared."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.heads: list[str] = []
        self.status = 200
        self.is_open = asyncio.Event()
        self.is_open.set()
        self.asked = asyncio.Semaphore(0)
        """Released with each request."""
        self.port = 0

    @property
    def url(self) -> str:
        """What a node is told."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def resources(self) -> list[ResourceSpans]:
        """The spans by whose they are."""
        return [each for body in self.bodies for each in ExportTraceServiceRequest.FromString(body).resource_spans]

    @property
    def spans(self) -> list[Span]:
        """All spans."""
        return [span for resource in self.resources for scope in resource.scope_spans for span in scope.spans]

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                body = await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
                self.asked.release()
                await self.is_open.wait()
                self.heads.append(head)
                if self.status == 200:
                    self.bodies.append(body)
                writer.write(f"HTTP/1.1 {self.status} Planted\r\ncontent-length: 0\r\n\r\n".encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A collector that listens on a free port of 127.0.0.1."""
    collector = Collector()
    tasks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(collector.answer(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    collector.port = server.sockets[0].getsockname()[1]
    try:
        yield collector
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def attributes(span: Any) -> dict[str, Any]:
    """The attributes of a span or a resource."""
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in span.attributes}
