"""A request id means the same over both transports: carried out once, answered the same each time."""

import asyncio
import itertools
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from crud_service.bootstrap import Node
from crud_service.testing.node import running_node
from tests.integration.parity.conftest import Parity, over_both
from tests.integration.parity.scenario import Client, list_all, read_whole_log
from tests.integration.parity.transports import GrpcTransport, HttpTransport, Json, Transport

PARENT = "collections/repeated"
RECORD: Json = {
    "name": "ä",
    "date": "2026-01-31T12:00:00.5Z",
    "tags": ["b", "a", "b"],
    "content": {"n": 1.0, "z": {"b": [1, 2.5, None], "a": 1e23}, "t": "x"},
    "expireTime": "2999-01-01T00:00:00Z",
}


def _path(record_id: str) -> str:
    return f"{PARENT}/records/{record_id}"


_UPDATE: Json = {
    "record": {"path": _path("one"), "name": "c", "content": {"k": {"v": 1}}},
    "updateMask": "name,content.k.v",
}
_TRANSFORMS = [{"field": "content.n", "increment": 2.5}, {"field": "content.l", "append": [1, {"a": None}]}]
MUTATIONS: dict[str, tuple[str, Json]] = {
    "create": ("CreateRecord", {"parent": PARENT, "record": RECORD}),
    "create with an id": ("CreateRecord", {"parent": PARENT, "record": RECORD, "recordId": "made"}),
    "create of nothing": ("CreateRecord", {"parent": PARENT, "record": {}}),
    "update": ("UpdateRecord", _UPDATE),
    "transforms": ("UpdateRecord", _UPDATE | {"transforms": _TRANSFORMS}),
    "upsert": ("UpdateRecord", {"record": {"path": _path("upserted"), **RECORD}, "allowMissing": True}),
    "delete": ("DeleteRecord", {"path": _path("one")}),
    "delete of nothing": ("DeleteRecord", {"path": _path("never"), "allowMissing": True}),
    "undelete": ("UndeleteRecord", {"path": _path("gone")}),
    "purge": ("PurgeRecord", {"path": _path("gone")}),
    "batch create": (
        "BatchCreateRecords",
        {"parent": PARENT, "requests": [{"record": RECORD}, {"recordId": "b2"}], "readMask": "id,content.n"},
    ),
    "batch update": ("BatchUpdateRecords", {"parent": PARENT, "requests": [_UPDATE]}),
    "batch delete": ("BatchDeleteRecords", {"parent": PARENT, "requests": [{"path": _path("one")}]}),
    "transaction": (
        "TransactRecords",
        {
            "compare": [{"path": _path("one"), "version": "1"}, {"path": _path("never"), "exists": False}],
            "then": [
                {"get": {"path": _path("two")}},
                {"update": _UPDATE},
                {"get": {"path": _path("never")}},
                {"create": {"parent": PARENT, "record": RECORD}},
                {"delete": {"path": _path("never-2"), "allowMissing": True}},
            ],
        },
    ),
    "transaction that does nothing": (
        "TransactRecords",
        {"compare": [{"path": _path("one"), "exists": False}], "else": [{"get": {"path": _path("one")}}]},
    ),
    "create of a collection": (
        "CreateCollection",
        {"collection": {"name": "a", "retention": "1.5s", "indexes": [{"field": "name"}]}, "collectionId": "made-once"},
    ),
    "update of a collection": ("UpdateCollection", {"collection": {"path": PARENT, "name": "b"}, "updateMask": "name"}),
    "delete of a collection": ("DeleteCollection", {"path": PARENT, "force": True}),
}


@pytest.mark.parametrize("first", [0, 1], ids=["grpc first", "http first"])
@pytest.mark.parametrize("title", MUTATIONS)
async def test_repeated_over_the_other_transport(
    node: Node, transports: list[Transport], numbers: "itertools.count[int]", title: str, first: int
) -> None:
    """Sent again over the other transport, every kind of write gives the answer of the first time and does nothing."""
    await _prepare(transports[0])
    operation, request = MUTATIONS[title]
    request = request | {"requestId": f"{title}-{next(numbers)}"}
    one = await transports[first].call(operation, request)
    assert one.ok, one
    before = await node.store.last_revision()
    for transport in (transports[1 - first], transports[first]):
        again = await transport.call(operation, request)
        assert (again.kind, again.reply) == ("OK", one.reply)
        assert again.call_id != one.call_id
    assert await node.store.last_revision() == before


async def _prepare(transport: Transport) -> None:
    """The collection with two live records and a deleted one, and nothing else."""
    await transport.call("DeleteCollection", {"path": PARENT, "force": True})
    await transport.call("DeleteCollection", {"path": "collections/made-once", "force": True, "allowMissing": True})
    items = [{"recordId": record_id, "record": {"content": {"n": 1}}} for record_id in ("one", "two", "gone")]
    assert (await transport.call("BatchCreateRecords", {"parent": PARENT, "requests": items})).ok
    assert (await transport.call("DeleteRecord", {"path": _path("gone")})).ok


async def test_answer_of_the_first_time(parity: Parity) -> None:
    """The answer is the one of the first time, also when the record has been changed, deleted or recreated since."""

    async def scenario(client: Client) -> None:
        request = {
            "parent": client.parent,
            "recordId": "one",
            "record": {"name": "a"},
            "requestId": client.collection,
        }
        made = (await client.call("CreateRecord", request)).reply
        await client.update("one", {"name": "b"})
        assert (await client.call("CreateRecord", request)).reply == made
        await client.delete("one")
        assert (await client.call("CreateRecord", request)).reply == made
        assert (await client.get("one")).reason == "RECORD_DELETED"

    await parity(scenario)


async def test_reused(parity: Parity) -> None:
    """The id of one request is refused for any other: another body, operation or mask; and nothing is done."""

    async def scenario(client: Client) -> None:
        request_id = {"requestId": client.collection}
        create = {"parent": client.parent, "recordId": "one", "record": {"name": "a"}}
        assert (await client.call("CreateRecord", create | request_id)).ok
        path = client.path("one")
        for operation, request in (
            ("CreateRecord", create | {"record": {"name": "b"}}),
            ("CreateRecord", create | {"recordId": "two"}),
            ("CreateRecord", create | {"recordId": "", "record": {"name": "a", "id": "one"}}),
            ("UpdateRecord", {"record": {"path": path, "name": "a"}}),
            ("DeleteRecord", {"path": path}),
            ("BatchCreateRecords", {"parent": client.parent, "requests": [create]}),
            ("TransactRecords", {"then": [{"create": create}]}),
            ("CreateCollection", {"collectionId": client.collection + "-other"}),
        ):
            refused = await client.call(operation, request | request_id)
            assert (refused.kind, refused.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED"), operation
        assert len((await client.list()).reply["records"]) == 1

    trace = await parity(scenario)
    assert [change["request_id"] for change in trace.log] == ["{collection}"] * 2


async def test_failure_is_not_remembered(parity: Parity) -> None:
    """A request that was refused is carried out when it is sent again and nothing is in its way any more."""

    async def scenario(client: Client) -> None:
        request = {"record": {"path": client.path("one"), "name": "b"}, "requestId": client.collection}
        assert (await client.call("UpdateRecord", request)).reason == "COLLECTION_NOT_FOUND"
        await client.create({"name": "a"}, "one")
        updated = await client.call("UpdateRecord", request)
        assert updated.reply["name"] == "b"
        assert (await client.call("UpdateRecord", request)).reply == updated.reply

    await parity(scenario)


async def test_rehearsal_is_not_remembered(parity: Parity) -> None:
    """A rehearsal does not use up its request id."""

    async def scenario(client: Client) -> None:
        request = {"parent": client.parent, "recordId": "one", "requestId": client.collection}
        assert (await client.call("CreateRecord", request | {"validateOnly": True})).reply["revision"] == "0"
        assert (await client.call("CreateRecord", request)).ok

    await parity(scenario)


async def test_header(grpc_transport: GrpcTransport, http_transport: HttpTransport) -> None:
    """The header `Idempotency-Key` is the request id: the same answer as for the field, over either transport."""
    create = {"parent": PARENT, "record": {"name": "by header"}}
    headers = {"idempotency-key": "by-header"}
    made = await http_transport.call("CreateRecord", create, headers=headers)
    assert made.status == 201
    for again in (
        await http_transport.call("CreateRecord", create, headers=headers),
        await http_transport.call("CreateRecord", create | {"requestId": "by-header"}, headers=headers),
        await http_transport.call("CreateRecord", create | {"requestId": "by-header"}),
        await grpc_transport.call("CreateRecord", create | {"requestId": "by-header"}),
    ):
        assert again.reply == made.reply
    undelete: Json = {"path": made.reply["path"]}
    assert (await grpc_transport.call("DeleteRecord", undelete)).ok
    once = [await http_transport.call("UndeleteRecord", undelete, headers={"idempotency-key": "u"}) for _ in range(2)]
    assert once[0].reply == once[1].reply
    differ = await http_transport.call("CreateRecord", create | {"requestId": "other"}, headers=headers)
    assert (differ.reason, differ.violations[0][0]) == ("INVALID_REQUEST_ID", "request_id")


async def test_many_at_once(node: Node, transports: list[Transport], numbers: "itertools.count[int]") -> None:
    """50 duplicates at once, half over gRPC and half over HTTP, make one record, one entry and 50 equal answers."""
    parent, request_id = "collections/at-once", f"at-once-{next(numbers)}"
    await transports[0].call("CreateCollection", {"collectionId": "at-once"})
    before = await node.store.last_revision()
    request = {"parent": parent, "record": RECORD, "requestId": request_id}
    async with AsyncExitStack() as stack:
        senders: list[Transport] = [transports[0]] * 25
        for _ in range(25):
            http = HttpTransport(node.http_port)
            stack.push_async_callback(http.close)
            senders.append(http)
        outcomes = await asyncio.gather(*(each.call("CreateRecord", request) for each in senders))
    assert Counter(outcome.kind for outcome in outcomes) == {"OK": 50}
    assert all(outcome.reply == outcomes[0].reply for outcome in outcomes)
    assert len({outcome.call_id for outcome in outcomes}) == 50
    assert await list_all(transports[0], parent) == [outcomes[0].reply]
    (entry,) = await read_whole_log(node, before)
    assert (entry.request_id, entry.id) == (request_id, outcomes[0].reply["id"])


async def test_many_different_at_once(node: Node, transports: list[Transport], numbers: "itertools.count[int]") -> None:
    """Of 20 different requests with one id at once, one is carried out and the others are refused."""
    request_id, before = f"different-{next(numbers)}", await node.store.last_revision()
    requests = [
        {"parent": PARENT, "record": {"name": str(number)}, "requestId": request_id, "recordId": f"{request_id}"}
        for number in range(20)
    ]
    senders = [transports[0]] * 20
    outcomes = await asyncio.gather(
        *(each.call("CreateRecord", request) for each, request in zip(senders, requests, strict=True))
    )
    assert Counter(outcome.reason for outcome in outcomes) == {"": 1, "REQUEST_ID_REUSED": 19}
    assert await node.store.last_revision() == before + 1


async def test_restart(tmp_path: Path) -> None:
    """A restart forgets nothing: the answer is the same from another node of the same file, over either transport."""
    settings = {"store": f"sqlite:///{tmp_path}/crud.db", "log_level": "warning"}
    create = {"parent": PARENT, "record": RECORD, "requestId": "before"}
    batch = {"parent": PARENT, "requests": [{"recordId": "a"}, {"recordId": "b"}], "requestId": "batch"}
    async with running_node(**settings) as node, over_both(node) as (over_grpc, http):
        made = await http.call("CreateRecord", create)
        both = await over_grpc.call("BatchCreateRecords", batch)
        assert made.ok
        assert both.ok
    async with running_node(**settings) as node, over_both(node) as both_ways:
        for transport in both_ways:
            assert (await transport.call("CreateRecord", create)).reply == made.reply
            assert (await transport.call("BatchCreateRecords", batch)).reply == both.reply
            other = create | {"record": {"name": "other"}}
            assert (await transport.call("CreateRecord", other)).reason == "REQUEST_ID_REUSED"
        assert await node.store.last_revision() == 2
