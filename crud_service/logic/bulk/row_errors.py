"""What is wrong with rows of an import, and how the caller is told."""

from collections.abc import Collection, Mapping

from crud_service.logic.writer import ChangesRefused
from crud_service.model.errors import CrudError, Kind, Place, Violation, invalid_all
from crud_service.model.requests import RowError

MOST_LISTED = 100
"""How many bad rows a reply lists."""

# An error of any other kind is about the call, whatever it names: the same rows may be stored the next time.
_KINDS = frozenset(
    {
        Kind.INVALID_ARGUMENT,
        Kind.NOT_FOUND,
        Kind.ALREADY_EXISTS,
        Kind.FAILED_PRECONDITION,
        Kind.OUT_OF_RANGE,
        Kind.PERMISSION_DENIED,
        Kind.UNIMPLEMENTED,
    }
)

# What fields of a record begin with where the record is a part of the request.
_RECORD = "record."


class RowsRefused(CrudError):
    """Some rows cannot be stored. It is the error of the first of them; `rows` has those of all."""

    def __init__(self, rows: Mapping[int, CrudError]) -> None:
        first = rows[min(rows)]
        super().__init__(first.kind, first.reason, first.message, violations=first.violations, metadata=first.metadata)
        self.rows = rows


def place_of(number: int) -> Place:
    """How errors, and hooks, name a row."""
    return Place(f"row {number}", number)


def rows_of(error: CrudError, numbers: Collection[int]) -> Mapping[int, CrudError]:
    """Which of the rows with these numbers an error is about, each with what is wrong with it; none if about all."""
    if isinstance(error, RowsRefused):
        return error.rows
    if isinstance(error, ChangesRefused):
        return error.items
    index = error.metadata.get("index", "")
    if error.kind not in _KINDS or not index.isdecimal() or int(index) not in numbers:
        return {}
    return {int(index): error}


def row_failed(number: int, failed: CrudError) -> CrudError:
    """The error of a row as the end of the whole import."""
    error = _of_the_row(failed)
    prefix = f"{place_of(number).prefix}: "
    message = error.message if error.message.startswith(prefix) else prefix + error.message
    metadata = {name: value for name, value in error.metadata.items() if name != "index"} | {"row": str(number)}
    return CrudError(error.kind, error.reason, message, violations=error.violations, metadata=metadata)


def listed(errors: Mapping[int, CrudError]) -> tuple[RowError, ...]:
    """The first of some bad rows, as a reply lists them."""
    return tuple([_listed(number, _of_the_row(errors[number])) for number in sorted(errors)[:MOST_LISTED]])


def _listed(number: int, error: CrudError) -> RowError:
    return RowError(number, error.kind.value, error.reason.value, error.message)


def _of_the_row(error: CrudError) -> CrudError:
    """The error in the words of a row, whose fields are those of a record."""
    if not any(each.field.startswith(_RECORD) for each in error.violations):
        return error
    violations = [
        Violation(each.field.removeprefix(_RECORD), each.description, each.reason) for each in error.violations
    ]
    return invalid_all(violations, error.metadata)
