"""The OpenAPI document says what HTTP adds to the operations: headers, statuses, media types."""

import re

import pytest

from tests.unit.api.openapi_document import built, operations


@pytest.fixture(scope="module")
def document() -> dict:
    return built()


@pytest.mark.parametrize(
    ("name", "headers"),
    [
        ("CreateRecord", ["Timeout", "IfNone", "IdempotencyKey", "ChangeReason", "Traceparent"]),
        ("GetRecord", ["Timeout", "IfMatch", "IfNoneMatch"]),
        ("GetCollection", ["Timeout", "IfMatch", "IfNoneMatch"]),
        ("ListRecords", ["Timeout"]),
        ("BatchGetRecordsByPost", ["Timeout"]),
        ("UpdateRecord", ["Timeout", "IfMatch", "IfNoneMatch", "IdempotencyKey", "ChangeReason", "Traceparent"]),
        (
            "UpdateRecordTransform",
            ["Timeout", "IfMatch", "IfNoneMatch", "IdempotencyKey", "ChangeReason", "Traceparent"],
        ),
        ("DeleteCollection", ["Timeout", "IfMatch", "IfNoneMatch", "IdempotencyKey", "ChangeReason", "Traceparent"]),
        ("BatchDeleteRecords", ["Timeout", "IdempotencyKey", "ChangeReason", "Traceparent"]),
        ("TransactRecords", ["Timeout", "IdempotencyKey", "ChangeReason", "Traceparent"]),
        ("WatchRecords", ["Timeout", "LastEventId"]),
        ("ListChanges", ["Timeout"]),
        ("DiffRecord", ["Timeout"]),
        ("ImportRecords", ["Timeout", "IdempotencyKey", "ChangeReason", "Traceparent"]),
    ],
)
def test_headers(document, name, headers):
    """Everything takes a time, what names one resource preconditions, a create that there is none yet; what writes
    takes an id, a reason and a trace.
    """
    parameters = operations(document)[name][2].get("parameters", [])
    assert [each["$ref"].rpartition("/")[2] for each in parameters if "$ref" in each] == headers


def test_the_time_in_a_header(document):
    """A time is a whole number above zero, of as many digits as the node reads."""
    assert document["components"]["parameters"]["Timeout"]["name"] == "x-timeout-ms"
    schema = document["components"]["parameters"]["Timeout"]["schema"]
    assert (schema["type"], schema["minimum"], len(str(schema["maximum"]))) == ("integer", 1, 12)


def test_etags_in_headers(document):
    """A precondition is the star or a list of quoted etags."""
    fits = re.compile(document["components"]["parameters"]["IfMatch"]["schema"]["pattern"]).search
    assert all(fits(value) for value in ("*", '"1-a"', '"1-a", "2-b"', 'W/"1-a","2"'))
    assert not any(fits(value) for value in ("", "1-a", '"1-a', '*, "1"', '"a" "b"'))


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("CreateRecord", "201 400 403 404 409 412 413 500"),
        ("GetRecord", "200 304 400 404 410 412 500"),
        ("ListRecords", "200 400 404 410 500 504"),
        ("WatchRecords", "200 400 404 406 410 500 504"),
        ("ExportRecords", "200 400 404 406 410 500 504"),
        ("ImportRecords", "200 400 403 404 409 413 428 500"),
        ("DiffRecord", "200 400 404 410 500"),
        ("CountRecords", "200 400 404 500 504"),
        ("UpdateRecord", "200 400 403 404 409 412 413 428 500"),
        ("DeleteRecord", "200 400 403 404 409 412 428 500"),
        ("PurgeRecord", "200 400 403 404 409 412 413 428 500"),
        ("BatchGetRecords", "200 400 404 413 500"),
        ("BatchCreateRecords", "200 400 403 404 409 413 500"),
        ("BatchUpdateRecords", "200 400 403 404 409 413 428 500"),
        ("TransactRecords", "200 400 403 404 409 413 428 500"),
        ("CreateCollection", "201 400 403 404 409 412 413 500"),
        ("UpdateCollection", "200 400 403 404 409 412 413 500"),
        ("GetNodeInfo", "200 400 500"),
    ],
)
def test_statuses(document, name, statuses):
    """Each operation lists the answers that are its own, and any other error as the default."""
    assert list(operations(document)[name][2]["responses"]) == [*statuses.split(), "default"]


def test_headers_of_answers(document):
    """A create answers with Location; one resource with its ETag, which is certain where it is surely stored."""
    found = operations(document)

    def headers(name: str, status: str) -> dict[str, str]:
        named = found[name][2]["responses"][status]["headers"]
        return {header: each["$ref"].rpartition("/")[2] for header, each in named.items()}

    always = {"X-Call-Id": "X-Call-Id", "X-Trace-Id": "X-Trace-Id"}
    assert headers("CreateRecord", "201") == {"ETag": "EtagIfStored", "Location": "Location"} | always
    assert headers("GetRecord", "200") == headers("GetRecord", "304") == {"ETag": "ETag"} | always
    assert headers("DeleteRecord", "200") == {"ETag": "EtagIfStored"} | always
    assert headers("ListRecords", "200") == always
    assert document["components"]["headers"]["ETag"]["required"]
    assert not document["components"]["headers"]["EtagIfStored"]["required"]


def test_a_patch_may_be_a_merge_patch(document):
    """The two operations that change a resource take a second media type; an import takes lines, and JSON is what all
    others take.
    """
    taking = {
        name: set(operation["requestBody"]["content"]) - {"application/json"}
        for name, (_, _, operation) in operations(document).items()
        if "requestBody" in operation
    }
    merge_patch = {"application/merge-patch+json"}
    assert {name: more for name, more in taking.items() if more} == {
        "UpdateRecord": merge_patch,
        "UpdateCollection": merge_patch,
        "ImportRecords": {"application/x-ndjson", "application/jsonl"},
    }


def test_streams(document):
    """A stream is a text in one of its formats, and the document says what one item of it is."""
    found = operations(document)

    def items(content: dict) -> dict[str, str]:
        return {
            name: media["x-itemSchema"]["$ref"].rpartition("/")[2]
            if "x-itemSchema" in media
            else media["schema"]["type"]
            for name, media in content.items()
        }

    watched = found["WatchRecords"][2]["responses"]["200"]["content"]
    assert items(watched) == dict.fromkeys(
        ["text/event-stream", "application/x-ndjson", "application/jsonl"], "WatchRecordsResponse"
    )
    exported = found["ExportRecords"][2]["responses"]["200"]
    lines = ["application/x-ndjson", "application/jsonl"]
    assert items(exported["content"]) == dict.fromkeys(lines, "Record") | {"text/csv": "string"}
    assert exported["headers"]["X-Revision"] == {"$ref": "#/components/headers/Revision"}
    assert items(found["ImportRecords"][2]["requestBody"]["content"]) == dict.fromkeys(lines, "RecordInput")
