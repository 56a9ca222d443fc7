"""The past over both transports: reads at a revision, revisions, differences, rollbacks, and history that is gone."""

from crud_service.bootstrap import Node
from crud_service.model.ports.change_log import HistoryRule
from crud_service.model.record import CollectionKey
from crud_service.model.timestamp import now
from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client, list_all
from tests.integration.parity.transports import Json, Transport

FULL: Json = {"name": "one", "date": "2026-01-02T00:00:00Z", "content": {"n": 1, "o": {"k": [1, None]}}, "tags": ["x"]}
_OF_BOTH = ("path", "revision", "version")
"""Fields that a change has as its record has them."""


async def _changed(client: Client) -> list[Json]:
    """Make a record, change it in every field, delete it and bring it back; its states."""
    made = await client.create(FULL, "one", reason="new")
    changed = await client.update("one", {"name": "two", "content": {"n": None, "o": {}}}, "*", reason="naïve")
    deleted = await client.delete("one")
    back = await client.call("UndeleteRecord", {"path": client.path("one")})
    return [each.reply for each in (made, changed, deleted, back)]


async def test_reads_at_a_revision(parity: Parity) -> None:
    """A record and a list show what was stored at a revision, with the etags of then; pages show one moment."""

    async def scenario(client: Client) -> None:
        states = await _changed(client)
        first, second, third, last = (state["revision"] for state in states)
        assert (await client.get("one", readRevision=first)).reply == states[0]
        assert (await client.get("one", readRevision=second)).reply == states[1]
        assert (await client.get("one", readRevision=last)).reply == states[3]
        assert (await client.get("one", readRevision="0")).reply == states[3]
        assert (await client.get("one", readRevision=first, readMask="name,etag")).reply == {
            name: states[0][name] for name in ("name", "etag")
        }
        assert (await client.list(readRevision=third)).reply["records"] == []
        assert (await client.list(readRevision=third, showDeleted=True)).reply["records"] == [states[2]]
        assert (await client.list(readRevision=second, filter='name = "one"')).reply["records"] == []
        made = (await client.create_all({f"r{number}": {"name": "old"} for number in range(5)})).reply["records"]
        at = made[0]["revision"]
        page = (await client.list(readRevision=at, pageSize=2, orderBy="id desc")).reply
        await client.update("r2", {"name": "new"})
        await client.delete("r1")
        rest = await list_all(
            client.transport, client.parent, readRevision=at, pageSize=50, orderBy="id desc", filter="id != r4"
        )
        assert [each["name"] for each in (*page["records"], *rest)] == ["old"] * 6 + ["two"]
        other = await client.list(readRevision=first, pageSize=2, orderBy="id desc", pageToken=page["nextPageToken"])
        assert (other.kind, other.reason) == ("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN")

    await parity(scenario)


async def test_revisions(parity: Parity) -> None:
    """The changes of a record are told with their states and reasons, page by page, through a mask if there is one."""

    async def scenario(client: Client) -> None:
        states = await _changed(client)
        path = {"path": client.path("one")}
        changes = (await client.call("ListRecordRevisions", path)).reply["changes"]
        assert [change["record"] for change in changes] == states[::-1]
        assert [change["type"] for change in changes] == ["UNDELETED", "DELETED", "UPDATED", "CREATED"]
        assert [change["reason"] for change in changes] == ["", "", "naïve", "new"]
        for change, state in zip(changes, states[::-1], strict=True):
            assert [change[name] for name in _OF_BOTH] == [state[name] for name in _OF_BOTH]
            assert change["time"] == state["updateTime"]
        page = (await client.call("ListRecordRevisions", {**path, "pageSize": 3, "readMask": "content.n"})).reply
        assert [change["record"] for change in page["changes"]] == [{"content": {"n": None}}] * 3
        rest = {**path, "pageSize": 3, "pageToken": page["nextPageToken"]}
        (first,) = (await client.call("ListRecordRevisions", rest)).reply["changes"]
        assert first == changes[-1]
        await client.delete("one")
        await client.call("PurgeRecord", path)
        (purge,) = (await client.call("ListRecordRevisions", path)).reply["changes"]
        assert (purge["type"], purge["record"]["content"], "createTime" in purge["record"]) == ("PURGED", {}, False)

    await parity(scenario)


async def test_differences(parity: Parity) -> None:
    """Fields that differ are told with both values; a value that is missing is left out, null is not."""

    async def scenario(client: Client) -> None:
        states = await _changed(client)
        first, second, third, _ = (state["revision"] for state in states)
        path = {"path": client.path("one")}
        found = (await client.call("DiffRecord", {**path, "fromRevision": first, "toRevision": second})).reply
        assert (found["fromRevision"], found["toRevision"]) == (first, second)
        date = states[1]["date"]
        assert found["changes"] == [
            {"field": "content.n", "oldValue": 1, "newValue": None},
            {"field": "content.o.k", "oldValue": [1, None]},
            {"field": "date", "oldValue": "2026-01-02T00:00:00Z", "newValue": date},
            {"field": "name", "oldValue": "one", "newValue": "two"},
            {"field": "tags", "oldValue": ["x"], "newValue": []},
        ]
        (deleted,) = (await client.call("DiffRecord", {**path, "fromRevision": third})).reply["changes"]
        assert deleted == {"field": "delete_time", "oldValue": states[2]["deleteTime"]}
        assert (await client.call("DiffRecord", {**path, "fromRevision": second})).reply["changes"] == []

    await parity(scenario)


async def test_rollback(parity: Parity) -> None:
    """A rollback is an update in all but its fields: etag, request id, rehearsal, and an entry in the log."""

    async def scenario(client: Client) -> None:
        states = await _changed(client)
        request = {"path": client.path("one"), "revision": states[0]["revision"]}
        rehearsed = (await client.call("RollbackRecord", {**request, "validateOnly": True})).reply
        assert (rehearsed["name"], rehearsed["revision"], rehearsed["etag"]) == ("one", "0", "")
        stale = await client.call("RollbackRecord", {**request, "etag": states[0]["etag"]})
        assert (stale.kind, stale.reason) == ("ABORTED", "ETAG_MISMATCH")
        asked = {**request, "etag": states[3]["etag"], "requestId": f"back-{client.collection}"}
        back = (await client.call("RollbackRecord", asked, reason="undo")).reply
        assert {name: back[name] for name in FULL} == FULL
        assert (back["version"], back["createTime"]) == ("5", states[0]["createTime"])
        assert (await client.call("RollbackRecord", asked)).reply == back
        assert (await client.get("one")).reply == back
        before = await client.call("RollbackRecord", {**request, "revision": states[2]["revision"]})
        assert (before.kind, before.reason) == ("NOT_FOUND", "REVISION_NOT_FOUND")

    trace = await parity(scenario)
    assert (trace.log[-1]["kind"], trace.log[-1]["reason"]) == ("RECORD_UPDATED", "undo")


async def test_history_of_a_collection(parity: Parity) -> None:
    """How much history is kept is a setting of a collection, and unset what the node says."""

    async def scenario(client: Client) -> None:
        own = {"id": client.collection, "historyAge": "86400.5s", "historyEntries": "1000"}
        made = (await client.call("CreateCollection", {"collection": own})).reply
        assert (made["historyAge"], made["historyEntries"]) == ("86400.500s", "1000")
        changed = {"collection": {"path": client.parent, "historyAge": "0s"}}
        after = (await client.call("UpdateCollection", changed)).reply
        assert (after["historyAge"], after["historyEntries"]) == ("0s", "1000")
        unset = {"collection": {"path": client.parent}, "updateMask": "historyAge,historyEntries"}
        after = (await client.call("UpdateCollection", unset)).reply
        assert ("historyAge" in after, after["historyEntries"]) == (False, "0")

    await parity(scenario)


async def test_history_that_is_gone(node: Node, transports: list[Transport]) -> None:
    """What was compacted is refused in the same words on both transports, with the oldest revision that is left."""
    parent = "collections/compacted"
    path = f"{parent}/records/one"
    sender = transports[0]
    made = (await sender.call("CreateRecord", {"parent": parent, "record": FULL, "recordId": "one"})).reply
    for name in ("two", "three"):
        changed = (await sender.call("UpdateRecord", {"record": {"path": path, "name": name}})).reply
    time = now()
    await node.store.compact_log(CollectionKey("", "compacted"), HistoryRule(time, 0, time), 100)
    for operation, request in (
        ("GetRecord", {"path": path, "readRevision": made["revision"]}),
        ("ListRecords", {"parent": parent, "readRevision": made["revision"]}),
        ("RollbackRecord", {"path": path, "revision": made["revision"]}),
        ("DiffRecord", {"path": path, "fromRevision": made["revision"]}),
    ):
        outcomes = [await transport.call(operation, request) for transport in transports]
        told = {(each.kind, each.reason, each.message, each.metadata["oldestRevision"]) for each in outcomes}
        ((kind, reason, message, oldest),) = told
        assert (kind, reason, oldest) == ("OUT_OF_RANGE", "HISTORY_GONE", changed["revision"])
        assert f"revision {made['revision']}" in message
        assert {each.status for each in outcomes if each.status} == {410}
    for transport in transports:
        changes = (await transport.call("ListRecordRevisions", {"path": path})).reply["changes"]
        assert [change["record"] for change in changes] == [changed]
        at_floor = await transport.call("GetRecord", {"path": path, "readRevision": changed["revision"]})
        assert at_floor.reply == changed
