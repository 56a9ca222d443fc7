"""The SQLite store keeps the contract."""

import pytest

from crud_service.library.sqlite import SqliteStore
from crud_service.testing.store_contract import PersistentStoreContract, RecordStoreContract


class TestSqliteStore(RecordStoreContract, PersistentStoreContract):
    @pytest.fixture
    async def store(self, data_file):
        store = SqliteStore(data_file)
        await store.open()
        yield store
        await store.close()
