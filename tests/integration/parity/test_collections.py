"""Collections do the same over both transports."""

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client
from tests.integration.parity.transports import Json, Transport


async def test_full_life(parity: Parity) -> None:
    """Create, get, update and delete a collection: each reply is the collection, each write one revision."""

    async def scenario(client: Client) -> None:
        fields = {"name": "Notes", "description": "two\nlines \U0001f642"}
        created = await client.call("CreateCollection", {"collection": fields, "collectionId": client.collection})
        assert created.reply["path"] == client.parent
        got = await client.call("GetCollection", {"path": client.parent})
        assert got.reply == created.reply
        assert (await client.list()).reply == {"records": [], "nextPageToken": ""}
        changed = {"path": client.parent, "etag": got.reply["etag"], "name": "b", "description": "c"}
        updated = (await client.call("UpdateCollection", {"collection": changed, "updateMask": "name"})).reply
        assert (updated["name"], updated["description"], updated["version"]) == ("b", fields["description"], "2")
        deleted = await client.call("DeleteCollection", {"path": client.parent, "etag": updated["etag"]})
        assert deleted.ok
        assert (await client.call("GetCollection", {"path": client.parent})).reason == "COLLECTION_NOT_FOUND"
        assert (await client.list()).reason == "COLLECTION_NOT_FOUND"

    trace = await parity(scenario)
    assert [change["kind"].removeprefix("COLLECTION_") for change in trace.log] == ["CREATED", "UPDATED", "DELETED"]


@pytest.mark.parametrize("mask", ["name", "description", "name,description", "*", ""])
async def test_update_mask(parity: Parity, mask: str) -> None:
    """An update changes what its mask names, an empty mask what the request holds."""
    named = {"name", "description"} if mask in ("*", "") else set(mask.split(","))

    async def scenario(client: Client) -> None:
        old, new = {"name": "a", "description": "b"}, {"name": "c", "description": "d"}
        await client.call("CreateCollection", {"collection": {"id": client.collection, **old}})
        update = {"collection": {"path": client.parent, **new}, "updateMask": mask}
        updated = (await client.call("UpdateCollection", update)).reply
        assert {name: updated[name] for name in old} == {name: (new if name in named else old)[name] for name in old}

    await parity(scenario)


async def test_longest_texts(parity: Parity) -> None:
    """A name of 512 and a description of 4,096 characters are taken, whatever the characters."""

    async def scenario(client: Client) -> None:
        fields = {"name": "\U0001f642" * 512, "description": "\x01" * 2048 + "\U0001f642" * 2048}
        created = await client.call("CreateCollection", {"collection": {"id": client.collection, **fields}})
        assert {name: created.reply[name] for name in fields} == fields
        assert (await client.call("GetCollection", {"path": client.parent})).reply == created.reply

    await parity(scenario)


async def test_made_on_the_way(parity: Parity) -> None:
    """The first record makes its collection, in the same revision; the second does not."""

    async def scenario(client: Client) -> None:
        first = (await client.create()).reply
        await client.create()
        made = (await client.call("GetCollection", {"path": client.parent})).reply
        assert (made["revision"], made["version"]) == (first["revision"], "1")

    trace = await parity(scenario)
    assert [(change["revision"], change["ordinal"]) for change in trace.log] == [(1, 0), (1, 1), (2, 0)]


async def test_deleted_records_go_with_their_collection(parity: Parity) -> None:
    """A collection with live records stays; with deleted ones it goes, and its ids are free again."""

    async def scenario(client: Client) -> None:
        await client.create({"name": "a"}, "one")
        full = await client.call("DeleteCollection", {"path": client.parent})
        assert (full.kind, full.reason) == ("FAILED_PRECONDITION", "COLLECTION_NOT_EMPTY")
        await client.delete("one")
        assert (await client.call("DeleteCollection", {"path": client.parent})).ok
        assert (await client.get("one")).reason == "COLLECTION_NOT_FOUND"
        again = (await client.create({"name": "b"}, "one")).reply
        assert (again["name"], again["version"]) == ("b", "1")

    await parity(scenario)


async def test_fields_of_the_service_are_ignored(parity: Parity) -> None:
    """What the service sets on a collection is not taken from a request."""

    async def scenario(client: Client) -> None:
        sent: Json = {"revision": "99", "version": "9", "createTime": "2020-01-01T00:00:00Z", "etag": '"1-00000000"'}
        created = await client.call("CreateCollection", {"collection": sent, "collectionId": client.collection})
        assert created.reply["version"] == "1"
        assert created.reply["createTime"] == created.reply["updateTime"] > "2026"

    await parity(scenario)


async def test_list(transports: list[Transport]) -> None:
    """Both transports list the same collections, page by page, in the order of their ids; tokens fit either one."""
    for number in range(5):
        created = {"collection": {"name": str(number)}, "collectionId": f"listed-{number}"}
        assert (await transports[number % 2].call("CreateCollection", created)).ok
    lists = []
    for turn in range(2):
        found, token, number = [], "", turn
        while True:
            transport = transports[number % 2]
            page = (await transport.call("ListCollections", {"pageSize": 2, "pageToken": token})).reply
            assert len(page["collections"]) <= 2
            found += page["collections"]
            number += 1
            if not (token := page["nextPageToken"]):
                break
        lists.append(found)
    assert lists[0] == lists[1]
    ids = [collection["id"] for collection in lists[0]]
    assert ids == sorted(ids)
    assert {f"listed-{number}" for number in range(5)} <= set(ids)
