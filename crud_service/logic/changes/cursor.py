"""Where a reader of the log is, and the opaque token that says so."""

import msgspec

from crud_service.logic.page_token import PageTokens
from crud_service.logic.revisions import history_gone
from crud_service.model.change import Change
from crud_service.model.errors import CrudError, Kind, Reason, invalid
from crud_service.model.query import Position, Rank

WHOLE = 2**31 - 1
"""The ordinal of a reader that has seen all of a mutation: greater than that of any entry."""

_NUMBER = 3  # the rank of numbers in a Position


class Cursor(msgspec.Struct, frozen=True):
    """A place in the log: everything up to the entry (revision, ordinal) has been told.

    While the records as they were at `revision` are being told, `initial` is the last of them, as (collection, id).
    """

    revision: int
    ordinal: int = WHOLE
    initial: tuple[str, str] | None = None

    @property
    def after(self) -> int:
        """After which revision to read on; the entries that `is_told` come once more then."""
        return self.revision if self.ordinal == WHOLE else self.revision - 1

    def is_told(self, entry: Change) -> bool:
        """Whether the entry is behind the reader."""
        return (entry.revision, entry.ordinal) <= (self.revision, self.ordinal)


class Cursors:
    """Makes tokens of cursors and cursors of tokens; a token belongs to `bound`: who reads, and what."""

    def __init__(self, tokens: PageTokens, *bound: str) -> None:
        self._tokens = tokens
        self._bound = ("changes", *bound)

    def seal(self, cursor: Cursor) -> str:
        """The token of a cursor."""
        ranks = (Rank(_NUMBER, cursor.revision), Rank(_NUMBER, cursor.ordinal))
        return self._tokens.seal(Position(ranks, *(cursor.initial or ("", ""))), *self._bound)

    def open(self, token: str) -> Cursor:
        """The cursor of a token. INVALID_ARGUMENT (`INVALID_RESUME_TOKEN`) if it is no token of this reader's."""
        try:
            position = self._tokens.open(token, *self._bound)
        except CrudError as cause:
            raise _refused() from cause
        if position is None or len(position.ranks) != 2:
            raise _refused()
        revision, ordinal = [int(rank.value or 0) for rank in position.ranks]
        return Cursor(revision, ordinal, (position.collection, position.id) if position.id else None)


def _refused() -> CrudError:
    what = "is no token of this reader; send resume_token as it came, with the same parent and filter"
    return invalid("resume_token", what, Reason.INVALID_RESUME_TOKEN)


def first_cursor(start_revision: int, last: int) -> Cursor:
    """Where a reader without a token begins: right before `start_revision`, or behind the `last` one if that is 0.

    INVALID_ARGUMENT (`INVALID_REVISION`) for a negative one.
    """
    if start_revision < 0:
        raise invalid("start_revision", "must not be negative", Reason.INVALID_REVISION)
    return Cursor(start_revision - 1 if start_revision else last)


def check_reached(cursor: Cursor, last: int) -> Cursor:
    """The cursor, if the log has come as far. OUT_OF_RANGE (`REVISION_NOT_REACHED`) otherwise.

    A reader that is ahead of the log has read another one: this one was restored from a backup, or is another store's.
    """
    if cursor.revision > last:
        message = f"the log ends at revision {last}; if it was restored, start anew with send_initial"
        metadata = {"lastRevision": str(last)}
        raise CrudError(Kind.OUT_OF_RANGE, Reason.REVISION_NOT_REACHED, message, metadata=metadata)
    return cursor


def fell_behind(floor: int) -> CrudError:
    """OUT_OF_RANGE (`HISTORY_GONE`) for a reader behind the floor of the log."""
    return history_gone(floor + 1, f"the log goes back to revision {floor + 1} only; start there, or with send_initial")
