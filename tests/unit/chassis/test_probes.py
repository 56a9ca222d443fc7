"""What a node looks at."""

import pytest

from crud_service.chassis.health import Measured
from crud_service.chassis.probes import Seen, commit_probe, dependency_probe, loop_probe, store_probes, task_probe
from crud_service.library.memory import MemoryStore
from crud_service.model.errors import CrudError
from crud_service.model.measures import (
    SECONDS,
    CommitMeasures,
    DependencyMeasures,
    Distribution,
    StoreMeasures,
    TaskMeasures,
)


async def test_a_store() -> None:
    """An open store passes both its probes, a closed one neither."""
    store = MemoryStore()
    read, write = store_probes(store)
    await store.open()
    assert (await read.check(), await write.check()) == (None, None)
    await store.close()
    for probe in (read, write):
        with pytest.raises(CrudError):
            await probe.check()


async def test_commits() -> None:
    """Of commits there is the mean since the last look, and the p99; none are no time."""
    seconds = Distribution(SECONDS)
    measures = StoreMeasures(0, CommitMeasures(0, Distribution((1,)), seconds))
    probe = commit_probe(lambda: measures)
    assert await probe.check() == Measured(0.0)
    seconds.add(0.25)
    seconds.add(0.75)
    assert await probe.check() == Measured(pytest.approx(0.5), 1.0)
    seconds.add(2)
    assert await probe.check() == Measured(pytest.approx(2), 2.5)
    assert await probe.check() == Measured(0.0)
    assert not probe.needed


@pytest.mark.parametrize(("slow", "p99"), [(0, 0.001), (1, 0.001), (2, 0.5), (100, 0.5)])
def test_a_p99(slow: int, p99: float) -> None:
    """It is the bound that 99 of 100 values do not exceed, of the new ones alone."""
    seconds, seen = Distribution(SECONDS), Seen()
    for _ in range(1_000):
        seconds.add(9.0)
    seen.take(seconds)
    for number in range(100):
        seconds.add(0.4 if number < slow else 0.0007)
    assert seen.take(seconds).p99 == p99


def test_a_p99_above_all_bounds() -> None:
    """Above all bounds it is the last one, which JSON can hold."""
    seconds = Distribution(SECONDS)
    seconds.add(1e6)
    assert Seen().take(seconds) == Measured(1e6, SECONDS[-1])


async def test_a_store_without_groups() -> None:
    """A store that does not commit in groups has no slow ones."""
    assert await commit_probe(lambda: StoreMeasures(0)).check() == Measured(0.0)


async def test_the_event_loop() -> None:
    """The lag is the mean since the last look, as somebody else has measured it; no second sample is taken."""
    means = [0.5, 0.0]
    probe = loop_probe(lambda: means.pop(0))
    assert [await probe.check() for _ in range(2)] == [Measured(0.5), Measured(0.0)]
    assert not probe.needed


async def test_background_tasks() -> None:
    """Work that has ended lately is a warning that names it, how often and why; work that goes on is none."""
    tasks = [TaskMeasures("sweep", running=True, restarts=7, problem=""), TaskMeasures("health", True, 0, "")]
    probe = task_probe(lambda: tasks)
    assert not probe.needed
    await probe.check()
    tasks[1] = TaskMeasures("health", running=False, restarts=2, problem="KeyError")
    with pytest.raises(CrudError, match=r"^health has ended unexpectedly 2 times, last with KeyError$"):
        await probe.check()


@pytest.mark.parametrize("state", ["closed", "half_open", "open"])
async def test_a_dependency(state: str) -> None:
    """A dependency that is left alone is a warning; one that is tried again is none."""
    outcomes = dict.fromkeys(("ok", "refused", "cancelled", "not_called"), 0) | {"failed": 3, "timeout": 4}
    probe = dependency_probe(lambda: DependencyMeasures("consul", state, outcomes, 0, 1.0))
    assert (probe.name, probe.needed) == ("calls to consul", False)
    if state == "open":
        with pytest.raises(CrudError, match="the breaker is open: 7 calls have failed"):
            await probe.check()
    else:
        await probe.check()
