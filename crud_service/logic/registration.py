"""What a registry of services is told about this node, as it is now."""

from crud_service.model.errors import CrudError
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.ports.registrar import Address, Registration
from crud_service.model.record import NodeInfo

_MOST_COLLECTIONS = 32


class NodeRegistration:
    """Describes a node that is reached at two addresses; awaits nothing but its store."""

    def __init__(self, store: RecordStore, node: NodeInfo, grpc: Address, http: Address) -> None:
        self._store = store
        self._last = Registration(node, grpc, http)

    async def describe(self) -> Registration:
        """The registration with the first collections of the store, or the last ones known while it does not answer."""
        last = self._last
        try:
            found = await self._store.list_collections("", "", _MOST_COLLECTIONS + 1)
        except CrudError:
            return last
        ids = tuple(collection.id for collection in found[:_MOST_COLLECTIONS])
        self._last = Registration(last.node, last.grpc, last.http, ids, more_collections=len(found) > len(ids))
        return self._last
