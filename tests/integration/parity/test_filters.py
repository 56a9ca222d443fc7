"""Every operator of a filter on every type of field finds the same records over both transports."""

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client
from tests.integration.parity.transports import Json

RECORDS: dict[str, Json] = {
    "a": {
        "name": "alpha",
        "date": "2026-01-01T00:00:00Z",
        "tags": ["red"],
        "content": {"n": 1, "t": "x", "b": True, "z": None, "l": [1, "x", None, True], "o": {"k": "v", "n": None}},
    },
    "b": {
        "name": "Beta",
        "date": "2026-02-01T00:00:00.000000001Z",
        "tags": ["red", "green"],
        "content": {"n": 2.5, "t": "xy", "b": False, "l": [], "o": {}},
    },
    "c": {
        "name": "",
        "date": "1969-12-31T00:00:00Z",
        "content": {"n": "1", "t": 1, "b": 1, "l": "x", "o": [{"k": 1}]},
    },
    "d": {"name": "10", "date": "2026-01-01T00:00:00Z", "tags": ["two words", "reddish"]},
    "e": {
        "name": "ünï \U0001f642",
        "date": "9999-12-31T23:59:59.999999999Z",
        "tags": ["red*"],
        "expireTime": "2999-01-01T00:00:00Z",
        "content": {"n": -3, "t": "a*b", "odd key": 7, "d": {"x": {"y": 1e23}}, "l": ["xyz", 2.5]},
    },
}

TEXTS = {
    "name = alpha": "a",
    "name:alpha": "a",
    "name != alpha": "bcde",
    "name < alpha": "bcd",
    "name <= alpha": "abcd",
    "name > alpha": "e",
    "name >= Beta": "abe",
    'name = ""': "c",
    "name = al*": "a",
    "name = *a": "ab",
    "name:*et*": "b",
    "name != *a": "cde",
    "name = BETA": "",
    "name = 10": "d",
    'name = "ünï \U0001f642"': "e",
    "name = ü*": "e",
    "id = c": "c",
    "id > c": "de",
    "id = 1*": "",
    "path = */records/b": "b",
}
NUMBERS = {
    "version = 1": "abcde",
    "version:1": "abcde",
    "version != 1": "",
    "version < 1": "",
    "version <= 1": "abcde",
    "version > 1": "",
    "version >= 2": "",
    "revision >= 1": "abcde",
    "revision = 9223372036854775807": "",
    "content.n = 1": "a",
    "content.n = 1.0": "a",
    "content.n:1": "a",
    'content.n = "1"': "c",
    "content.n != 1": "bcde",
    "content.n < 1": "e",
    "content.n <= 1": "ae",
    "content.n > 1": "b",
    "content.n >= -3": "abe",
    "content.d.x.y = 1e23": "e",
    "content.`odd key` = 7": "e",
    'content."odd key" < 8': "e",
    "content.b = 1": "c",
}
TIMES = {
    "date = 2026-01-01": "ad",
    "date:2026-01-01T00:00:00Z": "ad",
    "date != 2026-01-01": "bce",
    "date < 2026-01-01": "c",
    "date <= 2026-01-01T00:00:00.000Z": "acd",
    "date > 2026-02-01": "be",
    "date > 2026-02-01T00:00:00.000000001Z": "e",
    "date >= 2026-02-01T00:00:00.000000001Z": "be",
    'date = "2026-01-01T01:00:00+01:00"': "ad",
    "date <= 9999-12-31T23:59:59.999999999Z": "abcde",
    "create_time > 2026-01-01": "abcde",
    "update_time < 2026-01-01": "",
    "expire_time = 2999-01-01": "e",
    "expire_time = null": "abcd",
    "expire_time != null": "e",
    "expire_time:*": "e",
    "expire_time > 2000-01-01": "e",
    "NOT expire_time > 2000-01-01": "abcd",
    "delete_time:*": "",
    "purge_time = null": "abcde",
}
VALUES = {
    "content.t = x": "a",
    "content.t:x": "a",
    "content.t = x*": "ab",
    "content.t < y": "abe",
    "content.t >= x": "ab",
    "content.t != x": "bcde",
    'content.t = "a\\*b"': "e",
    "content.t = 1": "c",
    "content.t = missing": "",
    "content.b = true": "a",
    "content.b = false": "b",
    "content.b != true": "bcde",
    'content.b = "true"': "",
    "content.z = null": "abcde",
    "content.t = null": "d",
    "content.t != null": "abce",
    "content.t:*": "abce",
    "content.z:*": "",
    "content.l:1": "a",
    "content.l:x": "ac",
    "content.l:null": "ad",
    "content.l:true": "a",
    "content.l:2.5": "e",
    "content.l = x*": "ace",
    "content.l:x*": "ace",
    "content.l = 1": "",
    "content.l < 3": "",
    "content.l:*": "abce",
    "content.o:k": "a",
    "content.o:v": "",
    "content.o.k = v": "a",
    "content.o.k:*": "a",
    "content.o:n": "a",
    "content.o.k.deeper = 1": "",
    "content:n": "abce",
    "content:missing": "",
}
TAGS = {
    "tags:red": "ab",
    'tags:"two words"': "d",
    "tags:re": "",
    "tags:red*": "abde",
    'tags:"red\\*"': "e",
    "tags:*": "abde",
    "NOT tags:*": "c",
    "-tags:red": "cde",
    "tags:RED": "",
}
JOINED = {
    "": "abcde",
    "  ": "abcde",
    "tags:red AND content.n > 1": "b",
    "tags:red OR name = 10": "abd",
    "(tags:red OR name = 10) AND NOT tags:green": "ad",
    "NOT (tags:red OR name = 10)": "ce",
    "NOT NOT tags:red": "ab",
    "-(-tags:green)": "b",
    "tags:red AND tags:green AND content.b = false": "b",
    "((((((((tags:red))))))))": "ab",
    " tags : red   AND   ( name=alpha ) ": "a",
    " OR ".join(f"id = {letter}" for letter in "edcbazyx"): "abcde",
}
GROUPS = {"texts": TEXTS, "numbers": NUMBERS, "times": TIMES, "values": VALUES, "tags": TAGS, "joined": JOINED}


@pytest.mark.parametrize("group", GROUPS)
async def test_filters(parity: Parity, group: str) -> None:
    """A filter finds the records it speaks of, and no others; a count by it says how many."""

    async def scenario(client: Client) -> None:
        assert (await client.create_all(RECORDS)).ok
        for text, expected in GROUPS[group].items():
            assert await client.ids(filter=text) == list(expected), text
            counted = await client.call("CountRecords", {"parent": client.parent, "filter": text})
            assert counted.reply == {"count": str(len(expected)), "estimated": False}, text

    await parity(scenario)


async def test_filters_with_an_index(parity: Parity) -> None:
    """With declared indexes a filter finds the same records."""

    async def scenario(client: Client) -> None:
        fields = ["content.n", "content.t", "content.b", "content.l", "content.o", "name", "expire_time"]
        collection = {"id": client.collection, "indexes": [{"field": each} for each in fields]}
        created = await client.call("CreateCollection", {"collection": collection})
        assert {each["state"] for each in created.reply["indexes"]} == {"READY"}
        await client.create_all(RECORDS)
        for text, expected in (VALUES | NUMBERS | TEXTS | TIMES).items():
            assert await client.ids(filter=text) == list(expected), text

    await parity(scenario)
