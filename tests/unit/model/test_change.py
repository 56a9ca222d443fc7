"""The change log's entries: a state comes back from its text exactly as it was."""

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from crud_service.model import duration
from crud_service.model.change import (
    Change,
    ChangeKind,
    decode_record_state,
    encode_state,
)
from crud_service.model.record import Collection, FieldIndex, Record, RecordKey, tombstone
from crud_service.model.timestamp import MAX_SECONDS, MIN_SECONDS, Timestamp, from_unix

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.builds(from_unix, st.integers(MIN_SECONDS, MAX_SECONDS), st.integers(0, 999_999_999))
COUNTS = st.integers(1, 2**63 - 1)
CONTENTS = st.dictionaries(
    TEXT,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=10,
    )
    | TEXT,
    max_size=5,
).map(lambda content: msgspec.json.encode(content).decode())
RECORDS = st.builds(
    Record,
    st.just("notes"),
    st.just("a"),
    TEXT,
    TIMES,
    CONTENTS,
    st.lists(TEXT, max_size=5).map(tuple),
    COUNTS,
    COUNTS,
    TIMES,
    TIMES,
    *[st.none() | TIMES] * 3,
)
INDEXES = st.lists(st.builds(FieldIndex, TEXT, st.booleans()), max_size=3).map(tuple)
COLLECTIONS = st.builds(
    Collection,
    st.just("notes"),
    TEXT,
    TEXT,
    COUNTS,
    COUNTS,
    TIMES,
    TIMES,
    st.booleans(),
    st.none() | st.integers(0, duration.MAX_SECONDS * duration.SECOND),
    INDEXES,
)
TIME = Timestamp("2026-01-31T12:00:00.000000000Z")


def change_of(kind: ChangeKind, state: str) -> Change:
    return Change(7, 0, kind, "", "notes", "a", state, 1, TIME, "anonymous", "", "", "", "", "")


@given(RECORDS)
def test_record_state_round_trip(record: Record) -> None:
    """A record comes back equal, its content letter by letter, live or deleted."""
    assert decode_record_state(encode_state(record)) == record
    assert change_of(ChangeKind.RECORD_UPDATED, encode_state(record)).record == record


@given(COLLECTIONS)
def test_collection_state_round_trip(collection: Collection) -> None:
    """A collection comes back equal."""
    state = encode_state(collection)
    assert change_of(ChangeKind.COLLECTION_UPDATED, state).collection_state == collection


@given(RECORDS)
def test_state_is_one_json_object(record: Record) -> None:
    """The log can be read without this code: a state is a JSON object, and its content is one inside of it."""
    state: dict[str, Any] = json.loads(encode_state(record))
    assert state["content"] == json.loads(record.content)
    assert state["name"] == record.name
    assert state["tags"] == list(record.tags)
    for name in ("date", "create_time", "update_time", "delete_time", "purge_time", "expire_time"):
        assert state[name] == getattr(record, name)


def test_numbers_keep_their_text() -> None:
    """The content's numbers are not read and written again: 1e23 and 19.990 stay what they are."""
    content = '{"a":1e23,"b":19.990,"c":-0.0,"d":9007199254740993}'
    record = Record("notes", "a", "", TIME, content, (), 1, 1, TIME, TIME)
    assert decode_record_state(encode_state(record)).content == content


def test_states_of_older_code() -> None:
    """A state that was written before a field existed is read with that field unset."""
    record = (
        '{"collection":"notes","id":"a","name":"","date":"D","content":{},"tags":[],"revision":1,"version":1,'
        '"create_time":"C","update_time":"U"}'
    )
    assert decode_record_state(record) == Record("notes", "a", "", "D", "{}", (), 1, 1, "C", "U")  # type: ignore[arg-type]
    collection = (
        '{"id":"notes","name":"","description":"","revision":1,"version":1,"create_time":"C","update_time":"U"}'
    )
    expected = Collection("notes", "", "", 1, 1, "C", "U")  # type: ignore[arg-type]
    assert change_of(ChangeKind.COLLECTION_UPDATED, collection).collection_state == expected


def test_purged_state() -> None:
    """An entry whose state was erased tells of a tombstone, with the entry's own revision and version."""
    erased = change_of(ChangeKind.RECORD_CREATED, "")
    assert erased.record == tombstone(RecordKey("", "notes", "a"), erased.revision, erased.version)


def test_kinds_are_the_words_of_the_log() -> None:
    """A kind is stored as its own name; the log keeps these words for good."""
    assert all(kind == kind.name for kind in ChangeKind)
    assert {str(kind) for kind in ChangeKind} >= {
        "RECORD_CREATED",
        "RECORD_UPDATED",
        "RECORD_DELETED",
        "RECORD_UNDELETED",
        "RECORD_EXPIRED",
        "RECORD_PURGED",
        "COLLECTION_CREATED",
        "COLLECTION_UPDATED",
        "COLLECTION_DELETED",
    }
