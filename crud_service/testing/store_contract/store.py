"""What an adapter is - both ports in one object - and short ways to fill it."""

from typing import Protocol

from crud_service.model.change import CollectionWrite, RecordWrite
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.ports.system_store import SystemStore
from crud_service.model.record import Collection, Record
from crud_service.testing.mutations import mutation


class Store(RecordStore, SystemStore, Protocol):
    """A store of records that also keeps the node's own values."""


async def commit_records(store: RecordStore, *writes: RecordWrite, tenant: str = "") -> list[Record]:
    """Commit the writes as one mutation; the stored states."""
    committed = await store.commit(mutation(*writes, tenant=tenant))
    return [state for state in committed.states if isinstance(state, Record)]


async def commit_record(store: RecordStore, write: RecordWrite, tenant: str = "") -> Record:
    """Commit one write; the stored state."""
    return (await commit_records(store, write, tenant=tenant))[0]


async def commit_collection(store: RecordStore, write: CollectionWrite) -> Collection:
    """Commit one write; the stored state."""
    state = (await store.commit(mutation(write))).states[0]
    assert isinstance(state, Collection)
    return state
