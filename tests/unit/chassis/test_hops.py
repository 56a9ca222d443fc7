"""Errors that name the hop that failed."""

import pytest

from crud_service.chassis.hops import named_hop
from crud_service.model.errors import CrudError, Kind, Reason


class Prices:
    """A dependency."""

    kind = "prices"

    def __init__(self) -> None:
        self.error: Exception | None = None

    async def ask(self, what: str, *, twice: bool = False) -> str:
        """Answer, or fail."""
        if self.error:
            raise self.error
        return what * (1 + twice)


@pytest.fixture
def times():
    return iter([10.0, 10.25])


@pytest.fixture
def prices(times):
    """The dependency, named."""
    return named_hop(Prices(), "prices", "1.2", lambda: next(times))


def away(**metadata: str) -> CrudError:
    return CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "away", metadata=metadata)


async def test_answers_pass(prices) -> None:
    """So do attributes, and arguments."""
    assert await prices.ask("a", twice=True) == "aa"
    assert prices.kind == "prices"


async def test_an_error_names_its_hop(prices) -> None:
    """Service, version, operation and milliseconds, beside what it says already."""
    prices._target.error = away(path="x")
    with pytest.raises(CrudError) as raised:
        await prices.ask("a")
    assert raised.value.metadata == {
        "path": "x",
        "hopService": "prices",
        "hopVersion": "1.2",
        "hopOperation": "ask",
        "hopMs": "250.000",
    }


async def test_a_hop_further_away_stays(prices) -> None:
    """The one that failed is the one to be named, not each on the way back."""
    prices._target.error = away(hopService="tariffs", hopMs="3.000")
    with pytest.raises(CrudError) as raised:
        await prices.ask("a")
    assert raised.value.metadata == {"hopService": "tariffs", "hopMs": "3.000"}


async def test_other_exceptions_pass(prices) -> None:
    """They are no answers."""
    prices._target.error = ValueError("x")
    with pytest.raises(ValueError, match="x"):
        await prices.ask("a")


async def test_what_has_no_version() -> None:
    """An empty fact is left out."""
    target = Prices()
    target.error = away()
    with pytest.raises(CrudError) as raised:
        await named_hop(target, "prices", "").ask("a")
    assert set(raised.value.metadata) == {"hopService", "hopOperation", "hopMs"}
