"""Compaction: which history goes, when, and in which steps."""

from typing import Any

import pytest

from crud_service.logic.maintenance import HistoryKept
from crud_service.model.change import ChangeKind
from crud_service.model.duration import SECOND
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.ports.change_log import Compaction, HistoryRule, LogScope
from crud_service.model.record import CollectionKey
from crud_service.model.timestamp import MIN_SECONDS, from_unix
from crud_service.settings import Settings
from crud_service.testing.mutations import (
    collection,
    create,
    create_collection,
    delete_collection,
    mutation,
    purge,
    record,
    update,
    update_collection,
)
from tests.unit.logic.maintenance.conftest import DAY, KEPT, START
from tests.unit.logic.stores import Around

NOTES = CollectionKey("", "notes")


class Watched(Around):
    """A store that keeps what it was asked to compact, and fails for a collection when it is told to."""

    def __init__(self, store) -> None:
        super().__init__(store)
        self.steps: list[tuple[CollectionKey, HistoryRule, int]] = []
        self.failing: dict[str, Exception] = {}
        self.before_step: Any = None

    async def compact_log(self, key, rule, limit) -> Compaction:
        self.steps.append((key, rule, limit))
        if self.before_step:
            await self.before_step(len(self.steps))
        if error := self.failing.get(key.id):
            raise error
        return await self.store.compact_log(key, rule, limit)


@pytest.fixture
def watched(store) -> Watched:
    return Watched(store)


@pytest.fixture
def watching(node_of, watched):
    """A node over the store that is watched."""
    return node_of(over=watched)


async def write(node, changes: int, record_id: str = "a", collection_id: str = "notes") -> None:
    """Make a record, and change it so many times, now."""
    time = node.clocks.now()
    made = mutation(create(record(record_id, collection_id)), time=time)
    state: Any = (await node.store.commit(made)).states[0]
    for number in range(changes):
        made = mutation(update(state, name=f"n{number}"), time=time)
        (state,) = (await node.store.commit(made)).states


async def revisions(node) -> list[int]:
    """Which revisions the log still has entries of."""
    return [entry.revision for entry in await node.entries()]


async def set_history(store, **fields) -> None:
    """Change what a collection keeps, long ago."""
    await store.commit(mutation(update_collection(await store.get_collection(NOTES), **fields)))


async def test_history_that_is_too_old_goes(node, store, clocks) -> None:
    """After 30 days superseded states go, and the floor says so; the current one stays, and all that is younger."""
    await write(node, 2)
    clocks.advance(30 * DAY - 1)
    await write(node, 1, "b")
    await node.maintenance.compact()
    assert await revisions(node) == [1, 1, 2, 3, 4, 5]
    clocks.advance(1)
    await node.maintenance.compact()
    assert await revisions(node) == [1, 3, 4, 5]
    assert await store.log_floor(LogScope("", "notes")) == 3
    assert node.maintenance.measures.compacted_entries == 2


async def test_a_collection_says_how_old(node, store, clocks) -> None:
    """The age that a collection names counts, be it longer or shorter than the node's."""
    await write(node, 2)
    await set_history(store, history_age=3 * DAY * SECOND)
    clocks.advance(3 * DAY)
    await node.maintenance.compact()
    assert await revisions(node) == [3, 4]
    await write(node, 1, "b")
    await set_history(store, history_age=90 * DAY * SECOND)
    clocks.advance(89 * DAY)
    await node.maintenance.compact()
    assert await store.log_floor(LogScope("", "notes")) == 4


async def test_a_collection_says_how_many(node, store, clocks) -> None:
    """The number of entries that a collection names stays, once the others are not protected any more."""
    await write(node, 5)
    await set_history(store, history_entries=3)
    await node.maintenance.compact()
    assert len(await revisions(node)) == 8
    clocks.advance(DAY)
    await node.maintenance.compact()
    assert await store.log_floor(LogScope("", "notes")) == 4


async def test_the_last_day_stays(node, store, clocks) -> None:
    """However little a collection wants to keep, the last day is kept: requests are answered again from it."""
    await write(node, 3)
    await set_history(store, history_age=0, history_entries=1)
    clocks.advance(DAY - 1)
    await node.maintenance.compact()
    assert await store.log_floor() == 0
    clocks.advance(1)
    await node.maintenance.compact()
    assert await revisions(node) == [4, 5]


def test_rules() -> None:
    """A collection's own fields count before the node's; one that is gone has none; no time is before all times."""
    kept = HistoryKept(age=50 * SECOND, entries=7, protected=10 * SECOND)
    time, protected = from_unix(START), from_unix(START - 10)
    assert kept.rule(None, time) == HistoryRule(from_unix(START - 50), 7, protected)
    assert kept.rule(collection(), time) == kept.rule(None, time)
    own = collection(history_age=20 * SECOND, history_entries=3)
    assert kept.rule(own, time) == HistoryRule(from_unix(START - 20), 3, protected)
    assert kept.rule(collection(history_age=0), time).before == time
    forever = collection(history_age=10_000 * 366 * DAY * SECOND)
    assert kept.rule(forever, time).before == from_unix(MIN_SECONDS)


async def test_what_is_gone(node, store, clocks) -> None:
    """Of purged records and deleted collections nothing stays, not even that they were."""
    (state,) = await node.put("a", expire_time=None)
    (deleted,) = (await store.commit(mutation(update(state, delete_time=clocks.now()), time=clocks.now()))).states
    await store.commit(mutation(purge(deleted), time=clocks.now()))
    await write(node, 2, collection_id="other")
    other = await store.get_collection(CollectionKey("", "other"))
    await store.commit(mutation(delete_collection(other, force=True), time=clocks.now()))
    clocks.advance(30 * DAY)
    await node.maintenance.compact()
    (left,) = await node.entries()
    assert (left.kind, left.collection) == (ChangeKind.COLLECTION_CREATED, "notes")
    assert await store.logged_collections(None, 10) == (NOTES,)


async def test_every_collection(watching, store, watched, clocks) -> None:
    """All collections get their turn, of every tenant."""
    for number in range(3):
        await write(watching, 1, collection_id=f"c{number}")
    await store.commit(mutation(create_collection(collection("theirs")), tenant="theirs"))
    clocks.advance(31 * DAY)
    await watching.maintenance.compact()
    keys = [CollectionKey("", f"c{number}") for number in range(3)] + [CollectionKey("theirs", "theirs")]
    assert [key for key, _, _ in watched.steps] == keys
    assert watching.maintenance.measures.compacted_entries == 3


async def test_in_small_steps(watching, store, watched, clocks) -> None:
    """A long history goes by 200 entries, and the rule is read again for each step: it may have become longer."""
    await write(watching, 500)
    await set_history(store, history_age=DAY * SECOND)
    clocks.advance(2 * DAY)

    async def keep_the_rest(step: int) -> None:
        if step == 2:
            await set_history(store, history_age=60 * DAY * SECOND)

    watched.before_step = keep_the_rest
    await watching.maintenance.compact()
    assert {limit for _, _, limit in watched.steps} == {200}
    assert [rule.before for _, rule, _ in watched.steps] == [
        from_unix(START + DAY),
        from_unix(START + DAY),
        from_unix(START - 58 * DAY),
    ]
    assert watching.maintenance.measures.compacted_entries == pytest.approx(400, abs=5)


async def test_a_clock_that_jumps(watching, watched, clocks) -> None:
    """While the wall clock cannot be trusted all history stays; when it is right again the work goes on."""
    await write(watching, 2)
    clocks.wall += 40 * DAY
    await watching.maintenance.compact()
    assert watched.steps == []
    clocks.wall -= 40 * DAY
    clocks.advance(40 * DAY)
    await watching.maintenance.compact()
    assert watching.maintenance.measures.compacted_entries == 2


async def test_one_that_cannot_be_compacted(watching, store, watched, clocks) -> None:
    """A collection whose log is refused is reported once, left alone for a minute, and keeps no other from its turn."""
    for name in ("a", "b", "c"):
        await write(watching, 1, collection_id=name)
    clocks.advance(31 * DAY)
    watched.failing["b"] = ValueError("a state that nobody can read")
    for _ in range(3):
        await watching.maintenance.compact()
    (message,) = watching.told
    assert message == "CompactLog: collections/b keeps its history for now"
    assert watching.causes == [watched.failing["b"]]
    assert [await store.log_floor(LogScope("", name)) for name in ("a", "b", "c")] == [2, 0, 6]
    assert [key.id for key, _, _ in watched.steps].count("b") == 1
    del watched.failing["b"]
    clocks.advance(60)
    await watching.maintenance.compact()
    assert await store.log_floor(LogScope("", "b")) == 4


async def test_a_store_that_is_away(watching, watched, clocks) -> None:
    """When the store as a whole fails, that is left to whoever keeps maintenance going."""
    await write(watching, 1)
    clocks.advance(31 * DAY)
    away = watched.failing["notes"] = CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "away")
    with pytest.raises(CrudError) as caught:
        await watching.maintenance.compact()
    assert caught.value is away
    assert watching.told == []


def test_what_the_tests_keep() -> None:
    """The node of these tests keeps what a node keeps by default."""
    age, entries = (Settings.model_fields[f"history_{name}"].default for name in ("age", "entries"))
    expected = HistoryKept(age * SECOND, entries, int(Limits().request_seconds * SECOND))
    assert expected == KEPT
