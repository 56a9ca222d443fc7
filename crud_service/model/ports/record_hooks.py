"""The port through which domain behaviour enters: hooks see changes, not requests.

Every hook gets a list, so a single write and a batch take one path. Logic calls each phase exactly once per
mutation; only when a condition was lost to another writer do they run again, from what is stored by then.
"""

from typing import Protocol

import msgspec

from crud_service.model.call import Call
from crud_service.model.change import ChangeKind
from crud_service.model.errors import Place
from crud_service.model.record import Collection, Record


class PendingChange(msgspec.Struct):
    """One resource that is about to change."""

    kind: ChangeKind
    old: Record | Collection | None
    """The stored state; None when it is being created."""
    new: Record | Collection
    """The state to be stored. `before_validate` may replace it."""
    place: Place | None = None
    """Where it stands in a request with several items; None for one that has a single one."""


class RecordHooks(Protocol):
    """What logic calls on the way of every write and read. Raising CrudError refuses the call."""

    async def before_validate(self, call: Call, changes: list[PendingChange]) -> None:
        """May replace `new` of each change. What results is validated like a client's input."""

    async def validate(self, call: Call, changes: list[PendingChange]) -> None:
        """May veto: raises CrudError with all violations at once. Changes nothing."""

    async def before_commit(self, call: Call, changes: list[PendingChange]) -> None:
        """The last word before the store's transaction opens; no hook ever runs while one is open."""

    async def on_read(self, call: Call, records: tuple[Record, ...]) -> tuple[Record, ...]:
        """May enrich or redact what a read returns: as many records, in the same order."""


class NoHooks:
    """The default: no domain behaviour."""

    async def before_validate(self, call: Call, changes: list[PendingChange]) -> None:
        """Leave the changes as they are."""

    async def validate(self, call: Call, changes: list[PendingChange]) -> None:
        """Accept the changes."""

    async def before_commit(self, call: Call, changes: list[PendingChange]) -> None:
        """Let the changes be committed."""

    async def on_read(self, call: Call, records: tuple[Record, ...]) -> tuple[Record, ...]:
        """Return the records as they are."""
        return records
