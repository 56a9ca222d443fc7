"""A queue in which everybody has a turn."""

import pytest

from crud_service.chassis.fair_queue import FairQueue


def emptied(queue: FairQueue[str]) -> str:
    return "".join(queue.pop() for _ in range(len(queue)))


def filled(most: int, *items: str) -> FairQueue[str]:
    """A queue with items, each put in by who its first letter names."""
    queue: FairQueue[str] = FairQueue(most)
    for item in items:
        assert queue.push(item[0], item) is None
    return queue


def test_the_oldest_first() -> None:
    """Items of one come out in their order; then there are none."""
    queue = filled(5, "a1", "a2", "a3")
    assert emptied(queue) == "a1a2a3"
    with pytest.raises(IndexError):
        queue.pop()


def test_turns() -> None:
    """Who has put in many waits for who has put in one."""
    assert emptied(filled(9, "a1", "a2", "a3", "b1", "c1", "c2")) == "a1b1c1a2c2a3"


def test_a_full_queue() -> None:
    """Who has fewer displaces the newest item of who has most; who has not is refused."""
    queue = filled(4, "a1", "a2", "a3", "a4")
    assert queue.push("a", "a5") == "a5"
    assert queue.push("b", "b1") == "a4"
    assert queue.push("b", "b2") == "a3"
    assert queue.push("b", "b3") == "b3"
    assert queue.push("c", "c1") == "a2"
    assert queue.push("d", "d1") == "b2"
    assert queue.push("e", "e1") == "e1"
    assert len(queue) == 4
    assert emptied(queue) == "a1b1c1d1"


def test_no_room_at_all() -> None:
    """A queue of none refuses everything."""
    queue: FairQueue[str] = FairQueue(0)
    assert queue.push("a", "a1") == "a1"
    assert len(queue) == 0


def test_taking_out() -> None:
    """An item can be taken out wherever it stands; one that is not there is no error."""
    queue = filled(9, "a1", "a2", "b1")
    queue.remove("b", "b1")
    queue.remove("a", "a1")
    queue.remove("a", "a1")
    queue.remove("nobody", "x")
    assert (len(queue), emptied(queue)) == (1, "a2")
