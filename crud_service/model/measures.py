"""Numbers that the parts of a node keep of their own work, for whoever watches the node."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import msgspec

SECONDS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds for durations in seconds, from a read of one record to a call that nobody waits for any more."""


class Distribution:
    """Counts values by size. Belongs to one thread; reading it from another one may miss the latest value.

    `bounds` ascend; a value counts for the first bound that it does not exceed, or for what is above the last one.
    """

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self._counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0
        """The sum of all values."""

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def counts(self) -> tuple[int, ...]:
        """How many values there were for each bound, and last those above all bounds."""
        return tuple(self._counts)


class CommitMeasures(msgspec.Struct, frozen=True):
    """How a store commits groups of mutations."""

    waiting: int
    """Mutations that wait now to be written."""
    group_sizes: Distribution
    """Mutations of each group."""
    write_seconds: Distribution
    """Seconds that writing each group took, until it was durable."""


class PoolMeasures(msgspec.Struct, frozen=True):
    """How a pool of threads that read is used now."""

    name: str
    threads: int
    busy: int
    """Threads that read."""
    waiting: int
    """Calls that wait for a thread."""


class StoreMeasures(msgspec.Struct, frozen=True):
    """What a store knows of itself without asking a disk."""

    last_revision: int
    """The last revision of the change log."""
    commits: CommitMeasures | None = None
    """None if it does not commit in groups."""
    pools: tuple[PoolMeasures, ...] = ()


class AdmissionMeasures(msgspec.Struct, frozen=True):
    """How many calls are let in now."""

    executing: int
    """Calls that run."""
    waiting: int
    """Calls that wait until they may."""
    limit: int
    """Calls that may run at a time."""


class StreamMeasures(msgspec.Struct, frozen=True):
    """How many calls that are held for long are open now."""

    open: Mapping[str, int]
    """By operation."""
    limit: int
    """How many may be open at a time, of all operations together."""


class MaintenanceMeasures(msgspec.Struct, frozen=True):
    """What the node has done on its own since it started."""

    expired_records: int
    purged_records: int
    compacted_entries: int
    """Entries of the log that went with history that need not be kept."""
    failing: int
    """Kinds of work that did not succeed the last time."""
    clock_trusted: bool
    """Whether the wall clock may end lives: it has not jumped."""


class TaskMeasures(msgspec.Struct, frozen=True):
    """How a piece of work in the background is."""

    name: str
    running: bool
    """Whether it runs now; if not, it is started again soon."""
    restarts: int
    """How often it has ended though it should not."""
    problem: str
    """With what it ended the last time, as long as that is recent; empty while all is well."""


class DependencyMeasures(msgspec.Struct, frozen=True):
    """What became of the calls to one dependency."""

    name: str
    state: str
    """Of its breaker: `closed`, `open` or `half_open`."""
    outcomes: Mapping[str, int]
    """Attempts by what became of them: `ok`, `refused`, `failed`, `timeout`, `cancelled`, `not_called`."""
    retries: int
    """Attempts that were made after a first one."""
    budget: float
    """Retries that may be made now."""


class ReportMeasures(msgspec.Struct, frozen=True):
    """Failures that nobody expected, since the node started, and what became of their reports."""

    failures: Mapping[str, int]
    """How many there were, by class of operation; `background` is the node's own work."""
    waiting: int
    """Reports that wait for the store now."""
    dropped: int
    """Reports that waited in vain: there were too many."""
