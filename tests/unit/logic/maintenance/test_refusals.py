"""Sweeps in which something goes wrong: hooks that refuse, writers that are faster, a store that is away."""

import pytest
from msgspec.structs import replace

from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason, invalid
from crud_service.model.timestamp import from_unix
from crud_service.testing.mutations import mutation, update
from tests.unit.logic.hooks import Recorder
from tests.unit.logic.stores import Around, Interrupted

START = 1_800_000_000


class Picky:
    """Work for a phase: refuses changes of records with these ids, and counts how often it was asked."""

    def __init__(self, *ids: str, error: Exception | None = None) -> None:
        self.ids = set(ids)
        self.asked = 0
        self.error = error or invalid("record.name", "is under legal hold")

    def __call__(self, changes) -> None:
        self.asked += 1
        if any(change.new.id in self.ids for change in changes):
            raise self.error


class Away(Around):
    """A store that fails while it is away."""

    def __init__(self, store, *, error: Exception | None = None) -> None:
        super().__init__(store)
        self.away = True
        self.error = error or CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the store is away")

    async def commit(self, *args):
        if self.away:
            raise self.error
        return await self.store.commit(*args)


@pytest.mark.parametrize("error", [None, RuntimeError("broken hook")])
@pytest.mark.parametrize("phase", ["before_validate", "validate", "before_commit"])
async def test_one_that_is_refused(node_of, phase, error) -> None:
    """A hook that refuses or breaks keeps only its own record alive; that is told once, with its cause."""
    picky = Picky("b", error=error)
    node = node_of(hooks=Recorder(**{phase: picky}))
    await node.put("a", "b", "c")
    await node.maintenance.sweep()
    live = [record_id for record_id in "abc" if (await node.get(record_id)).delete_time is None]
    assert live == ["b"]
    assert len(node.told) == 1
    assert node.told[0].startswith("SweepExpired: collections/notes/records/b is refused")
    assert node.causes == [picky.error]


async def test_a_refused_record_is_tried_again_later(node_of, clocks) -> None:
    """A record that was refused is not tried every second, and not told again; once the hook lets go it expires."""
    picky = Picky("b")
    node = node_of(hooks=Recorder(validate=picky))
    await node.put("b")
    await node.maintenance.sweep()
    asked = picky.asked
    for _ in range(59):
        clocks.advance(1)
        await node.maintenance.sweep()
    assert picky.asked == asked
    clocks.advance(1)
    await node.maintenance.sweep()
    assert picky.asked > asked
    assert len(node.told) == 1
    picky.ids.clear()
    clocks.advance(120)
    await node.maintenance.sweep()
    assert (await node.get("b")).delete_time is not None


async def test_a_refused_record_that_changes_is_tried_at_once(node_of) -> None:
    """A record that changes after it was refused does not wait."""
    node = node_of(
        hooks=Recorder(validate=lambda changes: Picky(*[c.new.id for c in changes if not c.old.name])(changes))
    )
    (stored,) = await node.put("a", name="")
    await node.maintenance.sweep()
    await node.store.commit(mutation(update(stored, name="free")))
    await node.maintenance.sweep()
    assert (await node.get("a")).delete_time is not None


async def test_many_refused_keep_nobody_waiting(node_of, clocks) -> None:
    """Refused records at the head of the line do not keep those behind them from their turn."""
    bad = [f"bad-{number:03d}" for number in range(250)]
    node = node_of(hooks=Recorder(validate=Picky(*bad)))
    await node.put(*bad, expire_time=from_unix(START - 10))
    await node.put("good")
    for _ in range(4):
        await node.maintenance.sweep()
        clocks.advance(1)
    assert (await node.get("good")).delete_time is not None
    assert len(node.told) == 250


async def test_an_endless_line_of_refused(node_of, clocks) -> None:
    """When more records are refused than can be remembered, sweeps become rare instead of busy."""
    picky = Picky(*[f"bad-{number:04d}" for number in range(1_200)])
    node = node_of(hooks=Recorder(validate=picky))
    await node.put(*sorted(picky.ids))
    for _ in range(30):
        await node.maintenance.sweep()
        clocks.advance(1)
    assert len(node.told) == 1_000
    asked = picky.asked
    clocks.advance(60)
    await node.maintenance.sweep()
    assert asked < picky.asked < asked + 250


async def test_a_record_that_is_made_to_live_longer(node_of, store) -> None:
    """A record whose expire time is moved while the sweep is under way stays, and so does a deleted one; others go."""
    node = node_of(over=(around := Interrupted(store)))
    moved, _ = await node.put("a", "b")

    async def move() -> None:
        await store.commit(mutation(update(moved, expire_time=from_unix(START + 60))))

    around.work.append(move)
    await node.maintenance.sweep()
    assert (await node.get("a")).delete_time is None
    assert (await node.get("b")).delete_time is not None
    assert node.told == []


async def test_two_nodes(node_of, store, clocks) -> None:
    """Another node that sweeps at the same time is no trouble: each record expires once."""
    other = node_of()
    node = node_of(over=Interrupted(store, other.maintenance.sweep))
    await node.put(*[f"r{number}" for number in range(150)])
    await node.maintenance.sweep()
    entries = [entry for entry in await node.entries() if entry.kind is ChangeKind.RECORD_EXPIRED]
    assert len(entries) == 150 == len({entry.id for entry in entries})
    assert node.told == other.told == []


@pytest.mark.parametrize("reason", [Reason.STORE_UNAVAILABLE, Reason.STORE_FULL, Reason.SHUTTING_DOWN])
async def test_a_store_that_is_away(node_of, store, refused, reason) -> None:
    """A store that fails ends the sweep at the first record; nothing is held against the records."""
    away = Away(store, error=CrudError(Kind.UNAVAILABLE, reason, "away"))
    picky = Picky()
    node = node_of(over=away, hooks=Recorder(validate=picky))
    away.away = False
    await node.put("a", "b")
    away.away = True
    with refused(Kind.UNAVAILABLE, reason):
        await node.maintenance.sweep()
    assert picky.asked == 1
    away.away = False
    await node.maintenance.sweep()
    assert (await node.get("a")).delete_time is not None
    assert node.told == []


async def test_a_hook_whose_own_dependency_is_away(node_of) -> None:
    """A hook that is unavailable is the hook's trouble: other records go on."""
    error = CrudError(Kind.UNAVAILABLE, Reason.INTERNAL, "the billing service is away")
    node = node_of(hooks=Recorder(validate=Picky("a", error=error)))
    await node.put("a", "b")
    await node.maintenance.sweep()
    assert (await node.get("b")).delete_time is not None
    assert node.causes[0] is error


async def test_hooks_may_change_what_expires(node_of) -> None:
    """A sweep goes through the hooks like any write: what they make of the record is stored."""

    def mark(changes) -> None:
        for change in changes:
            change.new = replace(change.new, name="expired")

    node = node_of(hooks=Recorder(before_validate=mark))
    await node.put("a")
    await node.maintenance.sweep()
    assert (await node.get("a")).name == "expired"
