"""Bad input gets the same answer over both transports, and nothing of it is stored."""

import re
from collections import Counter
from dataclasses import dataclass

import pytest
import pytest_asyncio

from crud_service.bootstrap import Node
from tests.integration.parity.bad_history import bad_history
from tests.integration.parity.bad_queries import bad_queries
from tests.integration.parity.bad_requests import bad_requests
from tests.integration.parity.bad_shapes import bad_shapes
from tests.integration.parity.bad_streams import bad_streams
from tests.integration.parity.bad_system import bad_system
from tests.integration.parity.bad_values import bad_values
from tests.integration.parity.bad_writes import bad_writes
from tests.integration.parity.refusal import CONTENT, PARENT, Refusal
from tests.integration.parity.transports import Outcome, Transport

_IDS = re.compile(r'[0-9a-f]{32}|"[0-9a-f]+-[0-9a-f]{8}"')
TABLES = {
    "values": bad_values,
    "requests": bad_requests,
    "queries": bad_queries,
    "writes": bad_writes,
    "shapes": bad_shapes,
    "history": bad_history,
    "streams": bad_streams,
    "system": bad_system,
}


@dataclass
class Place:
    """A node with a collection that holds a live and a deleted record, and the ways to it."""

    node: Node
    transports: list[Transport]


@pytest_asyncio.fixture(scope="session")
async def place(node: Node, transports: list[Transport]) -> Place:
    """The collection that the table of refusals speaks of."""
    sender = transports[0]
    for record_id in ("kept", "gone"):
        request = {"parent": PARENT, "record": {"name": "a", "tags": ["t"], "content": CONTENT}, "recordId": record_id}
        assert (await sender.call("CreateRecord", request)).ok
    assert (await sender.call("DeleteRecord", {"path": f"{PARENT}/records/gone"})).ok
    return Place(node, transports)


def test_titles_are_unique() -> None:
    """Each case of the tables can be told apart by its title."""
    titles = Counter(case.title for table in TABLES.values() for case in table())
    assert [title for title, count in titles.items() if count > 1] == []


@pytest.mark.parametrize("table", TABLES)
async def test_refusals(place: Place, table: str) -> None:
    """Each request is refused with its kind, reason and field, in the same words, and the log has no new entry."""
    problems, before = [], await place.node.store.last_revision()
    for case in TABLES[table]():
        try:
            await _check(place, case, before)
        except AssertionError as problem:
            problems.append(f"{case.title}: {problem}")
    assert problems == []


async def _check(place: Place, case: Refusal, before: int) -> None:
    answers = [await _send(each, case) for each in place.transports if case.only in ("", each.name)]
    for transport, outcome in answers:
        assert (outcome.kind, outcome.reason) == (case.kind, case.reason), outcome
        field = outcome.violations[0][0] if outcome.violations else None
        assert field == case.field_on(transport), outcome
        assert all(each[0] == "" or each[2] for each in outcome.violations)
        assert case.says in outcome.message, outcome
        assert len(outcome.message) < 2_000
    assert await place.node.store.last_revision() == before
    if case.same_text:
        (_, over_grpc), (_, over_http) = answers
        assert _comparable(over_grpc) == _comparable(over_http)


async def _send(transport: Transport, case: Refusal) -> tuple[str, Outcome]:
    if case.raw is not None:
        return transport.name, await transport.call_raw(case.operation, case.request, case.raw)
    return transport.name, await transport.call(case.operation, case.request, reason=case.change_reason)


def _comparable(outcome: Outcome) -> tuple[object, ...]:
    metadata = {name: _IDS.sub("...", value) for name, value in outcome.metadata.items()}
    return outcome.kind, outcome.reason, _IDS.sub("...", outcome.message), outcome.violations, metadata
