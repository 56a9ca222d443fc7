"""Hooks that remember what they were asked, and do what a test wants."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from crud_service.model.call import Call
from crud_service.model.errors import invalid
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.record import Record

PHASES = ["before_validate", "validate", "before_commit"]


class Recorder:
    """Hooks that remember each call of each phase, and do in a phase what a test asks for. A read shows in capitals."""

    def __init__(self, **work: Callable[[list[Any]], None]) -> None:
        self.work = work
        self.seen: list[tuple[str, str, list[tuple[Any, Any, Any]]]] = []

    @property
    def phases(self) -> list[str]:
        return [phase for phase, _, _ in self.seen]

    def _saw(self, phase: str, call: Call, changes: list[PendingChange]) -> None:
        self.seen.append((phase, call.call_id, [(each.kind, each.old, each.new) for each in changes]))
        self.work.get(phase, lambda _: None)(changes)

    async def before_validate(self, call: Call, changes: list[PendingChange]) -> None:
        self._saw("before_validate", call, changes)

    async def validate(self, call: Call, changes: list[PendingChange]) -> None:
        self._saw("validate", call, changes)

    async def before_commit(self, call: Call, changes: list[PendingChange]) -> None:
        self._saw("before_commit", call, changes)

    async def on_read(self, call: Call, records: tuple[Record, ...]) -> tuple[Record, ...]:
        self.seen.append(("on_read", call.call_id, [(None, None, each) for each in records]))
        return tuple(replace(each, name=each.name.upper()) for each in records)


def rename(name: str) -> Callable[[list[PendingChange]], None]:
    """Work for a phase: give each changed resource this name."""

    def work(changes: list[PendingChange]) -> None:
        for change in changes:
            change.new = replace(change.new, name=name)

    return work


def veto(changes: list[PendingChange]) -> None:
    """Work for a phase: refuse the change."""
    raise invalid("record.name", "is not to our taste")
