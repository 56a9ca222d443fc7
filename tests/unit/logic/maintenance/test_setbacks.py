"""What is left alone for a while."""

import pytest

from crud_service.logic.maintenance.setbacks import Setbacks


@pytest.fixture
def setbacks(clocks) -> Setbacks:
    return Setbacks(clocks.monotonic)


def test_waits_grow(setbacks, clocks) -> None:
    """A resource that is refused again and again waits a minute, then twice as long, an hour at most."""
    waits = []
    for attempt in range(9):
        assert setbacks.add("a", 1) is (attempt == 0)
        seconds = 0
        while setbacks.holds("a", 1):
            clocks.advance(30)
            seconds += 30
        waits.append(seconds)
    assert waits == [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600]


def test_a_change_ends_the_wait(setbacks, clocks) -> None:
    """Another revision of a resource, or another resource, does not wait; its own wait begins anew."""
    setbacks.add("a", 1)
    assert not setbacks.holds("a", 2)
    assert not setbacks.holds("b", 1)
    setbacks.add("a", 1)
    assert setbacks.add("a", 2)
    clocks.advance(60)
    assert not setbacks.holds("a", 2)


def test_the_oldest_are_forgotten(setbacks) -> None:
    """It remembers a thousand; one more makes it forget the one that was added first."""
    for number in range(1_000):
        assert not setbacks.full
        setbacks.add(number, 1)
    assert setbacks.full
    assert setbacks.holds(0, 1)
    setbacks.add("one more", 1)
    assert len(setbacks) == 1_000
    assert not setbacks.holds(0, 1)
    assert setbacks.holds(1, 1)


def test_keep(setbacks) -> None:
    """What is not kept is forgotten."""
    setbacks.add("a", 1)
    setbacks.add("b", 1)
    setbacks.keep({"b", "c"})
    assert (setbacks.holds("a", 1), setbacks.holds("b", 1), len(setbacks)) == (False, True, 1)
