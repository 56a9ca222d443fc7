"""An acknowledged write survives `kill -9`."""

import asyncio
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import crud_service
from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import RequestKey, decode_record_state
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.query import Field, Has, RecordQuery
from crud_service.model.record import CollectionKey, RecordKey
from crud_service.testing.log_replay import assert_log_matches, replay
from crud_service.testing.mutations import MUCH_LATER, TIME
from tests.integration.store.index_tables import assert_indexes_match

COMPACT_ALL = HistoryRule(MUCH_LATER, 0, MUCH_LATER)


def write_until_killed(path, name, acknowledged, *more):
    """Run the writing process, kill it after some acknowledgements; the lines it had written by then."""
    child = [sys.executable, str(Path(__file__).with_name("writing_child.py")), str(path), name, *more]
    environment = os.environ | {"PYTHONPATH": str(Path(crud_service.__file__).parents[1])}
    with subprocess.Popen(child, stdout=subprocess.PIPE, env=environment) as process:
        try:
            lines = [process.stdout.readline() for _ in range(acknowledged)]
        finally:
            process.kill()
        lines += process.stdout.readlines()
    # The last line may have been cut by the kill: then it was not acknowledged.
    return [line.decode().strip() for line in lines if line.endswith(b"\n")]


@pytest.mark.proof
@pytest.mark.timeout(400)
async def test_kill(data_file, proof):
    """After kills at random moments under load every acknowledged state is there, and so is all that goes with it."""
    acknowledged = {}
    for round_number in range(20 if proof else 3):
        count = random.randint(1, 2_000)
        lines = await asyncio.to_thread(write_until_killed, data_file, f"round{round_number}", count)
        assert len(lines) >= count
        states = [decode_record_state(line) if line.startswith("{") else None for line in lines]
        acknowledged |= {state.id: state for state in states if state}
        acknowledged |= {line: None for line, state in zip(lines, states, strict=True) if not state}
        store = SqliteStore(data_file)
        await store.open()
        log = await assert_log_matches(store)
        for name, state in acknowledged.items():
            await assert_kept(store, name, state)
        await assert_lists_match(store, log)
        await store.close()
        assert_indexes_match(data_file)


@pytest.mark.proof
@pytest.mark.timeout(400)
async def test_kill_while_compacting(data_file, proof):
    """A step of compaction that a kill cuts off leaves no trace: the log leads to the records, above and below it."""
    floor = 0
    for round_number in range(20 if proof else 2):
        count, name = random.randint(200, 2_000), f"round{round_number}"
        lines = await asyncio.to_thread(write_until_killed, data_file, name, count, "compact")
        assert len(lines) >= count
        store = SqliteStore(data_file)
        await store.open()
        log = await assert_log_matches(store)
        before, floor = floor, await store.log_floor()
        assert floor > before
        assert len(log) < await store.last_revision()
        await assert_lists_match(store, log)
        step = await store.compact_log(CollectionKey("", "notes"), COMPACT_ALL, 1_000_000)
        assert step.floor == await store.last_revision()
        left = await assert_log_matches(store)
        records = RecordQuery("", "notes", limit=1_000_000, weight_limit=1 << 40, seconds=60, show_deleted=True)
        assert len(left) == 1 + len((await store.list_records(records)).records)
        await store.close()
        assert_indexes_match(data_file)


async def assert_kept(store, name, state):
    """The acknowledged state, or one that followed it, is stored; and the request that made the record."""
    stored = await store.get_record(RecordKey("", "notes", name))
    if stored is None:
        assert state is None or state.delete_time is not None, "gone, though nobody purged it"
    else:
        assert state is not None
        assert stored == state or stored.revision > state.revision
    kept = await store.get_request(RequestKey("", "ada", name[:-2]), TIME)
    assert kept is not None
    assert name in [entry.id for entry in await store.read_mutation(kept.revision)]


async def assert_lists_match(store, log):
    """The list, with and without the filter, holds exactly the live records that the log leads to."""
    live = [state for key, state in replay(log).items() if isinstance(key, RecordKey) and state.delete_time is None]
    for tag in ("", "a", "c"):
        wanted = sorted(state.id for state in live if not tag or tag in state.tags)
        where = Has(Field("tags"), tag) if tag else None
        query = RecordQuery("", "notes", where, limit=1_000_000, weight_limit=1 << 40, seconds=60)
        assert [state.id for state in (await store.list_records(query)).records] == wanted
