"""Reading the change log of a SQLite store."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing

from crud_service.library.compaction_step import CompactionStep, next_step
from crud_service.library.log_pages import whole_mutations
from crud_service.library.sqlite_compaction import StoredCollectionLog
from crud_service.library.sqlite_filter import Sql
from crud_service.library.sqlite_log_statements import LogStatements
from crud_service.library.sqlite_read_connection import ReadConnection, reads
from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.library.sqlite_rows import change_of
from crud_service.library.sqlite_stream import stream
from crud_service.model.change import Change
from crud_service.model.ports.change_log import HistoryRule, LogScope
from crud_service.model.record import CollectionKey, RecordKey

# What the event loop reads of the log at once: it takes a fraction of a millisecond.
_TAIL_ENTRIES = 100
_TAIL_WEIGHT = 131_072


class SqliteLogReader(ReadConnection):
    """The reads of the port ChangeLog, blocking. They raise CrudError only."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], statements: ReadStatements) -> None:
        super().__init__(connect)
        self._statements = statements

    @property
    def _log(self) -> LogStatements:
        return self._statements.log

    @reads
    def last_revision(self) -> int:
        """As the port says."""
        row = self._connection().execute(self._statements.get_counter, ("revision",)).fetchone()
        return 0 if row is None else int(row[0])

    @reads
    def read_log(self, after: int, limit: int, scope: LogScope | None, weight_limit: int) -> tuple[Change, ...]:
        """As the port says."""
        with closing(stream(self._connection(), self._following(after, scope))) as rows:
            return whole_mutations(map(change_of, rows), limit, weight_limit)

    @reads
    def read_log_tail(
        self, after: int, limit: int, scope: LogScope | None, weight_limit: int
    ) -> tuple[Change, ...] | None:
        """The same if little follows; else None, soon."""
        entries: list[Change] = []
        weight = 0
        with closing(self._connection().execute(*self._following(after, scope))) as rows:
            for row in rows:
                entry = change_of(row)
                entries.append(entry)
                weight += len(entry.state)
                if len(entries) > _TAIL_ENTRIES or weight > _TAIL_WEIGHT:
                    return None
        return whole_mutations(entries, limit, weight_limit)

    @reads
    def read_mutation(self, revision: int) -> tuple[Change, ...]:
        """As the port says."""
        rows = self._connection().execute(self._log.read_mutation, (revision,))
        return tuple([change_of(row) for row in rows])

    @reads
    def log_floor(self, scope: LogScope | None) -> int:
        """As the port says."""
        log = self._log
        if scope is None:
            statement = Sql(log.log_floor)
        elif scope.collection is None:
            statement = Sql(log.tenant_floor, (scope.tenant,))
        else:
            statement = Sql(log.collection_floor, scope)
        row = self._connection().execute(*statement).fetchone()
        return 0 if row is None else row[0] or 0

    @reads
    def states_at(self, keys: Sequence[RecordKey], revisions: Sequence[int]) -> list[Change | None]:
        """As the port says."""
        wanted = [(place, *key, at) for place, (key, at) in enumerate(zip(keys, revisions, strict=True))]
        found: list[Change | None] = [None] * len(wanted)
        with self._one_state() as connection:
            for text, values in self._log.states_at.pieces(wanted):
                for row in connection.execute(text, values):
                    found[row[0]] = change_of(row[1:])
        return found

    @reads
    def read_history(self, key: RecordKey, below: int, limit: int, weight_limit: int) -> tuple[Change, ...]:
        """As the port says."""
        with closing(stream(self._connection(), Sql(self._log.read_history, (*key, below)))) as rows:
            return whole_mutations(map(change_of, rows), limit, weight_limit)

    @reads
    def logged_collections(self, after: CollectionKey | None, limit: int) -> tuple[CollectionKey, ...]:
        """As the port says."""
        found: list[CollectionKey] = []
        last = CollectionKey("", "") if after is None else after
        with self._one_state() as connection:
            while len(found) < limit:
                row = connection.execute(self._log.next_logged, last).fetchone()
                if row is None:
                    break
                last = CollectionKey(*row)
                found.append(last)
        return tuple(found)

    @reads
    def next_compaction(self, collection: CollectionKey, rule: HistoryRule, limit: int) -> CompactionStep:
        """What `compact_log` has to do next."""
        with self._one_state() as connection:
            return next_step(StoredCollectionLog(connection, self._log, collection), rule, limit)

    def _following(self, after: int, scope: LogScope | None) -> Sql:
        """What reads the entries after a revision."""
        if scope is None:
            return Sql(self._log.read_log, (after,))
        if scope.collection is None:
            return Sql(self._log.read_tenant, (after, scope.tenant))
        return Sql(self._log.read_collection, (*scope, after))
