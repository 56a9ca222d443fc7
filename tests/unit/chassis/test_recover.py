"""The last line of defence: what may reach the caller, and what is reported."""

import asyncio
from typing import Any

import pytest

from crud_service.chassis.recover import recover
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason

CALL = Call("GetRecord", "grpc")


class Reports:
    """Keeps what is reported under the id `report-N`."""

    def __init__(self) -> None:
        self.kept: list[tuple[Call, Exception]] = []

    def __call__(self, call: Call, error: Exception) -> str:
        self.kept.append((call, error))
        return f"report-{len(self.kept)}"


async def run(reports: Reports, error: BaseException | None) -> Any:
    async def handler(call: Call, request: Any) -> Any:
        if error is not None:
            raise error
        return request

    return await recover(reports)(handler)(CALL, "reply")


async def test_a_reply_passes() -> None:
    """What goes well is returned and not reported."""
    reports = Reports()
    assert await run(reports, None) == "reply"
    assert reports.kept == []


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.INTERNAL])
async def test_an_answer_passes(kind: Kind) -> None:
    """An error that is an answer reaches the caller as it is, and is no fault to report."""
    reports, answer = Reports(), CrudError(kind, Reason.INVALID_FIELD, "as it is")
    with pytest.raises(CrudError) as caught:
        await run(reports, answer)
    assert caught.value is answer
    assert reports.kept == []


@pytest.mark.parametrize(
    "fault",
    [
        ValueError("SELECT secret FROM table"),
        KeyError("secret"),
        RecursionError("secret"),
        MemoryError("secret"),
        CrudError(Kind.INTERNAL, Reason.INTERNAL, "secret"),
    ],
)
async def test_a_fault_becomes_internal(fault: Exception) -> None:
    """A fault is reported once, and the caller learns the report's id but nothing of the cause."""
    reports = Reports()
    with pytest.raises(CrudError) as caught:
        await run(reports, fault)
    error = caught.value
    assert (error.kind, error.reason) == (Kind.INTERNAL, Reason.INTERNAL)
    assert error.metadata == {"report": "report-1"}
    assert "report-1" in error.message
    assert "secret" not in repr((error.message, error.metadata, error.violations))
    assert error.__cause__ is fault
    assert reports.kept == [(CALL, fault)]


@pytest.mark.parametrize("end", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(1)])
async def test_an_end_is_no_fault(end: BaseException) -> None:
    """A cancelled call, and the end of the process, pass unreported."""
    reports = Reports()

    async def handler(call: Call, request: Any) -> Any:
        raise end

    recovering = recover(reports)(handler)(CALL, None)
    with pytest.raises(type(end)):
        recovering.send(None)  # type: ignore[attr-defined] # an event loop would take the process down with it
    assert reports.kept == []
