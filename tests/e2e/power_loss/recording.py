"""What a process did to the files of a folder and what it acknowledged, both with times of one clock."""

import json
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import crud_service

_HEADER = struct.Struct("=iiqqqq")


class Kind(IntEnum):
    """What was done; numbers as in recorder.c."""

    OPEN = 1
    WRITE = 2
    TRUNCATE = 3
    SYNC = 4
    UNLINK = 5
    RENAME = 6


class Event(NamedTuple):
    """One call that succeeded. Times are nanoseconds."""

    kind: Kind
    fd: int
    begun: int
    ended: int
    offset: int
    """Where it wrote, or the size it cut the file to."""
    data: bytes
    """What it wrote, or the path; of a rename both, with a zero between."""


class Acknowledged(NamedTuple):
    """The new state of one record, as a caller was told, and when."""

    at: int
    revision: int
    id: str
    version: int
    name: str


@dataclass(frozen=True)
class Recording:
    """Everything that was done in `folder` by one process after the other, in the order in which it was done."""

    folder: Path
    events: list[Event]
    acknowledged: list[Acknowledged]


def record(recorder: Path, folder: Path, synchronous: str, mutations: int) -> Recording:
    """Let the writer write so many mutations into `folder`, which is made, and record it.

    `synchronous` is SQLite's own word, or DEFAULT for a store as a node has it.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    environment = os.environ | {
        "PYTHONPATH": str(Path(crud_service.__file__).parents[1]),
        "LD_PRELOAD": str(recorder),
        "RECORD_FOLDER": str(data.resolve()),
        "RECORD_TO": str(folder / "recording"),
    }
    writer = [sys.executable, str(Path(__file__).with_name("writer.py"))]
    arguments = [str(data / "crud.db"), synchronous, str(mutations)]
    done = subprocess.run([*writer, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    acknowledged = [
        Acknowledged(at, *state) for at, states in map(json.loads, done.stdout.splitlines()) for state in states
    ]
    return Recording(data.resolve(), read_events(folder / "recording"), acknowledged)


def read_events(file: Path) -> list[Event]:
    """The events of a recording, in the order in which they ended."""
    data, position, events = file.read_bytes(), 0, []
    while position < len(data):
        kind, fd, begun, ended, offset, size = _HEADER.unpack_from(data, position)
        position += _HEADER.size
        events.append(Event(Kind(kind), fd, begun, ended, offset, data[position : position + size]))
        position += size
    return sorted(events, key=lambda event: event.ended)
