"""Requests from HTTP: path, query and body together make one request."""

import json
from typing import Any

import pytest
from msgspec import UNSET

from crud_service.api.codec.json_reader import compile_http_reader
from crud_service.model import requests
from crud_service.model.errors import CrudError, Reason, Violation
from crud_service.v1 import record_service_pb2 as pb

read_create = compile_http_reader(pb.CreateRecordRequest.DESCRIPTOR, requests.CreateRecord, "parent", "record")
read_update = compile_http_reader(pb.UpdateRecordRequest.DESCRIPTOR, requests.UpdateRecord, "record.path", "record")
read_list = compile_http_reader(pb.ListRecordsRequest.DESCRIPTOR, requests.ListRecords, "parent", "")


def violations(read: Any, path: str, query: bytes, body: Any) -> list[Violation]:
    with pytest.raises(CrudError) as refused:
        read(path, query, json.dumps(body).encode())
    return list(refused.value.violations)


def test_a_create_takes_its_parts_from_everywhere() -> None:
    body = (
        b'{"name": "hello", "date": "2026-01-31", "content": {"a": 1.0}, "tags": ["x"], "revision": "7", "id": "one"}'
    )
    read = read_create("collections/notes", b"recordId=one", body)
    assert (read.parent, read.record_id, read.record.id) == ("collections/notes", "one", "one")
    assert (read.record.name, read.record.content, read.record.tags) == ("hello", {"a": 1}, ("x",))
    assert read.record.date == "2026-01-31T00:00:00.000000000Z"


def test_absent_is_unset_and_null_is_empty() -> None:
    read = read_update("p", b"", b'{"name": null, "date": null, "content": null, "tags": null}').record
    assert (read.name, read.date, read.content, read.tags) == ("", None, {}, ())
    absent = read_update("p", b"", b"{}").record
    assert (absent.name, absent.date, absent.content, absent.tags) == (UNSET, UNSET, UNSET, UNSET)


def test_the_path_of_the_url_may_be_repeated_in_the_body_but_not_contradicted() -> None:
    assert read_update("p", b"", b'{"path": "p"}').record.path == "p"
    assert violations(read_update, "p", b"", {"path": "q"})[0].field == "record.path"


def test_all_violations_come_at_once() -> None:
    body = {"name": 1, "date": "soon", "content": "hello", "tags": ["x", 2], "titel": "", "date_": 1}
    found = violations(read_create, "p", b"foo=1&recordId=a&recordId=b", body)
    assert [each.field for each in found] == [
        "foo",
        "record_id",
        "record.name",
        "record.date",
        "record.content",
        "record.tags",
        "record.titel",
        "record.date_",
    ]
    with pytest.raises(CrudError) as refused:
        read_create("p", b"foo=1", b"{}")
    assert refused.value.metadata == {}


def test_plain_text_as_content_is_told_where_it_goes() -> None:
    (violation,) = violations(read_create, "p", b"", {"content": "hello"})
    assert violation.reason == Reason.CONTENT_NOT_OBJECT
    assert '{"text": "..."}' in violation.description


@pytest.mark.parametrize("content", [1, [], True, [{"a": 1}]])
def test_content_is_a_json_object(content: Any) -> None:
    assert violations(read_create, "p", b"", {"content": content})[0].reason == Reason.CONTENT_NOT_OBJECT


@pytest.mark.parametrize("name", ["update_time", "expire_time", "updatetime", "UpdateTime", "names"])
def test_an_unknown_field_is_refused_with_the_known_ones(name: str) -> None:
    (violation,) = violations(read_create, "p", b"", {name: "x"})
    assert violation.reason == Reason.UNKNOWN_FIELD
    assert "updateTime" in violation.description


@pytest.mark.parametrize("body", [b"", b"   ", b"[]", b'"x"', b"1", b"null"])
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(CrudError) as refused:
        read_create("p", b"", body)
    assert refused.value.reason == Reason.MALFORMED_REQUEST


def test_query_parameters_of_a_list() -> None:
    read = read_list("collections/notes", b"pageSize=30&filter=tags%3Ax%20AND%20tags%3Ay&pageToken=abc", b"")
    assert read == requests.ListRecords("collections/notes", 30, "abc", "tags:x AND tags:y")


@pytest.mark.parametrize("size", [b"abc", b"1.5", b"99999999999", b"1e3", b"", "\u0663".encode(), b"%C3%28"])
def test_a_page_size_that_is_no_number_is_refused(size: bytes) -> None:
    with pytest.raises(CrudError) as refused:
        read_list("p", b"pageSize=" + size, b"")
    assert refused.value.kind.value == "INVALID_ARGUMENT"
