"""Deleted, undeleted, purged, expired: the life of a record and of its entries in the log, over both transports."""

import asyncio

import pytest

from crud_service.bootstrap import Node
from crud_service.model.timestamp import parse, to_unix
from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client, Trace
from tests.integration.parity.transports import Json

FULL: Json = {"name": "secret", "content": {"k": "secret"}, "tags": ["secret"]}
_PATIENCE = 30


async def _swept(node: Node, after: int) -> None:
    """Wait until the node has changed something on its own, behind the revision `after`."""
    await asyncio.wait_for(node.store.wait_log(after), _PATIENCE)


def _kinds(trace: Trace) -> list[str]:
    return [change["kind"].removeprefix("RECORD_") for change in trace.log]


def _seconds(text: str) -> float:
    seconds, nanos = to_unix(parse(text))
    return seconds + nanos / 1e9


async def test_undelete(parity: Parity) -> None:
    """An undeleted record is the live one again, with another etag; a live one cannot be undeleted."""

    async def scenario(client: Client) -> None:
        made = (await client.create(FULL, "one")).reply
        path = {"path": client.path("one")}
        deleted = (await client.delete("one")).reply
        back = (await client.call("UndeleteRecord", path)).reply
        assert {name: back[name] for name in FULL} == FULL
        assert (back["version"], "deleteTime" in back) == ("3", False)
        assert len({made["etag"], deleted["etag"], back["etag"]}) == 3
        assert (await client.get("one")).reply == back
        again = await client.call("UndeleteRecord", path)
        assert (again.kind, again.reason) == ("ALREADY_EXISTS", "RECORD_EXISTS")
        nobody = await client.call("UndeleteRecord", {"path": client.path("nobody")})
        assert (nobody.kind, nobody.reason) == ("NOT_FOUND", "RECORD_NOT_FOUND")

    assert _kinds(await parity(scenario))[1:] == ["CREATED", "DELETED", "UNDELETED"]


async def test_purge(parity: Parity) -> None:
    """A purge leaves nothing of the record but entries without content; its id is free, and starts again at 1."""

    async def scenario(client: Client) -> None:
        made = (await client.create(FULL, "one")).reply
        await client.create({"name": "other"}, "two")
        path = {"path": client.path("one")}
        live = await client.call("PurgeRecord", path)
        assert (live.kind, live.reason) == ("FAILED_PRECONDITION", "RECORD_NOT_DELETED")
        await client.delete("one")
        purged = (await client.call("PurgeRecord", path)).reply
        assert (purged["name"], purged["content"], purged["tags"], purged["version"]) == ("", {}, [], "3")
        assert "createTime" not in purged
        for gone in (await client.get("one"), await client.call("PurgeRecord", path)):
            assert (gone.kind, gone.reason) == ("NOT_FOUND", "RECORD_NOT_FOUND")
        assert await client.ids(showDeleted=True) == ["two"]
        again = (await client.create({}, "one")).reply
        assert (again["version"], again["etag"] != made["etag"]) == ("1", True)

    trace = await parity(scenario)
    assert _kinds(trace)[1:] == ["CREATED", "CREATED", "DELETED", "PURGED", "CREATED"]
    states = [bool(change["state"]) for change in trace.log if change["id"] == "one"]
    assert states == [False, False, False, True]
    assert "secret" not in str(trace.log)


async def test_retention(parity: Parity) -> None:
    """A deleted record says when it will be purged; records deleted before, and live ones, do not change with it."""

    async def scenario(client: Client) -> None:
        await client.create_all({record_id: {} for record_id in ("early", "late")})
        assert "purgeTime" not in (await client.delete("early")).reply
        collection = {"path": client.parent, "retention": "86400.5s"}
        assert (await client.call("UpdateCollection", {"collection": collection})).reply["retention"] == "86400.500s"
        deleted = (await client.delete("late")).reply
        assert _seconds(deleted["purgeTime"]) - _seconds(deleted["deleteTime"]) == pytest.approx(86_400.5, abs=1e-3)
        back = (await client.call("UndeleteRecord", {"path": client.path("late")})).reply
        assert "purgeTime" not in back
        listed = (await client.list(showDeleted=True)).reply["records"]
        assert ["purgeTime" in record for record in listed] == [False, False]

    await parity(scenario)


async def test_purged_by_the_node(parity: Parity, node: Node) -> None:
    """When its purge time has come the node purges a deleted record, and says so in the log; live ones stay."""

    async def scenario(client: Client) -> None:
        await client.call("CreateCollection", {"collection": {"id": client.collection, "retention": "0s"}})
        await client.create(FULL, "one")
        await client.create({"name": "other"}, "two")
        deleted = (await client.delete("one")).reply
        await _swept(node, int(deleted["revision"]))
        assert (await client.get("one")).reason == "RECORD_NOT_FOUND"
        assert await client.ids(showDeleted=True) == ["two"]

    trace = await parity(scenario)
    assert _kinds(trace)[1:] == ["CREATED", "CREATED", "DELETED", "PURGED"]
    assert (trace.log[-1]["actor"], trace.log[-1]["reason"]) == ("system", "its purge_time has come")
    assert [change["state"] for change in trace.log if change["id"] == "one"] == [{}] * 3
    assert "secret" not in str(trace.log)


@pytest.mark.parametrize("expiration", [{"ttl": "0.2s"}, {"expireTime": "2020-01-01T00:00:00Z"}])
async def test_expired_by_the_node(parity: Parity, node: Node, expiration: Json) -> None:
    """When its time has come a record is deleted by the node, with an entry of its own; undeleted it stays."""

    async def scenario(client: Client) -> None:
        made = (await client.create({**FULL, **expiration}, "one")).reply
        if "ttl" in expiration:
            assert _seconds(made["expireTime"]) - _seconds(made["createTime"]) == pytest.approx(0.2, abs=1e-3)
        await _swept(node, int(made["revision"]))
        assert (await client.get("one")).reason == "RECORD_DELETED"
        (gone,) = (await client.list(showDeleted=True)).reply["records"]
        assert (gone["version"], gone["expireTime"]) == ("2", made["expireTime"])
        assert gone["deleteTime"] >= gone["expireTime"]
        back = (await client.call("UndeleteRecord", {"path": client.path("one")})).reply
        assert ("expireTime" in back, back["name"]) == (False, "secret")

    trace = await parity(scenario)
    assert _kinds(trace)[1:] == ["CREATED", "EXPIRED", "UNDELETED"]
    assert (trace.log[2]["actor"], trace.log[2]["reason"]) == ("system", "its expire_time has come")


async def test_expiration_is_changed(parity: Parity) -> None:
    """An expiration is set, moved and taken back by updates, as a time or as a duration."""

    async def scenario(client: Client) -> None:
        await client.create({"ttl": "3600s"}, "one")
        assert "expireTime" in (await client.update("one", {"name": "b"})).reply
        moved = (await client.update("one", {"ttl": "7200.000000001s"})).reply
        assert _seconds(moved["expireTime"]) - _seconds(moved["updateTime"]) == pytest.approx(7_200, abs=1e-3)
        assert "expireTime" not in (await client.update("one", {}, "ttl")).reply
        set_again = (await client.update("one", {"expireTime": "2999-01-01T00:00:00Z"}, "expireTime")).reply
        assert set_again["expireTime"] == "2999-01-01T00:00:00Z"
        assert "expireTime" not in (await client.update("one", {}, "*")).reply

    await parity(scenario)


async def test_delete_of_a_full_collection(parity: Parity) -> None:
    """A collection with live records goes only by force, then with all its records and what the log had of them."""

    async def scenario(client: Client) -> None:
        await client.create_all(dict.fromkeys(("one", "two"), FULL))
        await client.delete("two")
        collection = {"path": client.parent}
        full = await client.call("DeleteCollection", collection)
        assert (full.kind, full.reason) == ("FAILED_PRECONDITION", "COLLECTION_NOT_EMPTY")
        gone = await client.call("DeleteCollection", collection | {"force": True})
        assert gone.reply["path"] == client.parent
        assert (await client.get("one")).reason == "COLLECTION_NOT_FOUND"
        assert (await client.call("DeleteCollection", collection)).reason == "COLLECTION_NOT_FOUND"
        again = (await client.create({}, "one")).reply
        assert again["version"] == "1"

    trace = await parity(scenario)
    assert [bool(change["state"]) for change in trace.log] == [True, False, False, False, True, True, True]
    assert "secret" not in str(trace.log)
