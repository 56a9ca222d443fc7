"""The schemas of the OpenAPI document: what the service sends fits them, and what fits them is read."""

import json

import jsonschema
import pytest

from crud_service.api.codec.json_reader import HttpReader, compile_http_reader
from crud_service.api.codec.json_writer import compile_json_writer
from crud_service.api.status import http_error
from crud_service.model import record, requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.timestamp import parse
from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_pb2, record_service_pb2
from tests.unit.api.openapi_document import built, operations, success, validator

FILES = (record_service_pb2, collection_service_pb2, admin_service_pb2)
TIME = parse("2026-01-31T12:00:00.5Z")
RECORD = record.Record("notes", "a", "n", TIME, '{"x":1.5}', ("t",), 7, 1, TIME, TIME, expire_time=TIME)
DELETED = record.Record("notes", "b", "", TIME, "{}", (), 9, 2, TIME, TIME, delete_time=TIME, purge_time=TIME)
ALWAYS_THERE = ["id", "name", "content", "tags", "path", "etag", "revision", "version"]
CHANGED_LIMITS = Limits(name_chars=7, tags=3, page_size_default=5)


@pytest.fixture(scope="module")
def document() -> dict:
    return built()


def test_a_reply_fits_its_schema(document):
    """What the service sends is what the document says: live, deleted, and what stands for a record that is gone."""
    write = compile_json_writer(record_pb2.Record.DESCRIPTOR)
    complete = {"$ref": "#/components/schemas/Record", "required": ALWAYS_THERE}
    assert success(document, "CreateRecord") == complete
    check = validator(document, complete)
    for state in (RECORD, DELETED, record.tombstone(record.RecordKey("", "c", "d"), 0, 0)):
        check.validate(json.loads(write(state)))
    with pytest.raises(jsonschema.ValidationError, match="revision"):
        check.validate({**json.loads(write(RECORD)), "revision": 7})
    with pytest.raises(jsonschema.ValidationError, match="required"):
        check.validate({"id": "a"})


def test_a_masked_reply_fits_its_schema(document):
    """Where a read mask may apply, a record may lack any field; what a mask does not name is not required."""
    few = {"name": "n"}
    several = {"records": [few], "nextPageToken": ""}
    replies = {
        "GetRecord": few,
        "ListRecords": several,
        "BatchUpdateRecords": several,
        "TransactRecords": {"succeeded": True, "revision": "0", "results": [{"record": few}]},
    }
    for name, reply in replies.items():
        validator(document, success(document, name)).validate(reply)
    for name in ("CreateRecord", "UpdateRecord", "DeleteRecord"):
        assert not validator(document, success(document, name)).is_valid(few)


def test_a_collection_fits_its_schema(document):
    """A collection with its settings, one without, and what stands for one that is gone."""
    write = compile_json_writer(record_pb2.Collection.DESCRIPTOR)
    indexes = (record.FieldIndex("content.a", ready=True), record.FieldIndex("name"))
    full = record.Collection(
        "c", "n", "d", 3, 1, TIME, TIME, require_etag=True, retention=1_500_000_000, indexes=indexes
    )
    gone = record.unset_collection(record.CollectionKey("", "c"))
    for state in (full, record.Collection("c", "", "", 3, 1, TIME, TIME), gone):
        validator(document, "Collection").validate(json.loads(write(state)))


def test_an_error_fits_its_schema(document):
    """Both shapes of an error, with field violations and without, are what the document says."""
    call = Call("GetRecord", "http", call_id="c", trace_id="t")
    missing = CrudError(invalid("f", "d").kind, Reason.RECORD_NOT_FOUND, "m", metadata={"path": "p"})
    for error in (invalid("record.name", "is too long"), missing):
        validator(document, "Error").validate(json.loads(http_error(error, call)))
    with pytest.raises(jsonschema.ValidationError):
        validator(document, "Error").validate({"error": {"code": 400}})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "n", "content": {"a": [1, None]}, "tags": ["x"]},
        {"name": None, "content": None, "tags": None, "date": None, "id": None, "etag": None, "path": None},
        {"date": "2026-01-31"},
        {"date": "2026-01-31T12:00:00+01:00"},
        {"id": "a", "revision": "7", "version": 1, "createTime": "x", "updateTime": None},
        {"id": ""},
        {"ttl": "1.5s"},
        {"ttl": "3600s", "expireTime": None},
        {"expireTime": "2026-01-31T12:00:00Z", "ttl": None},
        {"expireTime": "2026-01-31T12:00:00Z", "ttl": "1s"},
        {"ttl": "1h"},
        {"ttl": 5},
        {"content": "hello"},
        {"content": []},
        {"tags": "x"},
        {"tags": [1]},
        {"name": 1},
        {"date": "yesterday"},
        {"date": 5},
        {"date": "2026-02-30"},
        {"unknown": 1},
        {"create_time": "2026-01-31T12:00:00Z"},
        [],
        "text",
    ],
)
def test_a_body_is_in_the_schema_if_it_is_read(document, body):
    """The schema of a resource in a request takes what the reader takes, and refuses what it refuses."""
    read = compile_http_reader(
        record_service_pb2.CreateRecordRequest.DESCRIPTOR, requests.CreateRecord, "parent", "record"
    )
    assert validator(document, "RecordInput").is_valid(body) is is_read(read, "collections/c", body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"compare": [], "then": None, "else": [], "requestId": "r", "validateOnly": True},
        {"compare": [{"path": RECORD.path, "version": "1"}, {"path": RECORD.path, "revision": 2}]},
        {"then": [{"create": {"parent": "collections/c", "record": {"name": "n"}}}, {"get": {"path": RECORD.path}}]},
        {"else": [{"update": {"record": {"path": RECORD.path}, "transforms": [{"field": "tags", "addToSet": ["x"]}]}}]},
        {"then": [{"update": {"record": {"path": RECORD.path}, "updateMask": "content.a"}}]},
        {"compare": [{"path": RECORD.path, "version": "1", "exists": True}]},
        {"then": [{"create": {}, "delete": {}}]},
        {"then": [{"unknown": {}}]},
        {"then": [None]},
        {"then": {}},
        {"validateOnly": "true"},
        {"else_": []},
        {"else": [{"update": {"record": {"path": RECORD.path}, "transforms": [{"field": "tags", "increment": "1"}]}}]},
        {"compare": [{"path": RECORD.path, "version": 1.5}]},
        [],
    ],
)
def test_a_whole_request_is_in_the_schema_if_it_is_read(document, body):
    """The same for a body that is the whole request, with messages in messages and oneofs."""
    read = compile_http_reader(record_service_pb2.TransactRecordsRequest.DESCRIPTOR, requests.TransactRecords, "", "*")
    assert validator(document, "TransactRecordsBody").is_valid(body) is is_read(read, "", body)


def is_read(read: HttpReader, path_value: str, body: object) -> bool:
    try:
        read(path_value, b"", json.dumps(body).encode())
    except CrudError:
        return False
    return True


@pytest.mark.parametrize(
    "step",
    [
        {"create": {"record": {}}},
        {"update": {"record": {"name": "n"}}},
        {"update": {}},
        {"delete": {"path": "collections/c"}},
        {"undelete": {}},
        {},
    ],
)
def test_a_step_names_its_record(document, step):
    """What the URL says of a single request, an item has to say itself."""
    assert not validator(document, "TransactRecordsBody").is_valid({"then": [step]})


def test_examples_fit_their_schemas(document):
    """Each example can be sent as it stands, and every body has one."""
    for _, _, operation in operations(document).values():
        for media in operation.get("requestBody", {"content": {}})["content"].values():
            schema = media.get("x-itemSchema", media["schema"])
            items = map(json.loads, media["example"].splitlines()) if "x-itemSchema" in media else [media["example"]]
            for item in items:
                validator(document, schema["$ref"].split("/")[-1]).validate(item)
        for parameter in operation.get("parameters", []):
            for example in parameter.get("schema", {}).get("examples", []):
                validator(document, parameter["schema"]).validate(example)


def test_languages_have_examples(document):
    """A parameter with a language of its own shows what it looks like."""
    found = {
        parameter["name"]
        for _, _, operation in operations(document).values()
        for parameter in operation.get("parameters", [])
        if "examples" in parameter.get("schema", {})
    }
    assert found == {"filter", "orderBy", "readMask", "updateMask"}
