"""Writes the events of a node as records: in the background, so that neither a start nor a stop waits for them."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec

from crud_service.logic.maintenance.system_call import Report, system_call
from crud_service.logic.writer import Writer
from crud_service.model.change import ChangeKind
from crud_service.model.duration import SECOND
from crud_service.model.events import EVENTS, EventKind
from crud_service.model.ports.background import Run
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import ConditionFailed, RecordStore
from crud_service.model.record import SYSTEM_TENANT, Collection, CollectionKey, NodeInfo, Record
from crud_service.model.timestamp import Timestamp, later

_DAY = 86_400 * SECOND
_LIFE = 30 * _DAY
_RETENTION = _DAY
_MOST_WAITING = 256
_RETRY_SECONDS = 5.0
_CLOSING_SECONDS = 1.0

_encode = msgspec.json.Encoder().encode


class _Event(msgspec.Struct, frozen=True):
    kind: EventKind
    time: Timestamp
    detail: Mapping[str, str]


class NodeEvents:
    """Takes events and writes them, in their order, those that came together as one mutation.

    They expire after thirty days. While the store takes none, the last 256 wait; `report` hears of it once.
    """

    def __init__(
        self,
        store: RecordStore,
        writer: Writer,
        node: NodeInfo,
        *,
        new_id: Callable[[], str],
        new_call_id: Callable[[], str],
        report: Report,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        self._store = store
        self._writer = writer
        self._node = node
        self._new_id = new_id
        self._new_call_id = new_call_id
        self._report = report
        self._retry_seconds = retry_seconds
        self._waiting: deque[_Event] = deque(maxlen=_MOST_WAITING)
        self._some_wait = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._has_started = False

    def emit(self, kind: EventKind, detail: Mapping[str, str]) -> None:
        """Tell of an event: the port `Emit`."""
        self._has_started = self._has_started or kind is EventKind.NODE_STARTED
        self._waiting.append(_Event(kind, self._writer.now(), dict(detail)))
        self._some_wait.set()

    def start(self, run: Run) -> None:
        """Write what waits, from now on."""
        self._task = run("node events", self._keep_writing)

    async def close(self) -> None:
        """Tell that the node has stopped, if it had started, and write what waits unless that takes too long.

        Closing twice does nothing.
        """
        task, self._task = self._task, None
        if task is None:
            return
        if self._has_started:
            self.emit(EventKind.NODE_STOPPED, {})
        with suppress(Exception):  # a store that is away must not keep a node from stopping
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._write_all()
        task.cancel()
        await asyncio.wait([task])

    async def _keep_writing(self) -> None:
        failed = False
        while True:
            await self._some_wait.wait()
            try:
                await self._write_all()
                failed = False
            except ConditionFailed:  # another node has just made the collection
                continue
            except Exception as error:  # noqa: BLE001 - events must never end what they tell of
                if not failed:
                    self._report("events of the node cannot be written, and wait", error)
                failed = True
                await asyncio.sleep(self._retry_seconds)

    async def _write_all(self) -> None:
        """Write all that waits, or leave it waiting. One at a time, so that nothing is written twice."""
        async with self._writing:
            events = list(self._waiting)
            if events:
                await self._write(events)
            # Of a full queue the oldest may have gone meanwhile.
            written = {id(event) for event in events}
            while self._waiting and id(self._waiting[0]) in written:
                self._waiting.popleft()
            if not self._waiting:
                self._some_wait.clear()

    async def _write(self, events: list[_Event]) -> None:
        time = self._writer.now()
        changes = [PendingChange(ChangeKind.RECORD_CREATED, None, self._record(event, time)) for event in events]
        if await self._store.get_collection(CollectionKey(SYSTEM_TENANT, EVENTS)) is None:
            changes.insert(0, PendingChange(ChangeKind.COLLECTION_CREATED, None, _collection(time)))
        call = system_call("WriteEvents", SYSTEM_TENANT, "what happened to the node", self._new_call_id)
        await self._writer.write(call, time, changes)

    def _record(self, event: _Event, time: Timestamp) -> Record:
        node = self._node
        about = {"id": node.node_id, "service": node.service_name, "version": node.version, "commit": node.commit}
        content = _encode({"kind": event.kind, "node": about, "detail": event.detail}).decode()
        return Record(
            EVENTS,
            self._new_id(),
            event.kind.value,
            event.time,
            content,
            (node.node_id,),
            0,
            1,
            time,
            time,
            expire_time=later(event.time, _LIFE),
        )


def _collection(time: Timestamp) -> Collection:
    description = "What happened to the nodes of this service; written by them, and kept for thirty days."
    return Collection(EVENTS, "Events of nodes", description, 0, 1, time, time, retention=_RETENTION)
