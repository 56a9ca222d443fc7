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
from crud_service.model.change import decode_record_state
from crud_service.model.ports.record_store import RecordQuery
from crud_service.model.record import RecordKey
from crud_service.testing.log_replay import assert_log_matches, replay


def write_until_killed(path, name, acknowledged):
    """Run the writing process, kill it after some acknowledgements; the states it had acknowledged by then."""
    child = [sys.executable, str(Path(__file__).with_name("writing_child.py")), str(path), name]
    environment = os.environ | {"PYTHONPATH": str(Path(crud_service.__file__).parents[1])}
    with subprocess.Popen(child, stdout=subprocess.PIPE, env=environment) as process:
        try:
            lines = [process.stdout.readline() for _ in range(acknowledged)]
        finally:
            process.kill()
        lines += process.stdout.readlines()
    # The last line may have been cut by the kill: then it was not acknowledged.
    return [decode_record_state(line.decode()) for line in lines if line.endswith(b"\n")]


@pytest.mark.proof
@pytest.mark.timeout(400)
async def test_kill(data_file, proof):
    """After kills at random moments under load every acknowledged state is there, and the log matches the records."""
    acknowledged = {}
    for round_number in range(20 if proof else 3):
        count = random.randint(1, 2_000)
        states = await asyncio.to_thread(write_until_killed, data_file, f"round{round_number}", count)
        assert len(states) >= count
        acknowledged |= {state.id: state for state in states}
        store = SqliteStore(data_file)
        await store.open()
        log = await assert_log_matches(store)
        for state in acknowledged.values():
            stored = await store.get_record(RecordKey("", "notes", state.id))
            assert stored is not None
            assert stored == state or stored.revision > state.revision
        await assert_lists_match(store, log)
        await store.close()


async def assert_lists_match(store, log):
    """The list, with and without the filter, holds exactly the live records that the log leads to."""
    live = [state for key, state in replay(log).items() if isinstance(key, RecordKey) and state.delete_time is None]
    for tag in ("", "a", "c"):
        wanted = sorted(state.id for state in live if not tag or tag in state.tags)
        query = RecordQuery("", "notes", (tag,) if tag else (), limit=1_000_000, weight_limit=1 << 40)
        assert [state.id for state in (await store.list_records(query)).records] == wanted
