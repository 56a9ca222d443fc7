"""Replies: the compiled writers against protobuf's own encoding and its own JSON mapping."""

import json
from functools import cache
from typing import Any

import pytest
from google.protobuf import json_format, wrappers_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given, settings
from hypothesis import strategies as st

from crud_service.api.codec.json_writer import compile_json_writer
from crud_service.api.codec.wire_writer import compile_writer
from crud_service.model import timestamp
from crud_service.model.record import Collection, FieldIndex, Record, RecordKey, tombstone
from crud_service.model.requests import (
    Bookmark,
    ChangeGroup,
    ChangeType,
    FieldChange,
    OperationResult,
    RecordChange,
    RecordDiff,
    TransactRecordsReply,
    WatchEvent,
)
from crud_service.v1 import change_pb2, record_pb2, record_service_pb2
from tests.unit.api.codec.messages import METHODS
from tests.unit.api.codec.replies import RECORDS, REPLIES

DESCRIPTORS = {method.output_type.name: method.output_type for method in METHODS}
SECOND = timestamp.parse("2026-01-31T12:00:00Z")


@cache
def writers(descriptor: Descriptor) -> tuple[Any, Any]:
    return compile_writer(descriptor), compile_json_writer(descriptor)


def written(reply: Any, descriptor: Descriptor) -> Message:
    """The reply as protobuf reads its wire form."""
    return GetMessageClass(descriptor).FromString(writers(descriptor)[0](reply))


def printed(reply: Any, descriptor: Descriptor) -> Any:
    """The reply as JSON."""
    return json.loads(writers(descriptor)[1](reply))


def test_every_reply_of_the_contract_is_here() -> None:
    """The tests below hold for each reply that a method has."""
    assert REPLIES.keys() == DESCRIPTORS.keys()


@pytest.mark.parametrize("name", REPLIES)
@given(data=st.data())
@settings(max_examples=50)
def test_json_and_protobuf_are_one_reply(name: str, data: st.DataObject) -> None:
    """What is printed is what protobuf prints of the wire form: the same names, order and values, empty ones too."""
    reply, descriptor = data.draw(REPLIES[name]), DESCRIPTORS[name]
    message = written(reply, descriptor)
    expected = json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
    found = printed(reply, descriptor)
    assert found == expected
    order = [field.json_name for field in descriptor.fields if field.json_name in expected]
    assert list(found) == order
    assert json_format.ParseDict(found, GetMessageClass(descriptor)()) == message


@given(RECORDS)
def test_a_record_on_the_wire_parses_to_its_fields(record: Record) -> None:
    """The wire form has the record's values, and nothing where it has None."""
    message: Any = written(record, record_pb2.Record.DESCRIPTOR)
    for name in ("id", "name", "path", "etag", "revision", "version"):
        assert getattr(message, name) == getattr(record, name)
    assert tuple(message.tags) == record.tags
    for name in ("date", "create_time", "update_time", "delete_time", "purge_time", "expire_time"):
        time = getattr(record, name)
        assert message.HasField(name) == (time is not None)
        sent = getattr(message, name)
        assert time is None or (sent.seconds, sent.nanos) == timestamp.to_unix(time)
    assert json_format.MessageToDict(message.content) == json.loads(record.content)
    assert message.WhichOneof("expiration") in (None, "expire_time")


def test_a_collection_prints_its_empty_fields() -> None:
    """Empty texts, lists and flags are printed; what has no value is left out."""
    collection = Collection("notes", "", "", 7, 1, SECOND, timestamp.parse("2026-01-31T12:00:00.123400Z"))
    assert printed(collection, record_pb2.Collection.DESCRIPTOR) == {
        "id": "notes",
        "name": "",
        "description": "",
        "path": "collections/notes",
        "etag": collection.etag,
        "revision": "7",
        "version": "1",
        "createTime": "2026-01-31T12:00:00Z",
        "updateTime": "2026-01-31T12:00:00.123400Z",
        "requireEtag": False,
        "indexes": [],
        "historyEntries": "0",
    }


def test_a_retention_of_nothing_is_not_no_retention() -> None:
    """A duration of 0 is sent, unlike one that is not set."""
    none, zero = (Collection("a", "", "", 1, 1, SECOND, SECOND, retention=value) for value in (None, 0))
    descriptor = record_pb2.Collection.DESCRIPTOR
    assert [written(each, descriptor).HasField("retention") for each in (none, zero)] == [False, True]
    assert printed(zero, descriptor)["retention"] == "0s"
    assert "retention" not in printed(none, descriptor)


def test_the_state_of_an_index_is_a_name_in_json_and_a_number_on_the_wire() -> None:
    """An enumeration is printed by its name and sent by its number."""
    indexes = (FieldIndex("content.a", ready=True), FieldIndex("name"))
    collection = Collection("a", "", "", 1, 1, SECOND, SECOND, indexes=indexes)
    descriptor = record_pb2.Collection.DESCRIPTOR
    message: Any = written(collection, descriptor)
    assert [each.state for each in message.indexes] == [record_pb2.FieldIndex.READY, record_pb2.FieldIndex.BUILDING]
    assert [each["state"] for each in printed(collection, descriptor)["indexes"]] == ["READY", "BUILDING"]


def test_a_tombstone_has_no_times() -> None:
    """What remains of a purged record is its ids and numbers; its times are left out."""
    found = printed(tombstone(RecordKey("", "a", "b"), 0, 0), record_pb2.Record.DESCRIPTOR)
    assert found == {
        "id": "b",
        "name": "",
        "content": {},
        "tags": [],
        "path": "collections/a/records/b",
        "etag": "",
        "revision": "0",
        "version": "0",
    }


def test_a_read_of_nothing_is_an_empty_result() -> None:
    """A step that found no record keeps its place among the results."""
    reply = TransactRecordsReply(True, 0, (OperationResult(), OperationResult()))
    descriptor = record_service_pb2.TransactRecordsResponse.DESCRIPTOR
    assert printed(reply, descriptor) == {"succeeded": True, "revision": "0", "results": [{}, {}]}
    message: Any = written(reply, descriptor)
    assert [each.HasField("record") for each in message.results] == [False, False]


def test_a_value_may_be_missing_or_null() -> None:
    """A field of any JSON value that is missing is left out; one that is null is printed, and sent."""
    changes = (FieldChange("content.a", new_value=None), FieldChange("content.b", ({"k": 0.5}, 1), False))
    reply, descriptor = RecordDiff("p", 1, 2, changes), change_pb2.RecordDiff.DESCRIPTOR
    assert printed(reply, descriptor)["changes"] == [
        {"field": "content.a", "newValue": None},
        {"field": "content.b", "oldValue": [{"k": 0.5}, 1], "newValue": False},
    ]
    message: Any = written(reply, descriptor)
    assert not message.changes[0].HasField("old_value")
    assert [each.new_value.WhichOneof("kind") for each in message.changes] == ["null_value", "bool_value"]
    assert json_format.MessageToDict(message.changes[1].old_value) == [{"k": 0.5}, 1]


def test_a_message_of_a_watch_is_one_event() -> None:
    """Of what a watch may tell there is one, and where to resume; a bookmark at revision 0 is one as well."""
    descriptor = change_pb2.WatchRecordsResponse.DESCRIPTOR
    event = WatchEvent(bookmark=Bookmark(0), resume_token="t")
    assert printed(event, descriptor) == {"bookmark": {"revision": "0"}, "resumeToken": "t"}
    message: Any = written(event, descriptor)
    assert message.WhichOneof("event") == "bookmark"


def test_a_change_has_the_name_of_what_happened() -> None:
    """The type is printed by its name; records that are not there are left out, and the place is a number."""
    change = RecordChange(type=ChangeType.COLLECTION_DELETED, path="p", revision=7)
    event = WatchEvent(group=ChangeGroup(7, complete=False, changes=(change,)))
    found = printed(event, change_pb2.WatchRecordsResponse.DESCRIPTOR)
    assert found["group"]["complete"] is False
    (shown,) = found["group"]["changes"]
    assert (shown["type"], shown["ordinal"], shown["revision"]) == ("COLLECTION_DELETED", 0, "7")
    assert shown.keys().isdisjoint({"record", "oldRecord", "collection", "time"})


def test_a_kind_of_field_without_writer_is_refused_when_compiling() -> None:
    """A new kind of field shows at start-up, not in a reply."""
    with pytest.raises(TypeError, match="no writer"):
        compile_writer(wrappers_pb2.FloatValue.DESCRIPTOR)
