"""Requests from protobuf bytes: presence, what is ignored, and what is refused."""

import math
from unittest.mock import ANY

import pytest
from google.protobuf import field_mask_pb2
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from crud_service.api.codec.varint import length_delimited
from crud_service.api.codec.wire_reader import Reader, compile_reader
from crud_service.model import requests
from crud_service.model.errors import CrudError, Reason, Violation
from crud_service.v1 import collection_service_pb2 as pb2
from crud_service.v1 import record_service_pb2 as pb

read_create = compile_reader(pb.CreateRecordRequest.DESCRIPTOR, requests.CreateRecord)
read_update = compile_reader(pb.UpdateRecordRequest.DESCRIPTOR, requests.UpdateRecord)


def create(**content: object) -> pb.CreateRecordRequest:
    request = pb.CreateRecordRequest(parent="collections/notes", record_id="one")
    request.record.name = "hello"
    request.record.tags.extend(["b", "a"])
    request.record.content.update(content)
    return request


def test_a_request_is_read_field_by_field() -> None:
    request = create(a=1, b=[True, None])
    request.record.date.FromJsonString("2026-01-31T12:00:00.5Z")
    read = read_create(request.SerializeToString())
    assert (read.parent, read.record_id) == ("collections/notes", "one")
    assert (read.record.name, read.record.tags) == ("hello", ("b", "a"))
    assert read.record.date == "2026-01-31T12:00:00.500000000Z"
    assert read.record.content == {"a": 1, "b": [True, None]}


def test_absent_and_empty_fields_are_unset() -> None:
    read = read_update(pb.UpdateRecordRequest(record={"path": "p", "name": ""}).SerializeToString())
    assert (read.record.name, read.record.content, read.update_mask) == (UNSET, UNSET, None)


def test_an_empty_content_and_a_mask_are_present() -> None:
    request = pb.UpdateRecordRequest(update_mask=field_mask_pb2.FieldMask(paths=["name", "content"]))
    request.record.content.SetInParent()
    read = read_update(request.SerializeToString())
    assert (read.record.content, read.update_mask) == ({}, ("name", "content"))


def test_fields_of_the_server_are_ignored() -> None:
    request = create()
    request.record.revision = 99
    request.record.create_time.seconds = 5
    assert not hasattr(read_create(request.SerializeToString()).record, "revision")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xff\xff", Reason.MALFORMED_REQUEST),
        (b"\x0a\x05ab", Reason.MALFORMED_REQUEST),
        (b"\x0a\x02\xff\xfe", Reason.INVALID_TEXT),
        (b"\x0a\x03\xed\xa0\x80", Reason.INVALID_TEXT),
    ],
)
def test_bytes_that_are_no_such_message_are_refused(data: bytes, reason: Reason) -> None:
    with pytest.raises(CrudError) as refused:
        read_create(data)
    assert refused.value.reason == reason


def test_nesting_past_what_the_parser_takes_is_too_deep() -> None:
    struct = b""
    for _ in range(60):
        struct = length_delimited(
            b"\x0a", length_delimited(b"\x0a", b"a") + length_delimited(b"\x12", length_delimited(b"\x2a", struct))
        )
    with pytest.raises(CrudError) as refused:
        read_create(length_delimited(b"\x12", length_delimited(b"\x22", struct)))
    assert refused.value.reason == Reason.CONTENT_TOO_DEEP


def test_a_time_outside_of_the_calendar_is_refused_at_its_field() -> None:
    request = create()
    request.record.date.seconds = 10**15
    with pytest.raises(CrudError) as refused:
        read_create(request.SerializeToString())
    assert refused.value.violations[0].field == "record.date"


def entry(key: bytes, value: bytes = b"\x20\x01") -> bytes:
    return length_delimited(b"\x0a", length_delimited(b"\x0a", key) + length_delimited(b"\x12", value))


def test_a_duplicate_key_anywhere_in_the_content_is_refused_at_its_place() -> None:
    inner = entry(b"x") + entry(b"y") + entry(b"x")
    content = entry(b"list", length_delimited(b"\x32", length_delimited(b"\x0a", length_delimited(b"\x2a", inner))))
    with pytest.raises(CrudError) as refused:
        read_create(length_delimited(b"\x12", length_delimited(b"\x22", content)))
    violation = refused.value.violations[0]
    assert (violation.reason, violation.field) == (Reason.DUPLICATE_KEY, "record.content.list[0].x")


def test_entries_without_a_key_hide_no_duplicate() -> None:
    """An entry may leave out its key, which then is empty, and grows when it is parsed: sizes prove nothing."""
    keyless = length_delimited(b"\x2a", length_delimited(b"\x0a", length_delimited(b"\x12", b"\x08\x00")))
    twice = entry(b"aa", b"\x08\x00") + entry(b"aa") + b"".join(entry(b"x%d" % n, keyless) for n in range(5))
    data = length_delimited(b"\x12", length_delimited(b"\x22", twice))
    assert pb.CreateRecordRequest.FromString(data).ByteSize() == len(data)
    with pytest.raises(CrudError) as refused:
        read_create(data)
    assert refused.value.violations[0].field == "record.content.aa"


def test_a_content_in_two_pieces_is_one() -> None:
    """A message that stands twice is merged, as protobuf has it, and then has each key once."""
    pieces = [length_delimited(b"\x22", entry(key)) for key in (b"a", b"b", b"a")]
    merged = length_delimited(b"\x12", pieces[0] + pieces[1])
    assert read_create(merged).record.content == {"a": True, "b": True}
    with pytest.raises(CrudError) as refused:
        read_create(length_delimited(b"\x12", b"".join(pieces)))
    assert refused.value.reason == Reason.DUPLICATE_KEY


def test_another_encoder_s_habits_are_no_duplicate() -> None:
    """A length in two bytes where one is enough makes the message smaller when it is parsed, and is fine."""
    content = b"\x0a\x88\x00" + b"\x0a\x02ab\x12\x02\x20\x01"
    data = length_delimited(b"\x12", length_delimited(b"\x22", content))
    assert read_create(data).record.content == {"ab": True}


@given(st.dictionaries(st.text(), st.text(), min_size=1, max_size=5), st.data())
def test_unique_keys_pass_and_a_repeated_one_is_found(content: dict[str, str], data: st.DataObject) -> None:
    entries = [entry(key.encode(), length_delimited(b"\x1a", value.encode())) for key, value in content.items()]
    wrap = lambda struct: length_delimited(b"\x12", length_delimited(b"\x22", struct))  # noqa: E731
    assert read_create(wrap(b"".join(entries))).record.content == content
    again = data.draw(st.sampled_from(sorted(content)))
    with pytest.raises(CrudError) as refused:
        read_create(wrap(b"".join(entries) + entry(again.encode())))
    assert refused.value.violations[0].field == f"record.content.{again}"


read_batch = compile_reader(pb.BatchUpdateRecordsRequest.DESCRIPTOR, requests.BatchUpdateRecords)
read_transaction = compile_reader(pb.TransactRecordsRequest.DESCRIPTOR, requests.TransactRecords)
read_collection = compile_reader(pb2.UpdateCollectionRequest.DESCRIPTOR, requests.UpdateCollection)


def refusal(read: Reader, message: Message) -> CrudError:
    with pytest.raises(CrudError) as refused:
        read(message.SerializeToString())
    return refused.value


def test_the_item_of_a_batch_that_is_wrong_is_named() -> None:
    """A violation within an item says which one it is, and so does the metadata."""
    message = pb.BatchUpdateRecordsRequest(requests=[{}, {}, {}])
    message.requests[2].record.content.update({"a": [1, math.nan]})
    error = refusal(read_batch, message)
    assert error.violations == (Violation("requests[2].record.content.a[1]", ANY, Reason.NUMBER_NOT_EXACT),)
    assert error.metadata == {"index": "2"}
    assert error.message.startswith("requests[2].record.content.a[1]: ")


def test_a_list_with_too_many_items_is_not_read() -> None:
    """Millions of empty items fit into a request; they are counted, not converted."""
    read = compile_reader(pb.BatchUpdateRecordsRequest.DESCRIPTOR, requests.BatchUpdateRecords, 2)
    assert len(read(pb.BatchUpdateRecordsRequest(requests=[{}, {}]).SerializeToString()).requests) == 2
    error = refusal(read, pb.BatchUpdateRecordsRequest(requests=[{}, {}, {}]))
    assert (error.reason, error.violations[0].field) == (Reason.BATCH_TOO_LARGE, "requests")


def test_a_list_in_an_item_counts_for_itself() -> None:
    """The index of the metadata is that of the item, not that of a list within it."""
    message = pb.BatchUpdateRecordsRequest(requests=[{}, {"transforms": [{}, {}, {"increment": math.inf}]}])
    error = refusal(read_batch, message)
    assert error.violations[0].field == "requests[1].transforms[2].increment"
    assert error.metadata == {"index": "1"}


def test_a_step_of_a_transaction_that_is_wrong_is_named() -> None:
    """So does a violation within a step, whose field is a word of Python."""
    message = pb.TransactRecordsRequest(**{"else": [{"get": {}}, {"create": {"record": {"ttl": {"nanos": -1}}}}]})
    message_else = getattr(message, "else")
    message_else[1].create.record.ttl.seconds = 1
    error = refusal(read_transaction, message)
    assert (error.violations[0].field, error.metadata) == ("else[1].create.record.ttl", {"index": "1"})


def test_steps_are_read_into_the_one_that_is_set() -> None:
    """Of a oneof only the member that was sent is set, be it empty; a word of Python has an underscore."""
    message = pb.TransactRecordsRequest(
        compare=[{"path": "p", "exists": False}, {"path": "q", "version": 0}],
        then=[{"delete": {}}],
        **{"else": [{"get": {"path": "p"}}]},
    )
    read = read_transaction(message.SerializeToString())
    assert read.compare == (requests.RecordCompare("p", exists=False), requests.RecordCompare("q", version=0))
    assert read.then == (requests.RecordOperation(delete=requests.DeleteRecord()),)
    assert read.else_ == (requests.RecordOperation(get=requests.GetRecord("p")),)


def test_numbers_and_lists_of_a_transform_are_plain_values() -> None:
    """A double is a number as a content has it, a list of values is a tuple of them."""
    message = pb.UpdateRecordRequest(transforms=[{"field": "content.n", "increment": 2}, {"field": "content.l"}])
    message.transforms[1].append.extend([1, "a", {"k": [None]}])
    count, add = read_update(message.SerializeToString()).transforms
    assert (count.field, count.increment, type(count.increment), count.append) == ("content.n", 2, int, UNSET)
    assert (add.increment, add.append) == (UNSET, (1, "a", {"k": [None]}))


def test_a_collection_is_read_with_its_retention_and_its_indexes() -> None:
    """A duration is in nanoseconds; the state of an index is the server's."""
    message = pb2.UpdateCollectionRequest(collection={"require_etag": True, "indexes": [{"field": "name", "state": 2}]})
    message.collection.retention.FromJsonString("1.5s")
    read = read_collection(message.SerializeToString()).collection
    assert (read.require_etag, read.retention, read.indexes) == (
        True,
        1_500_000_000,
        (requests.FieldIndexDraft("name"),),
    )


@pytest.mark.parametrize(("seconds", "nanos"), [(1, -1), (-1, 1), (0, 10**9), (10**12, 0)])
def test_a_duration_that_is_none_is_refused_at_its_field(seconds: int, nanos: int) -> None:
    """So is one whose parts contradict each other, or that is too long."""
    message = pb.UpdateRecordRequest()
    message.record.ttl.seconds, message.record.ttl.nanos = seconds, nanos
    assert refusal(read_update, message).violations[0].field == "record.ttl"


def test_the_last_of_two_members_of_a_oneof_counts() -> None:
    """As protobuf has it for bytes in which two members stand."""
    both = b"\x72\x02\x08\x01" + b"\x7a\x02\x08\x05"
    record = read_create(length_delimited(b"\x12", both)).record
    assert (record.expire_time, record.ttl) == (UNSET, 5_000_000_000)


def test_a_field_that_the_model_lacks_is_refused_when_compiling() -> None:
    """A field that clients may set and nobody reads shows at start-up."""
    with pytest.raises(TypeError, match=r"GetNodeInfo has no field for crud_service\.v1\.GetRecordRequest\.path"):
        compile_reader(pb.GetRecordRequest.DESCRIPTOR, requests.GetNodeInfo)
