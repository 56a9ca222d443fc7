"""Records as CSV (RFC 4180): a line for each, its cells the fields of a record."""

import csv
import io
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

import msgspec

from crud_service.api.codec.fields import written_fields
from crud_service.api.codec.masked import Masked, mask_names
from crud_service.model.record import Record
from crud_service.model.timestamp import format_rfc3339
from crud_service.v1.record_pb2 import DESCRIPTOR

_FIELDS = written_fields(DESCRIPTOR.message_types_by_name["Record"])
_encode = msgspec.json.Encoder().encode


class CsvWriter:
    """Writes the fields that a read mask names, or all.

    Contents and tags are JSON, times are RFC 3339 and empty if they are not set. Nothing is changed: a text that a
    spreadsheet takes for a formula comes as it is.
    """

    def __init__(self, read_mask: tuple[str, ...] | None) -> None:
        names = mask_names(read_mask)
        fields = [field for field in _FIELDS if not names or field.name in names]
        self._cells = [_CELLS.get(field.name) or attrgetter(field.name) for field in fields]
        self.header = _lines([[field.json_name for field in fields]])
        """The first line: the names of the columns."""

    def lines(self, records: Iterable[Record | Masked]) -> bytes:
        """A line for each record, as UTF-8."""
        cells = self._cells
        plain = [each.resource if isinstance(each, Masked) else each for each in records]
        return _lines([[cell(record) for cell in cells] for record in plain])


def _lines(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _tags(record: Record) -> str:
    return _encode(record.tags).decode()


def _time(name: str) -> Callable[[Record], str]:
    get = attrgetter(name)

    def cell(record: Record) -> str:
        time = get(record)
        return format_rfc3339(time) if time else ""

    return cell


_TIMES = [each.name for each in _FIELDS if each.message_type and each.message_type.name == "Timestamp"]
_CELLS: dict[str, Callable[[Record], str]] = {"tags": _tags} | {name: _time(name) for name in _TIMES}
"""The cells that are not simply the field."""
