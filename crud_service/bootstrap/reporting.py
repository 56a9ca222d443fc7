"""What a node keeps of its own fate: reports of failures that nobody expected, and events."""

import asyncio
from collections.abc import Mapping
from typing import Any

from crud_service.bootstrap.ids import new_call_id, new_id
from crud_service.bootstrap.reports import log_failure, log_trouble, report_breaker
from crud_service.bootstrap.stores import Store
from crud_service.chassis.breaker import State
from crud_service.chassis.recent_calls import RecentCalls
from crud_service.chassis.reports import ErrorReports
from crud_service.logic.node_events import NodeEvents
from crud_service.logic.writer import Writer
from crud_service.model.call import INTERNAL, Call
from crud_service.model.errors import CrudError, Kind
from crud_service.model.events import Emit, EventKind, no_events
from crud_service.model.ports.background import Run
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now


class Reporting:
    """The reports and the events of one node, kept in its store."""

    def __init__(self, store: Store, node: NodeInfo) -> None:
        self.recent = RecentCalls()
        """Middleware that remembers what each caller did last."""
        self.errors = ErrorReports(store, node, log_failure, self.recent.of, now)
        """What makes and keeps the reports."""
        self._store = store
        self._node = node
        self._events: NodeEvents | None = None
        self._emit: Emit = no_events

    def start(self, run: Run) -> None:
        """Store reports from now on, also of what fails on the event loop where nobody waits for it."""
        self.errors.start(run)
        asyncio.get_running_loop().set_exception_handler(self._report_unhandled)

    def start_events(self, writer: Writer, run: Run) -> None:
        """Write events from now on; without this there are none."""
        events = NodeEvents(
            self._store, writer, self._node, new_id=new_id, new_call_id=new_call_id, report=self.report_trouble
        )
        events.start(run)
        self._events, self._emit = events, events.emit

    async def close(self) -> None:
        """Write what is not written yet, for a bounded time."""
        loop = asyncio.get_running_loop()
        if loop.get_exception_handler() == self._report_unhandled:
            loop.set_exception_handler(None)
        if self._events is not None:
            await self._events.close()
        await self.errors.close()

    def emit(self, kind: EventKind, detail: Mapping[str, str]) -> None:
        """Tell of an event: the port `Emit`."""
        self._emit(kind, detail)

    def report_trouble(self, message: str, error: Exception | None) -> None:
        """Tell that background work is in trouble: an answer of the service in the log, other failures as reports."""
        if error is None or (isinstance(error, CrudError) and error.kind is not Kind.INTERNAL):
            log_trouble(message, error)
        else:
            self.errors.report(Call("Maintenance", INTERNAL, principal="system"), error, message)

    def report_task(self, name: str, error: BaseException | None) -> None:
        """Tell that work in the background has ended, which it should not."""
        event = f"{name} has ended unexpectedly, and is started again"
        if error is None:
            log_trouble(event, None)
        else:
            self.errors.report(Call(name, INTERNAL, principal="system"), error, event)

    def report_breaker(self, dependency: str, state: State) -> None:
        """Tell that calls to a dependency are left out, tried, or made again."""
        report_breaker(dependency, state)
        self.emit(EventKind.BREAKER_CHANGED, {"dependency": dependency, "state": state.value})

    def _report_unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception):
            event = "something failed that nobody waited for"
            self.errors.report(Call("EventLoop", INTERNAL, principal="system"), error, event)
        else:
            loop.default_exception_handler(context)
