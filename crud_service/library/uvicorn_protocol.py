"""uvicorn's HTTP/1.1 protocol for a service: bounds on the head of a request, and on the patience with a client.

Timers for each reply cost too much, so connections are looked after by a sweep (`close_if_idle`, `reset_if_stalled`).
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from crud_service.library.lingering_transport import LingeringTransport
from crud_service.library.uvicorn_cycle import ServiceCycle
from crud_service.model.errors import CrudError, Kind, Reason, invalid
from crud_service.model.limits import Limits

Refuse = Callable[[CrudError], tuple[int, bytes]]
"""The HTTP status and the JSON body of an error."""


class _Refused(Exception):
    """Leaves the parser when the head of a request breaks a limit."""


class ServiceProtocol(HttpToolsProtocol):
    """One connection. A subclass made by `service_protocol` knows the limits."""

    limits: Limits
    refuse: Refuse

    _in_head = False
    _head_bytes = 0
    _header_bytes = 0
    _refusal: CrudError | None = None
    _idle_since: float | None = 0.0
    """When the last reply ended, on the loop's clock; None while a request is under way."""
    _waiting = 0
    """How many bytes waited for the client when the sweep came last."""
    _moved_at = 0.0
    """When there were last seen to be less of them, or none, on the loop's clock."""
    _answering: "asyncio.Task[None] | None" = None
    """What answers the request that is under way, or the last one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock of an idle connection."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._lingering = LingeringTransport(self.transport, self._is_unread)
        self.transport = self._lingering  # type: ignore[assignment]
        self._idle_since = self._moved_at = self.loop.time()
        _give_up_on_the_dead(self.transport.get_extra_info("socket"), self.limits.stall_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone: nobody waits for the reply, so the call that makes it is cancelled, as over gRPC."""
        super().connection_lost(exc)
        if self._answering is not None and not self.cycle.response_complete:
            self._answering.cancel()

    def close_if_idle(self, before: float) -> None:
        """Close the connection if it has been idle since before that time."""
        if self._idle_since is not None and self._idle_since < before:
            self.transport.close()

    def reset_if_stalled(self, before: float) -> None:
        """Reset the connection if its client has taken nothing of what waits for it since before that time.

        Closing would not do: it waits until all is sent. While more is being added, what waits says nothing; but then
        it is soon so much that nothing is added.
        """
        waiting = self.transport.get_write_buffer_size()
        is_added_to = self._idle_since is None and not self.flow.write_paused and not self.transport.is_closing()
        if not waiting or not self._waiting or is_added_to or waiting < self._waiting:
            self._moved_at = self.loop.time()
        elif self._moved_at < before:
            self._lingering.reset()
        self._waiting = waiting

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and bound what it may hold back."""
        if self._lingering.lingering:
            return
        super().data_received(data)
        # A header is handed on when it is complete, so one that never ends is seen only in the bytes fed.
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.url_bytes + 2 * self.limits.header_bytes:
                self._refusal = self._headers_too_large()
                self.send_400_response("")

    def on_message_begin(self) -> None:
        """A request begins."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._idle_since = None
        self._in_head, self._head_bytes, self._header_bytes = True, 0, 0

    def on_url(self, url: bytes) -> None:
        """A part of the URL."""
        self.url += url
        if len(self.url) > self.limits.url_bytes:
            message = f"the URL has more than {self.limits.url_bytes} bytes"
            self._refusal = CrudError(Kind.RESOURCE_EXHAUSTED, Reason.URL_TOO_LONG, message)
            raise _Refused

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > self.limits.header_bytes:
            self._refusal = self._headers_too_large()
            raise _Refused

    def on_headers_complete(self) -> None:
        """The head is complete: hand the request to the application, after the ones before it on this connection."""
        self._in_head = False
        raw_path, _, query = _origin_form(self.url).partition(b"?")
        path = raw_path.decode("ascii")
        version = self.parser.get_http_version()
        self.scope = {
            "type": "http",
            "asgi": {"version": self.asgi_version, "spec_version": "2.3"},
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme or "http",
            "root_path": "",
            "headers": self.headers,
            "method": self.parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "state": {},
        }
        before: RequestResponseCycle | None = self.cycle
        waiting = before is not None and not before.response_complete
        self.cycle = ServiceCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if waiting:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))
        else:
            self._start_asgi_task(self.cycle, self.app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        task = self._answering = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        """A reply is out: go on with the next request that waits, or be idle."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, application = self.pipeline.pop()
            self._start_asgi_task(cycle, application)
        else:
            self._idle_since = self.loop.time()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser could not take, and close: nobody knows where the next request begins."""
        error = self._refusal or invalid("", "this is no HTTP/1.1 request", Reason.MALFORMED_REQUEST)
        status, body = type(self).refuse(error)
        head = b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + body)
        self._lingering.linger()

    def _is_unread(self) -> bool:
        """Whether the body of the last request is still coming."""
        last: RequestResponseCycle | None = self.cycle
        return last is not None and last.more_body

    def _headers_too_large(self) -> CrudError:
        message = f"the headers have more than {self.limits.header_bytes} bytes"
        return CrudError(Kind.RESOURCE_EXHAUSTED, Reason.HEADERS_TOO_LARGE, message)


def _origin_form(url: bytes) -> bytes:
    """The path and query of a request's target (RFC 9112 section 3.2), which proxies may get as a whole URL."""
    if url[:1] == b"/":
        return url
    parsed = httptools.parse_url(url)
    return (parsed.path or b"/") + (b"?" + parsed.query if parsed.query else b"")


def _give_up_on_the_dead(connection: socket.socket | None, seconds: float) -> None:
    """Let the system end the connection when the client's machine does not confirm what was sent to it for so long.

    It may have lost its power or its network, and would be waited for for a quarter of an hour.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)  # not on every system
    if connection is not None and option is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, option, round(seconds * 1000))


def service_protocol(limits: Limits, refuse: Refuse) -> type[ServiceProtocol]:
    """The protocol with these limits; `refuse` shapes the errors it answers itself."""
    return type("LimitedProtocol", (ServiceProtocol,), {"limits": limits, "refuse": staticmethod(refuse)})
