"""The port to where records live, with what an adapter promises.

Every adapter passes `crud_service.testing.store_contract`, which holds each sentence of this page.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from crud_service.model.change import Committed, Mutation, RequestKey, StoredRequest
from crud_service.model.ports.change_log import ChangeLog
from crud_service.model.query import RecordCount, RecordQuery
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey
from crud_service.model.timestamp import Timestamp


class ConditionFailed(Exception):
    """A write did not find the revision it expected. Nothing of its mutation was stored."""

    def __init__(self, index: int, current: Record | Collection | None) -> None:
        super().__init__(f"write {index} expected another revision")
        self.index = index
        """Which write of the mutation, from 0; behind the writes, its conditions go on counting."""
        self.current = current
        """What is stored, deleted records included; None if there is nothing."""


class CollectionMissing(Exception):
    """A record's collection does not exist and the mutation may not make it. Nothing was stored."""

    def __init__(self, collection: str) -> None:
        super().__init__(f"collection {collection} does not exist")
        self.collection = collection


class CollectionNotEmpty(Exception):
    """A collection to be deleted holds live records. Nothing was stored."""

    def __init__(self, collection: str) -> None:
        super().__init__(f"collection {collection} holds records")
        self.collection = collection


class RequestRepeated(Exception):
    """A request with the mutation's request key was carried out before. Nothing of this one was stored."""

    def __init__(self, stored: StoredRequest) -> None:
        super().__init__(f"request {stored.key.id} was carried out before")
        self.stored = stored


class RecordPage(msgspec.Struct, frozen=True):
    """What a query found. `more` tells that at least one matching record follows the last one."""

    records: tuple[Record, ...]
    more: bool


class DueRecord(NamedTuple):
    """A record whose time has come."""

    tenant: str
    record: Record


class RecordStore(ChangeLog, Protocol):
    """Keeps records, collections and the change log.

    Methods raise CrudError with kind UNAVAILABLE when the store cannot be reached or used, RESOURCE_EXHAUSTED
    (`STORE_FULL`) when it can take no more, and let no error of a vendor's through.
    """

    kind: str
    """What it is, in one word: `sqlite`, `memory`."""

    async def open(self) -> None:
        """Make it ready: create or migrate what is missing. Raises StartError with the way out."""

    async def close(self) -> None:
        """Finish what was accepted and let go of everything. Closing twice does nothing.

        From then on every method but `open` raises CrudError with reason SHUTTING_DOWN, and so does every `wait_log`
        under way.
        """

    async def commit(self, mutation: Mutation) -> Committed:
        """Store all writes of a mutation and their log entries in one transaction, or nothing.

        - When it returns, the mutation is durable and every later read on this node sees it.
        - It takes the next store-wide revision; revisions have no holes, and follow the order of commits.
        - Each state gets that revision; entries are numbered from 0 in the order of the writes, each
          preceded by that of the collection if it is made for it.
        - RequestRepeated if its `request` was kept before and has not expired by the mutation's time.
        - ConditionFailed if a write does not find its `expected_revision`, or a condition does not hold;
          CollectionMissing if a record's collection does not exist and `create_collections` is off;
          CollectionNotEmpty if a collection to be deleted has live records and there is no `force`. The first write
          in order decides, then the first condition; the mutation takes no revision.
        - Conditions are about the state before the mutation.
        - Purging a record removes it and empties the `state` of all its entries in the log, the tombstone's included.
          Deleting a collection does so with all its records; its own entry keeps the collection's last state.
        - A collection's indexes are kept in the same transaction.
        - Concurrent mutations may share a database transaction; one that fails never fails another.
        - A caller that stops waiting does not undo it: it may still be stored.
        """

    async def get_record(self, key: RecordKey) -> Record | None:
        """The record's last state, a deleted one too; None if there is none."""

    async def get_records(self, keys: Sequence[RecordKey]) -> list[Record | None]:
        """The same for several, at one point in time, in the order of the keys."""

    async def list_records(self, query: RecordQuery) -> RecordPage:
        """One page, keyset-style: page 10,000 costs what page 1 costs. Empty for an unknown collection.

        Which records match, and in which order, is what `crud_service.model.matching` says. CrudError with kind
        DEADLINE_EXCEEDED (`QUERY_TIMEOUT`) when `query.seconds` have passed; other calls go on meanwhile.
        """

    async def count_records(self, query: RecordQuery, *, estimate: bool) -> RecordCount:
        """How many records match; order, position and limits of the query do not count. Times out as a list does.

        With `estimate` it may look at a part of them and extrapolate; it says whether it did.
        """

    async def get_collection(self, key: CollectionKey) -> Collection | None:
        """The collection's last state; None if there is none."""

    async def list_collections(self, tenant: str, after: str, limit: int) -> tuple[Collection, ...]:
        """At most `limit` collections with an id greater than `after`, in the order of ids."""

    async def probe_write(self) -> None:
        """Find out whether a commit could be stored now, without waiting for long; CrudError as a commit would raise.

        Nothing is stored while commits go well. After one that failed for the store's sake, something of the store's
        own is, which no other method shows: so a store that has mended is seen without a caller's help.
        """

    async def get_request(self, key: RequestKey, at: Timestamp) -> StoredRequest | None:
        """What is kept of an idempotent request; None if there is nothing, or it has expired by `at`."""

    async def forget_requests(self, at: Timestamp, limit: int) -> int:
        """Remove at most `limit` requests that have expired by `at`, and return how many there were."""

    async def expired_records(self, at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """Live records whose `expire_time` is not after `at`, the earliest first, of all tenants."""

    async def purgeable_records(self, at: Timestamp, limit: int) -> tuple[DueRecord, ...]:
        """Deleted records whose `purge_time` is not after `at`, the earliest first, of all tenants."""

    async def fill_index(self, collection: CollectionKey, field: str, after: str, limit: int) -> str | None:
        """Enter the next `limit` live records with an id greater than `after` into a declared index that is not ready.

        Returns the last id entered, and None when there are no more. Doing a step twice changes nothing. Since the
        index was declared, commits keep it up to date for what they write.
        """
