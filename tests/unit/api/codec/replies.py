"""Any reply of the service, by the name of the message that it is on the wire."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from crud_service.model import duration, timestamp
from crud_service.model.record import Collection, FieldIndex, NodeInfo, Record, RecordKey, tombstone
from crud_service.model.requests import (
    BatchRecordsReply,
    CountRecordsReply,
    ListCollectionsReply,
    ListRecordsReply,
    OperationResult,
    TransactRecordsReply,
)

TIMES = st.builds(
    timestamp.from_unix, st.integers(timestamp.MIN_SECONDS, timestamp.MAX_SECONDS), st.integers(0, 999_999_999)
)
CONTENTS = st.dictionaries(
    st.text(), st.none() | st.booleans() | st.text() | st.integers(-1000, 1000) | st.lists(st.text())
)
IDS = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
NUMBERS = st.integers(0, 2**62)
RECORDS: st.SearchStrategy[Record] = st.builds(
    Record,
    collection=st.just("notes"),
    id=IDS,
    name=st.text(),
    date=TIMES,
    content=CONTENTS.map(lambda value: msgspec.json.encode(value).decode()),
    tags=st.lists(st.text(min_size=1)).map(tuple),
    revision=NUMBERS,
    version=st.integers(1, 2**40),
    create_time=TIMES,
    update_time=TIMES,
    delete_time=st.none() | TIMES,
    purge_time=st.none() | TIMES,
    expire_time=st.none() | TIMES,
) | st.builds(tombstone, st.builds(RecordKey, st.just(""), IDS, IDS), NUMBERS, NUMBERS)
COLLECTIONS = st.builds(
    Collection,
    id=IDS,
    name=st.text(),
    description=st.text(),
    revision=NUMBERS,
    version=NUMBERS,
    create_time=TIMES,
    update_time=TIMES,
    require_etag=st.booleans(),
    retention=st.none() | st.integers(0, duration.MAX_SECONDS * duration.SECOND),
    indexes=st.lists(st.builds(FieldIndex, st.text(), st.booleans())).map(tuple),
)
_SEVERAL = st.lists(RECORDS, max_size=3).map(tuple)
_BATCH = st.builds(BatchRecordsReply, _SEVERAL)
REPLIES: dict[str, st.SearchStrategy[Any]] = {
    "Record": RECORDS,
    "Collection": COLLECTIONS,
    "NodeInfo": st.builds(
        NodeInfo, st.text(), st.text(), st.text(), st.text(), st.lists(st.text()).map(tuple), st.text(), TIMES
    ),
    "ListRecordsResponse": st.builds(ListRecordsReply, _SEVERAL, st.text()),
    "ListCollectionsResponse": st.builds(ListCollectionsReply, st.lists(COLLECTIONS, max_size=3).map(tuple), st.text()),
    "CountRecordsResponse": st.builds(CountRecordsReply, NUMBERS, st.booleans()),
    "BatchGetRecordsResponse": _BATCH,
    "BatchCreateRecordsResponse": _BATCH,
    "BatchUpdateRecordsResponse": _BATCH,
    "BatchDeleteRecordsResponse": _BATCH,
    "TransactRecordsResponse": st.builds(
        TransactRecordsReply,
        st.booleans(),
        NUMBERS,
        st.lists(st.builds(OperationResult, st.none() | RECORDS), max_size=3).map(tuple),
    ),
}
