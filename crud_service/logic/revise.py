"""Changing what is stored: read, check the etag, make the new state, commit, and again if somebody was faster."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from crud_service.logic.keyed_lock import KeyedLock
from crud_service.logic.writer import Writer
from crud_service.model.call import Call
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason, invalid
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import ConditionFailed
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey
from crud_service.model.timestamp import Timestamp

State = TypeVar("State", Record, Collection)

# Writers of one node wait for each other in the lock; only writers of other nodes make a change start again.
_ATTEMPTS = 10


class Reviser:
    """Applies changes to stored resources so that no change of another writer is ever lost."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._locks = KeyedLock()

    async def revise(
        self,
        call: Call,
        key: RecordKey | CollectionKey,
        kind: ChangeKind,
        etag: str,
        load: Callable[[], Awaitable[State]],
        change: Callable[[State, Timestamp], State],
    ) -> State:
        """Commit `change(current, now)` for the resource that `load()` reads, and return the stored state.

        `etag`, when not empty, must be the current one: ABORTED (`ETAG_MISMATCH`) otherwise.
        """
        async with self._locks.hold(key):
            for _ in range(_ATTEMPTS):
                current = await load()
                _check_etag(current, etag)
                time = self._writer.now()
                pending = PendingChange(kind, current, change(current, time))
                try:
                    return (await self._writer.write(call, time, [pending]))[0]  # type: ignore[no-any-return]
                except ConditionFailed:
                    continue
        raise CrudError(
            Kind.ABORTED, Reason.CONCURRENT_CHANGE, f"{current.path} keeps changing; send the request again"
        )


def changed_fields(mask: tuple[str, ...] | None, present: tuple[str, ...], changeable: tuple[str, ...]) -> set[str]:
    """The fields an update changes: those of its mask, or without a mask those present in the request.

    Raises INVALID_ARGUMENT (`INVALID_UPDATE_MASK`) for a path that is not `*` or one of `changeable`.
    """
    if not mask:
        return set(present)
    if "*" in mask:
        if len(mask) > 1:
            raise invalid("update_mask", "'*' stands alone", Reason.INVALID_UPDATE_MASK)
        return set(changeable)
    for path in mask:
        if path not in changeable:
            message = f"{path[:64]!a} is not one of {', '.join(changeable)} or '*'"
            raise invalid("update_mask", message, Reason.INVALID_UPDATE_MASK)
    return set(mask)


def _check_etag(current: Record | Collection, etag: str) -> None:
    if etag and etag != current.etag:
        raise CrudError(
            Kind.ABORTED,
            Reason.ETAG_MISMATCH,
            f"{current.path} has changed since that etag; read it again and decide",
            metadata={"etag": current.etag, "version": str(current.version)},
        )
