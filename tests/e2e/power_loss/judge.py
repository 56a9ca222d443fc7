"""What is left after the loss of power: whether it can be opened, is whole, and holds what was acknowledged."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from crud_service.commands.trust import verified
from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import Change
from crud_service.model.errors import StartError
from crud_service.testing.log_replay import read_all
from tests.e2e.power_loss.recording import Acknowledged


@dataclass
class Verdict:
    """What is wrong with an image."""

    lost: list[str] = field(default_factory=list)
    """Acknowledged writes that are not there."""
    corrupt: list[str] = field(default_factory=list)
    """What makes the file unsound, or its log and its records differ."""


async def judge(file: Path, acknowledged: Iterable[Acknowledged]) -> Verdict:
    """Open an image as a node does after a power loss, and compare it with what was acknowledged before it."""
    verdict = Verdict()
    store = SqliteStore(file)
    try:
        await store.open()
    except StartError as error:
        verdict.corrupt.append(f"it does not open: {error}")
        return verdict
    try:
        log = await read_all(store, page=1_000)
    finally:
        await store.close()
    with closing(sqlite3.connect(file)) as connection:
        found = [line for (line,) in connection.execute("PRAGMA integrity_check")]
    verdict.corrupt += [line for line in found if line != "ok"]
    verdict.corrupt += verified(file)[1]
    verdict.lost += _lost(log, acknowledged)
    return verdict


def _lost(log: list[Change], acknowledged: Iterable[Acknowledged]) -> Iterable[str]:
    entries: dict[tuple[int, str], list[Change]] = {}
    for change in log:
        if change.id:
            entries.setdefault((change.revision, change.id), []).append(change)
    for each in acknowledged:
        found = entries.get((each.revision, each.id), [])
        if len(found) != 1 or found[0].version != each.version:
            yield f"{each.id} of revision {each.revision}, of which the log has {len(found)} entries"
        elif found[0].state and found[0].record.name != each.name:
            yield f"the name {each.name!r} of {each.id} at revision {each.revision}"
