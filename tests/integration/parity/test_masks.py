"""Partial updates: nested masks and transforms over both transports, and the merge patch that only HTTP has."""

from typing import Any

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client
from tests.integration.parity.transports import GrpcTransport, HttpTransport, Json

CONTENT: Json = {"a": {"b": 1, "c": {"d": [1, 2]}}, "e": "f", "camelCase": 1, "snake_case": 2, "odd, key": 3, "n": None}
NEW: Json = {"a": {"b": 9, "c": {"x": 8}}, "camelCase": 7, "snake_case": 6, "odd, key": {"y": 5}, "new": {"deep": [4]}}
MASKS: dict[str, Json] = {
    "content.a.b": CONTENT | {"a": {"b": 9, "c": {"d": [1, 2]}}},
    "content.a": CONTENT | {"a": NEW["a"]},
    "content.a.c.x": CONTENT | {"a": {"b": 1, "c": {"d": [1, 2], "x": 8}}},
    "content.a.c.d": CONTENT | {"a": {"b": 1, "c": {}}},
    "content.e,name": {key: value for key, value in CONTENT.items() if key != "e"},
    "content.camelCase,content.snake_case": CONTENT | {"camelCase": 7, "snake_case": 6},
    "content.`odd, key`.y": CONTENT,
    "content.`odd, key`": CONTENT | {"odd, key": {"y": 5}},
    "content.new.deep": CONTENT | {"new": {"deep": [4]}},
    "content.missing.deep": CONTENT,
    "content": NEW,
    "*": NEW,
    "name": CONTENT,
}


@pytest.mark.parametrize("mask", MASKS)
async def test_nested_mask(parity: Parity, mask: str) -> None:
    """A path below the content changes the value there, removes what the request lacks, and leaves the rest."""

    async def scenario(client: Client) -> None:
        await client.create({"name": "a", "tags": ["x"], "content": CONTENT}, "one")
        updated = await client.update("one", {"name": "b", "content": NEW}, mask)
        if mask == "content.`odd, key`.y":  # the value there is a number, which holds nothing
            assert (updated.kind, updated.reason) == ("INVALID_ARGUMENT", "INVALID_UPDATE_MASK")
            return
        assert updated.reply["content"] == MASKS[mask]
        assert updated.reply["name"] == ("b" if mask in ("name", "content.e,name", "*") else "a")
        assert updated.reply["tags"] == ([] if mask == "*" else ["x"])
        assert (await client.get("one")).reply == updated.reply

    await parity(scenario)


TRANSFORMS: dict[str, tuple[list[Json], Json]] = {
    "increment": ([{"field": "content.n", "increment": 2}], {"n": 3}),
    "decrement by a fraction": ([{"field": "content.n", "increment": -0.5}], {"n": 0.5}),
    "increment what is missing": ([{"field": "content.x.y", "increment": 1}], {"x": {"y": 1}}),
    "append": ([{"field": "content.l", "append": [1, None, {"k": [2]}]}], {"l": [1, "a", 1, None, {"k": [2]}]}),
    "append to nothing": ([{"field": "content.x", "append": [[]]}], {"x": [[]]}),
    "add to set": ([{"field": "content.l", "addToSet": ["a", "b", "b", 1.0, True]}], {"l": [1, "a", "b", True]}),
    "remove from set": ([{"field": "content.l", "removeFromSet": [1, "z"]}], {"l": ["a"]}),
    "remove from nothing": ([{"field": "content.x", "removeFromSet": [1]}], {"x": []}),
    "one after the other": (
        [{"field": "content.n", "increment": 1}, {"field": "content.n", "increment": 1}],
        {"n": 3},
    ),
    "an odd key": ([{"field": "content.`odd, key`", "increment": 1}], {"odd, key": 1}),
}


@pytest.mark.parametrize("title", TRANSFORMS)
async def test_transform(parity: Parity, title: str) -> None:
    """A transform changes the stored value, alone and in a batch, a transaction and an update with a mask."""
    transforms, changed = TRANSFORMS[title]
    before = {"n": 1, "l": [1, "a"]}

    async def scenario(client: Client) -> None:
        await client.create_all({letter: {"content": before, "tags": ["t"]} for letter in "abcd"})
        updates = [{"record": {"path": client.path(letter)}, "transforms": transforms} for letter in "abcd"]
        updates[3] |= {"updateMask": "name", "record": {"path": client.path("d"), "name": "n"}}
        await client.call("UpdateRecord", updates[0])
        await client.call("BatchUpdateRecords", {"parent": client.parent, "requests": updates[1:2]})
        await client.transact(then=[{"update": updates[2]}])
        await client.call("UpdateRecord", updates[3])
        for record in (await client.list()).reply["records"]:
            assert record["content"] == before | changed
            assert (record["version"], record["tags"]) == ("2", ["t"])
            assert record["name"] == ("n" if record["id"] == "d" else "")

    await parity(scenario)


async def test_transform_of_tags(parity: Parity) -> None:
    """Tags are a set: they are added and removed, trimmed and sorted."""

    async def scenario(client: Client) -> None:
        await client.create({"tags": ["a", "b"]}, "one")
        transforms = [{"field": "tags", "addToSet": [" c ", "a"]}, {"field": "tags", "removeFromSet": ["b", "z"]}]
        request = {"record": {"path": client.path("one")}, "transforms": transforms}
        assert (await client.call("UpdateRecord", request)).reply["tags"] == ["a", "c"]

    await parity(scenario)


PATCHES: dict[str, tuple[Json, str]] = {
    "one key": ({"content": {"e": "g"}}, "content.e"),
    "a nested key": ({"content": {"a": {"b": 2}}}, "content.a.b"),
    "a key removed": ({"content": {"a": {"c": None}}}, "content.a.c"),
    "a key that is not there removed": ({"content": {"x": {"y": None}}}, "content.x"),
    "an array replaced": ({"content": {"a": {"c": {"d": [3]}}}}, "content.a.c.d"),
    "an object over a text": ({"content": {"e": {"g": 1}}}, "content.e"),
    "other fields": ({"name": "b", "tags": None, "content": {"e": None}}, "name,tags,content.e"),
    "nothing of the content": ({"content": {}, "name": "b"}, "name"),
    "no content at all": ({"content": None}, "content"),
}


@pytest.mark.parametrize("title", PATCHES)
async def test_merge_patch(grpc_transport: GrpcTransport, http_transport: HttpTransport, title: str) -> None:
    """A merge patch over HTTP makes the record that the equivalent mask makes over gRPC."""
    patch, mask = PATCHES[title]
    parent = "collections/merged"
    before = {"name": "a", "tags": ["x"], "content": {"a": CONTENT["a"], "e": "f"}}
    one, two = [
        (await grpc_transport.call("CreateRecord", {"parent": parent, "record": before})).reply for _ in range(2)
    ]
    record = {"path": two["path"], **patch}
    patched = await http_transport.call(
        "UpdateRecord", {"record": record}, headers={"content-type": "application/merge-patch+json"}
    )
    assert patched.ok, patched
    values = _without_nulls(patch)
    if title == "a key that is not there removed":  # merging makes the object that would have held it
        values = {"content": {"x": {}}}
    masked = await grpc_transport.call("UpdateRecord", {"record": {"path": one["path"], **values}, "updateMask": mask})
    same = ("name", "tags", "content", "version")
    assert {name: patched.reply[name] for name in same} == {name: masked.reply[name] for name in same}
    assert (await grpc_transport.call("GetRecord", {"path": two["path"]})).reply == patched.reply


async def test_merge_patch_takes_no_mask(http_transport: HttpTransport) -> None:
    """A merge patch says itself what it changes: a mask beside it is refused, and nothing is changed."""
    made = (await http_transport.call("CreateRecord", {"parent": "collections/merged", "record": {"name": "a"}})).reply
    request = {"record": {"path": made["path"], "name": "b"}, "updateMask": "name"}
    refused = await http_transport.call(
        "UpdateRecord", request, headers={"content-type": "application/merge-patch+json"}
    )
    assert (refused.reason, refused.violations[0][0]) == ("INVALID_UPDATE_MASK", "update_mask")
    assert (await http_transport.call("GetRecord", {"path": made["path"]})).reply == made


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return value
