"""The change log of the embedded store."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from crud_service.library.sqlite_engine import Engine
from crud_service.model.change import Change
from crud_service.model.ports.change_log import Compaction, HistoryRule, LogScope
from crud_service.model.record import CollectionKey, RecordKey

# So many mutations after its place, a reader is at the head of the log, and the loop looks first what they hold.
_FEW_MUTATIONS = 64
# States that are got by their keys may all be large.
_FEW_KEYS = 8


class SqliteLog(ABC):
    """The port ChangeLog over what an open store runs."""

    @property
    @abstractmethod
    def _running(self) -> Engine:
        """What runs; CrudError if the store is closed."""

    async def last_revision(self) -> int:
        """As the port says."""
        return self._running.reader.last_revision()

    async def read_log(
        self, after: int, limit: int, scope: LogScope | None = None, weight_limit: int = 8_388_608
    ) -> tuple[Change, ...]:
        """As the port says."""
        engine = self._running
        if engine.signal.revision - after <= _FEW_MUTATIONS:
            tail = engine.reader.read_log_tail(after, limit, scope, weight_limit)
            if tail is not None:
                return tail
        return await engine.readers.run(lambda reader: reader.read_log(after, limit, scope, weight_limit))

    async def read_mutation(self, revision: int) -> tuple[Change, ...]:
        """As the port says."""
        return await self._running.readers.run(lambda reader: reader.read_mutation(revision))

    async def wait_log(self, after: int) -> int:
        """As the port says. CrudError (`SHUTTING_DOWN`) when the store is closed meanwhile."""
        return await self._running.signal.wait(after)

    async def log_floor(self, scope: LogScope | None = None) -> int:
        """As the port says."""
        return self._running.reader.log_floor(scope)

    async def states_at(self, keys: Sequence[RecordKey], revisions: Sequence[int]) -> list[Change | None]:
        """As the port says."""
        engine = self._running
        if len(keys) <= _FEW_KEYS:
            return engine.reader.states_at(keys, revisions)
        return await engine.readers.run(lambda reader: reader.states_at(keys, revisions))

    async def read_history(
        self, key: RecordKey, below: int, limit: int, weight_limit: int = 2_097_152
    ) -> tuple[Change, ...]:
        """As the port says."""
        return await self._running.readers.run(lambda reader: reader.read_history(key, below, limit, weight_limit))

    async def logged_collections(self, after: CollectionKey | None, limit: int) -> tuple[CollectionKey, ...]:
        """As the port says."""
        return await self._running.readers.run(lambda reader: reader.logged_collections(after, limit))

    async def compact_log(self, collection: CollectionKey, rule: HistoryRule, limit: int) -> Compaction:
        """As the port says."""
        engine = self._running
        # Entries below the floor to be do not change any more, so what goes is found without keeping commits waiting.
        step = await engine.readers.run(lambda reader: reader.next_compaction(collection, rule, limit))
        removed = 0 if step.is_empty else await engine.in_writer(lambda writer: writer.compact(collection, step))
        return Compaction(removed, step.floor, step.more)
