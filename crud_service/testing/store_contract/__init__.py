"""The contract of the ports RecordStore and SystemStore, as a suite that every adapter inherits.

    class TestMyStore(RecordStoreContract):
        @pytest.fixture
        async def store(self): ...            # an open, empty store; closed afterwards

A store that outlives its process also inherits `PersistentStoreContract`.
"""

from crud_service.testing.store_contract.collections import CollectionContract
from crud_service.testing.store_contract.commits import CommitContract
from crud_service.testing.store_contract.concurrency import ConcurrencyContract
from crud_service.testing.store_contract.fidelity import FidelityContract
from crud_service.testing.store_contract.lists import ListContract
from crud_service.testing.store_contract.log import LogContract
from crud_service.testing.store_contract.persistence import PersistentStoreContract
from crud_service.testing.store_contract.system_values import SystemStoreContract

__all__ = ["PersistentStoreContract", "RecordStoreContract", "Store", "SystemStoreContract"]

from crud_service.testing.store_contract.store import Store


class RecordStoreContract(
    CommitContract,
    CollectionContract,
    ListContract,
    LogContract,
    ConcurrencyContract,
    FidelityContract,
    SystemStoreContract,
):
    """Every sentence of the two ports. A subclass gives the fixture `store`."""
