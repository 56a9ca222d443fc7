"""The ids of a call: its own, and those of the trace it belongs to."""

from typing import Any

import pytest

from crud_service.chassis.call_context import call_context
from crud_service.model.call import Call

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"


async def trace_of(traceparent: str) -> str:
    """The trace id that a call with this header gets; `new` if one was made for it."""

    async def handler(call: Call, request: Any) -> Any:
        return call.trace_id

    trace: str = await call_context(lambda: "call", lambda: "new")(handler)(
        Call("GetRecord", "grpc", traceparent), None
    )
    return trace


@pytest.mark.parametrize(
    "traceparent",
    [
        f"00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-00",
        f"00-{TRACE}-{SPAN}-ff",
        f"01-{TRACE}-{SPAN}-01",
        f"fe-{TRACE}-{SPAN}-01-what the future brings",
        f"01-{TRACE}-{SPAN}-01-",
    ],
)
async def test_a_trace_goes_on(traceparent: str) -> None:
    """A well-formed traceparent, of this version or a later one, gives its trace id."""
    assert await trace_of(traceparent) == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}a-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"01-{TRACE}-{SPAN}-01more",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"01-{TRACE}-{SPAN}-01-a\nb",
        f"00_{TRACE}_{SPAN}_01",
        f"0-{TRACE}-{SPAN}-01",
        f"00-{TRACE[:-1]}g-{SPAN}-01",
        "\udcff" * 55,
        "0" * 100_000,
    ],
)
async def test_a_broken_traceparent_starts_a_new_trace(traceparent: str) -> None:
    """A header that W3C Trace Context forbids is as good as none, and never an error."""
    assert await trace_of(traceparent) == "new"


async def test_every_call_has_its_own_id() -> None:
    """Each call gets the next call id before the handler runs, whatever the transport left there."""
    ids = iter(["first", "second"])

    async def handler(call: Call, request: Any) -> Any:
        return call.call_id

    serve = call_context(lambda: next(ids), lambda: "new")(handler)
    assert await serve(Call("GetRecord", "grpc", call_id="forged"), None) == "first"
    assert await serve(Call("GetRecord", "grpc"), None) == "second"
