"""What the store tests share."""

import shutil
from pathlib import Path

import pytest

from crud_service.library.sqlite import SqliteStore


@pytest.fixture(scope="session")
async def empty_file(tmp_path_factory):
    """A data file that was made by a store of this code and holds nothing."""
    path = tmp_path_factory.mktemp("empty") / "crud.db"
    store = SqliteStore(path)
    await store.open()
    await store.close()
    return path


@pytest.fixture
def data_file(empty_file, tmp_path):
    """A fresh copy of it: migrating takes a tenth of a second, copying none."""
    return Path(shutil.copy(empty_file, tmp_path / "crud.db"))
