"""Records do the same over both transports: replies, stored state and log."""

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client

NESTED_32: dict = {}
for _ in range(31):
    NESTED_32 = {"a": NESTED_32}
DEEP_LIST: list = []
for _ in range(30):
    DEEP_LIST = [DEEP_LIST]

CONTENTS = {
    "empty": {},
    "every type": {
        "s": "text",
        "n": 1,
        "f": 1.5,
        "t": True,
        "x": False,
        "z": None,
        "o": {"k": []},
        "a": [1, "b", None, {}],
    },
    "32 objects, one in the other": NESTED_32,
    "32 levels of arrays": {"a": DEEP_LIST},
    "money": {"price": 19.99},
    "large and small numbers": {
        "a": 1e23,
        "b": 9007199254740994,
        "c": 5e-324,
        "d": 1.7976931348623157e308,
        "e": -5e-324,
    },
    "whole numbers": {
        "a": 1,
        "b": 1.0,
        "c": -0.0,
        "d": 1e16,
        "e": 123456789012345680,
        "f": -9007199254740992,
        "g": 1e15,
    },
    "empty and odd keys": {"": 1, " ": 2, "a.b": 3, "a/b": 4, "__proto__": 5, "fields": 6, "@type": 7, "$ref": 8},
    "unicode": {"ключ": "значение", "鍵": "値", "🔑": "👩‍👩‍👧", "é": "e\u0301", "\u202e": "\ufeff"},
    "control characters": {"text": 'a\tb\nc\r\x01\x1f\x7f\u2028\\"/'},
    "strings that look like others": {"a": "NaN", "b": "null", "c": "1e400", "d": "2026-01-31", "e": "\\ud800"},
}

NAMES = ["", "a", "n" * 512, "🙂" * 512, "Ünïcödé 名前", ' " \\ / <b>&amp; %00 ', "e\u0301", "\u202eright", "-", "null"]

DATES = [
    "2026-01-31T12:00:00Z",
    "2026-01-31T12:00:00.000000001Z",
    "2026-01-31T12:00:00.1Z",
    "2026-01-31T12:00:00.123456Z",
    "2026-01-31T12:00:00.999999999Z",
    "2026-01-31T23:30:00+05:30",
    "2026-01-31T00:15:00-11:45",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00.000000001Z",
    "9999-12-31T23:59:59.999999999Z",
    "1970-01-01T00:00:00Z",
    "1969-12-31T23:59:59.5Z",
    "2024-02-29T00:00:00Z",
]

TAGS = {
    "none": ([], []),
    "sorted": (["b", "a", "c"], ["a", "b", "c"]),
    "trimmed and each once": ([" a", "a ", "\ta\n", "b"], ["a", "b"]),
    "by code point": (["é", "z", "Z", "🙂", "\uffff", "a=b"], ["Z", "a=b", "z", "é", "\uffff", "🙂"]),
    "64 tags of 128 characters": ([f"{n:03}" + "🙂" * 125 for n in range(64)], None),
    "64 tags once, each twice": ([f"{n % 64}" for n in range(128)], None),
}


async def test_defaults(parity: Parity) -> None:
    """A record of nothing gets an id, empty fields, its create time as date, version 1 and an etag."""

    async def scenario(client: Client) -> None:
        record = (await client.create()).reply
        assert record["date"] == record["createTime"] == record["updateTime"]
        assert (record["name"], record["content"], record["tags"], record["version"]) == ("", {}, [], "1")
        assert record["path"] == client.path(record["id"])
        assert "deleteTime" not in record
        assert (await client.get(record["id"])).reply == record

    trace = await parity(scenario)
    assert [change["kind"] for change in trace.log] == ["COLLECTION_CREATED", "RECORD_CREATED"]


async def test_full_life(parity: Parity) -> None:
    """Create, get, list, update and delete: each reply is the resource, and each write one revision in the log."""

    async def scenario(client: Client) -> None:
        first = (await client.create({"name": "a", "tags": ["x"], "content": {"n": 1}}, "one")).reply
        assert first["id"] == "one"
        await client.get("one")
        await client.list()
        second = (await client.update("one", {"name": "b"}, "name")).reply
        assert (second["name"], second["tags"], second["content"], second["version"]) == ("b", ["x"], {"n": 1}, "2")
        assert second["etag"] != first["etag"]
        third = (await client.delete("one", second["etag"])).reply
        assert third["deleteTime"] == third["updateTime"]
        assert (await client.get("one")).reason == "RECORD_DELETED"
        assert (await client.list()).reply["records"] == []

    trace = await parity(scenario)
    kinds = ["COLLECTION_CREATED", "RECORD_CREATED", "RECORD_UPDATED", "RECORD_DELETED"]
    assert [change["kind"] for change in trace.log] == kinds
    assert [change["version"] for change in trace.log] == [1, 1, 2, 3]
    assert {change["actor"] for change in trace.log} == {"anonymous"}


@pytest.mark.parametrize("where", ["record_id", "record.id", "both"])
async def test_chosen_id(parity: Parity, where: str) -> None:
    """An id of one's own is taken from the request, the record, or both when they agree."""
    longest = "0" + "a.b_c-9" * 18 + "z"
    assert len(longest) == 128

    async def scenario(client: Client) -> None:
        record = {} if where == "record_id" else {"id": longest}
        created = await client.create(record, "" if where == "record.id" else longest)
        assert created.reply["path"] == client.path(longest)
        assert (await client.get(longest)).reply == created.reply

    await parity(scenario)


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
async def test_content(parity: Parity, content: dict) -> None:
    """What was accepted as content comes back equal, over either transport, whichever one wrote it."""

    async def scenario(client: Client) -> None:
        assert (await client.create({"content": content}, "one")).reply["content"] == content
        assert (await client.get("one")).reply["content"] == content

    await parity(scenario)


async def test_key_order_is_no_difference(parity: Parity) -> None:
    """Contents that differ only in the order of their keys are equal."""

    async def scenario(client: Client) -> None:
        one = await client.create({"content": {"a": 1, "b": {"c": 2, "d": 3}}})
        two = await client.create({"content": {"b": {"d": 3, "c": 2}, "a": 1}})
        assert one.reply["content"] == two.reply["content"]

    await parity(scenario)


@pytest.mark.parametrize("name", NAMES)
async def test_name(parity: Parity, name: str) -> None:
    """A name comes back as it was sent, to the limit of 512 characters."""

    async def scenario(client: Client) -> None:
        assert (await client.create({"name": name})).reply["name"] == name

    await parity(scenario)


@pytest.mark.parametrize("date", DATES)
async def test_date(parity: Parity, date: str) -> None:
    """A date keeps its nanoseconds and its instant, from year 1 to 9999, whatever its offset."""

    async def scenario(client: Client) -> None:
        created = await client.create({"date": date})
        assert created.ok
        if date.endswith("Z"):
            assert _same_instant(created.reply["date"], date)

    await parity(scenario)


async def test_dates_with_an_offset(parity: Parity) -> None:
    """A date with an offset is answered in UTC."""

    async def scenario(client: Client) -> None:
        assert (await client.create({"date": "2026-01-31T23:30:00+05:30"})).reply["date"] == "2026-01-31T18:00:00Z"
        assert (await client.create({"date": "2026-01-31T20:00:00-11:45"})).reply["date"] == "2026-02-01T07:45:00Z"

    await parity(scenario)


@pytest.mark.parametrize(("tags", "stored"), TAGS.values(), ids=TAGS)
async def test_tags(parity: Parity, tags: list[str], stored: list[str] | None) -> None:
    """Tags are a set: trimmed, each once, sorted by code point, to the limit of 64 tags of 128 characters."""

    async def scenario(client: Client) -> None:
        expected = sorted(set(tags)) if stored is None else stored
        assert (await client.create({"tags": tags})).reply["tags"] == expected

    await parity(scenario)


async def test_fields_of_the_service_are_ignored(parity: Parity) -> None:
    """A record that was read can be created elsewhere as it is: what the service sets is not taken from it."""

    async def scenario(client: Client) -> None:
        source = (await client.create({"name": "a", "date": "2020-01-01T00:00:00Z"}, "one")).reply
        copied = await client.create({**source, "id": "two", "revision": "77", "version": "9"})
        assert (copied.reply["version"], copied.reply["path"]) == ("1", client.path("two"))
        assert copied.reply["etag"] != source["etag"]
        assert copied.reply["date"] == source["date"]

    await parity(scenario)


def _same_instant(one: str, other: str) -> bool:
    def canonical(text: str) -> tuple[str, str]:
        seconds, _, fraction = text.removesuffix("Z").partition(".")
        return seconds, fraction.ljust(9, "0")

    return canonical(one) == canonical(other)
