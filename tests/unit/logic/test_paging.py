"""The size of a page."""

import pytest

from crud_service.logic.paging import fitting, page_size
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import Collection
from crud_service.model.timestamp import now

TIME = now()
COLLECTION = Collection("a", "", "x" * 100, 1, 1, TIME, TIME)


@pytest.mark.parametrize(
    ("asked", "size"), [(0, 50), (1, 1), (50, 50), (999, 999), (1_000, 1_000), (1_001, 1_000), (2**31 - 1, 1_000)]
)
def test_page_size(asked: int, size: int) -> None:
    """Nothing said is the default; more than the limit is the limit."""
    assert page_size(asked, Limits()) == size


def test_page_size_follows_the_settings() -> None:
    """A default above the limit is cut to the limit as well."""
    assert page_size(0, Limits(page_size_default=7)) == 7
    assert page_size(0, Limits(page_size_max=7)) == 7


@pytest.mark.parametrize("asked", [-1, -50, -(2**31)])
def test_negative_page_size(asked: int) -> None:
    """A negative size is refused."""
    with pytest.raises(CrudError) as caught:
        page_size(asked, Limits())
    assert (caught.value.kind, caught.value.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_SIZE)
    assert caught.value.violations[0].field == "page_size"


def test_fitting() -> None:
    """A page ends before the resource that would take it past its bytes, and holds at least one."""
    weight = COLLECTION.weight
    found = [COLLECTION] * 5
    assert fitting(found, 5 * weight) == 5
    assert fitting(found, 5 * weight - 1) == 4
    assert fitting(found, 2 * weight) == 2
    assert fitting(found, weight) == 1
    assert fitting(found, 1) == 1
    assert fitting([], 1) == 0
