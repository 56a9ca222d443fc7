"""Replies to requests with a read mask: of each record the named fields, the others absent (AIP-157)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from crud_service.model.record import Record
from crud_service.model.requests import (
    ChangeGroup,
    ListChangesReply,
    ListRecordRevisionsReply,
    OperationResult,
    RecordChange,
    TransactRecords,
    WatchEvent,
)

_Mask = frozenset[str]


class Masked(NamedTuple):
    """A resource of which a reply shows only some fields."""

    resource: Any
    names: _Mask
    """Those fields, by their names in the proto."""


def masked(request: Any, reply: Any) -> Any:
    """The reply as the read masks of its request want it written. Logic has checked them and pruned the contents."""
    if isinstance(request, TransactRecords):
        return _masked_results(request, reply)
    names = mask_names(getattr(request, "read_mask", None))
    if not names:
        return reply
    if isinstance(reply, Record):
        return Masked(reply, names)
    mask = _CHANGES.get(type(reply))
    if mask:
        return mask(reply, names)
    return replace(reply, records=tuple([Masked(record, names) for record in reply.records]))


def mask_names(mask: tuple[str, ...] | None) -> _Mask:
    """The fields that a mask names; empty if it wants all."""
    return frozenset() if not mask or "*" in mask else frozenset([path.partition(".")[0] for path in mask])


def _masked_results(request: TransactRecords, reply: Any) -> Any:
    """Each step of a transaction that reads has a mask of its own."""
    steps = request.then if reply.succeeded else request.else_
    masks = [mask_names(step.get.read_mask) if step.get is not UNSET else None for step in steps]
    if not any(masks):
        return reply
    results = [
        OperationResult(Masked(result.record, names)) if names and result.record else result  # type: ignore[arg-type]
        for names, result in zip(masks, reply.results, strict=True)
    ]
    return replace(reply, results=tuple(results))


def _event(event: WatchEvent, names: _Mask) -> WatchEvent:
    return replace(event, group=_group(event.group, names)) if event.group else event


def _group(group: ChangeGroup, names: _Mask) -> ChangeGroup:
    return replace(group, changes=tuple([_change(each, names) for each in group.changes]))


def _change(change: RecordChange, names: _Mask) -> RecordChange:
    """The records of a change are masked, before and after; what is told of the change itself stays."""
    record, old = change.record, change.old_record
    return replace(change, record=record and Masked(record, names), old_record=old and Masked(old, names))


_CHANGES: dict[type, Callable[[Any, _Mask], Any]] = {
    WatchEvent: _event,
    ListChangesReply: lambda reply, names: replace(reply, groups=tuple([_group(each, names) for each in reply.groups])),
    ListRecordRevisionsReply: lambda reply, names: replace(
        reply, changes=tuple([_change(each, names) for each in reply.changes])
    ),
}
"""How replies that hold changes are masked."""
