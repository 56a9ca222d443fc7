"""Bad input gets the same answer over both transports, and nothing of it is stored."""

import re
from collections import Counter
from dataclasses import dataclass

import pytest
import pytest_asyncio

from crud_service.bootstrap import Node
from tests.integration.parity.bad_requests import bad_requests
from tests.integration.parity.bad_values import bad_values
from tests.integration.parity.refusal import PARENT, Refusal
from tests.integration.parity.transports import Outcome, Transport

_IDS = re.compile(r'[0-9a-f]{32}|"[0-9a-f]+-[0-9a-f]{8}"')
CASES = [*bad_values(), *bad_requests()]


@dataclass
class Place:
    """A collection of the node with a live and a deleted record, and the last revision after they were made."""

    node: Node
    transports: list[Transport]
    revision: int


@pytest_asyncio.fixture(scope="session")
async def place(node: Node, transports: list[Transport]) -> Place:
    """The collection that the table of refusals speaks of."""
    sender = transports[0]
    for record_id in ("kept", "gone"):
        request = {"parent": PARENT, "record": {"name": "a", "tags": ["t"]}, "recordId": record_id}
        assert (await sender.call("CreateRecord", request)).ok
    assert (await sender.call("DeleteRecord", {"path": f"{PARENT}/records/gone"})).ok
    return Place(node, transports, await node.store.last_revision())


def test_titles_are_unique() -> None:
    """Each case of the table can be told apart by its title."""
    titles = Counter(case.title for case in CASES)
    assert [title for title, count in titles.items() if count > 1] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
async def test_refusal(place: Place, case: Refusal) -> None:
    """The request is refused with this kind, reason and field, in the same words, and the log has no new entry."""
    before = await place.node.store.last_revision()
    answers = [await _send(each, case) for each in place.transports if case.only in ("", each.name)]
    for transport, outcome in answers:
        assert (outcome.kind, outcome.reason) == (case.kind, case.reason), outcome
        field = outcome.violations[0][0] if outcome.violations else None
        assert field == case.field_on(transport), outcome
        assert all(each[0] == "" or each[2] for each in outcome.violations)
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
