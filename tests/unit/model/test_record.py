"""The record and the collection: paths, etags, and a weight that is never too small."""

from typing import Any

import msgspec
import pytest
from google.protobuf import json_format
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from crud_service.model.duration import SECOND
from crud_service.model.record import (
    Collection,
    CollectionKey,
    FieldIndex,
    Record,
    RecordKey,
    etag_of,
    tombstone,
    unset_collection,
)
from crud_service.model.timestamp import Timestamp, to_unix
from crud_service.v1 import record_pb2

TIME = Timestamp("9999-12-31T23:59:59.999999999Z")
LABEL = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
INDEXES = st.lists(st.builds(FieldIndex, TEXT, st.booleans()), max_size=16).map(tuple)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


def record_of(
    content: dict[str, Any],
    name: str = "",
    tags: tuple[str, ...] = (),
    collection: str = "notes",
    record_id: str = "a",
    revision: int = 2**63 - 1,
) -> Record:
    text = msgspec.json.encode(content).decode()
    return Record(collection, record_id, name, TIME, text, tags, revision, 2**63 - 1, TIME, TIME, TIME, TIME, TIME)


def message_of(resource: Record | Collection) -> Any:
    """The resource as the message of the contract."""
    message = record_pb2.Record() if isinstance(resource, Record) else record_pb2.Collection()
    for field in message.DESCRIPTOR.fields:
        if field.name == "ttl":  # only ever sent to the service
            continue
        value = getattr(resource, field.name)
        if field.name == "content":
            message.content.update(msgspec.json.decode(value))
        elif field.name == "tags":
            message.tags.extend(value)
        elif field.name == "indexes":
            message.indexes.extend([record_pb2.FieldIndex(field=each.field, state=each.state) for each in value])
        elif field.name in ("retention", "history_age"):
            target = getattr(message, field.name)
            target.seconds, target.nanos = divmod(value, SECOND)
        elif field.message_type:
            target = getattr(message, field.name)
            target.seconds, target.nanos = to_unix(value)
        else:
            setattr(message, field.name, value)
    return message


def json_size(message: Any) -> int:
    """The bytes of the message as compact Proto3 JSON, every field printed."""
    fields = json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
    return len(msgspec.json.encode(fields))


MOST = record_of(
    {"x": "y"},
    name='"' * 512,
    tags=tuple(f"{number:02d}" + "\U0001f600" * 126 for number in range(64)),
    collection="c" * 128,
    record_id="i" * 128,
)


@given(
    st.builds(
        record_of,
        st.dictionaries(TEXT, JSON, max_size=5),
        LABEL,
        st.lists(LABEL, max_size=5).map(tuple),
        st.sampled_from(["a", "c" * 128]),
        st.sampled_from(["a", "i" * 128]),
    )
)
@example(MOST)
@example(replace(MOST, name="", tags=()))
@example(replace(MOST, name="", content="{}", tags=tuple(chr(0x1F300 + number) for number in range(500))))
@example(replace(MOST, name="", tags=tuple(chr(ord("0") + number) for number in range(64))))
@example(record_of({"a": [1] * 1_000}))
@example(record_of({"": [[[]], {}, [{}], {"": {"": ""}}] * 100}))
@example(record_of({f"\n{number}": None for number in range(100)}))
def test_weight_is_an_upper_bound(record: Record) -> None:
    """No record is larger than its weight, neither as protobuf nor as JSON, whatever it holds."""
    message = message_of(record)
    assert message.ByteSize() <= record.weight
    # json_format prints whole doubles as 1.0; the service prints them as they were stored.
    without = json_size(message) - len(msgspec.json.encode(json_format.MessageToDict(message.content)))
    assert without + len(record.content.encode()) <= record.weight


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50), LABEL, INDEXES)
@example("\x01" * 4096, "\U0001f600" * 512, ())
@example("", "", tuple(FieldIndex("content." + "\U0001f600" * 500) for _ in range(16)))
@example("", "", tuple(FieldIndex("content.`'<" + "\xa0" * 500 + "`") for _ in range(16)))
def test_weight_of_a_collection_is_an_upper_bound(description: str, name: str, indexes: tuple[FieldIndex, ...]) -> None:
    """No collection is larger than its weight, neither as protobuf nor as JSON."""
    most = 2**63 - 1
    collection = Collection("c" * 128, name, description, most, most, TIME, TIME, True, most, indexes, most, most)
    message = message_of(collection)
    assert message.ByteSize() <= collection.weight
    assert json_size(message) <= collection.weight


def test_weight_follows_the_content() -> None:
    """A small record weighs little: a page of small records is not cut short."""
    assert record_of({"text": "x" * 250}).weight < 1_000
    assert record_of({"text": "x" * 10_000}).weight < 11_000


def test_paths() -> None:
    """A record's path names its collection; a collection's path is the first half."""
    assert record_of({}).path == "collections/notes/records/a"
    assert Collection("notes", "", "", 1, 1, TIME, TIME).path == "collections/notes"


def test_etag_is_quoted_and_strong() -> None:
    """An etag is an HTTP entity tag: quoted, printable, not weak."""
    etag = record_of({}).etag
    assert etag[0] == etag[-1] == '"'
    assert '"' not in etag[1:-1]
    assert etag.isprintable()
    assert etag.isascii()


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1))
def test_etag_tells_revisions_apart(one: int, other: int) -> None:
    """Two states of one resource have different etags, and the same state has the same."""
    assert (etag_of("collections/a", one) == etag_of("collections/a", other)) == (one == other)


@given(st.sampled_from(["a", "b", "ab", "notes"]), st.sampled_from(["a", "b", "ab", "notes"]))
def test_etag_tells_paths_apart(one: str, other: str) -> None:
    """Resources with the same revision - a record and its new collection - have different etags."""
    first = replace(record_of({}), collection=one)
    second = replace(record_of({}), collection=other)
    assert (first.etag == second.etag) == (one == other)
    assert first.etag != Collection(one, "", "", first.revision, 1, TIME, TIME).etag


def test_what_is_not_stored_has_no_etag() -> None:
    """A record or collection without a revision is not stored, so nothing can be conditional on it."""
    assert record_of({}, revision=0).etag == ""
    assert unset_collection(CollectionKey("", "notes")).etag == ""


def test_tombstone() -> None:
    """A tombstone tells a record's ids, revision and version, and nothing of what it held."""
    left = tombstone(RecordKey("t", "notes", "a"), 7, 3)
    assert (left.path, left.revision, left.version) == ("collections/notes/records/a", 7, 3)
    assert left.etag == record_of({}, revision=7).etag
    others = {name: getattr(left, name) for name in ("name", "date", "content", "tags", "create_time", "update_time")}
    assert others == {"name": "", "date": None, "content": "{}", "tags": (), "create_time": None, "update_time": None}
    assert (left.delete_time, left.purge_time, left.expire_time) == (None, None, None)


@pytest.mark.parametrize(("ready", "state"), [(False, "BUILDING"), (True, "READY")])
def test_state_of_an_index(ready: bool, state: str) -> None:
    """An index is being built until it is ready."""
    assert FieldIndex("name", ready).state == state


def test_resources_are_immutable() -> None:
    """Neither a record nor a collection can be changed in place."""
    record = record_of({})
    with pytest.raises(AttributeError):
        record.name = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        Collection("notes", "", "", 1, 1, TIME, TIME).name = "other"  # type: ignore[misc]
