"""Whether the wall clock may be trusted."""

import pytest

from crud_service.logic.maintenance.clock_guard import ClockGuard

HOUR, DAY = 3_600, 86_400


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def guard(clocks, told) -> ClockGuard:
    return ClockGuard(clocks.now, clocks.monotonic, told.append)


def test_time_that_passes(guard, clocks, told) -> None:
    """However long nobody looks, clocks that go alike agree."""
    for seconds in (0, 1, HOUR, 30 * DAY):
        clocks.advance(seconds)
        assert guard.agrees()
    assert told == []


@pytest.mark.parametrize(("jump", "way"), [(30 * DAY, "forward"), (-2 * HOUR, "back"), (61, "forward"), (-61, "back")])
def test_a_jump(guard, clocks, told, jump, way) -> None:
    """A jump of more than a minute, either way, is told once and lasts until the clock is set right."""
    clocks.wall += jump
    for _ in range(3):
        assert not guard.agrees()
        clocks.advance(HOUR)
    assert len(told) == 1
    assert f"jumped {way} by {abs(jump)} s" in told[0]
    clocks.wall -= jump
    assert guard.agrees()
    assert len(told) == 2
    clocks.wall += jump
    assert not guard.agrees()
    assert len(told) == 3


def test_small_steps_are_followed(guard, clocks, told) -> None:
    """A clock that is set by less than a minute at a time stays trusted, however far it comes."""
    for _ in range(100):
        clocks.wall += 59
        assert guard.agrees()
    assert told == []


def test_a_jump_is_measured_from_the_last_agreement(guard, clocks, told) -> None:
    """While the clocks differ the measure stays, so small steps do not make a wrong clock right."""
    clocks.wall += HOUR
    assert not guard.agrees()
    for _ in range(30):
        clocks.wall += 50
        assert not guard.agrees()
    assert len(told) == 1
