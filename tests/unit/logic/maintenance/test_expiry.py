"""Records that expire, and deleted ones that are purged."""

import pytest
from msgspec.structs import replace

from crud_service.model.change import ChangeKind
from crud_service.model.duration import SECOND
from crud_service.model.record import RecordKey, tombstone
from crud_service.model.timestamp import from_unix, later
from crud_service.testing.mutations import collection, create_collection, delete, mutation

START = 1_800_000_000


async def test_a_record_expires(node, clocks) -> None:
    """A record lives until its expire time; then it is a deleted record, and the log says why."""
    (stored,) = await node.put("a", expire_time=from_unix(START + 10))
    clocks.advance(9)
    await node.maintenance.sweep()
    assert await node.get("a") == stored
    clocks.advance(1)
    await node.maintenance.sweep()
    expired = await node.get("a")
    at = from_unix(START + 10)
    assert expired == replace(stored, revision=2, version=2, update_time=at, delete_time=at)
    (entry,) = await node.entries(1)
    assert (entry.kind, entry.record, entry.time) == (ChangeKind.RECORD_EXPIRED, expired, at)
    assert (entry.actor, entry.reason, entry.call_id) == ("system", "its expire_time has come", "sweep-1")
    await node.maintenance.sweep()
    assert len(await node.entries()) == 3
    assert node.told == []


async def test_only_what_is_due(node) -> None:
    """Records without an expire time, with a later one, and deleted ones are left alone."""
    await node.put("stays", expire_time=None)
    await node.put("later", expire_time=from_unix(START + 1))
    (gone,) = await node.put("gone")
    await node.store.commit(mutation(delete(gone)))
    await node.put("due")
    before = await node.store.last_revision()
    await node.maintenance.sweep()
    assert [entry.id for entry in await node.entries(before)] == ["due"]


async def test_the_purge_time_follows_the_retention(node, clocks) -> None:
    """An expired record is purged when the retention of its collection is over; without one it stays."""
    await node.store.commit(mutation(create_collection(collection("short", retention=90 * SECOND))))
    await node.put("a", collection="short")
    await node.put("a", collection="notes")
    await node.maintenance.sweep()
    expired = await node.get("a", collection="short")
    assert expired.purge_time == later(expired.delete_time, 90 * SECOND)
    assert (await node.get("a")).purge_time is None
    clocks.advance(90)
    before = await node.store.last_revision()
    await node.maintenance.sweep()
    assert await node.get("a", collection="short") is None
    assert (await node.get("a")).delete_time is not None
    (entry,) = await node.entries(before)
    assert (entry.kind, entry.reason) == (ChangeKind.RECORD_PURGED, "its purge_time has come")
    assert entry.record == tombstone(RecordKey("", "short", "a"), entry.revision, 3)
    assert [each.state for each in await node.entries() if each.collection == "short" and each.id] == ["", "", ""]


async def test_a_retention_of_nothing(node) -> None:
    """With a retention of 0 the sweep that expires a record purges it."""
    await node.store.commit(mutation(create_collection(collection("notes", retention=0))))
    await node.put("a")
    await node.maintenance.sweep()
    assert await node.get("a") is None
    assert [entry.kind for entry in await node.entries(2)] == [ChangeKind.RECORD_EXPIRED, ChangeKind.RECORD_PURGED]


async def test_many_records(node) -> None:
    """More than a batch is done in one sweep, in mutations of at most 100 records, the earliest first."""
    for number in range(5):
        times = from_unix(START - number)
        await node.put(*[f"r{number}-{each:02d}" for each in range(50)], expire_time=times)
    before = await node.store.last_revision()
    await node.maintenance.sweep()
    entries = await node.entries(before)
    assert len(entries) == 250
    sizes = [sum(entry.revision == revision for entry in entries) for revision in sorted({e.revision for e in entries})]
    assert sizes == [100, 100, 50]
    assert {entry.id[:2] for entry in entries[:100]} == {"r4", "r3"}


async def test_tenants(node) -> None:
    """Records of all tenants expire, each tenant's in mutations of its own."""
    for tenant in ("", "ann", "bob"):
        await node.put("a", "b", tenant=tenant)
    await node.maintenance.sweep()
    entries = [entry for entry in await node.entries() if entry.kind is ChangeKind.RECORD_EXPIRED]
    assert sorted((entry.tenant, entry.id) for entry in entries) == [
        (tenant, record_id) for tenant in ("", "ann", "bob") for record_id in ("a", "b")
    ]
    assert len({(entry.tenant, entry.revision) for entry in entries}) == len({entry.revision for entry in entries}) == 3


@pytest.mark.parametrize("jump", [30 * 86_400, -7_200])
async def test_a_clock_that_jumps(node, clocks, jump) -> None:
    """While the wall clock cannot be trusted nothing expires and nothing is purged; afterwards it does."""
    await node.store.commit(mutation(create_collection(collection("notes", retention=3_600 * SECOND))))
    await node.put("due")
    (gone,) = await node.put("gone")
    await node.store.commit(mutation(delete(gone, purge_time=clocks.now())))
    await node.put("alive", expire_time=from_unix(START + 86_400))
    before = await node.store.last_revision()
    clocks.wall += jump
    for _ in range(3):
        await node.maintenance.sweep()
    assert await node.entries(before) == ()
    assert len(node.told) == 1
    clocks.wall -= jump
    await node.maintenance.sweep()
    assert {entry.id for entry in await node.entries(before)} == {"due", "gone"}
    assert (await node.get("alive")).delete_time is None
