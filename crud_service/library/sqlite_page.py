"""From rows to a page that ends where the limits of its query say."""

from collections.abc import Generator
from contextlib import closing
from itertools import accumulate

from crud_service.library.sqlite_rows import Row, record_of
from crud_service.model.ports.record_store import RecordPage
from crud_service.model.query import RecordQuery
from crud_service.model.record import Record

# Places in a row of Record's fields, and bounds of `Record.weight`: for each character of those, and besides.
_NAME, _CONTENT, _TAGS = 2, 4, 5
_MOST_WEIGHT_A_CHARACTER = 28
_MOST_WEIGHT_BESIDES = 1_024


def page_of(rows: Generator[Row], query: RecordQuery) -> RecordPage:
    """The page within the limits of `query`, of rows of Record's fields in order: one more than the limit, or all."""
    records: list[Record] = []
    size = 0
    with closing(rows):
        for row in rows:
            records.append(record_of(row))
            size += len(row[_NAME]) + len(row[_CONTENT]) + len(row[_TAGS])
            # A record weighs more than its texts, so the page ends before this one, if it is not the first.
            if size > query.weight_limit and len(records) > 1:
                break
    kept = min(len(records), query.limit)
    # Weighing costs a third of reading the row, and most pages are far below the limit.
    if size * _MOST_WEIGHT_A_CHARACTER + len(records) * _MOST_WEIGHT_BESIDES > query.weight_limit:
        weights = accumulate(record.weight for record in records[:kept])
        kept = max(1, sum(weight <= query.weight_limit for weight in weights)) if records else 0
    return RecordPage(tuple(records[:kept]), kept < len(records))
