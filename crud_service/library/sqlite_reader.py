"""Reading a SQLite store: one reader has one connection and belongs to one thread at a time."""

import sqlite3
from collections.abc import Callable, Sequence

from crud_service.library.sqlite_filter import Sql
from crud_service.library.sqlite_log_reader import SqliteLogReader
from crud_service.library.sqlite_page import page_of
from crud_service.library.sqlite_past import PastSearch
from crud_service.library.sqlite_plan import counting_plan, indexable_fields, serving_plan
from crud_service.library.sqlite_read_connection import reads
from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.library.sqlite_reports import SqliteReports
from crud_service.library.sqlite_rows import collection_of, record_of, request_of
from crud_service.library.sqlite_search import Search
from crud_service.library.sqlite_stream import stream
from crud_service.model.change import RequestKey, StoredRequest
from crud_service.model.ports.record_store import DueRecord, RecordPage
from crud_service.model.query import RecordCount, RecordQuery
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey
from crud_service.model.reports import ErrorReport, ReportQuery
from crud_service.model.timestamp import Timestamp


class SqliteReader(SqliteLogReader):
    """The reads of the port, blocking. They raise CrudError only."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], statements: ReadStatements) -> None:
        super().__init__(connect, statements)
        self._reports = SqliteReports()

    @reads
    def get_record(self, key: RecordKey) -> Record | None:
        """As the port says."""
        row = self._connection().execute(self._statements.get_record, key).fetchone()
        return None if row is None else record_of(row)

    @reads
    def get_records(self, keys: Sequence[RecordKey]) -> list[Record | None]:
        """As the port says."""
        found: dict[RecordKey, Record] = {}
        with self._one_state() as connection:
            for text, values in self._statements.get_records.pieces(keys):
                for row in connection.execute(text, values):
                    found[RecordKey(row[0], row[1], row[2])] = record_of(row[1:])
        return [found.get(key) for key in keys]

    @reads
    def list_served(self, query: RecordQuery) -> RecordPage | None:
        """As the port says of `list_records` if an index yields the page, so that it costs what it holds; else None."""
        if not query.at:
            return self._list_present(query)
        with self._one_state() as connection:
            if not self._has_changed(query):
                return self._list_present(query)
            is_served = query.where is None and not query.order
            return page_of(PastSearch(connection, query).rows(), query) if is_served else None

    @reads
    def list_records(self, query: RecordQuery) -> RecordPage:
        """As the port says, at whatever cost."""
        with self._one_state() as connection:
            if query.at and self._has_changed(query):
                return page_of(PastSearch(connection, query).rows(), query)
            search = Search(connection)
            return page_of(search.rows(query, search.plan(query, self._ready_indexes(query))), query)

    @reads
    def count_served(self, query: RecordQuery) -> RecordCount | None:
        """As the port says of `count_records` if the entries of an index need only be counted; else None."""
        with self._one_state() as connection:
            if query.at and self._has_changed(query):
                return None
            plan = counting_plan(query, self._ready_indexes(query))
            return None if plan is None else Search(connection).count(query, plan, estimate=False)

    @reads
    def count_records(self, query: RecordQuery, *, estimate: bool) -> RecordCount:
        """As the port says, at whatever cost."""
        with self._one_state() as connection:
            if query.at and self._has_changed(query):
                return RecordCount(PastSearch(connection, query).count())
            search = Search(connection)
            return search.count(query, search.count_plan(query, self._ready_indexes(query)), estimate=estimate)

    @reads
    def get_collection(self, key: CollectionKey) -> Collection | None:
        """As the port says."""
        row = self._connection().execute(self._statements.get_collection, key).fetchone()
        return None if row is None else collection_of(row)

    @reads
    def list_collections(self, tenant: str, after: str, limit: int) -> tuple[Collection, ...]:
        """As the port says."""
        rows = self._connection().execute(self._statements.list_collections, (tenant, after, limit))
        return tuple([collection_of(row) for row in rows])

    @reads
    def get_request(self, key: RequestKey, at: Timestamp) -> StoredRequest | None:
        """As the port says."""
        row = self._connection().execute(self._statements.get_request, (*key, at)).fetchone()
        return None if row is None else request_of(row)

    @reads
    def expired_records(self, at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """As the port says."""
        rows = self._connection().execute(self._statements.expired_records, (at, limit))
        return tuple([DueRecord(row[0], record_of(row[1:])) for row in rows])

    @reads
    def purgeable_records(self, at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """As the port says."""
        rows = self._connection().execute(self._statements.purgeable_records, (at, limit))
        return tuple([DueRecord(row[0], record_of(row[1:])) for row in rows])

    def _list_present(self, query: RecordQuery) -> RecordPage | None:
        if query.where is None and not query.order and query.collection is not None and not query.show_deleted:
            return self._list_all(query)
        with self._one_state() as connection:
            plan = serving_plan(query, self._ready_indexes(query))
            return None if plan is None else page_of(Search(connection).rows(query, plan), query)

    def _has_changed(self, query: RecordQuery) -> bool:
        """Whether anything that the query is about was written after its revision."""
        log, tenant, collection = self._statements.log, query.tenant, query.collection
        if collection is None:
            statement = Sql(log.has_tenant_changed, (query.at, tenant))
        else:
            statement = Sql(log.has_changed, (tenant, collection, query.at))
        return self._connection().execute(*statement).fetchone() is not None

    @reads
    def get_error_report(self, report_id: str) -> ErrorReport | None:
        """As the port SystemStore says."""
        return self._reports.get(self._connection(), report_id)

    @reads
    def list_error_reports(self, query: ReportQuery) -> tuple[ErrorReport, ...]:
        """As the port SystemStore says."""
        return self._reports.list(self._connection(), query)

    def _list_all(self, query: RecordQuery) -> RecordPage:
        """The page that is asked for most, without a detour."""
        after = "" if query.after is None else query.after.id
        # One more than the page holds tells whether there is more.
        values = (query.tenant, query.collection, after, query.limit + 1)
        return page_of(stream(self._connection(), Sql(self._statements.list_records, values)), query)

    def _ready_indexes(self, query: RecordQuery) -> set[str]:
        """Which of the fields that matter to the query have an index that holds all records."""
        fields = indexable_fields(query)
        if not fields:
            return set()
        row = self._connection().execute(self._statements.get_collection, (query.tenant, query.collection)).fetchone()
        return set() if row is None else {index.field for index in collection_of(row).indexes if index.ready} & fields
