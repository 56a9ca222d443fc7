"""Events of a node: records of a collection of the service, written in the background."""

import asyncio
from itertools import count
from typing import Any

import pytest

from crud_service.logic.maintenance import HistoryKept, Maintenance
from crud_service.logic.node_events import NodeEvents
from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.events import EVENTS, EventKind, no_events
from crud_service.model.ports.background import run_alone
from crud_service.model.query import RecordQuery
from crud_service.model.record import SYSTEM_TENANT, CollectionKey, NodeInfo, Record, RecordKey
from crud_service.model.timestamp import from_unix
from tests.unit.logic.conftest import Service
from tests.unit.logic.stores import Around, Interrupted


class Away(Around):
    """A store that takes no commit as long as it is away."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.away = True
        self.tried = asyncio.Event()

    async def commit(self, mutation: Any) -> Any:
        """Commit, unless it is away."""
        self.tried.set()
        if self.away:
            raise CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "away")
        return await self.store.commit(mutation)


class Events:
    """Events over a store, and what they told the operator."""

    def __init__(self, store: Any, node: str = "node-1") -> None:
        self.service = Service(store)
        self.told: list[str] = []
        ids = count(1)
        self.events = NodeEvents(
            store,
            self.service.writer,
            NodeInfo(node, "crud", "1.2", "c0ffee", (), "memory", from_unix(0)),
            new_id=lambda: f"{node}-event-{next(ids)}",
            new_call_id=lambda: "call-1",
            report=lambda message, error: self.told.append(message),
            retry_seconds=0.0,
        )
        self.store = store

    async def written(self, least: int = 0) -> list[Record]:
        """The records, once there are so many."""
        query = RecordQuery(SYSTEM_TENANT, EVENTS, limit=1_000)
        async with asyncio.timeout(5):
            # Nobody is told when they are written.
            while len(found := (await self.store.list_records(query)).records) < least:  # noqa: ASYNC110
                await asyncio.sleep(0)
        return list(found)


async def test_an_event_is_a_record(store) -> None:
    """It says what happened when to which node, expires after thirty days, and is in the log as the system's."""
    made = Events(store)
    made.events.start(run_alone)
    made.events.emit(EventKind.SETTING_CHANGED, {"setting": "log_level", "from": "info", "to": "debug"})
    (record,) = await made.written(1)
    assert record.name == "SETTING_CHANGED"
    assert record.content == (
        '{"kind":"SETTING_CHANGED","node":{"id":"node-1","service":"crud","version":"1.2","commit":"c0ffee"},'
        '"detail":{"setting":"log_level","from":"info","to":"debug"}}'
    )
    assert record.tags == ("node-1",)
    assert record.expire_time is not None
    assert record.expire_time[:10] == "2027-02-14"
    assert record.date[:10] == "2027-01-15"
    collection = await store.get_collection(CollectionKey(SYSTEM_TENANT, EVENTS))
    assert collection is not None
    assert collection.retention == 86_400_000_000_000
    changes = await store.read_log(0, 10)
    assert [(change.kind, change.actor) for change in changes] == [
        (ChangeKind.COLLECTION_CREATED, "system"),
        (ChangeKind.RECORD_CREATED, "system"),
    ]
    await made.events.close()


async def test_clients_read_events_and_nothing_else_of_them(store) -> None:
    """They get, list and count them, in a collection that neither lists of collections nor of all records show."""
    made = Events(store)
    made.events.emit(EventKind.NODE_STARTED, {})
    made.events.start(run_alone)
    (record,) = await made.written(1)
    service = made.service
    assert await service.do(requests.GetRecord(record.path)) == record
    assert (await service.do(requests.ListRecords(f"collections/{EVENTS}"))).records == (record,)
    assert (await service.do(requests.CountRecords(f"collections/{EVENTS}"))).count == 1
    assert (await service.do(requests.GetCollection(f"collections/{EVENTS}"))).id == EVENTS
    assert (await service.do(requests.BatchGetRecords("collections/-", (record.path,)))).records == (record,)
    step = requests.RecordOperation(get=requests.GetRecord(record.path))
    assert (await service.do(requests.TransactRecords(then=(step,)))).results[0].record == record
    assert (await service.do(requests.ListCollections())).collections == ()
    assert (await service.do(requests.ListRecords("collections/-"))).records == ()
    assert (await service.do(requests.CountRecords("collections/-"))).count == 0
    with pytest.raises(CrudError) as refused:
        await service.do(requests.CreateCollection(collection_id=EVENTS))
    assert refused.value.reason is Reason.SYSTEM_COLLECTION
    await made.events.close()


async def test_events_go_when_their_time_is_over(store) -> None:
    """After thirty days they are deleted, and a day later they are gone, also from the states of the log."""
    made = Events(store)
    made.events.emit(EventKind.NODE_STARTED, {})
    made.events.start(run_alone)
    (record,) = await made.written(1)
    await made.events.close()
    service = made.service
    maintenance = Maintenance(
        store,
        service.writer,
        interval=1.0,
        history=HistoryKept(0, 0, 0),
        new_call_id=lambda: "sweep",
        report=lambda message, error: made.told.append(message),
        monotonic=lambda: float(service._next),
    )
    for days in (31, 2):
        service.advance(days * 86_400)
        await maintenance.sweep()
    assert await store.get_record(RecordKey(SYSTEM_TENANT, EVENTS, record.id)) is None
    assert made.told == []
    states = [change.state for change in await store.read_log(0, 100) if change.id]
    assert set(states) == {""}


async def test_a_stop_is_the_last_event(store) -> None:
    """A node that had started leaves a stop in the log, written when it is closed; closing twice does nothing."""
    made = Events(store)
    made.events.emit(EventKind.NODE_STARTED, {})
    made.events.start(run_alone)
    await made.written(1)
    await made.events.close()
    await made.events.close()
    assert [record.name for record in await made.written()] == ["NODE_STARTED", "NODE_STOPPED"]


async def test_a_node_that_never_started(store) -> None:
    """It has not stopped either."""
    made = Events(store)
    made.events.start(run_alone)
    await made.events.close()
    assert await made.written() == []


async def test_events_that_came_together_are_one_mutation(store) -> None:
    """In their order, under one revision."""
    made = Events(store)
    for kind in (EventKind.NODE_STARTED, EventKind.NODE_DRAINING):
        made.events.emit(kind, {})
    made.events.start(run_alone)
    records = await made.written(2)
    assert [record.name for record in records] == ["NODE_STARTED", "NODE_DRAINING"]
    assert {record.revision for record in records} == {1}
    await made.events.close()


async def test_a_store_that_is_away(store) -> None:
    """Events wait for it; it is told once, and none is lost or written twice."""
    away = Away(store)
    made = Events(away)
    made.events.emit(EventKind.NODE_STARTED, {})
    made.events.start(run_alone)
    for _ in range(3):
        async with asyncio.timeout(5):
            await away.tried.wait()
        away.tried.clear()
    made.events.emit(EventKind.NODE_DRAINING, {})
    away.away = False
    assert [record.name for record in await made.written(2)] == ["NODE_STARTED", "NODE_DRAINING"]
    assert made.told == ["events of the node cannot be written, and wait"]
    await made.events.close()


async def test_a_store_that_stays_away_keeps_nobody(store) -> None:
    """A node that stops does not wait for it, and does not fail."""
    made = Events(Away(store))
    made.events.emit(EventKind.NODE_STARTED, {})
    made.events.start(run_alone)
    async with asyncio.timeout(5):
        await made.events.close()


async def test_what_waits_is_bounded(store) -> None:
    """While nothing can be written, the last 256 events wait."""
    made = Events(store)
    for number in range(300):
        made.events.emit(EventKind.BREAKER_CHANGED, {"number": str(number)})
    made.events.start(run_alone)
    records = await made.written(256)
    assert len(records) == 256
    assert '"number":"44"' in records[0].content
    await made.events.close()


async def test_another_node_makes_the_collection_at_the_same_time(store) -> None:
    """Both write their events, and there is one collection."""
    other = Events(store, "node-2")

    async def first() -> None:
        other.events.emit(EventKind.NODE_STARTED, {})
        other.events.start(run_alone)
        await other.written(1)

    made = Events(Interrupted(store, first))
    made.events.emit(EventKind.NODE_STARTED, {})
    made.events.start(run_alone)
    assert {record.tags for record in await made.written(2)} == {("node-1",), ("node-2",)}
    assert made.told == []
    await made.events.close()
    await other.events.close()


@pytest.mark.parametrize("kind", EventKind)
def test_without_events_nothing_happens(kind) -> None:
    """The emit that stands in for them takes every kind."""
    no_events(kind, {})
