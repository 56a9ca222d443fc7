"""Requests from protobuf bytes: presence, what is ignored, and what is refused."""

from contextlib import suppress

import pytest
from google.protobuf import field_mask_pb2
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from crud_service.api.codec.varint import length_delimited
from crud_service.api.codec.wire_reader import compile_reader
from crud_service.model import requests
from crud_service.model.errors import CrudError, Reason
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


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_a_refusal(data: bytes) -> None:
    with suppress(CrudError):
        assert isinstance(read_create(data), requests.CreateRecord)
