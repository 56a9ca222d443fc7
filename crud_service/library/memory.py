"""The store without a disk: for tests and for data that may be lost. Closing it loses everything."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from crud_service.library.commit_plan import CommitPlan, touched
from crud_service.library.log_signal import LogSignal
from crud_service.model.change import Change, Committed, Mutation
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.ports.record_store import RecordPage, RecordQuery
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey


@dataclass(slots=True)
class _Data:
    """All that an open store holds."""

    records: dict[RecordKey, Record] = field(default_factory=dict)
    collections: dict[CollectionKey, Collection] = field(default_factory=dict)
    live: dict[CollectionKey, list[str]] = field(default_factory=dict)
    """The sorted ids of each collection's live records."""
    log: list[Change] = field(default_factory=list)
    values: dict[str, bytes] = field(default_factory=dict)
    revision: int = 0
    signal: LogSignal = field(default_factory=lambda: LogSignal(0))


class MemoryStore:
    """RecordStore and SystemStore in dictionaries. A commit runs without a pause: it is its own transaction."""

    kind = "memory"

    def __init__(self) -> None:
        self._opened: _Data | None = None

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
        record_keys, collection_keys = touched([mutation])
        plan = CommitPlan(
            {key: data.records[key] for key in record_keys if key in data.records},
            {key: data.collections[key] for key in collection_keys if key in data.collections},
            self._has_live,
            data.revision,
        )
        outcome = plan.add(mutation)
        if not isinstance(outcome, Committed):
            raise outcome
        _store(data, plan)
        return outcome

    async def get_record(self, key: RecordKey) -> Record | None:
        """As the port says."""
        return self._data.records.get(key)

    async def list_records(self, query: RecordQuery) -> RecordPage:
        """As the port says."""
        data = self._data
        ids = data.live.get(CollectionKey(query.tenant, query.collection), [])
        wanted = set(query.tags)
        records: list[Record] = []
        weight = 0
        for record_id in islice(ids, bisect_right(ids, query.after), None):
            record = data.records[RecordKey(query.tenant, query.collection, record_id)]
            if not wanted.issubset(record.tags):
                continue
            weight += record.weight
            if len(records) == query.limit or (records and weight > query.weight_limit):
                return RecordPage(tuple(records), True)
            records.append(record)
        return RecordPage(tuple(records), False)

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

    async def read_log(self, after: int, limit: int) -> tuple[Change, ...]:
        """As the port says."""
        log = self._data.log
        start = bisect_right(log, after, key=_revision)
        end = start + limit
        if end < len(log):
            # Leave out a mutation that would be cut, unless it is the only one.
            cut = log[end].revision
            end = bisect_right(log, cut - 1, key=_revision)
            if end == start:
                end = bisect_right(log, cut, key=_revision)
        return tuple(log[start:end])

    async def wait_log(self, after: int) -> int:
        """As the port says. CrudError (`SHUTTING_DOWN`) when the store is closed meanwhile."""
        return await self._data.signal.wait(after)

    async def load_or_create(self, name: str, create: Callable[[], bytes]) -> bytes:
        """As the port SystemStore says."""
        values = self._data.values
        if name not in values:
            values[name] = create()
        return values[name]

    @property
    def _data(self) -> _Data:
        if self._opened is None:
            raise CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, "the store is closed; try another node")
        return self._opened

    def _has_live(self, key: CollectionKey, besides: set[str]) -> bool:
        return not besides.issuperset(self._data.live.get(key, ()))


def _store(data: _Data, plan: CommitPlan) -> None:
    for key in plan.dropped:
        for record_key in [each for each in data.records if (each.tenant, each.collection) == key]:
            del data.records[record_key]
        data.live.pop(key, None)
    for key, collection in plan.written_collections.items():
        if collection is None:
            data.collections.pop(key, None)
        else:
            data.collections[key] = collection
    for record_key, record in plan.written_records.items():
        if record is not None:
            data.records[record_key] = record
            _index(data.live.setdefault(CollectionKey(record_key.tenant, record_key.collection), []), record)
    data.log += plan.changes
    data.revision = plan.revision
    data.signal.committed(plan.revision)


def _index(ids: list[str], record: Record) -> None:
    """Put a record's id among the live ones, or take it out."""
    place = bisect_right(ids, record.id)
    listed = place > 0 and ids[place - 1] == record.id
    if listed and record.delete_time is not None:
        del ids[place - 1]
    elif not listed and record.delete_time is None:
        ids.insert(place, record.id)


def _revision(change: Change) -> int:
    return change.revision
