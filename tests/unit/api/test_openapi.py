"""The OpenAPI document says what the service does: all operations, their parameters, bodies and answers."""

import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from crud_service.api.http_rules import http_rules
from crud_service.api.openapi.bounds import ALL_COLLECTIONS, ITEMS, LEFT_OUT, NEEDED_ONEOFS, bounds
from crud_service.api.openapi.operations import operation_id
from crud_service.model import record
from crud_service.model.limits import Limits
from crud_service.model.timestamp import parse
from crud_service.v1 import (
    admin_service_pb2,
    bulk_pb2,
    change_pb2,
    collection_service_pb2,
    record_pb2,
    record_service_pb2,
)
from tests.unit.api.openapi_document import built, operations

FILES = (record_service_pb2, collection_service_pb2, admin_service_pb2)
TIME = parse("2026-01-31T12:00:00.5Z")
RECORD = record.Record("notes", "a", "n", TIME, '{"x":1.5}', ("t",), 7, 1, TIME, TIME, expire_time=TIME)
DELETED = record.Record("notes", "b", "", TIME, "{}", (), 9, 2, TIME, TIME, delete_time=TIME, purge_time=TIME)
ALWAYS_THERE = ["id", "name", "content", "tags", "path", "etag", "revision", "version"]
CHANGED_LIMITS = Limits(name_chars=7, tags=3, page_size_default=5)


@pytest.fixture(scope="module")
def document() -> dict:
    return built()


def test_is_a_valid_document(document):
    """Tools can read it: it is valid OpenAPI 3.1, and all JSON."""
    OpenAPIV31SpecValidator(json.loads(json.dumps(document))).validate()
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["version"] == "1.2.3"


def test_has_every_rule_once_and_nothing_else(document):
    """Below /v1 there are the http rules of all methods, each once, under its path and HTTP method."""
    in_proto = {
        operation_id(method, rule): (rule.verb, re.sub(r"{[^}]*?=?([^={}]*)}", r"\1", rule.template))
        for file in FILES
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        for rule in http_rules(method)
    }
    in_document = {name: (verb, re.sub(r"{\w+}", "*", path)) for name, (verb, path, _) in operations(document).items()}
    assert in_document == in_proto
    everything = [each["operationId"] for item in document["paths"].values() for each in item.values()]
    assert len(everything) == len(set(everything))


@pytest.mark.parametrize(
    ("name", "verb", "path"),
    [
        ("GetRecord", "GET", "/v1/collections/{collection}/records/{record}"),
        ("UpdateRecordTransform", "POST", "/v1/collections/{collection}/records/{record}:transform"),
        ("BatchGetRecordsByPost", "POST", "/v1/collections/{collection}/records:batchGet"),
        ("TransactRecords", "POST", "/v1/records:transact"),
    ],
)
def test_path_parameters_are_named_like_the_resource_patterns(document, name, verb, path):
    """The path names what it takes, and each name is a required parameter. A second rule has a name of its own."""
    found_verb, found_path, operation = operations(document)[name]
    assert (found_verb, found_path) == (verb, path)
    assert [each["name"] for each in operation["parameters"] if each.get("in") == "path"] == re.findall(
        r"{(\w+)}", path
    )


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("CreateRecord", ["recordId", "requestId", "validateOnly"]),
        ("GetRecord", ["readMask", "readRevision"]),
        ("ListRecords", ["pageSize", "pageToken", "filter", "orderBy", "readMask", "showDeleted", "readRevision"]),
        ("WatchRecords", ["filter", "resumeToken", "startRevision", "sendInitial", "includeOld", "readMask"]),
        (
            "ListChanges",
            ["filter", "resumeToken", "startRevision", "includeOld", "readMask", "pageSize", "wait"],
        ),
        ("ImportRecords", ["onError", "ifExists", "requestId", "startRow"]),
        ("CountRecords", ["filter", "showDeleted", "estimate"]),
        ("UpdateRecord", ["updateMask", "allowMissing", "requestId", "validateOnly"]),
        ("UpdateRecordTransform", []),
        ("DeleteRecord", ["etag", "allowMissing", "requestId"]),
        ("UndeleteRecord", []),
        ("BatchGetRecords", ["paths", "readMask"]),
        ("BatchGetRecordsByPost", []),
        ("CreateCollection", ["collectionId", "requestId", "validateOnly"]),
        ("DeleteCollection", ["etag", "force", "allowMissing", "requestId"]),
        ("GetNodeInfo", []),
    ],
)
def test_query_parameters_are_the_fields_left_over(document, name, query):
    """What is neither in the path nor in the body is a query parameter; with the whole request as body, nothing is."""
    _, _, operation = operations(document)[name]
    assert [each["name"] for each in operation.get("parameters", []) if each.get("in") == "query"] == query


@pytest.mark.parametrize(
    ("name", "wild"), [("ListRecords", True), ("BatchGetRecords", True), ("CreateRecord", False), ("GetRecord", False)]
)
def test_all_collections(document, name, wild):
    """Where a list, count or batch may be about all collections, the path says so."""
    collection = operations(document)[name][2]["parameters"][0]
    assert (collection["name"], re.search(collection["schema"]["pattern"], "-") is not None) == ("collection", wild)


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        (
            "UpdateRecord.updateMask",
            [
                "",
                "*",
                "name",
                "name,date,content,tags",
                "content.a.b,ttl",
                "expireTime",
                "content.`a, b`",
                'content."x.y"',
            ],
            [
                "etag",
                "id",
                "name,",
                "*,name",
                "createTime",
                "expire_time",
                "content.",
                "content.a b",
                "name.a",
                "content.`",
            ],
        ),
        ("UpdateCollection.updateMask", ["*", "name,retention", "requireEtag,indexes"], ["content.a", "id", "etag"]),
        (
            "GetRecord.readMask",
            ["", "*", "id,etag", "name,content.a-b", "content.ä"],
            ["ttl", "create_time", "content..a"],
        ),
    ],
)
def test_masks_name_what_there_is(document, name, accepted, refused):
    """An update mask is any of what can be changed, a read mask any of what replies have, or the star for all of it."""
    operation, _, parameter = name.partition(".")
    parameters = {each.get("name"): each for each in operations(document)[operation][2]["parameters"]}
    fits = re.compile(parameters[parameter]["schema"]["pattern"]).search
    assert [mask for mask in accepted if not fits(mask)] == []
    assert [mask for mask in refused if fits(mask)] == []


def test_comments_are_the_documentation(document):
    """Everything has words: each operation a summary, each field but the output-only ones of inputs its comment."""
    for _, _, operation in operations(document).values():
        assert operation["summary"]
        assert not operation["summary"].endswith(".")
        assert all(each.get("description") for each in operation.get("parameters", []) if "$ref" not in each)
    for schema in document["components"]["schemas"].values():
        assert schema["description"]
    for name in ("Record", "RecordInput", "Collection", "ListRecordsResponse", "NodeInfo", "TransactRecordsBody"):
        properties = document["components"]["schemas"][name]["properties"]
        assert all(each.get("description") for each in properties.values())
    assert operations(document)["CreateRecord"][2]["summary"] == "Creates a record and returns it as stored"
    assert "`COLLECTION_NOT_FOUND`" in operations(document)["CreateRecord"][2]["description"]


def test_names_in_comments_are_those_of_json(document):
    """A comment that names a field of the proto names it here as JSON does."""
    assert operations(document)["UpdateRecord"][2]["summary"].startswith("Changes the fields named by `updateMask`")
    fields = document["components"]["schemas"]["FieldIndexInput"]["properties"]
    assert "`update_time`" in fields["field"]["description"], "filters and indexes have the names of the proto"


def test_limits_are_those_of_the_settings():
    """Another limit in the settings is another limit in the document."""
    document = built(CHANGED_LIMITS)
    given = document["components"]["schemas"]["RecordInput"]["properties"]
    assert given["name"]["maxLength"] == 7
    assert given["tags"]["maxItems"] == 3
    parameters = {each.get("name"): each for each in operations(document)["ListRecords"][2]["parameters"]}
    assert parameters["pageSize"]["schema"]["default"] == 5


def test_bounds_name_fields_that_exist():
    """What is written down for a field or a oneof that was renamed would be lost without a word."""
    messages = {
        name: message
        for file in (*FILES, record_pb2, bulk_pb2, change_pb2)
        for name, message in file.DESCRIPTOR.message_types_by_name.items()
    }
    of_requests = {
        field for name, each in messages.items() if name.endswith("Request") for field in each.fields_by_name
    }
    for full_name in (
        *bounds(Limits()),
        *ITEMS,
        *LEFT_OUT,
        *NEEDED_ONEOFS,
        *(f"{name}.parent" for name in ALL_COLLECTIONS),
    ):
        message, _, field = full_name.rpartition(".")
        known = {*messages[message].fields_by_name, *messages[message].oneofs_by_name} if message else of_requests
        assert field in known, full_name
