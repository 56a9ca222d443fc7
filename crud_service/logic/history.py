"""The operations of RecordService about a record's past."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from crud_service.logic import edits
from crud_service.logic.changes.entries import TYPES, shown_entry
from crud_service.logic.changes.view import fitting
from crud_service.logic.edits import Loaded, load, plan_edits
from crud_service.logic.life_cycle import require_record
from crud_service.logic.mutator import Mutator, Plan, Task
from crud_service.logic.page_token import PageTokens
from crud_service.logic.paging import page_size
from crud_service.logic.paths import record_key
from crud_service.logic.read_mask import ReadMask, parse_read_mask
from crud_service.logic.reading import Reading
from crud_service.logic.record_diff import check_diff_size, differences
from crud_service.logic.revisions import check_revision, past_states
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import Reason, invalid, not_found
from crud_service.model.limits import Limits
from crud_service.model.ports.change_log import LogScope
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.query import Position, Rank
from crud_service.model.record import CollectionKey, Record, RecordKey
from crud_service.model.timestamp import Timestamp

_NUMBER = 3  # the rank of numbers in a Position
_ABOVE_ALL = 2**63 - 1


class _Past(NamedTuple):
    """What a rollback is planned from."""

    stored: Loaded
    state: Record | None
    """The one to go back to."""


class History:
    """Lists, compares and brings back what records were."""

    def __init__(
        self, store: RecordStore, mutator: Mutator, reading: Reading, tokens: PageTokens, limits: Limits
    ) -> None:
        self._store = store
        self._mutator = mutator
        self._reading = reading
        self._tokens = tokens
        self._limits = limits

    async def list(self, call: Call, request: requests.ListRecordRevisions) -> requests.ListRecordRevisionsReply:
        """One page of the changes of a record that the log has, the last one first. NOT_FOUND if there are none."""
        key = record_key(call.tenant, request.path)
        mask = parse_read_mask(request.read_mask)
        size = page_size(request.page_size, self._limits)
        bound = ("ListRecordRevisions", call.tenant, call.principal, request.path)
        position = self._tokens.open(request.page_token, *bound)
        below = int(position.ranks[0].value or 0) if position else _ABOVE_ALL
        entries = await self._store.read_history(key, below, size, self._limits.page_bytes)
        if not entries and position is None:
            await self._refuse(key)
        changes = [shown_entry(entry, TYPES[entry.kind], record=entry.record) for entry in entries]
        page = changes[: fitting(changes, self._limits.page_bytes)]
        # The store may have stopped at a weight of its own, so only looking tells whether there is more.
        more = bool(page) and (len(page) < len(changes) or await self._is_more(key, page[-1].revision))
        token = self._tokens.seal(Position((Rank(_NUMBER, page[-1].revision),), "", key.id), *bound) if more else ""
        return requests.ListRecordRevisionsReply(await self._shown(call, page, mask), token)

    async def rollback(self, call: Call, request: requests.RollbackRecord) -> Record:
        """Give a live record what it held at a revision at which it was live."""
        key = record_key(call.tenant, request.path)
        _require_revision("revision", request.revision)

        async def read() -> _Past:
            scope = LogScope(key.tenant, key.collection)
            revision = await check_revision(self._store, scope, request.revision, "revision")
            (past,) = await past_states(self._store, key, [revision])
            return _Past(await load(self._store, [key]), past)

        def plan(past: _Past, time: Timestamp) -> Plan:
            return plan_edits([edits.rollback(call, request, past.state)], past.stored, time)

        (record,) = (await self._mutator.carry_out(call, request, Task(read, plan, [key]))).results
        return (await self._reading.shown(call, (record,), None))[0]

    async def diff(self, call: Call, request: requests.DiffRecord) -> requests.RecordDiff:
        """How the record differs between two revisions, be it deleted at one of them.

        NOT_FOUND (`REVISION_NOT_FOUND`) if there was no record at one of them.
        """
        key = record_key(call.tenant, request.path)
        _require_revision("from_revision", request.from_revision)
        scope = LogScope(key.tenant, key.collection)
        revisions = [
            await check_revision(self._store, scope, request.from_revision, "from_revision"),
            await check_revision(self._store, scope, request.to_revision, "to_revision"),
        ]
        states = await past_states(self._store, key, revisions)
        if not request.to_revision and states[1] is None:
            await self._refuse(key)
        found = tuple([_existing(key, *each) for each in zip(states, revisions, strict=True)])
        one, other = await self._reading.shown(call, found, None)
        changes = differences(one, other)
        check_diff_size(changes, self._limits)
        return requests.RecordDiff(found[0].path, found[0].revision, found[1].revision, changes)

    async def _is_more(self, key: RecordKey, below: int) -> bool:
        return bool(await self._store.read_history(key, below, 1))

    async def _refuse(self, key: RecordKey) -> None:
        """Raise NOT_FOUND about a record that is not there."""
        require_record(key, None, await self._store.get_collection(CollectionKey(key.tenant, key.collection)))

    async def _shown(
        self, call: Call, changes: Sequence[requests.RecordChange], mask: ReadMask | None
    ) -> tuple[requests.RecordChange, ...]:
        """The changes with their records as the caller is to see them."""
        records = tuple([change.record for change in changes if change.record is not None])
        shown = await self._reading.shown(call, records, mask)
        return tuple([replace(change, record=record) for change, record in zip(changes, shown, strict=True)])


def _require_revision(field: str, revision: int) -> None:
    if revision <= 0:
        raise invalid(field, "must be a revision, such as that of a record: 1 or more", Reason.INVALID_REVISION)


def _existing(key: RecordKey, state: Record | None, revision: int) -> Record:
    if state is None:
        message = f"at revision {revision} there was no record {key.id} in {key.collection}, or it was purged since"
        raise not_found(Reason.REVISION_NOT_FOUND, message)
    return state
