"""Any reply of the service, by the name of the message that it is on the wire."""

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import UNSET

from crud_service.model import duration, timestamp
from crud_service.model.record import Collection, FieldIndex, NodeInfo, Record, RecordKey, tombstone
from crud_service.model.reports import Cause, CodeLine, ErrorReport, InputField, Occurrence, RecentCall
from crud_service.model.requests import (
    BatchRecordsReply,
    Bookmark,
    ChangeGroup,
    ChangeType,
    CountRecordsReply,
    ExportRecordsReply,
    FieldChange,
    Gap,
    ImportRecordsReply,
    InitialDone,
    ListChangesReply,
    ListCollectionsReply,
    ListErrorReportsReply,
    ListRecordRevisionsReply,
    ListRecordsReply,
    OperationResult,
    RecordChange,
    RecordDiff,
    RowError,
    TransactRecordsReply,
    WatchEvent,
)
from tests.unit.api.codec.messages import VALUES

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
    history_age=st.none() | st.integers(0, duration.MAX_SECONDS * duration.SECOND),
    history_entries=NUMBERS,
)
CHANGES = st.builds(
    RecordChange,
    type=st.sampled_from(ChangeType),
    record=st.none() | RECORDS,
    old_record=st.none() | RECORDS,
    ordinal=st.integers(0, 2**31 - 1),
    path=st.text(),
    time=st.none() | TIMES,
    actor=st.text(),
    reason=st.text(),
    request_id=st.text(),
    call_id=st.text(),
    trace_id=st.text(),
    code_version=st.text(),
    version=NUMBERS,
    collection=st.none() | COLLECTIONS,
    revision=NUMBERS,
)
_CHANGES = st.lists(CHANGES, max_size=2).map(tuple)
_GROUPS = st.builds(ChangeGroup, NUMBERS, st.booleans(), _CHANGES)
EVENTS = st.one_of(
    st.builds(WatchEvent, group=_GROUPS, resume_token=st.text()),
    st.builds(WatchEvent, bookmark=st.builds(Bookmark, NUMBERS), resume_token=st.text()),
    st.builds(WatchEvent, initial_done=st.builds(InitialDone, NUMBERS), resume_token=st.text()),
    st.builds(WatchEvent, gap=st.builds(Gap, NUMBERS)),
)
_DIFFERENCES = st.builds(FieldChange, st.text(), st.just(UNSET) | VALUES, st.just(UNSET) | VALUES)
_LINES = st.builds(CodeLine, st.text(), st.integers(0, 2**31 - 1), st.text())
_FEW = {"max_size": 2}
REPORTS = st.builds(
    ErrorReport,
    id=IDS,
    causes=st.lists(st.builds(Cause, st.text(), st.text()), **_FEW).map(tuple),
    code_line=_LINES,
    stack=st.lists(_LINES, **_FEW).map(tuple),
    count=NUMBERS,
    first_seen_time=TIMES,
    last_seen_time=TIMES,
    occurrences=st.lists(
        st.builds(
            Occurrence,
            time=TIMES,
            input=st.lists(st.builds(InputField, st.text(), st.text(), st.integers(0, 2**31 - 1)), **_FEW).map(tuple),
            recent_calls=st.lists(st.builds(RecentCall, time=TIMES), **_FEW).map(tuple),
        ),
        **_FEW,
    ).map(tuple),
)
_SEVERAL = st.lists(RECORDS, max_size=3).map(tuple)
_BATCH = st.builds(BatchRecordsReply, _SEVERAL)
REPLIES: dict[str, st.SearchStrategy[Any]] = {
    "Record": RECORDS,
    "Collection": COLLECTIONS,
    "NodeInfo": st.builds(
        NodeInfo, st.text(), st.text(), st.text(), st.text(), st.lists(st.text()).map(tuple), st.text(), TIMES
    ),
    "ErrorReport": REPORTS,
    "ListErrorReportsResponse": st.builds(ListErrorReportsReply, st.lists(REPORTS, max_size=2).map(tuple), st.text()),
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
    "ListRecordRevisionsResponse": st.builds(ListRecordRevisionsReply, _CHANGES, st.text()),
    "RecordDiff": st.builds(RecordDiff, st.text(), NUMBERS, NUMBERS, st.lists(_DIFFERENCES, max_size=3).map(tuple)),
    "WatchRecordsResponse": EVENTS,
    "ListChangesResponse": st.builds(
        ListChangesReply, st.lists(_GROUPS, max_size=2).map(tuple), st.text(), st.booleans()
    ),
    "ImportRecordsResponse": st.builds(
        ImportRecordsReply,
        NUMBERS,
        NUMBERS,
        NUMBERS,
        NUMBERS,
        st.lists(st.builds(RowError, NUMBERS, st.text(), st.text(), st.text()), max_size=2).map(tuple),
        NUMBERS,
    ),
    "ExportRecordsResponse": st.builds(ExportRecordsReply, _SEVERAL, NUMBERS),
}
