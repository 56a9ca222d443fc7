"""The action log: one line for each call, however it ends, and nothing in it that is not for a log."""

import asyncio
from typing import Any

import msgspec
import pytest

from crud_service.chassis.action_log import ActionLine, ActionLog, LeftOutLine, Sampling
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.timestamp import parse


def a_call() -> Call:
    return Call(
        "UpdateRecord",
        "http",
        reason="a secret reason",
        call_id="call-1",
        trace_id="trace-1",
        principal="ann",
        resource="collections/notes/records/a",
    )


async def line_of(error: BaseException | None) -> ActionLine:
    """The one line of a call that took 12.3456 ms and ended with `error`, or with a reply if that is None."""
    lines: list[ActionLine] = []
    clock = iter([100.0, 100.0123456])

    async def handler(call: Call, request: Any) -> Any:
        assert not lines
        if error is not None:
            raise error
        return {"content": "a secret reply"}

    serve = ActionLog(lines.append, clock=lambda: next(clock))(handler)
    if error is None:
        assert await serve(a_call(), {"content": "a secret request"}) == {"content": "a secret reply"}
    else:
        with pytest.raises(type(error)) as caught:
            await serve(a_call(), {"content": "a secret request"})
        assert caught.value is error
    assert len(lines) == 1
    return lines[0]


async def test_a_reply() -> None:
    """A call that went well is one line: what, on what, by whom, how long, under which ids."""
    line = await line_of(None)
    assert (line.operation, line.transport, line.resource) == ("UpdateRecord", "http", "collections/notes/records/a")
    assert (line.outcome, line.reason, line.ms) == ("OK", "", 12.346)
    assert (line.principal, line.call_id, line.trace_id) == ("ann", "call-1", "trace-1")
    assert (line.level, line.event) == ("info", "call")
    assert len(line.time) == len("2026-01-31T12:00:00.000Z")
    assert parse(line.time)


async def test_an_answer() -> None:
    """An error that is an answer is logged with its kind and reason, and passed on."""
    line = await line_of(CrudError(Kind.ABORTED, Reason.ETAG_MISMATCH, "a secret message"))
    assert (line.outcome, line.reason, line.ms) == ("ABORTED", "ETAG_MISMATCH", 12.346)


async def test_a_fault() -> None:
    """Any other exception is logged as INTERNAL, without its text, and passed on."""
    line = await line_of(ValueError("a secret cause"))
    assert (line.outcome, line.reason) == ("INTERNAL", "")


async def test_a_cancelled_call() -> None:
    """A call whose caller has gone is logged as CANCELLED, and stays cancelled."""
    lines: list[ActionLine] = []
    running = asyncio.Event()

    async def handler(call: Call, request: Any) -> Any:
        running.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(ActionLog(lines.append)(handler)(a_call(), None))
    await running.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert [(line.outcome, line.reason) for line in lines] == [("CANCELLED", "")]


@pytest.mark.parametrize(
    "error", [None, CrudError(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "a secret message"), ValueError("a secret")]
)
async def test_no_content(error: Exception | None) -> None:
    """Neither the request, nor the reply, nor what an error says, nor the change's reason stands in a line."""
    assert b"secret" not in msgspec.json.encode(await line_of(error))


async def test_the_resource_that_was_decoded() -> None:
    """The line names the resource and the ids that became known while the call ran."""
    lines: list[ActionLine] = []

    async def handler(call: Call, request: Any) -> Any:
        call.resource = "collections/late"

    await ActionLog(lines.append)(handler)(Call("GetCollection", "grpc"), None)
    assert lines[0].resource == "collections/late"
    assert lines[0].ms >= 0


async def test_empty_fields_are_not_printed() -> None:
    """A line has no field without a value."""
    lines: list[ActionLine] = []

    async def handler(call: Call, request: Any) -> Any:
        return None

    await ActionLog(lines.append)(handler)(Call("GetNodeInfo", "grpc"), None)
    printed = msgspec.json.decode(msgspec.json.encode(lines[0]))
    assert not printed.keys() & {"reason", "resource", "call_id", "trace_id"}


async def test_a_huge_resource_is_cut() -> None:
    """A resource as long as a request does not make a line as long."""
    lines: list[ActionLine] = []

    async def handler(call: Call, request: Any) -> Any:
        return None

    await ActionLog(lines.append)(handler)(Call("GetRecord", "grpc", resource="x" * 1_000_000), None)
    assert lines[0].resource == "x" * 512


class Logged:
    """An action log around a handler that takes as long as the test says."""

    def __init__(self, first: int = 3, share: float = 0.25) -> None:
        self.now = 100.0
        self.lines: list[ActionLine | LeftOutLine] = []
        self.log = ActionLog(self.lines.append, Sampling(first, share, slow_seconds=1.0), lambda: self.now)
        self.serve = self.log(self.handle)

    async def handle(self, call: Call, request: Any) -> None:
        if isinstance(request, Exception):
            raise request
        self.now += request

    async def calls(self, count: int, seconds: float = 0.0) -> list[str]:
        """Make so many calls; the ids of those that have a line."""
        before = len(self.lines)
        for number in range(1, count + 1):
            await self.serve(Call("GetRecord", "http", call_id=str(number)), seconds)
        return [line.call_id for line in self.lines[before:] if isinstance(line, ActionLine)]

    @property
    def left_out(self) -> list[int]:
        return [line.calls for line in self.lines if isinstance(line, LeftOutLine)]


async def test_the_first_of_each_second_and_a_share_of_the_others() -> None:
    """Past the first ones of a second every fourth is logged, and with the next second it begins anew."""
    logged = Logged()
    assert await logged.calls(12) == ["1", "2", "3", "7", "11"]
    logged.now += 1.0
    assert await logged.calls(4) == ["1", "2", "3"]
    logged.log.close()
    assert logged.left_out == [7 + 1]


async def test_what_is_left_out_is_counted_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second after something was left out there is a line that says how much, though no other call comes."""
    monkeypatch.setattr("crud_service.chassis.action_log._WINDOW_SECONDS", 0.01)
    logged = Logged(first=0, share=0.0)
    said = asyncio.Event()
    append = logged.lines.append
    logged.log._emit = lambda line: (append(line), said.set())
    assert await logged.calls(5) == []
    await asyncio.wait_for(said.wait(), 10)
    assert logged.left_out == [5]
    assert msgspec.to_builtins(logged.lines[0]).keys() == {"time", "level", "event", "calls"}
    assert (logged.lines[0].event, logged.lines[0].level) == ("calls left out", "info")
    logged.log.close()
    assert logged.left_out == [5]


async def test_failed_and_slow_calls_are_never_left_out() -> None:
    """Whatever the load, what failed or took long has its line."""
    logged = Logged(first=0, share=0.0)
    errors: list[Exception] = [CrudError(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND, ""), ValueError()]
    for error in errors * 10:
        with pytest.raises(type(error)):
            await logged.serve(Call("GetRecord", "http"), error)
    assert len(logged.lines) == 20
    assert len(await logged.calls(10, seconds=1.001)) == 10
    assert await logged.calls(10, seconds=0.0) == []
    logged.log.close()


async def test_levels() -> None:
    """At `debug` nothing is left out; above `info` no call has a line, and a change counts from the next call on."""
    logged = Logged(first=0, share=0.0)
    logged.log.level = "debug"
    assert len(await logged.calls(10)) == 10
    for level in ("warning", "error"):
        logged.log.level = level
        assert await logged.calls(10, seconds=2.0) == []
        with pytest.raises(ValueError, match="odd"):
            await logged.serve(Call("GetRecord", "http"), ValueError("odd"))
    assert len(logged.lines) == 10
    logged.log.level = "info"
    assert len(await logged.calls(1, seconds=2.0)) == 1


async def test_everything_or_nothing_can_be_sampled() -> None:
    """A share of one leaves nothing out, one of nothing everything past the first."""
    assert len(await Logged(first=0, share=1.0).calls(20)) == 20
    logged = Logged(first=2, share=0.0)
    assert len(await logged.calls(20)) == 2
    logged.log.close()
    assert logged.left_out == [18]
