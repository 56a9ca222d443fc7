"""Measuring calls: each call counts once, however it ends, and only what is known is counted."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from crud_service.chassis.metrics import metrics, operation_class
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason


class FakeMeter:
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...] | tuple[str, str, float]] = []

    def begin(self) -> None:
        self.told.append(("begin",))

    def end(self, code: str, reason: str, seconds: float) -> None:
        self.told.append((code, reason, seconds))


def ticking(*times: float) -> Callable[[], float]:
    clock = iter(times)
    return lambda: next(clock)


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (None, "OK", ""),
        *((CrudError(kind, Reason.INVALID_FIELD, ""), kind.value, "INVALID_FIELD") for kind in Kind),
        (ValueError("planted"), "INTERNAL", "INTERNAL"),
        (RecursionError(), "INTERNAL", "INTERNAL"),
    ],
)
async def test_every_outcome_counts_once(error: Exception | None, code: str, reason: str) -> None:
    """A reply, an answer of each kind and a fault are each one begin and one end, and pass on as they are."""
    meter = FakeMeter()

    async def handler(call: Call, request: Any) -> Any:
        assert meter.told == [("begin",)]
        if error is not None:
            raise error
        return request

    serve = metrics({("GetRecord", "http"): meter}, ticking(10.0, 10.25))(handler)
    if error is None:
        assert await serve(Call("GetRecord", "http"), "reply") == "reply"
    else:
        with pytest.raises(type(error)) as caught:
            await serve(Call("GetRecord", "http"), "request")
        assert caught.value is error
    assert meter.told == [("begin",), (code, reason, 0.25)]


async def test_a_cancelled_call_counts_once() -> None:
    """A call whose caller has gone ends as CANCELLED, without a reason, and stays cancelled."""
    meter, running = FakeMeter(), asyncio.Event()

    async def handler(call: Call, request: Any) -> Any:
        running.set()
        await asyncio.Event().wait()

    serve = metrics({("GetRecord", "grpc"): meter}, ticking(1.0, 3.0))(handler)
    task = asyncio.ensure_future(serve(Call("GetRecord", "grpc"), None))
    await running.wait()
    assert meter.told == [("begin",)]
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert meter.told == [("begin",), ("CANCELLED", "", 2.0)]


@pytest.mark.parametrize("call", [Call("MadeUp", "http"), Call("GetRecord", "telnet")])
async def test_what_is_not_known_is_served_and_not_measured(call: Call) -> None:
    """An operation or transport without a meter makes no other one, and is served all the same."""
    meter = FakeMeter()
    meters = {("GetRecord", "http"): meter}

    async def handler(call: Call, request: Any) -> Any:
        return request

    assert await metrics(meters)(handler)(call, "reply") == "reply"
    assert (meter.told, list(meters)) == ([], [("GetRecord", "http")])


async def test_operations_and_transports_are_told_apart() -> None:
    """A call counts with the meter of its own operation and transport, also when handlers share the middleware."""
    meters = {(name, transport): FakeMeter() for name in ("GetRecord", "ListRecords") for transport in ("http", "grpc")}

    async def handler(call: Call, request: Any) -> Any:
        return request

    await metrics(meters)(handler)(Call("ListRecords", "grpc"), None)
    assert [key for key, meter in meters.items() if meter.told] == [("ListRecords", "grpc")]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("GetRecord", "read"),
        ("GetNodeInfo", "read"),
        ("ListCollections", "list"),
        ("CountRecords", "list"),
        ("UpdateRecord", "write"),
        ("RollbackRecord", "write"),
        ("DiffRecord", "read"),
        ("ListRecordRevisions", "list"),
        ("WatchRecords", "stream"),
        ("ListChanges", "stream"),
        ("ImportRecords", "stream"),
        ("ExportRecords", "stream"),
        ("PurgeRecord", "write"),
        ("BatchGetRecords", "batch"),
        ("TransactRecords", "batch"),
        ("ToBeInvented", "write"),
    ],
)
def test_operations_have_a_class(operation: str, expected: str) -> None:
    """What takes about as long as another one is of the same class; whatever is new is one of the four."""
    assert operation_class(operation) == expected
