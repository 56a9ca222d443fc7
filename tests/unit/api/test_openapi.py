"""The OpenAPI document says what the service does: all operations, their parameters, bodies and answers."""

import json
import re
from importlib import resources

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from crud_service.api.codec.json_reader import compile_http_reader
from crud_service.api.codec.json_writer import compile_json_writer
from crud_service.api.http_rules import http_rules
from crud_service.api.openapi import build_openapi
from crud_service.api.openapi.bounds import bounds
from crud_service.api.status import http_error
from crud_service.model import record, requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.timestamp import parse
from crud_service.v1 import admin_service_pb2, collection_service_pb2, record_pb2, record_service_pb2

FILES = (record_service_pb2, collection_service_pb2, admin_service_pb2)
TIME = parse("2026-01-31T12:00:00.5Z")
RECORD = record.Record("notes", "a", "n", TIME, '{"x":1.5}', ("t",), 7, 1, TIME, TIME)
CHANGED_LIMITS = Limits(name_chars=7, tags=3, page_size_default=5)


@pytest.fixture(scope="module")
def descriptors() -> bytes:
    return (resources.files("crud_service.v1") / "descriptors.binpb").read_bytes()


@pytest.fixture(scope="module")
def document(descriptors) -> dict:
    return build_openapi(descriptors, "1.2.3", Limits())


def operations(document: dict) -> dict[str, tuple[str, str, dict]]:
    """Each operation of the document below /v1 by its id, with its method and path."""
    return {
        operation["operationId"]: (verb.upper(), path, operation)
        for path, item in document["paths"].items()
        if path.startswith("/v1")
        for verb, operation in item.items()
    }


def validator(document: dict, name: str) -> jsonschema.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


def test_is_a_valid_document(document):
    """Tools can read it: it is valid OpenAPI 3.1, and all JSON."""
    OpenAPIV31SpecValidator(json.loads(json.dumps(document))).validate()
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["version"] == "1.2.3"


def test_has_every_method_once_and_nothing_else(document):
    """Below /v1 there are the methods with an http rule, each once, under the path and method of its rule."""
    in_proto = {
        method.name: (rule.verb, re.sub(r"{[^}]*?=?([^={}]*)}", r"\1", rule.template))
        for file in FILES
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        for rule in http_rules(method)
    }
    in_document = {name: (verb, re.sub(r"{\w+}", "*", path)) for name, (verb, path, _) in operations(document).items()}
    assert in_document == in_proto
    everything = [each["operationId"] for item in document["paths"].values() for each in item.values()]
    assert len(everything) == len(set(everything))


def test_path_parameters_are_named_like_the_resource_patterns(document):
    """The path names what it takes, and each name is a required parameter."""
    verb, path, operation = operations(document)["GetRecord"]
    assert (verb, path) == ("GET", "/v1/collections/{collection}/records/{record}")
    assert [each["name"] for each in operation["parameters"] if each["in"] == "path"] == ["collection", "record"]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("CreateRecord", ["recordId"]),
        ("GetRecord", []),
        ("ListRecords", ["pageSize", "pageToken", "filter"]),
        ("UpdateRecord", ["updateMask"]),
        ("DeleteRecord", ["etag"]),
        ("CreateCollection", ["collectionId"]),
        ("GetNodeInfo", []),
    ],
)
def test_query_parameters_are_the_fields_left_over(document, name, query):
    """What is neither in the path nor in the body is a query parameter."""
    _, _, operation = operations(document)[name]
    assert [each["name"] for each in operation.get("parameters", []) if each.get("in") == "query"] == query


def test_update_mask_names_what_can_be_changed(document):
    """The mask of an update is any of the changeable fields, or the star that stands for all of them."""
    parameters = {each.get("name"): each for each in operations(document)["UpdateRecord"][2]["parameters"]}
    fits = re.compile(parameters["updateMask"]["schema"]["pattern"]).fullmatch
    assert all(fits(mask) for mask in ("", "*", "name", "name,date,content,tags"))
    assert not any(fits(mask) for mask in ("etag", "id", "name,", "*,name", "createTime", "expire_time"))


def test_writes_take_a_reason_and_a_trace(document):
    """The headers of the change log stand with the operations that write, and with no other."""
    wanted = [{"$ref": "#/components/parameters/ChangeReason"}, {"$ref": "#/components/parameters/Traceparent"}]
    for verb, _, operation in operations(document).values():
        found = [each for each in operation.get("parameters", []) if "$ref" in each]
        assert found == (wanted if verb != "GET" else [])


def test_answers(document):
    """A create is 201 with Location and ETag; a read is 200 with ETag; a list has neither; all may be an error."""
    found = operations(document)
    created = found["CreateRecord"][2]["responses"]
    assert list(created) == ["201", "400", "404", "409", "413", "500", "default"]
    assert {"ETag", "Location"} <= created["201"]["headers"].keys()
    read = found["GetRecord"][2]["responses"]
    assert list(read) == ["200", "400", "404", "500", "default"]
    assert "ETag" in read["200"]["headers"]
    assert not {"ETag", "Location"} & found["ListRecords"][2]["responses"]["200"]["headers"].keys()
    assert list(found["GetNodeInfo"][2]["responses"]) == ["200", "400", "500", "default"]


def test_comments_are_the_documentation(document):
    """Everything has words: each operation a summary, each field but the output-only ones of inputs its comment."""
    for _, _, operation in operations(document).values():
        assert operation["summary"]
        assert not operation["summary"].endswith(".")
        assert all(each.get("description") for each in operation.get("parameters", []) if "$ref" not in each)
    for name in ("Record", "RecordInput", "Collection", "ListRecordsResponse", "NodeInfo"):
        schema = document["components"]["schemas"][name]
        assert schema["description"]
        assert all(each.get("description") for each in schema["properties"].values())
    assert operations(document)["CreateRecord"][2]["summary"] == "Creates a record and returns it as stored"
    assert "`COLLECTION_NOT_FOUND`" in operations(document)["CreateRecord"][2]["description"]


def test_names_in_comments_are_those_of_json(document):
    """A comment that names a field of the proto names it here as JSON does."""
    assert operations(document)["UpdateRecord"][2]["summary"].startswith("Changes the fields named by `updateMask`")


def test_limits_are_those_of_the_settings(descriptors):
    """Another limit in the settings is another limit in the document."""
    document = build_openapi(descriptors, "1", CHANGED_LIMITS)
    given = document["components"]["schemas"]["RecordInput"]["properties"]
    assert given["name"]["maxLength"] == 7
    assert given["tags"]["maxItems"] == 3
    parameters = {each.get("name"): each for each in operations(document)["ListRecords"][2]["parameters"]}
    assert parameters["pageSize"]["schema"]["default"] == 5


def test_bounds_name_fields_that_exist():
    """A limit written down for a field that was renamed would be lost without a word."""
    messages = {
        name: message
        for file in (*FILES, record_pb2)
        for name, message in file.DESCRIPTOR.message_types_by_name.items()
    }
    for full_name in bounds(Limits()):
        message, field = full_name.split(".")
        assert field in messages[message].fields_by_name


def test_a_reply_fits_its_schema(document):
    """What the service sends is what the document says, with a delete time and without."""
    write = compile_json_writer(record_pb2.Record.DESCRIPTOR)
    for state in (RECORD, RECORD.__class__("c", "b", "", TIME, "{}", (), 9, 2, TIME, TIME, TIME)):
        validator(document, "Record").validate(json.loads(write(state)))
    with pytest.raises(jsonschema.ValidationError, match="revision"):
        validator(document, "Record").validate({**json.loads(write(RECORD)), "revision": 7})


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
    """The schema of a request takes what the reader takes, and refuses what it refuses."""
    read = compile_http_reader(
        record_service_pb2.CreateRecordRequest.DESCRIPTOR, requests.CreateRecord, "parent", "record"
    )
    try:
        read("collections/c", b"", json.dumps(body).encode())
        accepted = True
    except CrudError:
        accepted = False
    assert validator(document, "RecordInput").is_valid(body) is accepted


def test_examples_fit_their_schemas(document):
    """Each example can be sent as it stands."""
    examples = 0
    for _, _, operation in operations(document).values():
        for media in operation.get("requestBody", {"content": {}})["content"].values():
            validator(document, media["schema"]["$ref"].split("/")[-1]).validate(media["example"])
            examples += 1
    assert examples == 4
