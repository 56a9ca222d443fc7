"""Revisions that a caller asks to see: whether there were such, and whether the log still has what was stored then."""

from collections.abc import Sequence

from crud_service.model.errors import CrudError, Kind, Reason, invalid
from crud_service.model.ports.change_log import ChangeLog, LogScope
from crud_service.model.record import Record, RecordKey


async def check_revision(log: ChangeLog, scope: LogScope, revision: int, field: str = "read_revision") -> int:
    """The revision to read at: `revision`, or the last one for 0.

    Raises INVALID_ARGUMENT (`INVALID_REVISION`) about `field` when it is negative, OUT_OF_RANGE when there is none like
    that yet (`REVISION_NOT_REACHED`) or the log does not go back as far (`HISTORY_GONE`). The log may be compacted at
    any time: what has been read at the revision counts only once `check_kept` has passed after it.
    """
    if revision < 0:
        raise invalid(field, "must not be negative", Reason.INVALID_REVISION)
    last = await log.last_revision()
    if revision > last:
        message = f"{field}: there is no revision {revision} yet; the last one is {last}"
        metadata = {"lastRevision": str(last)}
        raise CrudError(Kind.OUT_OF_RANGE, Reason.REVISION_NOT_REACHED, message, metadata=metadata)
    if revision:
        await check_kept(log, scope, revision)
    return revision or last


async def check_kept(log: ChangeLog, scope: LogScope, revision: int) -> None:
    """Raise OUT_OF_RANGE (`HISTORY_GONE`) unless the log still has all that was stored at `revision`."""
    floor = await log.log_floor(scope)
    if revision < floor:
        raise history_gone(floor, f"the log does not go back to revision {revision}; the oldest to read at is {floor}")


async def past_states(log: ChangeLog, key: RecordKey, revisions: Sequence[int]) -> list[Record | None]:
    """The record, be it deleted, as it was at each of some revisions that `check_revision` has returned.

    None if there was none, or it was purged since. Raises OUT_OF_RANGE (`HISTORY_GONE`) as `check_kept` does.
    """
    entries = await log.states_at([key] * len(revisions), revisions)
    await check_kept(log, LogScope(key.tenant, key.collection), min(revisions))
    return [entry.record if entry is not None and entry.state else None for entry in entries]


def history_gone(oldest: int, message: str) -> CrudError:
    """OUT_OF_RANGE (`HISTORY_GONE`) with the oldest revision to ask for."""
    return CrudError(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE, message, metadata={"oldestRevision": str(oldest)})
