"""Reports: made at once, counted in memory, stored in the background at a bounded pace."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import Any

import pytest

from crud_service.chassis.reports import ErrorReports, ReportLimits, stack_lines
from crud_service.library.memory import MemoryStore
from crud_service.model.call import INTERNAL, Call
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.ports.background import run_alone
from crud_service.model.record import NodeInfo
from crud_service.model.reports import OCCURRENCES, ErrorReport, RecentCall, ReportQuery
from crud_service.model.requests import GetRecord
from crud_service.model.timestamp import Timestamp, from_unix


class Store(MemoryStore):
    """A store that can be away, or take its time, and counts what it is asked to keep."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.written = asyncio.Event()

    async def add_error_reports(self, reports: Sequence[ErrorReport], most: int) -> None:
        """Keep them, unless it is away."""
        self.writes += 1
        self.written.set()
        await self.gate.wait()
        if self.error:
            raise self.error
        await super().add_error_reports(reports, most)


class Node:
    """What makes reports, and what came of it."""

    def __init__(self, store: Store, **limits: Any) -> None:
        seconds = count(1_000)
        info = NodeInfo("node-1", "crud", "1.2", "c0ffee", (), "memory", from_unix(0))
        self.store = store
        self.lines: list[tuple[str, str, bool]] = []
        self.recent = (RecentCall(from_unix(1), "GetRecord", "collections/a", "OK", "call-0"),)
        limits = {"seconds": 0.0, "closing_seconds": 0.1} | limits
        self.reports = ErrorReports(
            store,
            info,
            lambda event, call, report, detailed: self.lines.append((event, report.id, detailed)),
            lambda call: self.recent,
            lambda: from_unix(next(seconds)),
            ReportLimits(**limits),
        )

    async def stored(self) -> tuple[ErrorReport, ...]:
        """What the store has now."""
        return await self.store.list_error_reports(ReportQuery())

    def fail(self, kind: str = "one", operation: str = "GetRecord", transport: str = "http") -> str:
        """Report a failure; those of one kind have one cause."""
        call = Call(
            operation, transport, call_id="call-1", trace_id="trace-1", principal="ann", resource="collections/a"
        )
        return self.reports.report(call, type(f"{kind.title()}Error", (Exception,), {})())

    async def settle(self) -> None:
        """Wait until nothing waits."""
        async with asyncio.timeout(5):
            while self.reports.measures.waiting:  # noqa: ASYNC110 - nobody is told when it is done
                await asyncio.sleep(0)


@pytest.fixture
async def store() -> AsyncIterator[Store]:
    """Open."""
    made = Store()
    await made.open()
    yield made
    await made.close()


async def test_a_report_is_stored_in_the_background(store) -> None:
    """Nothing is written while the call fails; then all of it is there, and the id finds it."""
    node = Node(store)
    node.reports.start(run_alone)
    report_id = node.fail()
    assert store.writes == 0
    assert node.reports.measures.waiting == 1
    await node.settle()
    report = await store.get_error_report(report_id)
    assert report is not None
    assert report.type.endswith(".OneError")
    assert (report.count, report.operation) == (1, "GetRecord")
    (occurrence,) = report.occurrences
    assert (occurrence.principal, occurrence.call_id, occurrence.trace_id) == ("ann", "call-1", "trace-1")
    assert (occurrence.node_id, occurrence.version, occurrence.commit) == ("node-1", "1.2", "c0ffee")
    assert occurrence.recent_calls == node.recent
    assert occurrence.time == report.first_seen_time == report.last_seen_time == from_unix(1_000)
    await node.reports.close()


async def test_a_storm_is_counted_in_memory(store) -> None:
    """A thousand failures of one cause: each is logged, the first few in detail, and all are one write."""
    node = Node(store)
    for _ in range(1_000):
        node.fail()
    node.fail("two")
    assert [detailed for _, _, detailed in node.lines[:-1]] == [True] * OCCURRENCES + [False] * (1_000 - OCCURRENCES)
    assert node.lines[-1][2]
    node.reports.start(run_alone)
    await node.settle()
    two, one = await node.stored()
    assert (one.count, two.count, store.writes) == (1_000, 1, 1)
    assert one.last_seen_time > one.occurrences[-1].time
    await node.reports.close()


async def test_writes_have_a_pace(store) -> None:
    """After a write the next one waits, however much happens meanwhile."""
    node = Node(store, seconds=3_600.0)
    node.reports.start(run_alone)
    node.fail()
    await node.settle()
    for _ in range(10):
        node.fail()
        await asyncio.sleep(0)
    assert store.writes == 1
    assert node.reports.measures.waiting == 1
    await node.reports.close()
    assert [report.count for report in await node.stored()] == [11]


async def test_a_store_that_is_away(store) -> None:
    """What cannot be stored waits, together with what comes meanwhile, and is stored once."""
    node = Node(store)
    store.error = CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "away")
    node.reports.start(run_alone)
    node.fail()
    async with asyncio.timeout(5):
        await store.written.wait()
    node.fail()
    node.fail("two")
    await asyncio.sleep(0)
    assert node.reports.measures.waiting == 2
    store.error = None
    await node.settle()
    assert sorted(report.count for report in await node.stored()) == [1, 2]
    assert len(node.lines) == 3
    await node.reports.close()


async def test_what_waits_is_bounded(store) -> None:
    """Of too many causes those seen longest ago are dropped, and counted; the log has them."""
    node = Node(store, waiting=3)
    for kind in ("a", "b", "c", "a", "d", "e"):
        node.fail(kind)
    measures = node.reports.measures
    assert (measures.waiting, measures.dropped) == (3, 2)
    assert len(node.lines) == 6
    node.reports.start(run_alone)
    await node.settle()
    assert [report.type.rpartition(".")[2] for report in await node.stored()] == ["EError", "DError", "AError"]
    await node.reports.close()


async def test_too_many_during_a_write_that_fails(store) -> None:
    """What was under way counts as waiting again."""
    node = Node(store, waiting=2)
    store.error = OSError()
    store.gate.clear()
    node.reports.start(run_alone)
    node.fail("a")
    async with asyncio.timeout(5):
        await store.written.wait()
    node.fail("b")
    node.fail("c")
    store.gate.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (node.reports.measures.waiting, node.reports.measures.dropped) == (2, 1)
    await node.reports.close()


async def test_closing_stores_what_waits(store) -> None:
    """What is under way is finished and not written twice; closing twice does nothing."""
    node = Node(store)
    store.gate.clear()
    node.reports.start(run_alone)
    node.fail()
    async with asyncio.timeout(5):
        await store.written.wait()
    node.fail()
    closing = asyncio.create_task(node.reports.close())
    await asyncio.sleep(0)
    store.gate.set()
    await closing
    await node.reports.close()
    assert [report.count for report in await node.stored()] == [2]


async def test_closing_waits_for_what_is_under_way(store) -> None:
    """A write that has begun is not cut off, though nothing else waits."""
    node = Node(store)
    store.gate.clear()
    node.reports.start(run_alone)
    node.fail()
    async with asyncio.timeout(5):
        await store.written.wait()
    closing = asyncio.create_task(node.reports.close())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    store.gate.set()
    await closing
    assert [report.count for report in await node.stored()] == [1]


async def test_closing_waits_for_no_store(store) -> None:
    """One that hangs keeps no node from stopping."""
    node = Node(store, closing_seconds=0.01)
    store.gate.clear()
    node.reports.start(run_alone)
    node.fail()
    async with asyncio.timeout(5):
        await node.reports.close()
    assert await node.stored() == ()


async def test_failures_are_counted_by_class(store) -> None:
    """Calls by what they do, the node's own work apart."""
    node = Node(store)
    for operation in ("GetRecord", "ListRecords", "CreateRecord", "TransactRecords", "CreateRecord"):
        node.fail(operation=operation)
    node.fail(operation="Maintenance", transport=INTERNAL)
    assert node.reports.measures.failures == {"read": 1, "list": 1, "write": 2, "batch": 1, "background": 1}


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (ValueError("x"), True),
        (CrudError(Kind.INTERNAL, Reason.INTERNAL, "x"), True),
        (CrudError(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND, "x"), False),
    ],
)
async def test_what_fails_leaves_a_description_of_its_request(store, error, described) -> None:
    """An answer does not, so that it costs nothing."""

    async def failing(call: Call, request: Any) -> Any:
        raise error

    call = Call("GetRecord", "http")
    with pytest.raises(type(error)):
        await Node(store).reports.describing(failing)(call, GetRecord("collections/a/records/b"))
    assert [each.field for each in call.input] == (["path"] if described else [])


async def test_what_goes_well_passes(store) -> None:
    """The reply is the handler's."""

    async def handler(call: Call, request: Any) -> Any:
        return request

    assert await Node(store).reports.describing(handler)(Call("GetRecord", "http"), "reply") == "reply"


async def test_the_stack_for_a_log(store) -> None:
    """The calls, then what was raised, then what caused it."""
    node = Node(store)
    told: list[ErrorReport] = []
    node.reports._log = lambda event, call, report, detailed: told.append(report)
    try:
        try:
            int("a")
        except ValueError as cause:
            raise KeyError("b") from cause
    except KeyError as error:
        node.reports.report(Call("GetRecord", "http"), error)
    *_, raised, cause_ = stack_lines(told[0])
    assert raised.startswith("KeyError: ")
    assert cause_.startswith("caused by ValueError: invalid literal")
    assert Timestamp(told[0].first_seen_time) == from_unix(1_000)
