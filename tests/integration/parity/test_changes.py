"""Updates and deletes do the same over both transports: masks, etags, and what is gone."""

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client

FULL = {"name": "a", "date": "2020-01-01T00:00:00Z", "content": {"k": 1}, "tags": ["x"]}
OTHER = {"name": "b", "date": "2021-01-01T00:00:00Z", "content": {"l": 2}, "tags": ["y"]}
MASKS = {
    "name": ({"name"}, OTHER),
    "date": ({"date"}, OTHER),
    "content": ({"content"}, OTHER),
    "tags": ({"tags"}, OTHER),
    "name,tags": ({"name", "tags"}, OTHER),
    "tags,name,tags": ({"name", "tags"}, OTHER),
    "*": (set(FULL), OTHER),
    "": (set(OTHER), OTHER),
}


@pytest.mark.parametrize("mask", MASKS)
async def test_update_mask(parity: Parity, mask: str) -> None:
    """An update changes what its mask names, an empty mask what the request holds, and nothing else."""
    fields, values = MASKS[mask]

    async def scenario(client: Client) -> None:
        await client.create(FULL, "one")
        updated = (await client.update("one", values, mask)).reply
        for name in FULL:
            assert updated[name] == (values if name in fields else FULL)[name]
        assert updated["version"] == "2"
        assert (await client.get("one")).reply == updated

    await parity(scenario)


async def test_update_without_a_mask(parity: Parity) -> None:
    """Without a mask the fields of the request are changed, the others stay."""

    async def scenario(client: Client) -> None:
        await client.create(FULL, "one")
        updated = (await client.update("one", {"name": "b", "content": {"l": 2}})).reply
        assert (updated["name"], updated["content"], updated["tags"]) == ("b", {"l": 2}, ["x"])
        assert updated["date"] == FULL["date"]

    await parity(scenario)


@pytest.mark.parametrize("mask", ["*", "name,date,content,tags"])
async def test_masked_and_missing_is_emptied(parity: Parity, mask: str) -> None:
    """A field that the mask names and the request lacks gets its empty value; the date its create time."""

    async def scenario(client: Client) -> None:
        created = (await client.create(FULL, "one")).reply
        updated = (await client.update("one", {}, mask)).reply
        assert (updated["name"], updated["content"], updated["tags"]) == ("", {}, [])
        assert updated["date"] == created["createTime"]

    await parity(scenario)


async def test_update_with_etag(parity: Parity) -> None:
    """The current etag lets an update and a delete pass; the update of a read record needs nothing else."""

    async def scenario(client: Client) -> None:
        created = (await client.create(FULL, "one")).reply
        updated = await client.call("UpdateRecord", {"record": {**created, "name": "b"}, "updateMask": "name"})
        assert updated.reply["name"] == "b"
        assert (await client.delete("one", updated.reply["etag"])).ok

    await parity(scenario)


async def test_wrong_etag(parity: Parity) -> None:
    """A wrong etag stops an update and a delete, and the answer says the current etag and version."""

    async def scenario(client: Client) -> None:
        old = (await client.create(FULL, "one")).reply
        current = (await client.update("one", {"name": "b"})).reply
        for refused in (
            await client.update("one", {"name": "c", "etag": old["etag"]}),
            await client.delete("one", old["etag"]),
            await client.delete("one", "nonsense"),
        ):
            assert (refused.kind, refused.reason) == ("ABORTED", "ETAG_MISMATCH")
            assert refused.metadata["etag"] == current["etag"]
            assert refused.metadata["version"] == "2"
        assert (await client.get("one")).reply == current

    await parity(scenario)


async def test_deleted_record(parity: Parity) -> None:
    """A deleted record is NOT_FOUND to every operation, and its id stays taken."""

    async def scenario(client: Client) -> None:
        await client.create(FULL, "one")
        await client.delete("one")
        for refused in (await client.get("one"), await client.update("one", OTHER), await client.delete("one")):
            assert (refused.kind, refused.reason) == ("NOT_FOUND", "RECORD_DELETED")
        taken = await client.create({}, "one")
        assert (taken.kind, taken.reason) == ("ALREADY_EXISTS", "RECORD_EXISTS")
        assert taken.metadata["path"] == client.path("one")

    await parity(scenario)
