"""The store without a disk: for tests and for data that may be lost. Closing it loses everything."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import TypeVar

from crud_service.library import memory_query
from crud_service.library.commit_plan import CommitPlan, Stored, touched
from crud_service.library.log_signal import LogSignal
from crud_service.library.memory_log import MemoryLog
from crud_service.library.staged_table import StagedTable
from crud_service.model.change import Change, Committed, Mutation, RequestKey, StoredRequest
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.measures import StoreMeasures
from crud_service.model.ports.change_log import Compaction, HistoryRule, LogScope
from crud_service.model.ports.record_store import DueRecord, RecordPage
from crud_service.model.query import RecordCount, RecordQuery
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey
from crud_service.model.reports import ErrorReport, ReportPlace, ReportQuery, joined
from crud_service.model.timestamp import Timestamp

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class _Data:
    """All that an open store holds."""

    records: dict[RecordKey, Record] = field(default_factory=dict)
    collections: dict[CollectionKey, Collection] = field(default_factory=dict)
    requests: dict[RequestKey, StoredRequest] = field(default_factory=dict)
    log: MemoryLog = field(default_factory=MemoryLog)
    values: dict[str, bytes] = field(default_factory=dict)
    reports: dict[str, ErrorReport] = field(default_factory=dict)
    revision: int = 0
    signal: LogSignal = field(default_factory=lambda: LogSignal(0))


class MemoryStore:
    """RecordStore and SystemStore in dictionaries. A commit runs without a pause: it is its own transaction."""

    kind = "memory"
    version = ""

    def __init__(self) -> None:
        self._opened: _Data | None = None

    @property
    def measures(self) -> StoreMeasures:
        """What it knows of itself. Raises CrudError unless it is open."""
        return StoreMeasures(self._data.revision)

    async def open(self) -> None:
        """Make it ready, empty."""
        self._opened = _Data()

    async def close(self) -> None:
        """Let go of everything."""
        data, self._opened = self._opened, None
        if data is not None:
            data.signal.close()

    async def commit(self, mutation: Mutation) -> Committed:
        """As the port says."""
        data = self._data
        keys = touched([mutation])
        stored = Stored(
            {key: data.records[key] for key in keys.records if key in data.records},
            {key: data.collections[key] for key in keys.collections if key in data.collections},
            {key: data.requests[key] for key in keys.requests if key in data.requests},
        )
        plan = CommitPlan(stored, self._has_live, data.revision)
        outcome = plan.add(mutation)
        if not isinstance(outcome, Committed):
            raise outcome
        _store(data, plan)
        return outcome

    async def get_record(self, key: RecordKey) -> Record | None:
        """As the port says."""
        return self._data.records.get(key)

    async def get_records(self, keys: Sequence[RecordKey]) -> list[Record | None]:
        """As the port says."""
        records = self._data.records
        return [records.get(key) for key in keys]

    async def list_records(self, query: RecordQuery) -> RecordPage:
        """As the port says."""
        return await memory_query.page_of(self._records_at(query), query)

    async def count_records(self, query: RecordQuery, *, estimate: bool) -> RecordCount:
        """As the port says."""
        return await memory_query.count_of(self._records_at(query), query)

    async def get_collection(self, key: CollectionKey) -> Collection | None:
        """As the port says."""
        return self._data.collections.get(key)

    async def list_collections(self, tenant: str, after: str, limit: int) -> tuple[Collection, ...]:
        """As the port says."""
        collections = self._data.collections
        ids = sorted(key.id for key in collections if key.tenant == tenant and key.id > after)
        return tuple(collections[CollectionKey(tenant, each)] for each in ids[:limit])

    async def last_revision(self) -> int:
        """As the port says."""
        return self._data.revision

    async def probe_write(self) -> None:
        """As the port says."""
        _ = self._data  # which there is unless it is closed

    async def read_log(
        self, after: int, limit: int, scope: LogScope | None = None, weight_limit: int = 8_388_608
    ) -> tuple[Change, ...]:
        """As the port says."""
        return self._data.log.read(after, limit, scope, weight_limit)

    async def read_mutation(self, revision: int) -> tuple[Change, ...]:
        """As the port says."""
        return self._data.log.mutation(revision)

    async def wait_log(self, after: int) -> int:
        """As the port says. CrudError (`SHUTTING_DOWN`) when the store is closed meanwhile."""
        return await self._data.signal.wait(after)

    async def log_floor(self, scope: LogScope | None = None) -> int:
        """As the port says."""
        return self._data.log.floor(scope)

    async def states_at(self, keys: Sequence[RecordKey], revisions: Sequence[int]) -> list[Change | None]:
        """As the port says."""
        return list(map(self._data.log.state_at, keys, revisions))

    async def read_history(
        self, key: RecordKey, below: int, limit: int, weight_limit: int = 2_097_152
    ) -> tuple[Change, ...]:
        """As the port says."""
        return self._data.log.history(key, below, limit, weight_limit)

    async def logged_collections(self, after: CollectionKey | None, limit: int) -> tuple[CollectionKey, ...]:
        """As the port says."""
        return self._data.log.collections(after, limit)

    async def compact_log(self, collection: CollectionKey, rule: HistoryRule, limit: int) -> Compaction:
        """As the port says."""
        return self._data.log.compact(collection, rule, limit)

    async def get_request(self, key: RequestKey, at: Timestamp) -> StoredRequest | None:
        """As the port says."""
        request = self._data.requests.get(key)
        return None if request is None or request.expire_time <= at else request

    async def forget_requests(self, at: Timestamp, limit: int) -> int:
        """As the port says."""
        requests = self._data.requests
        expired = [key for key, request in requests.items() if request.expire_time <= at][:limit]
        for key in expired:
            del requests[key]
        return len(expired)

    async def expired_records(self, at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """As the port says."""
        return self._due(lambda record: None if record.delete_time else record.expire_time, at, limit)

    async def purgeable_records(self, at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """As the port says."""
        return self._due(lambda record: record.purge_time if record.delete_time else None, at, limit)

    async def fill_index(self, collection: CollectionKey, field: str, after: str, limit: int) -> str | None:
        """As the port says. There is nothing to fill: queries read the records."""
        data = self._data
        declared = data.collections.get(collection)
        if declared is None or all(index.field != field or index.ready for index in declared.indexes):
            return None
        live = sorted(
            key.id
            for key, record in data.records.items()
            if key[:2] == collection and key.id > after and record.delete_time is None
        )
        return live[:limit][-1] if live else None

    async def load_or_create(self, name: str, create: Callable[[], bytes]) -> bytes:
        """As the port SystemStore says."""
        values = self._data.values
        if name not in values:
            values[name] = create()
        return values[name]

    async def add_error_reports(self, reports: Sequence[ErrorReport], most: int) -> None:
        """As the port SystemStore says."""
        data = self._data
        for report in reports:
            kept = data.reports.get(report.id)
            data.reports[report.id] = report if kept is None else joined(kept, report)
        data.reports = {each.id: each for each in _latest_first(data.reports.values())[:most]}

    async def get_error_report(self, report_id: str) -> ErrorReport | None:
        """As the port SystemStore says."""
        return self._data.reports.get(report_id)

    async def list_error_reports(self, query: ReportQuery) -> tuple[ErrorReport, ...]:
        """As the port SystemStore says."""
        found = [
            report
            for report in _latest_first(self._data.reports.values())
            if query.operation in ("", report.operation)
            and query.version in ("", report.last_seen_version)
            and (query.after is None or _follows(report, query.after))
        ]
        return tuple(found[: query.limit])

    @property
    def _data(self) -> _Data:
        if self._opened is None:
            raise CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, "the store is closed; try another node")
        return self._opened

    def _records_at(self, query: RecordQuery) -> Mapping[RecordKey, Record]:
        """All records as they were at the query's revision."""
        data, at = self._data, query.at
        if not at or at >= data.revision:
            return data.records
        then = {key: data.log.state_at(key, at) for key, record in data.records.items() if record.revision > at}
        changed = {key: entry.record for key, entry in then.items() if entry is not None and entry.state}
        return {key: record for key, record in data.records.items() if record.revision <= at} | changed

    def _has_live(self, collection: CollectionKey, besides: set[str]) -> bool:
        return any(
            key[:2] == collection and record.delete_time is None and key.id not in besides
            for key, record in self._data.records.items()
        )

    def _due(self, time_of: Callable[[Record], Timestamp | None], at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """The first of the records whose time is not after `at`."""
        records = self._data.records.items()
        due = [(time, DueRecord(key.tenant, record)) for key, record in records if (time := time_of(record))]
        first = sorted([each for each in due if each[0] <= at], key=itemgetter(0))[:limit]
        return tuple(record for _, record in first)


def _store(data: _Data, plan: CommitPlan) -> None:
    _erase(data, plan)
    _put(data.collections, plan.collections)
    _put(data.records, plan.records)
    _put(data.requests, plan.requests)
    data.log.append(plan.changes)
    data.revision = plan.revision
    data.signal.committed(plan.revision)


def _erase(data: _Data, plan: CommitPlan) -> None:
    """Remove the records of dropped collections, and what the log says of them and of purged ones."""
    dropped = plan.dropped.written
    if dropped:
        data.records = {key: record for key, record in data.records.items() if key[:2] not in dropped}
    data.log.erase(plan.purged.written, dropped)


def _put(stored: dict[K, V], staged: StagedTable[K, V]) -> None:
    for key, state in staged.written.items():
        if state is None:
            stored.pop(key, None)
        else:
            stored[key] = state


def _latest_first(reports: Iterable[ErrorReport]) -> list[ErrorReport]:
    by_id = sorted(reports, key=attrgetter("id"))
    return sorted(by_id, key=attrgetter("last_seen_time"), reverse=True)


def _follows(report: ErrorReport, place: ReportPlace) -> bool:
    is_alike = report.last_seen_time == place.last_seen_time
    return report.id > place.id if is_alike else report.last_seen_time < place.last_seen_time
