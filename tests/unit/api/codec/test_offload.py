"""What makes a reply dear to encode: the contents of its records, wherever they stand."""

from typing import Any

import pytest

from crud_service.api.codec.offload import LARGE, content_size
from crud_service.model.record import Collection, Record
from crud_service.model.requests import (
    BatchRecordsReply,
    Bookmark,
    ChangeGroup,
    ChangeType,
    CountRecordsReply,
    ExportRecordsReply,
    FieldChange,
    ListChangesReply,
    ListRecordRevisionsReply,
    ListRecordsReply,
    OperationResult,
    RecordChange,
    RecordDiff,
    TransactRecordsReply,
    WatchEvent,
)
from crud_service.model.timestamp import parse

TIME = parse("2026-01-31")
RECORD = Record("c", "r", "", TIME, '{"a":"bcd"}', (), 7, 1, TIME, TIME)

CHANGES = (
    RecordChange(type=ChangeType.UPDATED, record=RECORD, old_record=RECORD, path="p", revision=7),
    RecordChange(type=ChangeType.COLLECTION_CREATED, path="c", revision=7),
)
GROUP = ChangeGroup(7, complete=True, changes=CHANGES)


@pytest.mark.parametrize(
    ("reply", "size"),
    [
        (RECORD, 11),
        (ListRecordsReply((RECORD, RECORD)), 22),
        (BatchRecordsReply((RECORD, RECORD, RECORD)), 33),
        (TransactRecordsReply(True, 7, (OperationResult(RECORD), OperationResult(), OperationResult(RECORD))), 22),
        (ExportRecordsReply((RECORD, RECORD), 7), 22),
        (WatchEvent(group=GROUP), 22),
        (WatchEvent(bookmark=Bookmark(7)), 0),
        (ListChangesReply((GROUP, GROUP), "t"), 44),
        (ListRecordRevisionsReply(CHANGES), 22),
        (RecordDiff("p", 1, 2, ()), 0),
        (RecordDiff("p", 1, 2, (FieldChange("name"),)), LARGE),
        (CountRecordsReply(5), 0),
        (Collection("c", "n", "d", 1, 1, TIME, TIME), 0),
    ],
)
def test_the_contents_of_a_reply_are_counted(reply: Any, size: int) -> None:
    """All records of a reply count, and nothing else does."""
    assert content_size(reply) == size
