"""A store seen in traces: the same store, with spans for the calls that are recorded."""

import contextlib
import inspect

import pytest

from crud_service.chassis.recorded_span import server_span
from crud_service.chassis.traced_store import TRACED, traced_store
from crud_service.library.memory import MemoryStore
from crud_service.model.call import Call
from crud_service.model.errors import CrudError
from crud_service.model.ports.change_log import ChangeLog
from crud_service.model.ports.record_store import ConditionFailed, RecordStore
from crud_service.model.ports.tracer import SpanData, SpanKind, current_span
from crud_service.model.query import RecordQuery
from crud_service.model.record import RecordKey
from crud_service.testing.mutations import create, mutation, record

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# What is the node's own work, or waits for somebody else.
NOT_TRACED = {
    "open",
    "close",
    "last_revision",
    "probe_write",
    "wait_log",
    "forget_requests",
    "expired_records",
    "purgeable_records",
    "fill_index",
    "log_floor",
    "logged_collections",
    "compact_log",
}


async def recorded(store: RecordStore, method: str, *arguments: object, **named: object) -> list[SpanData]:
    """The spans of one call of a method, but for that of the call; a refusal is fine."""
    ended: list[SpanData] = []
    call = Call("GetRecord", "http", trace_id=TRACE)
    with server_span(call, ended.append), contextlib.suppress(CrudError, ConditionFailed):
        await getattr(traced_store(store), method)(*arguments, **named)
    return ended[:-1]


@pytest.fixture
async def store() -> MemoryStore:
    """An open store with one record."""
    opened = MemoryStore()
    await opened.open()
    await opened.commit(mutation(create(record())))
    return opened


async def test_work_for_a_call_has_a_span(store: MemoryStore) -> None:
    """What a call waits for is a span of its own, with the store's kind and the method, and tells no more."""
    (span,) = await recorded(store, "get_record", RecordKey("", "notes", "r1"))
    assert (span.name, span.kind, span.problem) == ("store.get_record", SpanKind.CLIENT, "")
    assert span.attributes == {"db.system.name": "memory", "db.operation.name": "get_record"}
    (span,) = await recorded(store, "list_records", RecordQuery("", "notes"))
    assert span.attributes["db.response.returned_rows"] == 1
    (span,) = await recorded(store, "count_records", RecordQuery("", "notes"), estimate=False)
    assert span.name == "store.count_records"


async def test_a_refusal_is_no_fault_of_the_store(store: MemoryStore) -> None:
    """A lost condition is an answer; a store that cannot be used is a fault."""
    (span,) = await recorded(store, "commit", mutation(create(record())))
    assert (span.name, span.problem) == ("store.commit", "")
    await store.close()
    (span,) = await recorded(store, "commit", mutation(create(record())))
    assert span.problem == "SHUTTING_DOWN"


async def test_without_a_span_it_is_the_store_itself(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work for nobody, or for a call that is not recorded, goes to the store without anything between."""
    asked: list[object] = []

    async def get_record(key: RecordKey) -> None:
        asked.append(key)

    monkeypatch.setattr(store, "get_record", get_record)
    answer = traced_store(store).get_record(RecordKey("", "notes", "r1"))
    assert inspect.iscoroutine(answer)
    assert answer.cr_code is get_record.__code__
    await answer
    assert asked == [RecordKey("", "notes", "r1")]
    assert current_span().is_recorded is False


async def test_everything_else_is_the_stores_own(store: MemoryStore) -> None:
    """What is no call's work, and what is no part of the port, is there as before."""
    traced = traced_store(store)
    assert traced.kind == "memory"
    assert await traced.last_revision() == 1
    assert await recorded(store, "last_revision") == []


def test_every_method_of_the_port_is_thought_of() -> None:
    """A method of the port is either seen in traces or known not to be."""
    methods = {
        name
        for name, found in {**vars(ChangeLog), **vars(RecordStore)}.items()
        if inspect.isfunction(found) and name[0] != "_"
    }
    assert set(TRACED) | NOT_TRACED == methods
    assert set(TRACED) & NOT_TRACED == set()
