"""Read masks: which fields of its records a reply has."""

import json
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from crud_service.api.codec.json_writer import compile_json_writer
from crud_service.api.codec.masked import masked
from crud_service.api.codec.wire_writer import compile_writer
from crud_service.model import requests, timestamp
from crud_service.model.record import Record, RecordKey, tombstone
from crud_service.model.requests import (
    BatchRecordsReply,
    Bookmark,
    ChangeGroup,
    ChangeType,
    ExportRecordsReply,
    ListChangesReply,
    ListRecordRevisionsReply,
    ListRecordsReply,
    OperationResult,
    RecordChange,
    TransactRecordsReply,
    WatchEvent,
)
from crud_service.v1 import bulk_pb2, change_pb2, record_pb2
from crud_service.v1 import record_service_pb2 as pb
from tests.unit.api.codec.replies import RECORDS

TIME = timestamp.parse("2026-01-31T12:00:00Z")
RECORD = Record("notes", "a", "n", TIME, '{"x":1}', ("t",), 7, 1, TIME, TIME)
DESCRIPTOR = record_pb2.Record.DESCRIPTOR
GONE = tombstone(RecordKey("", "notes", "b"), 8, 2)
FIELDS = [field.name for field in DESCRIPTOR.fields if field.name != "ttl"]
WRITE, PRINT = compile_writer(DESCRIPTOR), compile_json_writer(DESCRIPTOR)


def shown(request: Any, reply: Any, descriptor: Descriptor) -> Any:
    """The reply as JSON, once it is sure that the wire form says the same."""
    reply = masked(request, reply)
    found = json.loads(compile_json_writer(descriptor)(reply))
    message = GetMessageClass(descriptor).FromString(compile_writer(descriptor)(reply))
    assert json_format.ParseDict(found, GetMessageClass(descriptor)()) == message
    return found


@given(RECORDS, st.sets(st.sampled_from(FIELDS), min_size=1))
def test_a_masked_record_has_the_named_fields_as_they_are(record: Record, names: set[str]) -> None:
    """Of both forms of a record there remain the fields of the mask, with the values of the whole record."""
    reply = masked(requests.GetRecord("p", tuple(names)), record)
    keys = {DESCRIPTOR.fields_by_name[name].json_name for name in names}
    whole = json.loads(PRINT(record))
    assert json.loads(PRINT(reply)) == {key: value for key, value in whole.items() if key in keys}
    message = record_pb2.Record.FromString(WRITE(record))
    for name in set(FIELDS) - names:
        message.ClearField(name)
    assert record_pb2.Record.FromString(WRITE(reply)) == message


@pytest.mark.parametrize("mask", [None, (), ("*",)])
def test_no_mask_is_the_whole_record(mask: tuple[str, ...] | None) -> None:
    """An absent mask, an empty one and the star ask for everything."""
    assert masked(requests.GetRecord("p", mask), RECORD) is RECORD
    assert masked(requests.UpdateRecord(), RECORD) is RECORD


def test_a_path_below_the_content_shows_the_content() -> None:
    """A mask counts by its first parts here: logic has cut the content."""
    request = requests.GetRecord("p", ("content.x", "content.`a.b`", "name"))
    assert shown(request, RECORD, DESCRIPTOR) == {"name": "n", "content": {"x": 1}}


def test_each_record_of_a_list_is_masked_and_the_list_is_not() -> None:
    """A page keeps its token; a batch has only records."""
    page = ListRecordsReply((RECORD, RECORD), "next")
    found = shown(requests.ListRecords(read_mask=("id",)), page, pb.ListRecordsResponse.DESCRIPTOR)
    assert found == {"records": [{"id": "a"}, {"id": "a"}], "nextPageToken": "next"}
    for request, descriptor in (
        (requests.BatchGetRecords(read_mask=("id",)), pb.BatchGetRecordsResponse.DESCRIPTOR),
        (requests.BatchCreateRecords(read_mask=("id",)), pb.BatchCreateRecordsResponse.DESCRIPTOR),
        (requests.BatchUpdateRecords(read_mask=("id",)), pb.BatchUpdateRecordsResponse.DESCRIPTOR),
        (requests.BatchDeleteRecords(read_mask=("id",)), pb.BatchDeleteRecordsResponse.DESCRIPTOR),
    ):
        assert shown(request, BatchRecordsReply((RECORD,)), descriptor) == {"records": [{"id": "a"}]}


@pytest.mark.parametrize("succeeded", [True, False])
def test_each_read_of_a_transaction_has_its_own_mask(succeeded: bool) -> None:
    """The result of a step is shown as that step wants it; writes, and reads that found nothing, stay as they are."""
    get = requests.RecordOperation(get=requests.GetRecord("p", ("name",)))
    delete = requests.RecordOperation(delete=requests.DeleteRecord("p"))
    request = requests.TransactRecords(
        then=(get, delete, get) if succeeded else (), else_=() if succeeded else (get, delete, get)
    )
    results = (OperationResult(RECORD), OperationResult(RECORD), OperationResult())
    reply = TransactRecordsReply(succeeded, 7, results)
    found = shown(request, reply, pb.TransactRecordsResponse.DESCRIPTOR)["results"]
    assert found == [{"record": {"name": "n"}}, {"record": json.loads(PRINT(RECORD))}, {}]


CHANGES = (
    RecordChange(type=ChangeType.UPDATED, record=RECORD, old_record=RECORD, path="p", revision=7, actor="me"),
    RecordChange(type=ChangeType.PURGED, record=GONE, path="q", revision=7),
    RecordChange(type=ChangeType.COLLECTION_CREATED, path="c", revision=7),
)
GROUP = ChangeGroup(7, complete=True, changes=CHANGES)
MASKED = [({"name": "n"}, {"name": "n"}), ({"name": ""}, None), (None, None)]
"""The records of the changes, after and before, by the mask `name`."""


def records(changes: Any) -> list[tuple[Any, Any]]:
    return [(each.get("record"), each.get("oldRecord")) for each in changes]


def test_the_records_of_a_change_are_masked_and_the_change_is_not() -> None:
    """A watch, a list of changes and a history show of each record what the mask names, and all that is told of it."""
    event = WatchEvent(group=GROUP, resume_token="t")
    found = shown(requests.WatchRecords(read_mask=("name",)), event, change_pb2.WatchRecordsResponse.DESCRIPTOR)
    assert (found["resumeToken"], found["group"]["complete"]) == ("t", True)
    assert records(found["group"]["changes"]) == MASKED
    assert [each["actor"] for each in found["group"]["changes"]] == ["me", "", ""]
    listed = ListChangesReply((GROUP, GROUP), "t", more=True)
    found = shown(requests.ListChanges(read_mask=("name",)), listed, change_pb2.ListChangesResponse.DESCRIPTOR)
    assert (found["resumeToken"], found["more"]) == ("t", True)
    assert [records(group["changes"]) for group in found["groups"]] == [MASKED, MASKED]
    history = ListRecordRevisionsReply(CHANGES, "next")
    request = requests.ListRecordRevisions(read_mask=("name",))
    found = shown(request, history, change_pb2.ListRecordRevisionsResponse.DESCRIPTOR)
    assert (records(found["changes"]), found["nextPageToken"]) == (MASKED, "next")


def test_events_without_records_are_as_they_are() -> None:
    """There is nothing to mask in a bookmark."""
    event = WatchEvent(bookmark=Bookmark(7))
    assert masked(requests.WatchRecords(read_mask=("name",)), event) is event


def test_each_record_of_an_export_is_masked() -> None:
    """The revision of the export stays."""
    reply = ExportRecordsReply((RECORD,), 7)
    found = shown(requests.ExportRecords(read_mask=("id",)), reply, bulk_pb2.ExportRecordsResponse.DESCRIPTOR)
    assert found == {"records": [{"id": "a"}], "revision": "7"}
