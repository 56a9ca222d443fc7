"""The action log: one line for each call, however it ends, and nothing in it that is not for a log."""

import asyncio
from typing import Any

import msgspec
import pytest

from crud_service.chassis.action_log import ActionLine, action_log
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

    serve = action_log(lines.append, lambda: next(clock))(handler)
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

    task = asyncio.ensure_future(action_log(lines.append)(handler)(a_call(), None))
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

    await action_log(lines.append)(handler)(Call("GetCollection", "grpc"), None)
    assert lines[0].resource == "collections/late"
    assert lines[0].ms >= 0


async def test_empty_fields_are_not_printed() -> None:
    """A line has no field without a value."""
    lines: list[ActionLine] = []

    async def handler(call: Call, request: Any) -> Any:
        return None

    await action_log(lines.append)(handler)(Call("GetNodeInfo", "grpc"), None)
    printed = msgspec.json.decode(msgspec.json.encode(lines[0]))
    assert not printed.keys() & {"reason", "resource", "call_id", "trace_id"}


async def test_a_huge_resource_is_cut() -> None:
    """A resource as long as a request does not make a line as long."""
    lines: list[ActionLine] = []

    async def handler(call: Call, request: Any) -> Any:
        return None

    await action_log(lines.append)(handler)(Call("GetRecord", "grpc", resource="x" * 1_000_000), None)
    assert lines[0].resource == "x" * 512
