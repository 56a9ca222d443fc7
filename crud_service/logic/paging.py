"""How much a page holds."""

from collections.abc import Sequence
from typing import Protocol

from crud_service.model.errors import Reason, invalid
from crud_service.model.limits import Limits


def page_size(asked: int, limits: Limits) -> int:
    """How many resources a page holds at most: the default for 0, no more than the limit.

    Raises INVALID_ARGUMENT (`INVALID_PAGE_SIZE`) when `asked` is negative.
    """
    if asked < 0:
        raise invalid("page_size", "must not be negative", Reason.INVALID_PAGE_SIZE)
    return min(asked or limits.page_size_default, limits.page_size_max)


class Weighed(Protocol):
    """A resource that knows an upper bound of its size in bytes on either transport."""

    @property
    def weight(self) -> int:
        """The bound."""


def fitting(found: Sequence[Weighed], most_bytes: int) -> int:
    """How many of `found`, from the first, fit into a page of `most_bytes`; one fits always."""
    weight = 0
    for count, each in enumerate(found):
        weight += each.weight
        if count and weight > most_bytes:
            return count
    return len(found)
