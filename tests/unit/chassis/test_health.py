"""Health: what the probes found, who is told, and that nobody waits for a probe that hangs."""

import asyncio
from itertools import count

import pytest

from crud_service.chassis.health import Health, Measured, Probe, Status, Verdict
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.timestamp import Timestamp, from_unix

GONE = CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the store is gone")


class Node:
    """Health under test, with a wall clock that counts, and what it told."""

    def __init__(self, *probes: Probe, timeout: float = 0.02) -> None:
        self.ticks = count()
        self.changes: list[tuple[str, Status]] = []
        self.readiness: list[bool] = []
        # It looks once at the start; the test looks again when it wants.
        self.health = Health(3600, timeout, self.now, self.changed, self.ready)
        self.health.add(probes)

    def now(self) -> Timestamp:
        return from_unix(next(self.ticks))

    def changed(self, verdict: Verdict) -> None:
        self.changes.append((verdict.name, verdict.status))

    async def ready(self, is_ready: bool) -> None:
        self.readiness.append(is_ready)

    def verdict(self, name: str) -> Verdict:
        return next(each for each in self.health.verdicts if each.name == name)


class Dependency:
    """Something to look at, which fails with what the test sets, or hangs."""

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self.measured: Measured | None = None
        self.hangs = False
        self.looks = 0
        self.back = asyncio.Event()

    async def check(self) -> Measured | None:
        self.looks += 1
        if self.hangs:
            await self.back.wait()
        if self.failure is not None:
            raise self.failure
        return self.measured


@pytest.fixture
def store() -> Dependency:
    return Dependency()


@pytest.fixture
async def node(store: Dependency):
    node = Node(Probe("store", store.check, "look at the disk", 0.5, "it is slow"))
    yield node
    await node.health.close()


async def test_the_life_of_a_node(node: Node) -> None:
    """A node is ready from its start to its drain, and stays started."""
    health = node.health
    assert (health.is_ready, health.is_started) == (False, False)
    await health.start()
    assert (health.is_ready, health.is_started) == (True, True)
    await health.drain()
    assert (health.is_ready, health.is_started) == (False, True)
    assert (node.readiness, node.changes) == ([True, False], [])


async def test_a_dependency_that_goes_and_comes_back(node: Node, store: Dependency) -> None:
    """What fails is told once, with since when and what to do; the node is ready again when it is back."""
    await node.health.start()
    store.failure = GONE
    for _ in range(3):
        await node.health.look()
    verdict = node.verdict("store")
    assert (verdict.status, verdict.problem, verdict.advice) == (Status.FAILING, GONE.message, "look at the disk")
    assert verdict.since == from_unix(1)
    assert not node.health.is_ready
    store.failure = None
    await node.health.look()
    verdict = node.verdict("store")
    assert (verdict.status, verdict.problem, verdict.advice) == (Status.OK, "", "")
    assert verdict.since == from_unix(2)
    assert node.changes == [("store", Status.FAILING), ("store", Status.OK)]
    assert node.readiness == [True, False, True]


async def test_a_node_that_starts_without_its_store(node: Node, store: Dependency) -> None:
    """It has not started until it has been ready once."""
    store.failure = GONE
    await node.health.start()
    assert (node.health.is_ready, node.health.is_started, node.readiness) == (False, False, [])
    store.failure = None
    await node.health.look()
    assert (node.health.is_ready, node.health.is_started, node.readiness) == (True, True, [True])


async def test_a_probe_that_hangs(node: Node, store: Dependency) -> None:
    """It fails after its time, keeps no other probe from its verdict, and is not started again beside itself."""
    other = Dependency()
    node.health.add([Probe("other", other.check, "")])
    store.hangs = True
    await node.health.start()
    await node.health.look()
    assert (store.looks, other.looks) == (1, 2)
    assert node.verdict("store").status is Status.FAILING
    assert "no answer for" in node.verdict("store").problem
    assert node.verdict("other").status is Status.OK
    store.hangs = False
    store.back.set()
    await node.health.look()  # the old look ends
    await node.health.look()
    assert (node.verdict("store").status, store.looks) == (Status.OK, 2)


async def test_what_is_slow(node: Node, store: Dependency) -> None:
    """More seconds than it should take are a warning with an advice of its own, and the node stays ready."""
    store.measured = Measured(0.75, 1.0)
    await node.health.start()
    verdict = node.verdict("store")
    assert (verdict.status, verdict.problem, verdict.advice) == (Status.WARNING, "takes 0.750 s", "it is slow")
    assert (verdict.seconds, verdict.p99) == (0.75, 1.0)
    assert node.health.is_ready
    assert node.changes == [("store", Status.WARNING)]


async def test_what_the_node_can_do_without(node: Node) -> None:
    """Its failure is a warning; the node stays ready."""
    extra = Dependency()
    extra.failure = GONE
    node.health.add([Probe("extra", extra.check, "", needed=False)])
    await node.health.start()
    assert node.verdict("extra").status is Status.WARNING
    assert node.health.is_ready


async def test_a_full_store(node: Node, store: Dependency) -> None:
    """A store that is full still reads, so the node stays ready with a warning."""
    store.failure = CrudError(Kind.RESOURCE_EXHAUSTED, Reason.STORE_FULL, "the disk is full")
    await node.health.start()
    assert (node.verdict("store").status, node.health.is_ready) == (Status.WARNING, True)


async def test_no_secrets(node: Node, store: Dependency) -> None:
    """Of a failure that is no answer only the type is shown."""
    store.failure = ValueError("password=hunter2")
    await node.health.start()
    assert node.verdict("store").problem == "failed: ValueError"


async def test_it_looks_again_and_again(store: Dependency) -> None:
    """Without being asked, the node looks every interval; after its close no more."""
    seen = asyncio.Event()

    async def check() -> None:
        store.looks += 1
        if store.looks == 3:
            seen.set()

    async def ready(is_ready: bool) -> None:
        return

    health = Health(0.001, 1, lambda: from_unix(0), lambda _: None, ready)
    health.add([Probe("store", check, "")])
    await health.start()
    async with asyncio.timeout(10):
        await seen.wait()
    await health.close()
    looks = store.looks
    await asyncio.sleep(0.01)
    assert store.looks == looks
    assert not health.is_ready
