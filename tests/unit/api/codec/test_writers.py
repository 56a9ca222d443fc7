"""Replies: the compiled writers against protobuf's own encoding and its own JSON mapping."""

import json
from typing import Any

import msgspec
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from crud_service.api.codec.json_writer import compile_json_writer
from crud_service.api.codec.wire_writer import compile_writer
from crud_service.model import timestamp
from crud_service.model.record import Collection, NodeInfo, Record
from crud_service.model.requests import ListRecordsReply
from crud_service.v1 import admin_service_pb2, record_pb2, record_service_pb2

TIMES = st.builds(
    timestamp.from_unix, st.integers(timestamp.MIN_SECONDS, timestamp.MAX_SECONDS), st.integers(0, 999_999_999)
)
CONTENTS = st.dictionaries(
    st.text(), st.none() | st.booleans() | st.text() | st.integers(-1000, 1000) | st.lists(st.text())
)
RECORDS = st.builds(
    Record,
    collection=st.just("notes"),
    id=st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True),
    name=st.text(),
    date=TIMES,
    content=CONTENTS.map(lambda value: msgspec.json.encode(value).decode()),
    tags=st.lists(st.text(min_size=1)).map(tuple),
    revision=st.integers(0, 2**62),
    version=st.integers(1, 2**40),
    create_time=TIMES,
    update_time=TIMES,
    delete_time=st.none() | TIMES,
)
write_record = compile_writer(record_pb2.Record.DESCRIPTOR)
print_record = compile_json_writer(record_pb2.Record.DESCRIPTOR)


@given(RECORDS)
def test_a_record_on_the_wire_parses_to_its_fields(record: Record) -> None:
    message = record_pb2.Record.FromString(write_record(record))
    for name in ("id", "name", "path", "etag", "revision", "version"):
        assert getattr(message, name) == getattr(record, name)
    assert tuple(message.tags) == record.tags
    assert (message.date.seconds, message.date.nanos) == timestamp.to_unix(record.date)
    assert message.HasField("delete_time") == (record.delete_time is not None)
    assert message.HasField("content")
    assert json_format.MessageToDict(message.content) == json.loads(record.content)


@given(RECORDS)
def test_a_record_as_json_is_what_protobuf_prints_of_its_wire_form_in_the_order_of_its_fields(record: Record) -> None:
    message = record_pb2.Record.FromString(write_record(record))
    printed = json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
    assert json.loads(print_record(record)) == printed
    order = [field.json_name for field in record_pb2.Record.DESCRIPTOR.fields if field.json_name in printed]
    assert list(json.loads(print_record(record))) == order


@given(st.lists(RECORDS, max_size=3), st.text(max_size=5))
def test_a_page_of_records_holds_them_in_order(records: list[Record], token: str) -> None:
    page = ListRecordsReply(tuple(records), token)
    descriptor = record_service_pb2.ListRecordsResponse.DESCRIPTOR
    message = record_service_pb2.ListRecordsResponse.FromString(compile_writer(descriptor)(page))
    assert [each.SerializeToString() for each in message.records] == [
        record_pb2.Record.FromString(write_record(each)).SerializeToString() for each in records
    ]
    printed: dict[str, Any] = json.loads(compile_json_writer(descriptor)(page))
    assert (len(printed["records"]), printed["nextPageToken"]) == (len(records), token)


def test_an_empty_collection_prints_its_empty_fields_and_whole_times() -> None:
    second = timestamp.parse("2026-01-31T12:00:00Z")
    collection = Collection("notes", "", "", 7, 1, second, timestamp.parse("2026-01-31T12:00:00.123400Z"))
    printed = json.loads(compile_json_writer(record_pb2.Collection.DESCRIPTOR)(collection))
    assert printed == {
        "id": "notes",
        "name": "",
        "description": "",
        "path": "collections/notes",
        "etag": collection.etag,
        "revision": "7",
        "version": "1",
        "createTime": "2026-01-31T12:00:00Z",
        "updateTime": "2026-01-31T12:00:00.123400Z",
    }


def test_node_information_is_written_from_its_descriptor_alone() -> None:
    info = NodeInfo("n", "crud-service", "1", "", ("a", "b"), "memory", timestamp.parse("2026-01-31"))
    message = admin_service_pb2.NodeInfo.FromString(compile_writer(admin_service_pb2.NodeInfo.DESCRIPTOR)(info))
    assert (message.node_id, list(message.capabilities), message.store) == ("n", ["a", "b"], "memory")


def test_a_kind_of_field_without_writer_is_refused_when_compiling() -> None:
    from google.protobuf import wrappers_pb2

    with pytest.raises(TypeError, match="no writer"):
        compile_writer(wrappers_pb2.FloatValue.DESCRIPTOR)
