"""Whatever is written, and wherever readers stop and resume: what they are told equals the log."""

import asyncio
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crud_service.library.memory import MemoryStore
from crud_service.logic.changes import log_tail
from crud_service.model import requests
from crud_service.model.change import Change
from crud_service.model.errors import CrudError
from tests.unit.logic.conftest import Service, call

NOTES, OTHER = "collections/notes", "collections/other"
IDS = ("a", "b", "c")
LEAVING = {"RECORD_UPDATED", "RECORD_DELETED", "RECORD_EXPIRED"}

seeds = st.integers(0, 2**32)


class Reader:
    """Follows a watch, or pages through a list of changes, and keeps what it is told."""

    def __init__(self, service: Service, **fields: Any) -> None:
        self._service = service
        self._fields = fields
        self._events: Any = None
        self._pending: asyncio.Task[Any] | None = None
        self._uncertain: list[requests.RecordChange] = []
        self.token = ""
        self.told: list[requests.RecordChange] = []

    async def step(self) -> None:
        """Take a message, if one comes before everything else has had its turn."""
        if self._events is None:
            request = requests.WatchRecords(resume_token=self.token, **self._first())
            self._events = self._service.handlers["WatchRecords"](call(), request)
        if self._pending is None:
            self._pending = asyncio.create_task(anext(self._events))
        await asyncio.wait([self._pending], timeout=0.002)
        if self._pending.done():
            event, self._pending = self._pending.result(), None
            if event.group is not None:
                self._uncertain += event.group.changes
            if event.resume_token:
                self.told += self._uncertain
                self._uncertain, self.token = [], event.resume_token

    async def cut(self) -> None:
        """Lose the connection, and with it what came since the last token."""
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.wait([self._pending])
            self._pending = None
        if self._events is not None:
            await self._events.aclose()
        self._events, self._uncertain = None, []

    async def page(self, size: int) -> None:
        """Go on with a list of changes instead."""
        await self.cut()
        request = requests.ListChanges(resume_token=self.token, page_size=size, **self._first())
        reply = await self._service.do(request)
        self.token = reply.resume_token
        self.told += [change for group in reply.groups for change in group.changes]

    async def catch_up(self) -> None:
        """Read up to the end of the log."""
        await self.cut()
        more = True
        while more:
            reply = await self._service.do(requests.ListChanges(resume_token=self.token, **self._first()))
            self.told += [change for group in reply.groups for change in group.changes]
            self.token, more = reply.resume_token, reply.more

    def _first(self) -> dict[str, Any]:
        return self._fields | ({} if self.token else {"start_revision": 1})


def expected(log: list[Change], collection: str | None, wanted: str | None) -> list[tuple[str, int, int]]:
    """What a reader of this collection is told, by the plainest reading of the contract."""
    found, states = [], {}
    for entry in log:
        key = entry.collection, entry.id
        old, new = states.get(key), entry.record if entry.id else None
        states[key] = new
        if collection not in (None, entry.collection):
            continue
        kind = entry.kind.value.removeprefix("RECORD_")
        if wanted is not None:
            if not entry.id:
                continue
            before = bool(old and not old.delete_time and old.name == wanted) and entry.kind.value in LEAVING
            after = not new.delete_time and new.name == wanted
            if not before and not after:
                continue
            if kind == "UPDATED" and before != after:
                kind = "ENTERED" if after else "LEFT"
        found.append((kind, entry.revision, entry.ordinal))
    return found


async def write(service: Service, draw: Random, *, erases: bool) -> None:
    """One random call; many of them are refused, which writes nothing."""
    parent = draw.choice((NOTES, NOTES, OTHER))
    path = f"{parent}/records/{draw.choice(IDS)}"
    name = draw.choice(("mine", "yours"))
    match draw.randrange(12):
        case 0 | 1 | 2:
            await service.create(path.rpartition("/")[2], parent, name=name)
        case 3 | 4 | 5:
            await service.update(path, name=name)
        case 6:
            await service.delete(path)
        case 7:
            await service.undelete(path)
        case 8 | 9:
            items = tuple(requests.CreateRecord(record=requests.RecordDraft(name=name)) for _ in range(4))
            await service.do(requests.BatchCreateRecords(parent, items))
        case 10 if erases:
            await service.purge(path)
        case 11 if erases:
            await service.do(requests.DeleteCollection(parent, force=True))


async def follow(seed: int, *, erases: bool, **fields: Any) -> tuple[list[Reader], list[Change]]:
    draw, store = Random(seed), MemoryStore()
    await store.open()
    service = Service(store)
    readers = [Reader(service, **fields) for _ in range(3)]
    log: list[Change] = []
    for _ in range(draw.randrange(10, 60)):
        try:
            await write(service, draw, erases=erases)
        except CrudError:
            continue
        log += await store.read_log(log[-1].revision if log else 0, 1_000)
        for reader in draw.sample(readers, draw.randrange(3)):
            match draw.randrange(8):
                case 0:
                    await reader.cut()
                case 1:
                    await reader.page(draw.randrange(1, 5))
                case _:
                    await reader.step()
    for reader in readers:
        await reader.catch_up()
    await store.close()
    return readers, log


def places(changes: list[requests.RecordChange]) -> list[tuple[str, int, int]]:
    return [(change.type.value, change.revision, change.ordinal) for change in changes]


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_what_readers_are_told_equals_the_log(seed):
    kept, log_tail._MOST_GROUPS = log_tail._MOST_GROUPS, 2
    try:
        for parent, collection in ((NOTES, "notes"), ("collections/-", None)):
            readers, log = asyncio.run(follow(seed, erases=True, parent=parent))
            assert [places(reader.told) for reader in readers] == [expected(log, collection, None)] * 3
    finally:
        log_tail._MOST_GROUPS = kept


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_a_filter_tells_what_enters_and_leaves(seed):
    readers, log = asyncio.run(follow(seed, erases=False, parent=NOTES, filter="name = mine", include_old=True))
    assert [places(reader.told) for reader in readers] == [expected(log, "notes", "mine")] * 3
    for reader in readers:
        holds = set()
        for change in reader.told:
            (holds.discard if change.type in ("LEFT", "DELETED") else holds.add)(change.path)
        last = {entry.id: entry.record for entry in log if entry.collection == "notes" and entry.id}
        assert holds == {each.path for each in last.values() if each.name == "mine" and not each.delete_time}
