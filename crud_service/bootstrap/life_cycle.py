"""How a node comes to its end: what it does first, and whom it waits for."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from crud_service.bootstrap.reports import report_step
from crud_service.chassis.drain import Drain, Step
from crud_service.chassis.health import Health
from crud_service.library.none_registrar import NoneRegistrar
from crud_service.model.events import Emit, EventKind, no_events
from crud_service.model.ports.registrar import Registrar

if TYPE_CHECKING:
    from crud_service.api.grpc_server import GrpcServer


class LifeCycle:
    """One node's, from its first call on.

    A drain is the first part of the end, whoever asks for it. After it the node serves whoever still calls. What comes
    next is to close its parts in reverse: listeners let running calls finish, then logic, and the store last.
    """

    def __init__(self, health: Health, drain_wait: float) -> None:
        self._health = health
        self._drain_wait = drain_wait
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._drain = Drain(
            [
                Step("be not ready", self._be_not_ready),
                Step("deregister", self._deregister),
                Step("wait for clients to notice", self._wait),
                Step("end streams", self._end_streams),
            ],
            report_step,
        )
        self.registrar: Registrar = NoneRegistrar()
        self.grpc: GrpcServer | None = None
        self.emit: Emit = no_events
        """Tells of the drain."""
        self.on_drain: list[Callable[[], Awaitable[None]]] = []
        """What is called, all at the same time, when clients have noticed that the node leaves: to end what has no end
        of its own, such as a watch, in such a way that it goes on elsewhere.
        """

    @property
    def is_draining(self) -> bool:
        """Whether the node has begun to leave."""
        return self._drain.is_begun

    def drain(self) -> None:
        """Begin to leave, and return at once. Doing so twice does nothing. The node does not end by this."""
        self._drain.begin()

    def heed_signals(self, reload: Callable[[], None]) -> None:
        """From now on SIGTERM and SIGINT end `run`, and SIGHUP calls `reload`."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, reload)

    async def run(self) -> None:
        """Serve until somebody says to stop; return when the node has been drained."""
        await self._stopping.wait()
        await self._drain.done()

    def stop(self) -> None:
        """End `run`. The second time end the process: whoever asks twice does not want to wait."""
        if self._stopping.is_set():
            os._exit(1)
        self._stopping.set()

    async def end(self) -> None:
        """Drain, unless that is done, without waiting for anybody to notice."""
        self._hurry.set()
        await self._drain.done()

    async def _be_not_ready(self) -> None:
        self.emit(EventKind.NODE_DRAINING, {})
        await self._health.drain()
        if self.grpc is not None:
            await self.grpc.drain()

    async def _deregister(self) -> None:
        await self.registrar.deregister()

    async def _wait(self) -> None:
        """Clients of a registry hear of it a moment later, and may call until then."""
        if self.registrar.state is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._drain_wait):
                    await self._hurry.wait()

    async def _end_streams(self) -> None:
        for failure in await asyncio.gather(*[end() for end in self.on_drain], return_exceptions=True):
            if isinstance(failure, Exception):
                report_step("end streams", failure)
