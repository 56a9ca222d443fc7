"""Where a change comes from: the log keeps reason, trace, call and code version, the same over both transports."""

import pytest

from crud_service.bootstrap import Node
from crud_service.library.code_version import version
from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client, read_whole_log
from tests.integration.parity.transports import Transport

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
REASONS = ["ticket 42", "a" * 512, "Grüße, 名前 🙂", "é" * 512, '{"fake": "json"}', "a,b; c=d"]


@pytest.mark.parametrize("reason", REASONS)
async def test_reason(parity: Parity, reason: str) -> None:
    """The reason of every kind of change is in its entries, whatever its language, to the limit of 512 characters."""

    async def scenario(client: Client) -> None:
        fields = {"collection": {"id": client.collection}}
        await client.call("CreateCollection", fields, reason=reason)
        await client.create({}, "one", reason=reason)
        await client.update("one", {"name": "b"}, reason=reason)
        await client.delete("one", reason=reason)
        await client.call("UpdateCollection", {"collection": {"path": client.parent, "name": "c"}}, reason=reason)
        await client.call("DeleteCollection", {"path": client.parent}, reason=reason)

    trace = await parity(scenario)
    assert [change["reason"] for change in trace.log] == [reason] * 6


async def test_reason_of_one_call_only(parity: Parity) -> None:
    """A reason belongs to its call: the next one without a reason has none, also on the same connection."""

    async def scenario(client: Client) -> None:
        await client.create({}, "one", reason="first")
        await client.create({}, "two")

    trace = await parity(scenario)
    assert [change["reason"] for change in trace.log] == ["first", "first", ""]


async def test_trace(transports: list[Transport], node: Node) -> None:
    """A change made with a traceparent has its trace id, the call id that its caller got, and the code version."""
    for transport in transports:
        before = await node.store.last_revision()
        request = {"parent": "collections/traced", "record": {}}
        outcome = await transport.call("CreateRecord", request, reason="audit", traceparent=TRACEPARENT)
        assert outcome.trace_id == TRACE
        change = (await read_whole_log(node, before))[-1]
        assert change.trace_id == TRACE
        assert change.call_id == outcome.call_id
        assert change.reason == "audit"
        assert change.code_version.split("+")[0] == version()


async def test_trace_of_an_error(transports: list[Transport]) -> None:
    """An error says its ids too, in its details and beside them, and each call has another id."""
    path = {"path": "collections/traced/records/nobody"}
    outcomes = [await each.call("GetRecord", path, traceparent=TRACEPARENT) for each in transports for _ in range(2)]
    for outcome in outcomes:
        assert outcome.trace_id == outcome.metadata["traceId"] == TRACE
        assert outcome.call_id == outcome.metadata["callId"]
    assert len({outcome.call_id for outcome in outcomes}) == 4


BAD_TRACEPARENTS = [
    "nonsense",
    "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
    f"00-{TRACE}-" + "0" * 16 + "-01",
    f"ff-{TRACE}-00f067aa0ba902b7-01",
    f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
    f"00-{TRACE}-00f067aa0ba902b7",
    "x" * 4_000,
]


@pytest.mark.parametrize("traceparent", BAD_TRACEPARENTS)
async def test_bad_traceparent(transports: list[Transport], traceparent: str) -> None:
    """A traceparent that is not well-formed starts a new trace and is no error."""
    for transport in transports:
        outcome = await transport.call("ListCollections", {}, traceparent=traceparent)
        assert outcome.ok
        assert outcome.trace_id.lower() != TRACE
