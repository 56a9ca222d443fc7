"""The memory store keeps the contract."""

import pytest

from crud_service.library.memory import MemoryStore
from crud_service.testing.store_contract import RecordStoreContract


class TestMemoryStore(RecordStoreContract):
    @pytest.fixture
    async def store(self):
        store = MemoryStore()
        await store.open()
        yield store
        await store.close()
