"""Maintenance of a node whose clocks stand still unless a test moves them."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from crud_service.library.memory import MemoryStore
from crud_service.logic.maintenance import HistoryKept, Maintenance
from crud_service.logic.writer import Writer
from crud_service.model.change import Change
from crud_service.model.duration import SECOND
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import NoHooks
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.record import Record, RecordKey
from crud_service.model.timestamp import Timestamp, from_unix
from crud_service.testing.mutations import create, mutation, record

START = 1_800_000_000
DAY = 86_400
KEPT = HistoryKept(age=30 * DAY * SECOND, entries=0, protected=DAY * SECOND)
"""What the node keeps: 30 days of history, and a day whatever a collection says."""


class Clocks:
    """A wall clock that can be set, and a monotonic one that only goes on."""

    def __init__(self) -> None:
        self.wall = START
        self.seconds = 1_000.0

    def now(self) -> Timestamp:
        return from_unix(self.wall)

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: int) -> None:
        """Let time pass, on both clocks."""
        self.wall += seconds
        self.seconds += seconds


class Node:
    """Maintenance over a store, and what it told the operator."""

    def __init__(self, store: RecordStore, hooks: Any, clocks: Clocks) -> None:
        self.store = store
        self.clocks = clocks
        self.told: list[str] = []
        self.causes: list[Exception | None] = []
        self.writer = Writer(store, hooks, Limits(), clock=clocks.now, code_version="1.2.3", create_collections=True)
        ids = count(1)
        self.maintenance = Maintenance(
            store,
            self.writer,
            interval=1_000.0,
            history=KEPT,
            new_call_id=lambda: f"sweep-{next(ids)}",
            report=self._report,
            monotonic=clocks.monotonic,
        )

    def _report(self, message: str, error: Exception | None) -> None:
        self.told.append(message)
        self.causes.append(error)

    async def entries(self, after: int = 0) -> tuple[Change, ...]:
        """What stands in the log."""
        return await self.store.read_log(after, 10_000)

    async def put(self, *record_ids: str, tenant: str = "", collection: str = "notes", **fields: Any) -> list[Record]:
        """Store records of these fields, due now unless they say otherwise."""
        fields = {"expire_time": self.clocks.now()} | fields
        writes = [create(record(record_id, collection, **fields)) for record_id in record_ids]
        committed = await self.store.commit(mutation(*writes, tenant=tenant))
        return list(committed.states)  # type: ignore[arg-type]

    async def get(self, record_id: str, tenant: str = "", collection: str = "notes") -> Record | None:
        """A record's last state."""
        return await self.store.get_record(RecordKey(tenant, collection, record_id))


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def node_of(store: MemoryStore, clocks: Clocks) -> Callable[..., Node]:
    """Makes a node over the store, or one around it, with hooks of its own."""
    return lambda over=None, hooks=None: Node(over or store, hooks or NoHooks(), clocks)


@pytest.fixture
def node(node_of: Callable[..., Node]) -> Node:
    return node_of()
