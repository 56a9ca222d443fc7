"""What a node looks at."""

import pytest

from crud_service.chassis.probes import commit_probe, loop_probe, store_probes
from crud_service.library.memory import MemoryStore
from crud_service.model.errors import CrudError
from crud_service.model.measures import SECONDS, CommitMeasures, Distribution, StoreMeasures


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
    """The seconds of a commit are the mean since the last look; none are no time."""
    seconds = Distribution(SECONDS)
    measures = StoreMeasures(0, CommitMeasures(0, Distribution((1,)), seconds))
    probe = commit_probe(lambda: measures)
    assert await probe.check() == 0
    seconds.add(0.25)
    seconds.add(0.75)
    assert await probe.check() == pytest.approx(0.5)
    seconds.add(2)
    assert await probe.check() == pytest.approx(2)
    assert await probe.check() == 0


async def test_a_store_without_groups() -> None:
    """A store that does not commit in groups has no slow ones."""
    assert await commit_probe(lambda: StoreMeasures(0)).check() == 0


async def test_the_event_loop() -> None:
    """The lag is what the loop was late, and never below zero."""
    lag = await loop_probe().check()
    assert lag is not None
    assert 0 <= lag < 10
