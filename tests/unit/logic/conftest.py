"""The logic over a store in memory, with a clock and ids that are known beforehand."""

from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import pytest

from crud_service.library.memory import MemoryStore
from crud_service.logic.changes import LogTail
from crud_service.logic.page_token import PageTokens
from crud_service.logic.service import Parts, operations
from crud_service.logic.writer import Writer
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import NoHooks, RecordHooks
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.record import Collection, Record
from crud_service.model.timestamp import Timestamp, from_unix

START = 1_800_000_000


class Service:
    """All operations of the logic over one store. Its clock gains a second each time it is read.

    The ids it makes are `id-1`, `id-2` and so on; another `node` has another word in front.
    """

    def __init__(
        self,
        store: RecordStore,
        hooks: RecordHooks | None = None,
        limits: Limits | None = None,
        *,
        create_collections: bool = True,
        node: str = "id",
    ) -> None:
        self.store = store
        self.collections_changed = 0
        self._next = START
        hooks, limits = hooks or NoHooks(), limits or Limits()
        self.writer = Writer(
            store,
            hooks,
            limits,
            clock=self._now,
            code_version="1.2.3+abc",
            create_collections=create_collections,
        )
        tokens = PageTokens(b"k" * 32, limits.page_token_bytes)
        self.troubles: list[str] = []
        self.tail = LogTail(store, lambda message, _: self.troubles.append(message))
        ids = count(1)
        self.parts = Parts(
            store,
            self.writer,
            hooks,
            tokens,
            self.tail,
            limits,
            new_id=lambda: f"{node}-{next(ids)}",
            collections_changed=self._collections_changed,
        )
        self.handlers = operations(self.parts)

    async def do(self, request: Any, made: Call | None = None) -> Any:
        """Carry out a request of `model.requests`, called by ann unless `made` says otherwise."""
        name = type(request).__name__
        made = made or call()
        made.operation = name
        return await self.handlers[name](made, request)

    def _now(self) -> Timestamp:
        self._next += 1
        return from_unix(self._next - 1)

    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self._next += seconds

    def _collections_changed(self) -> None:
        self.collections_changed += 1

    async def create(self, record_id: str = "", parent: str = "collections/notes", **fields: Any) -> Record:
        """Create a record of these fields."""
        draft = requests.RecordDraft(**fields)
        return await self.do(requests.CreateRecord(parent, draft, record_id))

    async def get(self, path: str) -> Record:
        """Read a record."""
        return await self.do(requests.GetRecord(path))

    async def list(self, parent: str = "collections/notes", **fields: Any) -> requests.ListRecordsReply:
        """Read one page of records."""
        return await self.do(requests.ListRecords(parent, **fields))

    async def update(self, path: str, mask: tuple[str, ...] | None = None, **fields: Any) -> Record:
        """Change a record."""
        draft = requests.RecordDraft(path=path, **fields)
        return await self.do(requests.UpdateRecord(draft, mask))

    async def delete(self, path: str, etag: str = "") -> Record:
        """Delete a record."""
        return await self.do(requests.DeleteRecord(path, etag))

    async def undelete(self, path: str, etag: str = "") -> Record:
        """Undelete a record."""
        return await self.do(requests.UndeleteRecord(path, etag))

    async def purge(self, path: str, etag: str = "") -> Record:
        """Purge a record."""
        return await self.do(requests.PurgeRecord(path, etag))

    async def create_collection(self, collection_id: str = "notes", **fields: Any) -> Collection:
        """Create a collection of these fields."""
        draft = requests.CollectionDraft(**fields)
        return await self.do(requests.CreateCollection(draft, collection_id))

    async def get_collection(self, path: str = "collections/notes") -> Collection:
        """Read a collection."""
        return await self.do(requests.GetCollection(path))

    async def update_collection(
        self, path: str = "collections/notes", mask: tuple[str, ...] | None = None, **fields: Any
    ) -> Collection:
        """Change a collection."""
        draft = requests.CollectionDraft(path=path, **fields)
        return await self.do(requests.UpdateCollection(draft, mask))

    async def delete_collection(self, path: str = "collections/notes", etag: str = "") -> Collection:
        """Delete a collection."""
        return await self.do(requests.DeleteCollection(path, etag))


def call(**fields: Any) -> Call:
    """A call as it leaves the chassis."""
    facts = {"call_id": "call-1", "trace_id": "trace-1", "principal": "ann"} | fields
    return Call("Test", "grpc", **facts)


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    memory = MemoryStore()
    await memory.open()
    yield memory
    await memory.close()


@pytest.fixture
def service(store: MemoryStore) -> Service:
    return Service(store)


@pytest.fixture
def service_of(store: MemoryStore) -> Callable[..., Service]:
    """Makes a service over the same store with hooks, limits or settings of its own, or over a store around it."""

    def make(over: RecordStore | None = None, **settings: Any) -> Service:
        return Service(over or store, **settings)

    return make


@pytest.fixture
def new_call() -> Callable[..., Call]:
    """Makes calls with facts of their own."""
    return call


@pytest.fixture
def time_of() -> Callable[[int], Timestamp]:
    """The n-th reading of the service's clock, from 0."""
    return lambda reading: from_unix(START + reading)


@pytest.fixture
def refused() -> Callable[..., Any]:
    """Expects an error of this kind and reason, and about this field if one is given."""

    def expect(kind: Kind, reason: Reason, field: str | None = None) -> Any:
        def matches(error: CrudError) -> bool:
            fields = [each.field for each in error.violations]
            return (error.kind, error.reason) == (kind, reason) and (field is None or fields == [field])

        return pytest.RaisesExc(CrudError, check=matches)

    return expect
