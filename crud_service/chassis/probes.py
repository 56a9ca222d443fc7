"""What a node looks at to know that it is well."""

from collections.abc import Callable, Iterable
from itertools import accumulate, zip_longest

from crud_service.chassis.breaker import State
from crud_service.chassis.health import Measured, Probe
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.measures import DependencyMeasures, Distribution, StoreMeasures, TaskMeasures
from crud_service.model.ports.record_store import RecordStore

# Seconds past which somebody should look.
_SLOW_STORE = 0.25
_SLOW_COMMIT = 0.1
_SLOW_LOOP = 0.1

_DISK = "look at the disk of the data file: is it there, is it full, does the system's log report errors?"


def store_probes(store: RecordStore) -> list[Probe]:
    """Whether the store can be read, and whether it would take a commit."""

    async def read() -> None:
        await store.last_revision()

    when_slow = "the disk is slow, or the process gets too little CPU: look at the load of both"
    lock = "look for another process that holds the data file locked; else"
    return [
        Probe("store read", read, _DISK, _SLOW_STORE, when_slow),
        Probe("store write", store.probe_write, f"{lock} {_DISK}", _SLOW_STORE, when_slow),
    ]


def commit_probe(measures: Callable[[], StoreMeasures]) -> Probe:
    """How long commits have taken since the last look, of which a sync of the disk is the most: mean and p99.

    Slow ones are never more than a warning.
    """
    seen = Seen()

    async def look() -> Measured:
        commits = measures().commits
        return Measured(0.0) if commits is None else seen.take(commits.write_seconds)

    advice = "the disk is slow to sync: look at its load and latency, and at who else writes to it"
    return Probe("commits", look, _DISK, _SLOW_COMMIT, advice, needed=False)


class Seen:
    """How far somebody has seen a distribution that grows."""

    def __init__(self) -> None:
        self._total = 0.0
        self._counts: tuple[int, ...] = ()

    def take(self, seconds: Distribution) -> Measured:
        """What came since it was seen the last time; zeros if nothing did.

        The p99 is a bound of the distribution, the least that is no less than 99 % of the values; where these are
        above all bounds it is the last one.
        """
        counts, total = seconds.counts, seconds.total
        new = [now - before for now, before in zip_longest(counts, self._counts, fillvalue=0)]
        sum_of_new, self._counts, self._total = total - self._total, counts, total
        if not any(new):
            return Measured(0.0)
        below = next(at for at, count in enumerate(accumulate(new)) if count >= 0.99 * sum(new))
        return Measured(sum_of_new / sum(new), seconds.bounds[min(below, len(seconds.bounds) - 1)])


def loop_probe(take_mean: Callable[[], float]) -> Probe:
    """How late the event loop was on average since the last look. One that is late is never more than a warning."""

    async def late() -> Measured:
        return Measured(take_mean())

    advice = "the process gets too little CPU, or something blocks it: look at its CPU use, then for large requests"
    return Probe("event loop", late, advice, _SLOW_LOOP, advice, needed=False)


def task_probe(measures: Callable[[], Iterable[TaskMeasures]]) -> Probe:
    """Whether the node's own work goes on. One that had to be started again is a warning for a while."""

    async def look() -> None:
        ended = [
            f"{each.name} has ended unexpectedly {each.restarts} times, last with {each.problem}"
            for each in measures()
            if each.problem
        ]
        if ended:
            raise CrudError(Kind.INTERNAL, Reason.INTERNAL, "; ".join(ended))

    advice = "it is started again; the log has the stack of the first time: report it with the version"
    return Probe("background tasks", look, advice, needed=False)


def dependency_probe(measures: Callable[[], DependencyMeasures]) -> Probe:
    """Whether a dependency is called. One that is left alone is never more than a warning."""
    name = measures().name

    async def look() -> None:
        found = measures()
        if found.state == State.OPEN:
            failed = found.outcomes["failed"] + found.outcomes["timeout"]
            message = f"the breaker is open: {failed} calls have failed since the start"
            raise CrudError(Kind.UNAVAILABLE, Reason.INTERNAL, message)

    advice = f"look at {name}: is it there, does this machine reach it? The node calls again on its own"
    return Probe(f"calls to {name}", look, advice, needed=False)
