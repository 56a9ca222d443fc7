"""A disk that may lose its power: it keeps what was synced, and of the rest whatever it likes."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.power_loss.recording import Event, Kind

_SECTOR = 512
_NOT_DURABLE = ("-shm", ".lock")
"""What no start depends on: the index of the write-ahead log, and who owns the file."""


@dataclass(eq=False)
class File:
    """What is certainly on the disk, and what has been done since."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Event] = field(default_factory=list)

    def sync(self, begun: int) -> None:
        """Make durable what was done before the sync began."""
        for event in self.pending:
            if event.ended <= begun:
                apply(self.durable, event.kind, event.offset, event.data)
        self.pending = [event for event in self.pending if event.ended > begun]


@dataclass(frozen=True)
class Entry:
    """A name in the folder that now means this file, or no file."""

    name: str
    file: File | None
    ended: int


class Disk:
    """One folder on a disk, as it comes to be by what a process does."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._open: dict[int, File | None] = {}
        self._names: dict[str, File] = {}
        self._durable_names: dict[str, File] = {}
        self._pending_names: list[Entry] = []

    def do(self, event: Event) -> None:
        """Let a call end."""
        match event.kind:
            case Kind.OPEN:
                self._open[event.fd] = self._opened(event)
            case Kind.WRITE | Kind.TRUNCATE:
                self.file(event).pending.append(event)
            case Kind.SYNC if self._open[event.fd] is None:
                self._sync_names(event.begun)
            case Kind.SYNC:
                self.file(event).sync(event.begun)
            case Kind.UNLINK:
                self._set(self._name(event.data), None, event.ended)
            case Kind.RENAME:
                old, _, new = event.data.partition(b"\0")
                self._set(self._name(new), self._names[self._name(old)], event.ended)
                self._set(self._name(old), None, event.ended)

    def file(self, event: Event) -> File:
        """The file that a call is about."""
        file = self._open[event.fd]
        assert file is not None, "a folder is not written to"
        return file

    def name(self, event: Event) -> str:
        """The name of the file that a call is about; empty if it has none any more."""
        return next((name for name, file in self._names.items() if file is self._open.get(event.fd)), "")

    def lose_power(self, under_way: Iterable[Event], chosen: random.Random, image: Path) -> None:
        """Write what is left of the folder into the new folder `image`: all that was synced, and of what was not, or is
        `under_way`, a random part, some of it torn.
        """
        image.mkdir(parents=True)
        names = dict(self._durable_names)
        # Names change in order, as file systems keep them in a journal.
        for entry in self._pending_names[: chosen.randint(0, len(self._pending_names))]:
            _enter(names, entry)
        late: dict[int, list[Event]] = {}
        for event in under_way:
            late.setdefault(id(self.file(event)), []).append(event)
        luck = chosen.choice([0.0, 0.3, 0.7, 1.0])
        for name, file in names.items():
            if not name.endswith(_NOT_DURABLE):
                left = _left(file.durable, [*file.pending, *late.get(id(file), ())], luck, chosen)
                (image / name).write_bytes(left)

    def _opened(self, event: Event) -> File | None:
        """The file by its name, made if there is none; None for the folder itself."""
        name = self._name(event.data)
        if name and name not in self._names:
            self._set(name, File(), event.ended)
        return self._names[name] if name else None

    def _name(self, path: bytes) -> str:
        return path.decode().removeprefix(self._folder).removeprefix("/")

    def _set(self, name: str, file: File | None, ended: int) -> None:
        entry = Entry(name, file, ended)
        _enter(self._names, entry)
        self._pending_names.append(entry)

    def _sync_names(self, begun: int) -> None:
        while self._pending_names and self._pending_names[0].ended <= begun:
            _enter(self._durable_names, self._pending_names.pop(0))


def apply(content: bytearray, kind: Kind, offset: int, data: bytes) -> None:
    """Write to a file, or cut it. What lies between its end and what is written becomes zeros."""
    size = offset if kind is Kind.TRUNCATE else offset + len(data)
    content.extend(bytes(max(0, size - len(content))))
    if kind is Kind.TRUNCATE:
        del content[size:]
    else:
        content[offset:size] = data


def _enter(names: dict[str, File], entry: Entry) -> None:
    if entry.file is None:
        names.pop(entry.name, None)
    else:
        names[entry.name] = entry.file


def _left(durable: bytearray, pending: Iterable[Event], luck: float, chosen: random.Random) -> bytearray:
    """What a file holds after the loss of power: each pending call is done, done in part, or not done at all."""
    left = bytearray(durable)
    for event in pending:
        if chosen.random() >= luck:
            continue
        if event.kind is Kind.WRITE and chosen.random() < 0.3:
            for offset, sector in _sectors(event):
                if chosen.random() < 0.5:
                    apply(left, event.kind, offset, sector)
        else:
            apply(left, event.kind, event.offset, event.data)
    return left


def _sectors(event: Event) -> Iterable[tuple[int, bytes]]:
    """A write in the pieces that a disk writes as a whole or not at all."""
    start, end = event.offset, event.offset + len(event.data)
    while start < end:
        stop = min(end, (start // _SECTOR + 1) * _SECTOR)
        yield start, event.data[start - event.offset : stop - event.offset]
        start = stop
