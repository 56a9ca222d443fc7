"""What the port SystemStore promises."""

import asyncio

from crud_service.testing.store_contract.store import Store


class SystemStoreContract:
    """Values of the node itself."""

    async def test_first_value_is_kept(self, store: Store) -> None:
        """The first value wins, and nobody makes another one after it."""
        made: list[bytes] = []

        def create() -> bytes:
            made.append(bytes([len(made), 0, 255]))
            return made[-1]

        first = await store.load_or_create("key", create)
        assert await store.load_or_create("key", create) == first == b"\x00\x00\xff"
        assert len(made) == 1

    async def test_names_are_apart(self, store: Store) -> None:
        """Each name has a value of its own, and an empty value is one."""
        assert await store.load_or_create("a", lambda: b"") == b""
        assert await store.load_or_create("b", lambda: b"of b") == b"of b"
        assert await store.load_or_create("a", lambda: b"too late") == b""

    async def test_all_callers_get_the_same(self, store: Store) -> None:
        """Concurrent callers get one and the same value."""
        makes = [lambda number=number: bytes([number]) for number in range(20)]
        values = await asyncio.gather(*(store.load_or_create("key", make) for make in makes))
        assert len(set(values)) == 1

    async def test_values_are_no_collection(self, store: Store) -> None:
        """System values show up neither as collections nor in the log."""
        await store.load_or_create("key", lambda: b"secret")
        assert await store.list_collections("", "", 10) == ()
        assert await store.last_revision() == 0
