"""The whole logic, over each store, answers like a few hundred lines of plain Python, whatever is asked of it."""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from crud_service.library.memory import MemoryStore
from crud_service.library.sqlite import SqliteStore
from crud_service.model.ports.record_store import RecordStore
from tests.integration.model.history_machine import HistoryMachine

Maker = Callable[[Path], contextlib.AbstractContextManager[RecordStore]]
"""Makes an empty store, given an empty data file."""


@contextlib.contextmanager
def memory(_: Path) -> Iterator[RecordStore]:
    yield MemoryStore()


@contextlib.contextmanager
def sqlite(empty_file: Path) -> Iterator[RecordStore]:
    with tempfile.TemporaryDirectory() as folder:
        yield SqliteStore(Path(shutil.copy(empty_file, folder)), synchronous="OFF")


STORES: list[tuple[Maker, bool]] = [(memory, False), (sqlite, True)]
"""Each kind of store, with whether it outlives a restart."""


@pytest.fixture(scope="session")
async def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data file that holds nothing: to copy one takes no time, to migrate one does."""
    path = tmp_path_factory.mktemp("empty") / "crud.db"
    store = SqliteStore(path)
    await store.open()
    await store.close()
    return path


@pytest.mark.proof
@pytest.mark.parametrize(("make_store", "persists"), STORES, ids=[make.__name__ for make, _ in STORES])
def test_logic(make_store, persists, empty_file, proof) -> None:
    """Random calls of all operations, to two nodes of one store, are answered as by the plain service."""
    run_state_machine_as_test(
        lambda: HistoryMachine(lambda: make_store(empty_file), persists=persists),
        settings=settings(
            max_examples=600 if proof else 50,
            stateful_step_count=60 if proof else 40,
            derandomize=not proof,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
