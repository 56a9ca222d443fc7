"""The rows of an import, and the chunks they are stored in.

Where a chunk ends depends on the rows alone, never on how they arrive: only so can an import that is sent again find
what it has stored before.
"""

from collections.abc import Callable, Sequence

import msgspec

from crud_service.logic.bulk.options import Options
from crud_service.logic.paths import check_id, record_key
from crud_service.logic.system_collections import check_writable
from crud_service.logic.validation import encode_content
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.record import RecordKey
from crud_service.model.requests import RecordDraft
from crud_service.model.requests.bulk import ImportRow


class Row(msgspec.Struct, frozen=True):
    """A row that could be read."""

    number: int
    """From 1."""
    key: RecordKey
    draft: RecordDraft
    size: int
    """Of its content, in bytes as compact JSON."""


class Chunk:
    """Consecutive rows, which are stored in one mutation."""

    def __init__(self, begin: int, first: int) -> None:
        self.begin = begin
        """The number of its first row."""
        self.first = first
        """The number of the first row that is wanted: those before are passed over."""
        self.end = first
        """The number behind the last row."""
        self.items: list[ImportRow] = []
        """All wanted rows as they came."""
        self.rows: list[Row] = []
        """Those that could be read."""
        self.errors: dict[int, CrudError] = {}
        """What is wrong with the others, by their numbers."""


class Chunker:
    """Takes the rows one by one, in their order, and gives the chunks."""

    def __init__(self, call: Call, options: Options, limits: Limits, new_id: Callable[[], str]) -> None:
        self._call = call
        self._tenant = call.tenant
        self._options = options
        self._limits = limits
        self._new_id = new_id
        self.count = 0
        """How many rows there were."""
        self._begin()

    def add(self, item: ImportRow) -> Sequence[Chunk]:
        """Take the next row. Returns the chunks that are complete by now: mostly none, and two at most."""
        full: list[Chunk] = []
        row = self._read(item, self.count + 1)
        if isinstance(row, Row) and not self._has_room(row):
            self._end(full)
        self.count += 1
        self._put(item, row)
        if self._taken == self._limits.import_rows:
            self._end(full)
        return full

    def rest(self) -> Sequence[Chunk]:
        """The chunk of the last rows, if there is one."""
        full: list[Chunk] = []
        self._end(full)
        return full

    def _begin(self) -> None:
        begin = self.count + 1
        self._chunk = Chunk(begin, max(begin, self._options.start_row))
        self._taken = self._size = 0
        self._keys: set[RecordKey] = set()

    def _end(self, full: list[Chunk]) -> None:
        if self._chunk.items:
            full.append(self._chunk)
        self._begin()

    def _has_room(self, row: Row) -> bool:
        """Whether the chunk may take the row: it is not too much, and no other row is about its record."""
        return not self._taken or (self._size + row.size <= self._limits.batch_bytes and row.key not in self._keys)

    def _put(self, item: ImportRow, row: Row | CrudError | None) -> None:
        self._taken += 1
        chunk = self._chunk
        is_wanted = self.count >= self._options.start_row
        if is_wanted:
            chunk.items.append(item)
            chunk.end = self.count + 1
        if isinstance(row, Row):
            self._size += row.size
            self._keys.add(row.key)
            if is_wanted:
                chunk.rows.append(row)
        elif row is not None and is_wanted:
            chunk.errors[self.count] = row

    def _read(self, item: ImportRow, number: int) -> Row | CrudError | None:
        if item is None or isinstance(item, CrudError):
            return item
        try:
            content = encode_content(item.content) if item.content else "{}"
            size = len(content) if content.isascii() else len(content.encode())
            key = self._key(item)
            check_writable(self._call, key.collection)
            return Row(number, key, item, size)
        except CrudError as error:
            return error

    def _key(self, draft: RecordDraft) -> RecordKey:
        """Which record the row is about.

        Rows come from exports: the path tells the id, too, and only if the import has no parent also the collection.
        """
        parent = self._options.parent
        named = record_key(self._tenant, draft.path, "record.path") if draft.path else None
        record_id = check_id("record.id", draft.id) if draft.id else ""
        if named is not None:
            if record_id and record_id != named.id:
                raise invalid("record.id", "differs from the id in record.path; send one of them", Reason.INVALID_ID)
            return named if parent is None else RecordKey(self._tenant, parent.id, named.id)
        if parent is None:
            what = "must name the collection and the record, as the import goes into several collections"
            raise invalid("record.path", what, Reason.INVALID_ID)
        return RecordKey(self._tenant, parent.id, record_id or self._new_id())
