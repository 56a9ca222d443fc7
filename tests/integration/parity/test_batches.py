"""Batches do all or nothing over both transports, and name the item that fails."""

import itertools
from collections.abc import Callable

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client
from tests.integration.parity.transports import Json, Outcome, Transport

_BATCH_SIZE = 1_000


async def test_full_life(parity: Parity) -> None:
    """Created, read, updated and deleted at once: replies in the order of the request, each batch one revision."""

    async def scenario(client: Client) -> None:
        records = {letter: {"name": letter, "tags": ["t"]} for letter in "cab"}
        made = (await client.create_all(records)).reply["records"]
        assert [record["id"] for record in made] == list("cab")
        parent = {"parent": client.parent}
        got = await client.call("BatchGetRecords", parent | {"paths": [client.path(letter) for letter in "bac"]})
        assert [record["name"] for record in got.reply["records"]] == list("bac")
        updates = [{"record": {"path": client.path(letter), "name": letter * 2}} for letter in "ab"]
        updates[0]["updateMask"] = "*"
        changed = (await client.call("BatchUpdateRecords", parent | {"requests": updates})).reply["records"]
        assert [(record["name"], record["tags"]) for record in changed] == [("aa", []), ("bb", ["t"])]
        deletes = [{"path": client.path(letter)} for letter in "ca"]
        gone = (await client.call("BatchDeleteRecords", parent | {"requests": deletes})).reply["records"]
        assert [record["id"] for record in gone] == list("ca")
        assert await client.ids() == ["b"]

    trace = await parity(scenario)
    assert [(change["revision"], change["ordinal"]) for change in trace.log] == [
        *((1, ordinal) for ordinal in range(4)), (2, 0), (2, 1), (3, 0), (3, 1)
    ]  # fmt: skip


async def test_across_collections(parity: Parity) -> None:
    """With the parent `collections/-` each item names its own collection, also one that is not there yet."""

    async def scenario(client: Client) -> None:
        other, everywhere = client.parent + "-other", {"parent": "collections/-"}
        items = [{"parent": parent, "recordId": "one"} for parent in (client.parent, other)]
        made = await client.call("BatchCreateRecords", everywhere | {"requests": items})
        paths = [client.path("one"), f"{other}/records/one"]
        assert [record["path"] for record in made.reply["records"]] == paths
        got = await client.call("BatchGetRecords", everywhere | {"paths": paths[::-1]})
        assert [record["path"] for record in got.reply["records"]] == paths[::-1]
        updates = [{"record": {"path": path, "name": "b"}} for path in paths]
        assert (await client.call("BatchUpdateRecords", everywhere | {"requests": updates})).ok
        deletes = [{"path": path} for path in paths]
        assert (await client.call("BatchDeleteRecords", everywhere | {"requests": deletes})).ok

    await parity(scenario)


Fault = tuple[Json, str, str, str]
"""What is wrong with an item, with the kind, the reason and the field that the answer names."""

CREATES: dict[str, Fault] = {
    "an id that is taken": ({"recordId": "one"}, "ALREADY_EXISTS", "RECORD_EXISTS", ""),
    "the id of a deleted record": ({"recordId": "gone"}, "ALREADY_EXISTS", "RECORD_EXISTS", ""),
    "a bad id": ({"recordId": "Bad"}, "INVALID_ARGUMENT", "INVALID_ID", "record_id"),
    "a bad name": ({"record": {"name": "a\n"}}, "INVALID_ARGUMENT", "INVALID_TEXT", "record.name"),
    "a bad content": (
        {"record": {"content": {"a": ["\0"]}}},
        "INVALID_ARGUMENT",
        "INVALID_TEXT",
        "record.content.a[0]",
    ),
    "a bad ttl": ({"record": {"ttl": "-1s"}}, "INVALID_ARGUMENT", "INVALID_FIELD", "record.ttl"),
    "another parent": ({"parent": "collections/other"}, "INVALID_ARGUMENT", "INVALID_FIELD", "."),
    "a record twice": ({"recordId": "first"}, "INVALID_ARGUMENT", "INVALID_FIELD", "."),
    "an id of a request": ({"requestId": "r"}, "INVALID_ARGUMENT", "INVALID_REQUEST_ID", "request_id"),
    "a rehearsal": ({"validateOnly": True}, "INVALID_ARGUMENT", "INVALID_FIELD", "validate_only"),
}
UPDATES: dict[str, Fault] = {
    "nobody": ({"record": {"path": "nobody"}}, "NOT_FOUND", "RECORD_NOT_FOUND", ""),
    "a deleted record": ({"record": {"path": "gone"}}, "NOT_FOUND", "RECORD_DELETED", ""),
    "no path": ({"record": {}}, "INVALID_ARGUMENT", "INVALID_ID", "record.path"),
    "a bad mask": (
        {"record": {"path": "one"}, "updateMask": "version"}, "INVALID_ARGUMENT", "INVALID_UPDATE_MASK", "update_mask"
    ),
    "a bad transform": (
        {"record": {"path": "one"}, "transforms": [{"field": "name", "increment": 1}]},
        "INVALID_ARGUMENT", "INVALID_TRANSFORM", "transforms[0].field",
    ),
    "another id": ({"record": {"path": "one", "id": "two"}}, "INVALID_ARGUMENT", "INVALID_FIELD", "record.id"),
    "a stale etag": ({"record": {"path": "one", "etag": '"0-00000000"'}}, "ABORTED", "ETAG_MISMATCH", ""),
    "a record twice": ({"record": {"path": "two"}}, "INVALID_ARGUMENT", "INVALID_FIELD", "."),
}  # fmt: skip
DELETES: dict[str, Fault] = {
    "nobody": ({"path": "nobody"}, "NOT_FOUND", "RECORD_NOT_FOUND", ""),
    "a deleted record": ({"path": "gone"}, "NOT_FOUND", "RECORD_DELETED", ""),
    "a bad path": ({"path": "collections/a"}, "INVALID_ARGUMENT", "INVALID_ID", "path"),
    "another collection": ({"path": "collections/other/records/a"}, "INVALID_ARGUMENT", "INVALID_FIELD", "."),
    "a stale etag": ({"path": "one", "etag": '"0-00000000"'}, "ABORTED", "ETAG_MISMATCH", ""),
    "an id of a request": ({"path": "one", "requestId": "r"}, "INVALID_ARGUMENT", "INVALID_REQUEST_ID", "request_id"),
}


def _in_collection(client: Client, item: Json) -> Json:
    """The item with the whole paths of its records."""
    found = dict(item)
    if "record" in found:
        found["record"] = _in_collection(client, found["record"])
    if "path" in found and "/" not in found["path"]:
        found["path"] = client.path(found["path"])
    return found


Items = Callable[[Client], list[Json]]
BATCHES: dict[str, tuple[dict[str, Fault], Items]] = {
    "BatchCreateRecords": (CREATES, lambda _: [{"recordId": "first"}, {"recordId": "second"}]),
    "BatchUpdateRecords": (
        UPDATES,
        lambda client: [{"record": {"path": client.path(each), "name": "b"}} for each in ("two", "three")],
    ),
    "BatchDeleteRecords": (DELETES, lambda client: [{"path": client.path(each)} for each in ("two", "three")]),
}


@pytest.mark.parametrize(("operation", "title"), [(name, title) for name in BATCHES for title in BATCHES[name][0]])
async def test_one_bad_item(parity: Parity, operation: str, title: str) -> None:
    """One bad item fails the batch: its index is in metadata, fields and message; nothing is stored."""
    faults, items = BATCHES[operation]
    bad, kind, reason, field = faults[title]

    async def scenario(client: Client) -> None:
        await client.create_all({record_id: {} for record_id in ("one", "two", "three", "gone")})
        await client.delete("gone")
        before = (await client.list(showDeleted=True)).reply
        good = items(client)
        requests = [*good, _in_collection(client, bad)]
        refused = await client.call(operation, {"parent": client.parent, "requests": requests})
        assert (refused.kind, refused.reason) == (kind, reason), refused
        _assert_named(refused, "requests[2]", 2, field)
        assert (await client.list(showDeleted=True)).reply == before

    await parity(scenario)


def _assert_named(refused: Outcome, prefix: str, index: int, field: str) -> None:
    assert refused.metadata["index"] == str(index), refused
    assert refused.message.startswith(prefix), refused
    fields = [violation[0] for violation in refused.violations]
    expected = {"": [], ".": [prefix]}.get(field, [f"{prefix}.{field}"])
    assert fields == expected


@pytest.mark.parametrize(
    ("missing", "reason"),
    [("nobody", "RECORD_NOT_FOUND"), ("gone", "RECORD_DELETED"), ("Bad", "INVALID_ID"), ("", "INVALID_ID")],
)
async def test_get_of_one_missing(parity: Parity, missing: str, reason: str) -> None:
    """A batch get of a record that is not there names it by its index."""

    async def scenario(client: Client) -> None:
        await client.create_all({record_id: {} for record_id in ("one", "gone")})
        await client.delete("gone")
        paths = [client.path("one"), client.path(missing), client.path("one")]
        refused = await client.call("BatchGetRecords", {"parent": client.parent, "paths": paths})
        assert refused.reason == reason
        _assert_named(refused, "paths[1]", 1, "." if reason == "INVALID_ID" else "")

    await parity(scenario)


async def test_largest_batch(parity: Parity) -> None:
    """1,000 items are taken, under one revision; one more is refused before any is looked at."""

    async def scenario(client: Client) -> None:
        parent, mask = {"parent": client.parent}, {"readMask": "id"}
        items = [{"recordId": f"{number:04}"} for number in range(_BATCH_SIZE)]
        made = await client.call("BatchCreateRecords", parent | mask | {"requests": items})
        assert len(made.reply["records"]) == _BATCH_SIZE
        deletes = [{"path": client.path(item["recordId"])} for item in items]
        refused = [
            await client.call("BatchCreateRecords", parent | {"requests": [*items, {}]}),
            await client.call("BatchDeleteRecords", parent | {"requests": [*deletes, {}]}),
            await client.call("BatchUpdateRecords", parent | {"requests": [{}] * 1_001}),
            await client.transact(then=[{"delete": item} for item in [*deletes, {}]]),
            await client.transact(compare=[{"path": client.path("a"), "exists": True}] * 1_001),
        ]
        fields = ["requests", "requests", "requests", "then", "compare"]
        for outcome, field in zip(refused, fields, strict=True):
            assert (outcome.kind, outcome.reason) == ("INVALID_ARGUMENT", "BATCH_TOO_LARGE")
            assert outcome.violations[0][0] == field
        assert (await client.call("BatchDeleteRecords", parent | mask | {"requests": deletes})).ok

    await parity(scenario)


async def test_reply_that_is_too_large(transports: list[Transport], numbers: "itertools.count[int]") -> None:
    """A reply of more than 2 MiB is refused before anything is stored, unless a mask makes it small."""
    for transport in transports:
        parent = f"collections/heavy-{next(numbers)}"
        items = [{"recordId": letter, "record": {"content": {"t": "a" * 900_000}}} for letter in "abc"]
        batch: Json = {"parent": parent, "requests": items}
        refused = await transport.call("BatchCreateRecords", batch)
        assert (refused.kind, refused.reason) == ("RESOURCE_EXHAUSTED", "REPLY_TOO_LARGE")
        assert (await transport.call("GetCollection", {"path": parent})).reason == "COLLECTION_NOT_FOUND"
        assert (await transport.call("BatchCreateRecords", batch | {"readMask": "id"})).ok
        paths = {"parent": parent, "paths": [f"{parent}/records/{letter}" for letter in "abc"]}
        assert (await transport.call("BatchGetRecords", paths)).reason == "REPLY_TOO_LARGE"
        assert (await transport.call("BatchGetRecords", paths | {"readMask": "name"})).ok
        steps = [{"get": {"path": path}} for path in paths["paths"]]
        assert (await transport.call("TransactRecords", {"then": steps})).reason == "REPLY_TOO_LARGE"


async def test_batch_that_is_too_large(transports: list[Transport], numbers: "itertools.count[int]") -> None:
    """More than 8 MiB of contents are too much for one batch; nothing of it is stored."""
    for transport in transports:
        parent = f"collections/heavy-{next(numbers)}"
        items = [{"record": {"content": {"t": "a" * 1_000_000}}} for _ in range(9)]
        refused = await transport.call("BatchCreateRecords", {"parent": parent, "requests": items, "readMask": "id"})
        assert (refused.kind, refused.reason) == ("RESOURCE_EXHAUSTED", "REQUEST_TOO_LARGE")
        assert (await transport.call("GetCollection", {"path": parent})).reason == "COLLECTION_NOT_FOUND"


async def test_empty_batch(parity: Parity) -> None:
    """A batch of nothing does nothing, and says so."""

    async def scenario(client: Client) -> None:
        await client.create({}, "one")
        for operation, items in (
            ("BatchGetRecords", "paths"),
            ("BatchCreateRecords", "requests"),
            ("BatchUpdateRecords", "requests"),
            ("BatchDeleteRecords", "requests"),
        ):
            outcome = await client.call(operation, {"parent": client.parent, items: []})
            assert outcome.reply == {"records": []}

    await parity(scenario)
