"""Conditions in the headers of HTTP: If-Match and If-None-Match. gRPC sees what they did, and what they did not do."""

import itertools
from collections.abc import Callable

import pytest

from crud_service.bootstrap import Node
from tests.integration.parity.transports import GrpcTransport, HttpTransport, Json, Outcome

PARENT = "collections/headers"
STALE = '"0-00000000"'


@pytest.fixture
def path(numbers: "itertools.count[int]") -> str:
    """The path of a record of its own."""
    return f"{PARENT}/records/r{next(numbers)}"


async def _made(transport: GrpcTransport, path: str) -> Json:
    request = {"parent": PARENT, "recordId": path.rpartition("/")[2], "record": {"name": "a"}}
    return (await transport.call("CreateRecord", request)).reply


@pytest.mark.parametrize("value", ["{}", "*", f"{STALE}, {{}}", f'"x",{{}} , {STALE}'])
async def test_if_match_holds(
    grpc_transport: GrpcTransport, http_transport: HttpTransport, path: str, value: str
) -> None:
    """A get, an update and a delete pass when one of the etags is the current one, or any will do."""
    record = await _made(grpc_transport, path)

    def header(etag: str) -> dict[str, str]:
        return {"if-match": value.format(etag)}

    got = await http_transport.call("GetRecord", {"path": path}, headers=header(record["etag"]))
    assert got.reply == record
    update = {"record": {"path": path, "name": "b"}}
    updated = await http_transport.call("UpdateRecord", update, headers=header(record["etag"]))
    assert updated.reply["name"] == "b"
    deleted = await http_transport.call("DeleteRecord", {"path": path}, headers=header(updated.reply["etag"]))
    assert deleted.ok
    assert (await grpc_transport.call("GetRecord", {"path": path})).reason == "RECORD_DELETED"


@pytest.mark.parametrize("weak", [False, True])
async def test_if_match_fails(
    grpc_transport: GrpcTransport, http_transport: HttpTransport, path: str, weak: bool, node: Node
) -> None:
    """An etag that is not current, or is weak, is 412 with the current etag, and nothing is changed."""
    record = await _made(grpc_transport, path)
    before = await node.store.last_revision()
    headers = {"if-match": f"W/{record['etag']}" if weak else STALE}
    for operation, request in (
        ("GetRecord", {"path": path}),
        ("UpdateRecord", {"record": {"path": path, "name": "b"}}),
        ("DeleteRecord", {"path": path}),
    ):
        refused = await http_transport.call(operation, request, headers=headers)
        assert (refused.status, refused.kind, refused.reason) == (412, "ABORTED", "ETAG_MISMATCH")
        assert refused.metadata["etag"] == record["etag"]
    assert await node.store.last_revision() == before
    assert (await grpc_transport.call("GetRecord", {"path": path})).reply == record


async def test_header_and_field_must_both_hold(
    grpc_transport: GrpcTransport, http_transport: HttpTransport, path: str
) -> None:
    """An etag in the request counts beside the header: 409 without a header that failed, 412 with one."""
    record = await _made(grpc_transport, path)
    stale = {"path": path, "etag": STALE}
    assert (await http_transport.call("DeleteRecord", stale)).status == 409
    assert (await http_transport.call("DeleteRecord", stale, headers={"if-match": "*"})).reason == "ETAG_MISMATCH"
    good = {"path": path, "etag": record["etag"]}
    assert (await http_transport.call("DeleteRecord", good, headers={"if-match": STALE})).status == 412
    assert (await http_transport.call("DeleteRecord", good, headers={"if-match": record["etag"]})).ok


@pytest.mark.parametrize("value", ["{}", "W/{}", "*", f"{STALE}, {{}}", f'W/"x", W/{{}}, {STALE}'])
async def test_unchanged(grpc_transport: GrpcTransport, http_transport: HttpTransport, path: str, value: str) -> None:
    """A get with If-None-Match is 304 without a body as long as the record is unchanged, be it weakly named."""
    record = await _made(grpc_transport, path)
    headers = {"if-none-match": value.format(record["etag"])}
    unchanged = await http_transport.call("GetRecord", {"path": path}, headers=headers)
    assert (unchanged.status, unchanged.reply) == (304, {"etag": record["etag"]})
    changed = (await grpc_transport.call("UpdateRecord", {"record": {"path": path, "name": "b"}})).reply
    got = await http_transport.call("GetRecord", {"path": path}, headers=headers)
    assert got.status == (304 if "*" in value else 200)
    if got.status == 200:
        assert got.reply == changed


async def test_unchanged_collection(grpc_transport: GrpcTransport, http_transport: HttpTransport, path: str) -> None:
    """A collection has an etag too: 304 while it is unchanged, 412 for a write with another one."""
    await _made(grpc_transport, path)
    collection = (await grpc_transport.call("GetCollection", {"path": PARENT})).reply
    headers = {"if-none-match": collection["etag"]}
    assert (await http_transport.call("GetCollection", {"path": PARENT}, headers=headers)).status == 304
    update = {"collection": {"path": PARENT, "name": "b"}}
    refused = await http_transport.call("UpdateCollection", update, headers={"if-match": STALE})
    assert (refused.status, refused.reason) == (412, "ETAG_MISMATCH")
    assert (await http_transport.call("UpdateCollection", update, headers={"if-match": collection["etag"]})).ok


async def test_only_if_there_is_none(grpc_transport: GrpcTransport, http_transport: HttpTransport, path: str) -> None:
    """`If-None-Match: *` lets a create and an upsert pass only where there is nothing yet; else it is 412."""
    headers = {"if-none-match": "*"}
    create = {"parent": PARENT, "recordId": path.rpartition("/")[2], "record": {"name": "a"}}
    assert (await http_transport.call("CreateRecord", create, headers=headers)).status == 201
    again = await http_transport.call("CreateRecord", create, headers=headers)
    assert (again.status, again.kind, again.reason) == (412, "ALREADY_EXISTS", "RECORD_EXISTS")
    assert (await http_transport.call("CreateRecord", create)).status == 409
    upsert = {"record": {"path": path, "name": "b"}, "allowMissing": True}
    refused = await http_transport.call("UpdateRecord", upsert, headers=headers)
    assert (refused.status, refused.reason) == (412, "ETAG_MISMATCH")
    upsert["record"] = {"path": path + "-new", "name": "b"}
    assert (await http_transport.call("UpdateRecord", upsert, headers=headers)).reply["version"] == "1"
    assert (await grpc_transport.call("GetRecord", {"path": path})).reply["name"] == "a"


async def test_upsert_of_what_must_be_there(http_transport: HttpTransport, path: str) -> None:
    """`If-Match` on a record that is not there is 412, `allow_missing` or not where there is one to compare with."""
    upsert = {"record": {"path": path, "name": "b"}, "allowMissing": True}
    for value in ("*", STALE):
        refused = await http_transport.call("UpdateRecord", upsert, headers={"if-match": value})
        assert (refused.status, refused.reason) == (412, "ETAG_MISMATCH")
    del upsert["allowMissing"]
    missing = await http_transport.call("UpdateRecord", upsert, headers={"if-match": "*"})
    assert (missing.status, missing.reason) == (404, "RECORD_NOT_FOUND")


async def test_required(grpc_transport: GrpcTransport, http_transport: HttpTransport) -> None:
    """Where etags are required a write without one is 428; `If-Match` gives one, but `*` names none."""
    parent = "collections/strict"
    await grpc_transport.call("CreateCollection", {"collection": {"id": "strict", "requireEtag": True}})
    record = (await grpc_transport.call("CreateRecord", {"parent": parent, "record": {}})).reply
    for headers in ({}, {"if-match": "*"}):
        refused = await http_transport.call("DeleteRecord", {"path": record["path"]}, headers=headers)
        assert (refused.status, refused.kind, refused.reason) == (428, "FAILED_PRECONDITION", "ETAG_REQUIRED")
    headers = {"if-match": record["etag"]}
    assert (await http_transport.call("DeleteRecord", {"path": record["path"]}, headers=headers)).ok


_BATCHES: dict[str, Callable[[str], Json]] = {
    "BatchCreateRecords": lambda path: {"parent": PARENT, "requests": [{"record": {"name": path}}]},
    "BatchUpdateRecords": lambda path: {"parent": PARENT, "requests": [{"record": {"path": path, "name": "b"}}]},
    "BatchDeleteRecords": lambda path: {"parent": PARENT, "requests": [{"path": path}]},
    "TransactRecords": lambda path: {"then": [{"delete": {"path": path}}]},
}


@pytest.mark.parametrize("operation", _BATCHES)
@pytest.mark.parametrize("name", ["if-match", "if-none-match"])
async def test_several_records(
    grpc_transport: GrpcTransport, http_transport: HttpTransport, path: str, operation: str, name: str
) -> None:
    """A header is about one record: batches and transactions refuse it, and change nothing."""
    record = await _made(grpc_transport, path)
    refused = await http_transport.call(operation, _BATCHES[operation](path), headers={name: record["etag"]})
    _assert_refused(refused, name)
    assert (await grpc_transport.call("GetRecord", {"path": path})).reply == record


@pytest.mark.parametrize("value", ["1", '"a', "W/*", '"a" "b"', "*, *", '*, "a"', 'w/"a"', ",", '"a\tb"'])
async def test_bad_header(grpc_transport: GrpcTransport, http_transport: HttpTransport, path: str, value: str) -> None:
    """What is no list of etags is refused, on reads and on writes."""
    record = await _made(grpc_transport, path)
    for name in ("if-match", "if-none-match"):
        for operation in ("GetRecord", "DeleteRecord"):
            _assert_refused(await http_transport.call(operation, {"path": path}, headers={name: value}), name)
    assert (await grpc_transport.call("GetRecord", {"path": path})).reply == record


async def test_create_has_no_state_before(http_transport: HttpTransport, node: Node) -> None:
    """A create with If-Match, or with an etag in If-None-Match, is refused: there is nothing it could be about."""
    before = await node.store.last_revision()
    for headers in ({"if-match": "*"}, {"if-match": STALE}, {"if-none-match": STALE}):
        refused = await http_transport.call("CreateRecord", {"parent": PARENT, "record": {}}, headers=headers)
        _assert_refused(refused, next(iter(headers)))
    assert await node.store.last_revision() == before


def _assert_refused(outcome: Outcome, field: str) -> None:
    assert (outcome.status, outcome.kind, outcome.reason) == (400, "INVALID_ARGUMENT", "INVALID_PRECONDITION"), outcome
    assert outcome.violations[0][0] == field
