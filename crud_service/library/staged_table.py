"""States that mutations write over the stored ones, until all of them are stored in one transaction."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

UndoLog = list[tuple[dict[Any, Any], Any, Any]]
"""What the mutation at hand replaced: (written states, key, what was there before)."""

_ABSENT: Any = object()


class StagedTable(Generic[K, V]):
    """The states of `loaded` by key, under those that were written since.

    Each write notes in `undo`, which tables share, what it replaced; `take_back` restores it.
    """

    __slots__ = ("_undo", "loaded", "written")

    def __init__(self, loaded: Mapping[K, V], undo: UndoLog) -> None:
        self.loaded = loaded
        self.written: dict[K, V | None] = {}
        """None stands for a state that must be gone."""
        self._undo = undo

    def get(self, key: K) -> V | None:
        """The state as it is now; None if there is none."""
        written = self.written
        return written[key] if key in written else self.loaded.get(key)

    def kept(self) -> list[tuple[K, V]]:
        """What was written and is there now, by key."""
        return [(key, state) for key, state in self.written.items() if state is not None]

    def gone(self) -> list[K]:
        """The keys of what was removed and is not there now."""
        return [key for key, state in self.written.items() if state is None]

    def put(self, key: K, state: V | None) -> None:
        """Replace the state, or with None remove it."""
        written = self.written
        self._undo.append((written, key, written.get(key, _ABSENT)))
        written[key] = state

    def before(self, key: K) -> V | None:
        """The state without what `undo` would take back."""
        for written, changed, old in self._undo:
            if written is self.written and changed == key:
                return self.loaded.get(key) if old is _ABSENT else old
        return self.get(key)


def take_back(undo: UndoLog) -> None:
    """Undo the writes, the last one first."""
    for written, key, old in reversed(undo):
        if old is _ABSENT:
            del written[key]
        else:
            written[key] = old
    undo.clear()
