"""What makes a reply dear to encode: the contents of its records, wherever they stand."""

from typing import Any

import pytest

from crud_service.api.codec.offload import content_size
from crud_service.model.record import Collection, Record
from crud_service.model.requests import (
    BatchRecordsReply,
    CountRecordsReply,
    ListRecordsReply,
    OperationResult,
    TransactRecordsReply,
)
from crud_service.model.timestamp import parse

TIME = parse("2026-01-31")
RECORD = Record("c", "r", "", TIME, '{"a":"bcd"}', (), 7, 1, TIME, TIME)


@pytest.mark.parametrize(
    ("reply", "size"),
    [
        (RECORD, 11),
        (ListRecordsReply((RECORD, RECORD)), 22),
        (BatchRecordsReply((RECORD, RECORD, RECORD)), 33),
        (TransactRecordsReply(True, 7, (OperationResult(RECORD), OperationResult(), OperationResult(RECORD))), 22),
        (CountRecordsReply(5), 0),
        (Collection("c", "n", "d", 1, 1, TIME, TIME), 0),
    ],
)
def test_the_contents_of_a_reply_are_counted(reply: Any, size: int) -> None:
    """All records of a reply count, and nothing else does."""
    assert content_size(reply) == size
