"""What a list and a count take besides filter and order: masks, all collections, deleted records, estimates."""

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client
from tests.integration.parity.transports import HttpTransport, Json, Transport

FULL: Json = {
    "name": "a",
    "date": "2020-01-01T00:00:00Z",
    "tags": ["x", "y"],
    "content": {"a": {"b": {"c": 1, "d": 2}, "e": [1, {"f": 2}]}, "snake_case": 1, "camelCase": 2, "odd, key": 3},
}
CONTENT: Json = FULL["content"]
MASKS: dict[str, Json] = {
    "name": {"name": "a"},
    "id,name,tags": {"id": "one", "name": "a", "tags": ["x", "y"]},
    "content": {"content": CONTENT},
    "content.a.b.c": {"content": {"a": {"b": {"c": 1}}}},
    "content.a.b,content.snake_case": {"content": {"a": {"b": {"c": 1, "d": 2}}, "snake_case": 1}},
    "content.camelCase": {"content": {"camelCase": 2}},
    "content.`odd, key`,name": {"content": {"odd, key": 3}, "name": "a"},
    "content,content.a.b.c": {"content": CONTENT},
    "content.a.b.c,content.a": {"content": {"a": CONTENT["a"]}},
    "content.missing": {"content": {}},
    "content.a.e.f": {"content": {}},
    "date,version": {"date": "2020-01-01T00:00:00Z", "version": "1"},
    "deleteTime,expireTime,purgeTime": {},
}


@pytest.mark.parametrize("mask", MASKS)
async def test_read_mask(parity: Parity, mask: str) -> None:
    """A get, a list and a batch get show what the mask names, and nothing else."""

    async def scenario(client: Client) -> None:
        await client.create(FULL, "one")
        await client.create({}, "two")
        assert (await client.get("one", readMask=mask)).reply == MASKS[mask]
        first, second = (await client.list(readMask=mask)).reply["records"]
        assert first == MASKS[mask]
        assert set(second) <= set(MASKS[mask])
        paths = [client.path("one"), client.path("one"), client.path("two")]
        got = await client.call("BatchGetRecords", {"parent": client.parent, "paths": paths, "readMask": mask})
        assert got.reply["records"] == [first, first, second]

    await parity(scenario)


@pytest.mark.parametrize("mask", ["*", ""])
async def test_read_mask_of_everything(parity: Parity, mask: str) -> None:
    """`*`, and a mask of nothing, show the whole record."""

    async def scenario(client: Client) -> None:
        record = (await client.create(FULL, "one")).reply
        assert (await client.get("one", readMask=mask)).reply == record
        assert (await client.list(readMask=mask)).reply["records"] == [record]

    await parity(scenario)


async def test_read_mask_of_a_batch(parity: Parity) -> None:
    """A batch that writes shows what its mask names, and stores all of it."""

    async def scenario(client: Client) -> None:
        made = await client.create_all({"one": FULL, "two": FULL}, readMask="id,content.a.b.c")
        assert made.reply["records"] == [{"id": each, "content": {"a": {"b": {"c": 1}}}} for each in ("one", "two")]
        update = {"record": {"path": client.path("one"), "name": "b"}}
        changed = await client.call(
            "BatchUpdateRecords", {"parent": client.parent, "requests": [update], "readMask": "name,version"}
        )
        assert changed.reply["records"] == [{"name": "b", "version": "2"}]
        items = {"parent": client.parent, "requests": [{"path": client.path("two")}], "readMask": "id"}
        assert (await client.call("BatchDeleteRecords", items)).reply["records"] == [{"id": "two"}]
        assert (await client.get("one")).reply["content"] == CONTENT

    await parity(scenario)


async def test_show_deleted(parity: Parity) -> None:
    """Deleted records are listed and counted when they are asked for, among the live ones, and found by filters."""

    async def scenario(client: Client) -> None:
        await client.create_all({letter: {"tags": ["t"], "content": {"l": letter}} for letter in "abcd"})
        await client.delete("b")
        await client.delete("c")
        assert await client.ids() == ["a", "d"]
        assert await client.ids(showDeleted=True) == ["a", "b", "c", "d"]
        assert await client.ids(showDeleted=True, orderBy="content.l desc", pageSize=3) == ["d", "c", "b"]
        assert await client.ids(showDeleted=True, filter="delete_time:*") == ["b", "c"]
        assert await client.ids(showDeleted=True, filter="tags:t AND content.l < c") == ["a", "b"]
        assert await client.ids(filter="delete_time:*") == []
        for more, count in (({}, "2"), ({"showDeleted": True}, "4"), ({"showDeleted": True, "filter": "tags:u"}, "0")):
            counted = await client.call("CountRecords", {"parent": client.parent, **more})
            assert counted.reply == {"count": count, "estimated": False}

    await parity(scenario)


async def test_all_collections(parity: Parity) -> None:
    """`collections/-` lists the records of all collections, ordered by collection and then by id."""

    async def scenario(client: Client) -> None:
        other = client.parent + "-other"
        mine = f"tags:{client.collection}"
        for parent, letters in ((other, "ad"), (client.parent, "cb")):
            for letter in letters:
                record = {"tags": [client.collection], "content": {"l": letter}}
                await client.call("CreateRecord", {"parent": parent, "recordId": letter, "record": record})
        everywhere: Json = {"parent": "collections/-", "filter": mine}
        listed = (await client.call("ListRecords", everywhere)).reply["records"]
        first, second = client.path(""), other + "/records/"
        assert [record["path"] for record in listed] == [first + "b", first + "c", second + "a", second + "d"]
        ordered = await client.call("ListRecords", everywhere | {"orderBy": "content.l desc"})
        assert [record["id"] for record in ordered.reply["records"]] == list("dcba")
        assert (await client.call("CountRecords", everywhere)).reply["count"] == "4"
        found, token = [], ""
        while True:
            page = (await client.call("ListRecords", everywhere | {"pageSize": 1, "pageToken": token})).reply
            found += [record["path"] for record in page["records"]]
            if not (token := page["nextPageToken"]):
                break
        assert found == [record["path"] for record in listed]

    await parity(scenario)


async def test_estimate(parity: Parity) -> None:
    """An estimate of few records is their number."""

    async def scenario(client: Client) -> None:
        await client.create_all({f"{number:03}": {"content": {"n": number}} for number in range(200)})
        for text, count in (("", 200), ("content.n < 20", 20), ("content.n < 0", 0)):
            request = {"parent": client.parent, "filter": text, "estimate": True}
            counted = (await client.call("CountRecords", request)).reply
            assert (counted["count"], counted["estimated"]) == (str(count), False)

    await parity(scenario)


async def test_no_such_collection(parity: Parity) -> None:
    """A list and a count of a collection that is not there are NOT_FOUND; of an empty one they are empty."""

    async def scenario(client: Client) -> None:
        for operation in ("ListRecords", "CountRecords"):
            refused = await client.call(operation, {"parent": client.parent, "filter": "name = a"})
            assert (refused.kind, refused.reason) == ("NOT_FOUND", "COLLECTION_NOT_FOUND")
        await client.call("CreateCollection", {"collectionId": client.collection})
        assert (await client.list()).reply == {"records": [], "nextPageToken": ""}
        counted = await client.call("CountRecords", {"parent": client.parent})
        assert counted.reply == {"count": "0", "estimated": False}

    await parity(scenario)


async def test_other_rules(
    grpc_transport: Transport, http_transport: HttpTransport, other_rules: HttpTransport
) -> None:
    """A batch get by POST is the same as by GET, and as over gRPC; an update by `:transform` the same as by PATCH."""
    parent = "collections/other-rules"
    paths = [f"{parent}/records/{letter}" for letter in "cab"]
    for path in paths:
        request = {"parent": parent, "recordId": path[-1], "record": FULL}
        assert (await grpc_transport.call("CreateRecord", request)).ok
    batch = {"parent": parent, "paths": paths, "readMask": "id,content.a.b"}
    replies = [await each.call("BatchGetRecords", batch) for each in (grpc_transport, http_transport, other_rules)]
    assert [record["id"] for record in replies[0].reply["records"]] == list("cab")
    assert replies[0].reply == replies[1].reply == replies[2].reply
    update = {"updateMask": "name,content.a.b.c", "requestId": "other-rules"}
    for number, transport in enumerate((grpc_transport, http_transport, other_rules)):
        record = {"path": paths[number], "name": "b", "content": {"a": {"b": {"c": 9}}}}
        changed = await transport.call("UpdateRecord", {**update, "requestId": str(number), "record": record})
        assert (changed.reply["name"], changed.reply["content"]["a"]["b"]) == ("b", {"c": 9, "d": 2})
