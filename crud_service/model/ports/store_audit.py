"""The port through which a whole store is read from one end to the other, to find out whether it is sound."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from crud_service.model.change import Change
from crud_service.model.record import Collection, CollectionKey, Record


class ResourceKey(NamedTuple):
    """Where a record lives, or with an empty id a collection; collections sort before their records."""

    tenant: str
    collection: str
    id: str

    @property
    def path(self) -> str:
        """The resource's path, with its tenant if it has one."""
        path = f"collections/{self.collection}" + (f"/records/{self.id}" if self.id else "")
        return f"{self.tenant}:{path}" if self.tenant else path


class Resource(NamedTuple):
    """A record or a collection, by its key."""

    key: ResourceKey
    state: Record | Collection


class StoreAudit(Protocol):
    """One state of a store as it stands. Its methods block; their memory does not grow with the store."""

    def last_revision(self) -> int:
        """The last revision that was given."""

    def floor(self, collection: CollectionKey) -> int:
        """Up to which revision the history of a collection has been compacted."""

    def entries(self) -> Iterator[Change]:
        """All entries of the log, by tenant, collection, id and revision; those of a collection itself come first."""

    def resources(self) -> Iterator[Resource]:
        """All collections and records, deleted ones too, in the order of their keys."""

    def faults(self) -> Iterator[str]:
        """What is wrong with what the adapter keeps besides, each in one line without contents."""
