"""Requests from HTTP whose body is all of them: batches, transactions, transforms; and the fields of a collection."""

import json
from typing import Any

import pytest
from msgspec import UNSET

from crud_service.api.codec.json_reader import compile_http_reader
from crud_service.model import requests
from crud_service.model.errors import CrudError, Reason
from crud_service.v1 import record_service_pb2 as pb
from tests.unit.api.codec.http_readers import fields, reader, refusal

read_undelete = reader("UndeleteRecord", "path", "*")
read_transform = reader("UpdateRecord", "record.path", "*")
read_update = reader("UpdateRecord", "record.path", "record")
read_collection = reader("UpdateCollection", "collection.path", "collection")
read_create = reader("BatchCreateRecords", "parent", "*")
read_batch = reader("BatchUpdateRecords", "parent", "*")
read_transaction = reader("TransactRecords", "", "*")


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b'{"path": null}', b'{"path": ""}', b'{"path": "p"}'])
def test_a_whole_body_may_be_absent_and_may_repeat_the_path(body: bytes) -> None:
    """No body is an empty one, and the path of the URL is bound into it."""
    assert read_undelete("p", b"", body) == requests.UndeleteRecord("p")


def test_a_whole_body_must_not_contradict_the_path() -> None:
    """A body that names another resource than the URL is refused at that field."""
    assert fields(refusal(read_undelete, {"path": "q"})) == ["path"]
    assert fields(refusal(read_transform, {"record": {"path": "q"}})) == ["record.path"]
    assert fields(refusal(read_create, {"parent": "q"})) == ["parent"]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"record": null}', b'{"record": {}}', b'{"record": {"path": "p"}}'])
def test_a_path_within_a_resource_is_bound_into_it(body: bytes) -> None:
    """A path that belongs into a resource makes one if the body has none."""
    assert read_transform("p", b"", body).record == requests.RecordDraft(path="p")


@pytest.mark.parametrize("body", [[], "x", 1, None, {"record": 5}, {"record": []}])
def test_a_whole_body_is_an_object_of_objects(body: Any) -> None:
    """Any other JSON is malformed, also where a resource should be."""
    with pytest.raises(CrudError) as refused:
        read_transform("p", b"", json.dumps(body).encode())
    assert refused.value.reason == Reason.MALFORMED_REQUEST


def test_beside_a_whole_body_the_query_takes_nothing() -> None:
    """What could stand in the body is no parameter."""
    error = refusal(read_undelete, query=b"etag=a&requestId=b")
    assert (fields(error), error.reason) == (["etag", "requestId"], Reason.UNKNOWN_FIELD)


def test_a_transform_is_read_from_the_body() -> None:
    """Numbers, lists and flags are plain values, a oneof has one member, a null is absent."""
    body = {
        "record": {"name": "n"},
        "updateMask": "name",
        "requestId": "r",
        "validateOnly": True,
        "transforms": [
            {"field": "content.n", "increment": -1.5},
            {"field": "tags", "addToSet": ["a", 1, {"camelCase": None}]},
            {"field": "content.l", "append": [], "removeFromSet": None},
        ],
    }
    read = read_transform("p", b"", json.dumps(body).encode())
    assert read == requests.UpdateRecord(
        requests.RecordDraft(name="n", path="p"),
        ("name",),
        request_id="r",
        validate_only=True,
        transforms=(
            requests.FieldTransform("content.n", increment=-1.5),
            requests.FieldTransform("tags", add_to_set=("a", 1, {"camelCase": None})),
            requests.FieldTransform("content.l", append=()),
        ),
    )


def test_a_transaction_is_read_with_its_branches() -> None:
    """Each condition and step has the one member that is set; `else` is `else_`."""
    body = {
        "compare": [{"path": "a", "version": "7"}, {"path": "b", "exists": False}, {"path": "c", "revision": 3}],
        "then": [{"create": {"parent": "p", "record": {"ttl": "60s"}}}, {"get": {"path": "p", "readMask": "name"}}],
        "else": [{"delete": {"path": "p", "etag": '"1"'}}, {"undelete": {}, "create": None}],
    }
    read = read_transaction("", b"", json.dumps(body).encode())
    assert read.compare == (
        requests.RecordCompare("a", version=7),
        requests.RecordCompare("b", exists=False),
        requests.RecordCompare("c", revision=3),
    )
    assert read.then[0].create == requests.CreateRecord("p", requests.RecordDraft(ttl=60_000_000_000))
    assert read.then[1] == requests.RecordOperation(get=requests.GetRecord("p", ("name",)))
    assert read.else_[0].delete == requests.DeleteRecord("p", '"1"')
    assert read.else_[1] == requests.RecordOperation(undelete=requests.UndeleteRecord())


def test_two_members_of_a_oneof_are_refused_at_the_second() -> None:
    """The refusal names both, and the item they stand in."""
    both = {"path": "p", "etag": '"1"', "version": "1", "exists": None}
    error = refusal(read_transaction, {"compare": [{}, both]})
    assert fields(error) == ["compare[1].version"]
    assert "etag" in error.message
    assert error.metadata == {"index": "1"}
    assert fields(refusal(read_update, {"expireTime": "2026-01-31", "ttl": "1s"})) == ["record.ttl"]


def test_a_null_of_a_oneof_gives_way() -> None:
    """Alone it empties the resource's field, as any null does; beside another member it is not there."""
    read = read_update("p", b"", b'{"expireTime": null}').record
    assert (read.expire_time, read.ttl) == (None, UNSET)
    read = read_update("p", b"", b'{"expireTime": null, "ttl": "1s"}').record
    assert (read.expire_time, read.ttl) == (UNSET, 1_000_000_000)


def test_the_items_of_a_batch_that_are_wrong_are_named() -> None:
    """All violations come at once, each with its item; the metadata has the first item's index."""
    item = {"record": {"content": "text", "name": 1}, "transforms": [{"increment": "2"}], "more": 1}
    error = refusal(read_batch, {"requests": [{}, {}, {}, item, 5, {"record": {"ttl": 5}}]})
    assert fields(error) == [
        "requests[3].record.content",
        "requests[3].record.name",
        "requests[3].transforms[0].increment",
        "requests[3].more",
        "requests[4]",
        "requests[5].record.ttl",
    ]
    assert error.metadata == {"index": "3"}


def test_a_number_that_is_not_exact_is_found_in_its_item() -> None:
    """Its path is in the names of the proto, down to the client's own keys."""
    body = b'{"requests": [{}, {"updateMask": "name", "transforms": [{"addToSet": [{"aB": 1e400}]}]}]}'
    with pytest.raises(CrudError) as refused:
        read_batch("p", b"", body)
    assert fields(refused.value) == ["requests[1].transforms[0].add_to_set[0].aB"]
    assert (refused.value.reason, refused.value.metadata) == (Reason.NUMBER_NOT_EXACT, {"index": "1"})


@pytest.mark.parametrize("body", [{"requests": {}}, {"requests": "x"}, {"requests": [None]}, {"requests": [[]]}])
def test_a_batch_is_an_array_of_objects(body: Any) -> None:
    """Anything else is refused."""
    assert refusal(read_batch, body).kind.value == "INVALID_ARGUMENT"


def test_a_list_with_too_many_items_is_not_read() -> None:
    """Millions of empty items fit into a request; they are counted, not converted. A resource has no batch."""
    error = refusal(read_batch, {"requests": [5] * 1_001})
    assert (error.reason, fields(error)) == (Reason.BATCH_TOO_LARGE, ["requests"])
    assert len(read_batch("p", b"", json.dumps({"requests": [{}] * 1_000}).encode()).requests) == 1_000
    error = refusal(read_collection, {"indexes": [{}] * 1_001})
    assert (error.reason, fields(error)) == (Reason.INVALID_FIELD, ["collection.indexes"])


def test_unknown_fields_are_refused_at_every_level() -> None:
    """A name that is not of the contract is refused wherever it stands, also one of the proto's spelling."""
    body = {
        "a": 1,
        "requests": [{"b": 1, "record": {"c": 1}, "transforms": [{"d": 1}], "request_id": ""}],
    }
    error = refusal(read_batch, body)
    assert fields(error) == [
        "a",
        "requests[0].b",
        "requests[0].record.c",
        "requests[0].transforms[0].d",
        "requests[0].request_id",
    ]
    assert {violation.reason for violation in error.violations} == {Reason.UNKNOWN_FIELD}


@pytest.mark.parametrize(
    ("operation", "value"),
    [
        ("increment", True),
        ("increment", "1"),
        ("increment", []),
        ("append", {}),
        ("addToSet", "a"),
        ("removeFromSet", 1),
    ],
)
def test_operands_of_a_wrong_type_are_refused_at_their_field(operation: str, value: Any) -> None:
    """A number is no string and no flag; a list is an array."""
    (found,) = fields(refusal(read_transform, {"transforms": [{operation: value}]}))
    assert found.replace("_", "") == f"transforms[0].{operation.lower()}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("requireEtag", "true"),
        ("requireEtag", 1),
        ("retention", 5),
        ("retention", "5"),
        ("retention", "1.0000000001s"),
        ("indexes", {}),
        ("indexes", ["name"]),
        ("name", []),
    ],
)
def test_values_of_a_wrong_type_are_refused_at_their_field(field: str, value: Any) -> None:
    """Each kind of field says what is wrong with its value."""
    (found,) = fields(refusal(read_collection, {field: value}))
    assert found.replace("[0]", "").replace("_", "") == f"collection.{field.lower()}"


def test_a_collection_that_was_read_can_be_sent_back() -> None:
    """What the server owns is ignored; a null is the empty value."""
    body = {
        "requireEtag": True,
        "retention": "0s",
        "indexes": [{"field": "content.a", "state": "READY"}],
        "revision": "7",
        "createTime": "2026-01-31T12:00:00Z",
    }
    read = read_collection("p", b"", json.dumps(body).encode()).collection
    assert (read.require_etag, read.retention, read.indexes) == (True, 0, (requests.FieldIndexDraft("content.a"),))
    empty = read_collection("p", b"", b'{"requireEtag": null, "retention": null, "indexes": null}').collection
    assert (empty.require_etag, empty.retention, empty.indexes) == (False, None, ())


def test_a_request_type_without_reader_is_refused_when_compiling() -> None:
    """A message of the contract that the model has no type for shows at start-up."""
    with pytest.raises(TypeError, match="no type for"):
        compile_http_reader(pb.ListRecordsResponse.DESCRIPTOR, requests.ListRecords, "", "*")
