"""Which store adapter the setting `store` names. Adapters are imported when they are chosen."""

from pathlib import Path
from typing import Protocol

from crud_service.model.measures import StoreMeasures
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.ports.system_store import SystemStore

_MEMORY = "memory://"


class Store(RecordStore, SystemStore, Protocol):
    """An adapter that keeps records and what the node itself must not forget."""

    version: str
    """Of what keeps them; empty if that is this program itself."""

    @property
    def measures(self) -> StoreMeasures:
        """What it knows of itself, without waiting for anything. Raises CrudError unless it is open."""


def open_store(url: str, *, auto_migrate: bool) -> Store:
    """The store adapter that a URL names; it is not opened yet."""
    file = data_file(url)
    if file is None:
        from crud_service.library.memory import MemoryStore

        return MemoryStore()
    from crud_service.library.sqlite import SqliteStore

    return SqliteStore(file, auto_migrate=auto_migrate)


def data_file(url: str) -> Path | None:
    """The file that a store's URL names; None if it keeps nothing in one."""
    return None if url == _MEMORY else Path(url.removeprefix("sqlite:///"))
