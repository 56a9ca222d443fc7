"""History that goes: of a store at once, or just when somebody reads it."""

from typing import Any

from crud_service.library.memory import MemoryStore
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.record import CollectionKey
from crud_service.model.timestamp import MAX_SECONDS, from_unix
from tests.unit.logic.stores import Around

NOTES = CollectionKey("", "notes")
EVERYTHING = HistoryRule(from_unix(MAX_SECONDS), 0, from_unix(MAX_SECONDS))
"""What lets all superseded states go."""


async def compact(store: MemoryStore, key: CollectionKey = NOTES) -> int:
    """Let all history of a collection go, and return its floor."""
    while (done := await store.compact_log(key, EVERYTHING, 1_000)).more:
        pass
    return done.floor


class Compacted(Around):
    """A store that is compacted just before each read of a past state."""

    async def states_at(self, *args: Any) -> Any:
        await compact(self.store)
        return await self.store.states_at(*args)

    async def list_records(self, *args: Any) -> Any:
        await compact(self.store)
        return await self.store.list_records(*args)
