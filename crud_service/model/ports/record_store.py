"""The port to where records live, with what an adapter promises.

Every adapter passes `crud_service.testing.store_contract`, which holds each sentence of this page.
"""

from typing import Protocol

import msgspec

from crud_service.model.change import Change, Committed, Mutation
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey


class ConditionFailed(Exception):
    """A write did not find the revision it expected. Nothing of its mutation was stored."""

    def __init__(self, index: int, current: Record | Collection | None) -> None:
        super().__init__(f"write {index} expected another revision")
        self.index = index
        """Which write of the mutation, from 0."""
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


class RecordQuery(msgspec.Struct, frozen=True):
    """One page of live records of a collection, in the order of their ids."""

    tenant: str
    collection: str
    tags: tuple[str, ...] = ()
    """A record must have all of these."""
    after: str = ""
    """Only ids greater than this one."""
    limit: int = 50
    weight_limit: int = 2_097_152
    """The page ends before the record that would take the sum of `Record.weight` past this, but never empty."""


class RecordPage(msgspec.Struct, frozen=True):
    """What a query found. `more` tells that at least one matching record follows the last one."""

    records: tuple[Record, ...]
    more: bool


class RecordStore(Protocol):
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
        - Each state gets that revision; entries are numbered from 0 in the order of the writes, after the entries
          of collections made on the way.
        - ConditionFailed if a write does not find its `expected_revision`; CollectionMissing if a record's collection
          does not exist and `create_collections` is off; CollectionNotEmpty if a collection to be deleted has
          live records. The first write in order decides; the mutation takes no revision.
        - Deleting a collection removes its deleted records.
        - Concurrent mutations may share a database transaction; one that fails never fails another.
        - A caller that stops waiting does not undo it: it may still be stored.
        """

    async def get_record(self, key: RecordKey) -> Record | None:
        """The record's last state, a deleted one too; None if there is none."""

    async def list_records(self, query: RecordQuery) -> RecordPage:
        """One page, keyset-style: page 10,000 costs what page 1 costs. Empty for an unknown collection."""

    async def get_collection(self, key: CollectionKey) -> Collection | None:
        """The collection's last state; None if there is none."""

    async def list_collections(self, tenant: str, after: str, limit: int) -> tuple[Collection, ...]:
        """At most `limit` collections with an id greater than `after`, in the order of ids."""

    async def last_revision(self) -> int:
        """The revision of the last committed mutation; 0 if there was none."""

    async def read_log(self, after: int, limit: int) -> tuple[Change, ...]:
        """The entries with a revision greater than `after`, in order: as many whole mutations as `limit` entries hold,
        but at least one.

        Gap-safe: once an entry with revision N has been returned, no entry with a revision <= N appears later.
        """

    async def wait_log(self, after: int) -> int:
        """Return the last revision as soon as it is greater than `after`. Cancel it to stop waiting."""
