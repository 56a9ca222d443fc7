"""Storing a chunk: one mutation, or what is wrong with its rows."""

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from crud_service.logic.bulk.chunks import Chunk, Row
from crud_service.logic.bulk.options import IfExists, Options
from crud_service.logic.bulk.row_edits import created, missing, stored
from crud_service.logic.bulk.row_errors import RowsRefused, listed, place_of, row_failed, rows_of
from crud_service.logic.edits import NOTHING, Loaded, load
from crud_service.logic.life_cycle import exists
from crud_service.logic.mutator import Mutator, Plan, Task
from crud_service.model.call import Call
from crud_service.model.errors import CrudError
from crud_service.model.ports.record_hooks import PendingChange
from crud_service.model.ports.record_store import ConditionFailed, RecordStore
from crud_service.model.record import Record
from crud_service.model.requests import RecordDraft, RowError
from crud_service.model.timestamp import Timestamp

Turn = Callable[[], Awaitable[None]]
"""Waits until all chunks before are stored."""


class Summary(msgspec.Struct, frozen=True):
    """What became of a chunk. It is kept with the request id, so that the same chunk gives the same answer."""

    imported: int = 0
    existing: int = 0
    errors: int = 0
    listed: tuple[RowError, ...] = ()


class _Part(msgspec.Struct, frozen=True):
    """A chunk as a request: what makes it the same one, and what the mutator asks of every request."""

    parent: str
    on_error: str
    if_exists: str
    first: int
    items: tuple[RecordDraft | str | None, ...]
    request_id: str
    part: str
    validate_only: bool


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Summary).decode


class ChunkStore:
    """Stores the chunks of one import."""

    def __init__(
        self, call: Call, options: Options, store: RecordStore, mutator: Mutator, *, creates_collections: bool
    ) -> None:
        self._call = call
        self._options = options
        self._store = store
        self._mutator = mutator
        self._creates_collections = creates_collections
        # Others may change records that are replaced: they wait, or the chunk would start again and again.
        self._locks = options.if_exists is IfExists.REPLACE

    async def store(self, chunk: Chunk, turn: Turn) -> tuple[Summary, int]:
        """What became of the chunk, and the revision it took; 0 if nothing was written.

        Raises CrudError for the first row that cannot be stored, unless such rows are skipped, and for whatever keeps
        the store from storing any. It prepares the chunk at once, and commits it when it is its turn.
        """
        if self._options.if_exists is IfExists.FAIL and not chunk.errors:
            # Most records are new, and most rows are good: nothing is read before, the store finds out.
            try:
                return await self._carry_out(chunk, self._create(chunk.rows, turn))
            except CrudError as error:
                if not rows_of(error, _numbers(chunk.rows)):
                    raise
        return await self._store_carefully(chunk, turn)

    async def _store_carefully(self, chunk: Chunk, turn: Turn) -> tuple[Summary, int]:
        """Look at what is stored, and leave out the rows that turn out to be bad. To stop at the first of them, look
        whether there is one among the rows before it.
        """
        bad = dict(chunk.errors)
        while True:
            if bad or self._locks:
                # What is wrong with rows may depend on the chunks before, and these may need the same locks.
                await turn()
            stops = self._options.stops and bool(bad)
            end = min(bad) if stops else chunk.end
            rows = [row for row in chunk.rows if row.number < end and row.number not in bad]
            try:
                answer = await self._carry_out(chunk, self._edit(rows, bad, turn), validate_only=stops)
            except CrudError as error:
                found = rows_of(error, _numbers(rows))
                if not found:
                    raise
                bad.update(found)
                continue
            if stops:
                raise row_failed(end, bad[end])
            return answer

    async def _carry_out(self, chunk: Chunk, task: Task[Loaded], *, validate_only: bool = False) -> tuple[Summary, int]:
        options = self._options
        part = _Part(
            options.parent.id if options.parent else "",
            options.on_error,
            options.if_exists,
            chunk.first,
            _told(chunk) if options.request_id else (),
            options.request_id,
            str(chunk.begin),
            validate_only,
        )
        answer = await self._mutator.carry_out(self._call, part, task)
        return _decode(answer.summary), answer.revision

    def _create(self, rows: Sequence[Row], turn: Turn) -> Task[Loaded]:
        """Creates the records of rows without reading what is stored."""

        async def nothing() -> Loaded:
            return NOTHING

        def plan(_: Loaded, time: Timestamp) -> Plan:
            return _plan(rows, lambda row: created(row, time))

        def lost(_: Plan, failed: ConditionFailed) -> CrudError:
            row = rows[failed.index]
            current = failed.current if isinstance(failed.current, Record) else None
            return RowsRefused({row.number: exists(f"collections/{row.key.collection}/records/{row.key.id}", current)})

        return Task(nothing, plan, lost=lost, turn=turn)

    def _edit(self, rows: Sequence[Row], bad: dict[int, CrudError], turn: Turn) -> Task[Loaded]:
        """Stores rows by what is stored of their records. Those that are `bad` are only told."""
        if_exists = self._options.if_exists
        keys = [row.key for row in rows]

        async def read() -> Loaded:
            return await load(self._store, keys) if keys else NOTHING

        def plan(loaded: Loaded, time: Timestamp) -> Plan:
            def edit(row: Row) -> PendingChange | None:
                collection = loaded.collections.get(row.key.collection)
                if collection is None and not self._creates_collections:
                    raise missing(row)
                return stored(row, if_exists, loaded.records.get(row.key), collection, time)

            return _plan(rows, edit, None if self._options.stops else bad)

        return Task(read, plan, keys if self._locks else (), turn=turn)


def _plan(
    rows: Sequence[Row], edit: Callable[[Row], PendingChange | None], bad: dict[int, CrudError] | None = None
) -> Plan:
    """The plan that stores the rows. The bad ones are left out and told with those that are `bad` already; with None
    the first of them is raised.
    """
    changes: list[PendingChange] = []
    existing, errors = 0, dict(bad or {})
    for row in rows:
        try:
            change = edit(row)
        except CrudError as error:
            if bad is None:
                raise RowsRefused({row.number: error}) from error
            errors[row.number] = error
            continue
        if change is None:
            existing += 1
        else:
            change.place = place_of(row.number)
            changes.append(change)
    summary = Summary(len(changes), existing, len(errors), listed(errors))
    return Plan(changes, summary=_encode(summary).decode())


def _told(chunk: Chunk) -> tuple[RecordDraft | str | None, ...]:
    return tuple([item.message if isinstance(item, CrudError) else item for item in chunk.items])


def _numbers(rows: Sequence[Row]) -> frozenset[int]:
    return frozenset([row.number for row in rows])
