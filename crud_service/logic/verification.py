"""Verifying a store: the log is replayed and compared with what is stored."""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from crud_service.logic.replay import Replayed, replay
from crud_service.model.ports.store_audit import Resource, StoreAudit
from crud_service.model.record import Record

T = TypeVar("T")


class Verified(msgspec.Struct):
    """What was looked at."""

    collections: int = 0
    records: int = 0
    """Deleted ones included."""
    entries: int = 0
    revision: int = 0
    """The last one."""


class Verification:
    """Compares one state of a store with its own log, and counts in `verified` what it has looked at."""

    def __init__(self, audit: StoreAudit, verified: Verified) -> None:
        self._audit = audit
        self._verified = verified

    def differences(self) -> Iterator[str]:
        """Everything that is not as it must be, each in one line that names the resource, never its content."""
        said = replay(self._audit.entries(), self._audit.floor)
        for replayed, stored in _side_by_side(said, self._audit.resources()):
            self._count(replayed, stored)
            if difference := _difference(replayed, stored):
                yield difference
        counter = self._audit.last_revision()
        if counter < self._verified.revision:
            yield f"the counter of revisions stands at {counter}, and the log goes on to {self._verified.revision}"
        self._verified.revision = max(counter, self._verified.revision)
        yield from self._audit.faults()

    def _count(self, replayed: Replayed | None, stored: Resource | None) -> None:
        verified = self._verified
        if replayed is not None:
            verified.entries += replayed.entries
            verified.revision = max(verified.revision, replayed.revision)
        if stored is not None:
            if stored.key.id:
                verified.records += 1
            else:
                verified.collections += 1


def _side_by_side(
    said: Iterator[Replayed], stored: Iterator[Resource]
) -> Iterator[tuple[Replayed | None, Resource | None]]:
    """What the log says and what is stored, by key: both come in its order."""
    one, other = next(said, None), next(stored, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.key < other.key):
            yield one, None
            one = next(said, None)
        elif one is None or other.key < one.key:
            yield None, other
            other = next(stored, None)
        else:
            yield one, other
            one, other = next(said, None), next(stored, None)


def _difference(replayed: Replayed | None, stored: Resource | None) -> str:
    """What is wrong with one resource; empty if nothing is."""
    if replayed is None:
        return f"{stored.key.path}: is stored, and the log knows nothing of it" if stored else ""
    path, state = replayed.key.path, replayed.state
    if replayed.fault:
        return f"{path}: in the log, {replayed.fault}"
    if stored is None:
        return f"{path}: is not stored, and the log has it since revision {replayed.revision}" if state else ""
    if state is None:
        return f"{path}: is stored, and by the log it is gone since revision {replayed.revision}"
    fields = Record.__struct_fields__ if replayed.key.id else type(state).__struct_fields__
    differing = [name for name in fields if getattr(state, name) != getattr(stored.state, name)]
    return f"{path}: differs from the log (revision {replayed.revision}) in {', '.join(differing)}" if differing else ""
