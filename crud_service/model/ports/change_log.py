"""The port to the change log: what was written, in order, and as it was before."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from crud_service.model.change import Change
from crud_service.model.record import CollectionKey, RecordKey
from crud_service.model.timestamp import Timestamp


class LogScope(NamedTuple):
    """Whose entries: those of one collection, or of all of a tenant."""

    tenant: str
    collection: str | None = None
    """None is all collections."""

    @classmethod
    def of(cls, tenant: str, collection: CollectionKey | None) -> "LogScope":
        """That of a collection, wherever it lives, or of all of the tenant."""
        return cls(tenant) if collection is None else cls(*collection)


class HistoryRule(msgspec.Struct, frozen=True):
    """How much history a collection keeps."""

    before: Timestamp
    """States that were superseded at that time or earlier may go."""
    most: int
    """As many of the latest entries stay, if they are not too old; 0 is any number."""
    protected: Timestamp
    """What is written after that time stays in any case."""


class Compaction(NamedTuple):
    """What a step of compaction did."""

    removed: int
    """How many entries went."""
    floor: int
    """Up to which revision history has been compacted."""
    more: bool
    """Whether the rule allows more to go already."""


class ChangeLog(Protocol):
    """The log of a store. Entries are in the order of (revision, ordinal); those of a revision are one mutation.

    The log is compacted from its beginning, collection by collection: up to its *floor* a collection has only the last
    entry of each record, and of itself, and nothing of what is gone. Above the floor everything is there.
    """

    async def last_revision(self) -> int:
        """The revision of the last committed mutation; 0 if there was none."""

    async def read_log(
        self, after: int, limit: int, scope: LogScope | None = None, weight_limit: int = 8_388_608
    ) -> tuple[Change, ...]:
        """The entries with a revision greater than `after`, in order, of a scope or of all tenants: as many whole
        mutations as `limit` entries, and states of `weight_limit` characters, hold, but at least one. Within a scope a
        mutation is what it wrote there.

        Gap-safe: once an entry with revision N has been returned, no entry with a revision <= N appears later.
        """

    async def read_mutation(self, revision: int) -> tuple[Change, ...]:
        """All entries of one revision, in order; empty if there is none."""

    async def wait_log(self, after: int) -> int:
        """Return the last revision as soon as it is greater than `after`. Cancel it to stop waiting."""

    async def log_floor(self, scope: LogScope | None = None) -> int:
        """Up to which revision history has been compacted: of a collection, even if it is gone since; the greatest of
        all collections of a tenant, or of all tenants. 0 if nowhere.
        """

    async def states_at(self, keys: Sequence[RecordKey], revisions: Sequence[int]) -> list[Change | None]:
        """For each key the last entry of that record whose revision is not greater than the one at the same place in
        `revisions`; None if there is none.
        """

    async def read_history(
        self, key: RecordKey, below: int, limit: int, weight_limit: int = 2_097_152
    ) -> tuple[Change, ...]:
        """The entries of one record with a revision smaller than `below`, the last one first, without those whose
        state was erased by a later purge; as many as `limit` and `weight_limit` allow, but at least one.
        """

    async def logged_collections(self, after: CollectionKey | None, limit: int) -> tuple[CollectionKey, ...]:
        """At most `limit` collections that have entries, those that are gone included, in the order of their keys."""

    async def compact_log(self, collection: CollectionKey, rule: HistoryRule, limit: int) -> Compaction:
        """Raise the floor of a collection as far as the rule allows, by about `limit` entries, whole mutations only.

        The floor rises past an entry unless that entry is protected, or is neither too old nor one too many. Then what
        it superseded goes: the record's entry before; for a purge, and for the deletion of the collection, the entry
        itself too. Reads above the floor answer as before.
        """
