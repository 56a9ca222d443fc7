"""Numbers that parts keep of their work."""

from hypothesis import given
from hypothesis import strategies as st

from crud_service.model.measures import SECONDS, Distribution


def test_a_value_counts_for_the_first_bound_it_does_not_exceed() -> None:
    """A value on a bound belongs to it, one above the last bound to what is above all."""
    distribution = Distribution((1, 2, 4))
    for value in (0, 1, 1.5, 2, 4, 4.1, 100):
        distribution.add(value)
    assert distribution.counts == (2, 2, 1, 2)
    assert distribution.total == 112.6


@given(st.lists(st.floats(0, 100)))
def test_nothing_is_lost(values: list[float]) -> None:
    """Every value counts once, whatever it is, and the total is the sum."""
    distribution = Distribution(SECONDS)
    for value in values:
        distribution.add(value)
    assert sum(distribution.counts) == len(values)
    assert distribution.total == sum(values)
    for place, bound in enumerate(SECONDS):
        assert sum(distribution.counts[: place + 1]) == sum(value <= bound for value in values)
