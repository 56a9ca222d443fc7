"""What a registry is told about a node, as it is now."""

from crud_service.library.memory import MemoryStore
from crud_service.logic.registration import NodeRegistration
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.ports.registrar import Address
from crud_service.model.record import Collection, NodeInfo
from crud_service.model.timestamp import now

NODE = NodeInfo("node-1", "orders", "1.0", "abc", (), "memory", now())
GRPC, HTTP = Address("10.0.0.5", 50051), Address("10.0.0.5", 8080)


class Listing(MemoryStore):
    """A store with these collections."""

    def __init__(self, *ids: str) -> None:
        super().__init__()
        self.ids = ids
        self.is_away = False

    async def list_collections(self, tenant: str, after: str, limit: int) -> tuple[Collection, ...]:
        if self.is_away:
            raise CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "away")
        return tuple(Collection(name, "", "", 1, 1, now(), now()) for name in self.ids[:limit])


async def test_it_follows_the_store() -> None:
    """Each time it tells the collections that there are then; id and addresses stay."""
    store = Listing("notes")
    node = NodeRegistration(store, NODE, GRPC, HTTP)
    first = await node.describe()
    assert (first.id, first.grpc, first.http) == ("orders-node-1", GRPC, HTTP)
    assert (first.collections, first.more_collections) == (("notes",), False)
    store.ids = ("notes", "orders")
    assert (await node.describe()).collections == ("notes", "orders")


async def test_it_is_bounded() -> None:
    """Of many collections the first 32 are told, and that there are others."""
    ids = tuple(f"c{number:03}" for number in range(33))
    assert not (await NodeRegistration(Listing(*ids[:32]), NODE, GRPC, HTTP).describe()).more_collections
    told = await NodeRegistration(Listing(*ids), NODE, GRPC, HTTP).describe()
    assert told.collections == ids[:32]
    assert told.more_collections


async def test_a_store_that_is_away() -> None:
    """A store that does not answer changes nothing of what is told."""
    store = Listing("notes")
    node = NodeRegistration(store, NODE, GRPC, HTTP)
    store.is_away = True
    assert (await node.describe()).collections == ()
    store.is_away = False
    known = await node.describe()
    store.is_away = True
    assert await node.describe() == known
