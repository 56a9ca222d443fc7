"""The contract of the ports RecordStore and SystemStore, as a suite that every adapter inherits.

    class TestMyStore(RecordStoreContract):
        @pytest.fixture
        async def store(self): ...            # an open, empty store; closed afterwards

A store that outlives its process also inherits `PersistentStoreContract`.
"""

from crud_service.testing.store_contract.collections import CollectionContract
from crud_service.testing.store_contract.commits import CommitContract
from crud_service.testing.store_contract.compaction import CompactionContract
from crud_service.testing.store_contract.concurrency import ConcurrencyContract
from crud_service.testing.store_contract.conditions import ConditionContract
from crud_service.testing.store_contract.due import DueContract
from crud_service.testing.store_contract.error_reports import ErrorReportContract
from crud_service.testing.store_contract.fidelity import FidelityContract
from crud_service.testing.store_contract.filters import FilterContract
from crud_service.testing.store_contract.history import HistoryContract
from crud_service.testing.store_contract.idempotency import IdempotencyContract
from crud_service.testing.store_contract.indexes import IndexContract
from crud_service.testing.store_contract.lists import ListContract
from crud_service.testing.store_contract.log import LogContract
from crud_service.testing.store_contract.log_histories import LogHistoryContract
from crud_service.testing.store_contract.log_scopes import LogScopeContract
from crud_service.testing.store_contract.orders import OrderContract
from crud_service.testing.store_contract.past_lists import PastListContract
from crud_service.testing.store_contract.persistence import PersistentStoreContract
from crud_service.testing.store_contract.purge import PurgeContract
from crud_service.testing.store_contract.queries import QueryContract
from crud_service.testing.store_contract.system_values import SystemStoreContract

__all__ = ["PersistentStoreContract", "RecordStoreContract", "Store", "SystemStoreContract"]

from crud_service.testing.store_contract.store import Store


class RecordStoreContract(
    CommitContract,
    ConditionContract,
    PurgeContract,
    IdempotencyContract,
    DueContract,
    IndexContract,
    CollectionContract,
    ListContract,
    FilterContract,
    OrderContract,
    QueryContract,
    LogContract,
    LogScopeContract,
    HistoryContract,
    PastListContract,
    CompactionContract,
    LogHistoryContract,
    ConcurrencyContract,
    FidelityContract,
    SystemStoreContract,
    ErrorReportContract,
):
    """Every sentence of the two ports. A subclass gives the fixture `store`."""
