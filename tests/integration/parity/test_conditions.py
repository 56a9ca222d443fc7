"""Conditions in the request - etags, `allow_missing`, `validate_only`, `require_etag` - over both transports."""

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client
from tests.integration.parity.transports import Json, Outcome

FULL: Json = {"name": "a", "content": {"n": 1}, "tags": ["x"]}
STALE = '"0-00000000"'


def _mismatch(outcome: Outcome, current: Json) -> bool:
    """Whether it was refused with the current etag and version."""
    assert (outcome.kind, outcome.reason) == ("ABORTED", "ETAG_MISMATCH"), outcome
    return {name: outcome.metadata[name] for name in ("etag", "version")} == {
        name: current[name] for name in ("etag", "version")
    }


async def test_every_write_takes_an_etag(parity: Parity) -> None:
    """Update, delete, undelete and purge pass with the current etag alone; another one is told the current."""

    async def scenario(client: Client) -> None:
        current = (await client.create(FULL, "one")).reply
        path = {"path": client.path("one")}
        for operation in ("UpdateRecord", "DeleteRecord", "UndeleteRecord", "DeleteRecord", "PurgeRecord"):
            old, results = current["etag"], []
            for etag in (STALE, old):
                request = {**path, "etag": etag}
                request = {"record": {**request, "name": "b"}} if operation == "UpdateRecord" else request
                results.append(await client.call(operation, request))
            assert _mismatch(results[0], current)
            assert results[1].ok
            current = results[1].reply
            assert current["etag"] != old

    await parity(scenario)


async def test_etags_of_a_batch(parity: Parity) -> None:
    """An etag that is not current fails the whole batch, and the item is named by its index."""

    async def scenario(client: Client) -> None:
        made = (await client.create_all(dict.fromkeys("abc", FULL))).reply["records"]
        updates = [{"record": {"path": each["path"], "etag": each["etag"], "name": "b"}} for each in made]
        updates[1]["record"]["etag"] = STALE
        deletes = [{"path": each["path"], "etag": each["etag"]} for each in made]
        deletes[2]["etag"] = made[0]["etag"]
        for operation, items, index in (("BatchUpdateRecords", updates, 1), ("BatchDeleteRecords", deletes, 2)):
            refused = await client.call(operation, {"parent": client.parent, "requests": items})
            assert _mismatch(refused, made[index])
            assert refused.metadata["index"] == str(index)
            assert refused.message.startswith(f"requests[{index}]")
        assert (await client.list()).reply["records"] == made
        updates[1]["record"]["etag"] = made[1]["etag"]
        assert (await client.call("BatchUpdateRecords", {"parent": client.parent, "requests": updates})).ok

    await parity(scenario)


async def test_update_or_create(parity: Parity) -> None:
    """With `allow_missing` an update creates what is missing, all fields of it, and updates what is there."""

    async def scenario(client: Client) -> None:
        request: Json = {"record": {"path": client.path("one"), **FULL}, "updateMask": "name", "allowMissing": True}
        created = (await client.call("UpdateRecord", request)).reply
        assert (created["version"], created["content"], created["tags"]) == ("1", {"n": 1}, ["x"])
        request["record"]["name"] = "b"
        request["record"]["content"] = {}
        updated = (await client.call("UpdateRecord", request)).reply
        assert (updated["version"], updated["name"], updated["content"]) == ("2", "b", {"n": 1})
        await client.delete("one")
        assert (await client.call("UpdateRecord", request)).reason == "RECORD_DELETED"
        missing = {"record": {"path": client.path("two"), "etag": STALE}, "allowMissing": True}
        assert (await client.call("UpdateRecord", missing)).reason == "ETAG_MISMATCH"
        assert (await client.get("two")).reason == "RECORD_NOT_FOUND"

    await parity(scenario)


async def test_delete_if_it_is_there(parity: Parity) -> None:
    """With `allow_missing` the delete of what is not there succeeds: with the deleted record, or an empty one."""

    async def scenario(client: Client) -> None:
        await client.create(FULL, "one")
        request = {"path": client.path("one"), "allowMissing": True}
        deleted = (await client.call("DeleteRecord", request)).reply
        assert (await client.call("DeleteRecord", request)).reply == deleted
        never = (await client.call("DeleteRecord", {**request, "path": client.path("never")})).reply
        assert (never["id"], never["path"], never["revision"], never["etag"]) == (
            "never",
            client.path("never"),
            "0",
            "",
        )
        assert "createTime" not in never
        items = [{"path": client.path(each), "allowMissing": True} for each in ("never", "one")]
        batch = await client.call("BatchDeleteRecords", {"parent": client.parent, "requests": items})
        assert batch.reply["records"] == [never, deleted]
        gone = {"path": client.parent + "-never", "allowMissing": True}
        assert (await client.call("DeleteCollection", gone)).reply["revision"] == "0"

    trace = await parity(scenario)
    assert [change["kind"] for change in trace.log] == ["COLLECTION_CREATED", "RECORD_CREATED", "RECORD_DELETED"]


async def test_validate_only(parity: Parity) -> None:
    """A rehearsal answers as the call would, without etag and revision, and stores nothing."""

    async def scenario(client: Client) -> None:
        rehearsal: Json = {"validateOnly": True}
        create = {"parent": client.parent, "recordId": "one", "record": FULL}
        seen = (await client.call("CreateRecord", create | rehearsal)).reply
        assert (seen["revision"], seen["etag"], seen["version"], seen["name"]) == ("0", "", "1", "a")
        assert (await client.call("GetCollection", {"path": client.parent})).reason == "COLLECTION_NOT_FOUND"
        made = (await client.call("CreateRecord", create)).reply
        assert (await client.call("CreateRecord", create | rehearsal)).reason == "RECORD_EXISTS"
        update = {"record": {"path": client.path("one"), "name": "b", "etag": made["etag"]}}
        seen = (await client.call("UpdateRecord", update | rehearsal)).reply
        assert (seen["name"], seen["version"], seen["etag"]) == ("b", "2", "")
        update["record"]["etag"] = STALE
        assert _mismatch(await client.call("UpdateRecord", update | rehearsal), made)
        items = [{"recordId": letter} for letter in "xy"]
        batch = await client.call("BatchCreateRecords", {"parent": client.parent, "requests": items} | rehearsal)
        assert [record["etag"] for record in batch.reply["records"]] == ["", ""]
        step = {"update": {"record": {"path": client.path("one"), "name": "c"}}}
        transaction = await client.transact(then=[step], validateOnly=True)
        assert (transaction.reply["succeeded"], transaction.reply["revision"]) == (True, "0")
        assert transaction.reply["results"][0]["record"]["name"] == "c"
        collection = {"collection": {"id": client.collection + "-other"}} | rehearsal
        assert (await client.call("CreateCollection", collection)).reply["version"] == "1"
        assert (await client.list()).reply["records"] == [made]

    trace = await parity(scenario)
    assert len({change["revision"] for change in trace.log}) == 1


async def test_required_etag(parity: Parity) -> None:
    """In a collection that requires etags nothing changes without one; a create needs none."""

    async def scenario(client: Client) -> None:
        await client.call("CreateCollection", {"collection": {"id": client.collection, "requireEtag": True}})
        record = (await client.create(FULL, "one")).reply
        path = client.path("one")
        batch = {"parent": client.parent, "requests": [{"path": path}]}
        for refused in (
            await client.update("one", {"name": "b"}),
            await client.delete("one"),
            await client.call("BatchDeleteRecords", batch),
            await client.transact(then=[{"delete": {"path": path}}]),
        ):
            assert (refused.kind, refused.reason) == ("FAILED_PRECONDITION", "ETAG_REQUIRED")
            assert refused.metadata["etag"] == record["etag"]
        updated = (await client.update("one", {"name": "b", "etag": record["etag"]})).reply
        deleted = (await client.delete("one", updated["etag"])).reply
        for operation in ("UndeleteRecord", "PurgeRecord"):
            assert (await client.call(operation, {"path": path})).reason == "ETAG_REQUIRED"
        assert (await client.call("PurgeRecord", {"path": path, "etag": deleted["etag"]})).ok

    await parity(scenario)


@pytest.mark.parametrize("name", ["requireEtag", "retention", "indexes"])
async def test_settings_of_a_collection(parity: Parity, name: str) -> None:
    """The settings of a collection are changed by mask, and emptied by `*`."""
    values = {"requireEtag": True, "retention": "86400.500s", "indexes": [{"field": "content.a"}, {"field": "name"}]}
    empty = {"requireEtag": False, "retention": None, "indexes": []}

    async def scenario(client: Client) -> None:
        created = (await client.call("CreateCollection", {"collection": {"id": client.collection, **values}})).reply
        assert created["retention"] == "86400.500s"
        indexes = [{"field": "content.a", "state": "READY"}, {"field": "name", "state": "READY"}]
        assert created["indexes"] == indexes
        collection: Json = {"path": client.parent, "etag": created["etag"]}
        updated = (await client.call("UpdateCollection", {"collection": collection, "updateMask": name})).reply
        for each, value in empty.items():
            assert updated.get(each) == (value if each == name else created[each])
        replaced = (
            await client.call("UpdateCollection", {"collection": {"path": client.parent}, "updateMask": "*"})
        ).reply
        assert {each: replaced.get(each) for each in empty} == empty

    await parity(scenario)
