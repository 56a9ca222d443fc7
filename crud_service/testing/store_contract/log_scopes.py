"""What the change log promises to a reader of one collection or tenant, and about the size of what it returns."""

import asyncio

import pytest

from crud_service.model.change import Change
from crud_service.model.ports.change_log import LogScope
from crud_service.testing.log_replay import read_all
from crud_service.testing.mutations import create, mutation, record
from crud_service.testing.store_contract.store import Store

A, B, T = LogScope("", "a"), LogScope("", "b"), LogScope("t")


class LogScopeContract:
    """Reads within a scope and within a weight."""

    @pytest.mark.parametrize(
        ("scope", "after", "limit", "found"),
        [
            (None, 0, 100, "1a 1a1 1b 1b1 1a2 2a 2a1 3a3 3b2 4b3"),
            (LogScope(""), 0, 100, "1a 1a1 1b 1b1 1a2 3a3 3b2 4b3"),
            (LogScope(""), 1, 1, "3a3 3b2"),
            (LogScope(""), 1, 2, "3a3 3b2"),
            (LogScope(""), 1, 3, "3a3 3b2 4b3"),
            (A, 0, 100, "1a 1a1 1a2 3a3"),
            (A, 0, 3, "1a 1a1 1a2"),
            (A, 0, 1, "1a 1a1 1a2"),
            (A, 1, 1, "3a3"),
            (A, 3, 1, ""),
            (B, 0, 3, "1b 1b1 3b2"),
            (B, 3, 3, "4b3"),
            (T, 0, 10, "2a 2a1"),
            (LogScope("t", "a"), 0, 10, "2a 2a1"),
            (LogScope("t", "b"), 0, 10, ""),
            (LogScope("none"), 0, 10, ""),
        ],
    )
    async def test_scopes(self, store: Store, scope: LogScope | None, after: int, limit: int, found: str) -> None:
        """A scope holds its own entries only, in order, and of a mutation all that it wrote there."""
        await store.commit(mutation(*[create(record(each[1:], each[0])) for each in ("a1", "b1", "a2")]))
        await store.commit(mutation(create(record("1", "a")), tenant="t"))
        await store.commit(mutation(*[create(record(each[1:], each[0])) for each in ("a3", "b2")]))
        await store.commit(mutation(create(record("3", "b"))))
        read = await store.read_log(after, limit, scope)
        assert " ".join(f"{entry.revision}{entry.collection}{entry.id}" for entry in read) == found

    @pytest.mark.parametrize("scope", [None, LogScope(""), LogScope("", "notes")])
    async def test_weight(self, store: Store, scope: LogScope | None) -> None:
        """A read ends before the mutation whose states would take it past the weight, but holds at least one."""
        for number in range(4):
            names = (f"{number}a", f"{number}b")
            await store.commit(mutation(*[create(record(each, content=f'{{"t":"{"x" * 9_000}"}}')) for each in names]))
        log = await read_all(store)
        weights = [sum(len(entry.state) for entry in log if entry.revision == each) for each in range(1, 5)]
        for most, weight in [(1, 0), (1, 1), (1, weights[0]), (1, sum(weights[:2]) - 1), (2, sum(weights[:2]))]:
            read = await store.read_log(0, 1_000, scope, weight)
            assert read == tuple(entry for entry in log if entry.revision <= most)
        assert await store.read_log(1, 1_000, scope, sum(weights[1:])) == tuple(log[3:])
        assert await store.read_log(0, 4, scope, sum(weights)) == tuple(log[:3])

    @pytest.mark.parametrize("scope", [None, LogScope("", "notes")])
    async def test_far_behind(self, store: Store, scope: LogScope | None) -> None:
        """A reader far behind, or behind many or large entries, reads the same log as one at its head."""
        large = f'{{"t":"{"x" * 200_000}"}}'
        await store.commit(mutation(*[create(record(f"m{number:03d}")) for number in range(300)]))
        commits = [store.commit(mutation(create(record(f"r{number}")))) for number in range(100)]
        await asyncio.gather(*commits)
        await store.commit(mutation(create(record("large", content=large))))
        await store.commit(mutation(create(record("last"))))
        log = await read_all(store)
        assert len(log) == 403
        for after in (0, 1, 50, 100, 101, 102, 103):
            for limit in (1, 7, 1_000):
                read = await store.read_log(after, limit, scope)
                following = [entry for entry in log if entry.revision > after]
                # The first mutation holds more than the limit, all others are one entry.
                assert list(read) == following[: max(limit, 0 if after else 301)]

    @pytest.mark.parametrize("scope", [LogScope(""), LogScope("", "a"), LogScope("t", "a")])
    async def test_scope_has_no_gap(self, store: Store, scope: LogScope) -> None:
        """A reader that follows a scope while many write there and elsewhere sees each entry of it once, in order."""
        seen: list[Change] = []
        writers, each = 8, 12

        async def follow() -> None:
            after = 0
            while after < writers * each:
                last = await store.wait_log(after)
                read = await store.read_log(after, 5, scope)
                seen.extend(read)
                # Nothing of the scope follows up to the revision that was the last one before.
                after = read[-1].revision if read else last

        async def write(writer: int) -> None:
            for number in range(each):
                await store.commit(
                    mutation(
                        create(record(f"w{writer}-{number}", "ab"[number % 2])),
                        create(record(f"w{writer}-{number}", "c")),
                        tenant="t" if writer % 3 == 0 else "",
                    )
                )

        await asyncio.wait_for(asyncio.gather(follow(), *map(write, range(writers))), 30)
        assert seen == [
            entry
            for entry in await read_all(store)
            if entry.tenant == scope.tenant and scope.collection in {None, entry.collection}
        ]
