"""Replies to requests with a read mask: of each record the named fields, the others absent (AIP-157)."""

from typing import Any, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from crud_service.model.record import Record
from crud_service.model.requests import OperationResult, TransactRecords


class Masked(NamedTuple):
    """A resource of which a reply shows only some fields."""

    resource: Any
    names: frozenset[str]
    """Those fields, by their names in the proto."""


def masked(request: Any, reply: Any) -> Any:
    """The reply as the read masks of its request want it written. Logic has checked them and pruned the contents."""
    if isinstance(request, TransactRecords):
        return _masked_results(request, reply)
    names = _names(getattr(request, "read_mask", None))
    if not names:
        return reply
    if isinstance(reply, Record):
        return Masked(reply, names)
    return replace(reply, records=tuple([Masked(record, names) for record in reply.records]))


def _names(mask: tuple[str, ...] | None) -> frozenset[str]:
    """The fields that a mask names; empty if it wants all."""
    return frozenset() if not mask or "*" in mask else frozenset([path.partition(".")[0] for path in mask])


def _masked_results(request: TransactRecords, reply: Any) -> Any:
    """Each step of a transaction that reads has a mask of its own."""
    steps = request.then if reply.succeeded else request.else_
    masks = [_names(step.get.read_mask) if step.get is not UNSET else None for step in steps]
    if not any(masks):
        return reply
    results = [
        OperationResult(Masked(result.record, names)) if names and result.record else result  # type: ignore[arg-type]
        for names, result in zip(masks, reply.results, strict=True)
    ]
    return replace(reply, results=tuple(results))
