"""Records stand in the same order over both transports, under every order, also from page to page."""

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client
from tests.integration.parity.transports import Json

MIXED: dict[str, Json] = {
    "a": {"content": {"v": "b", "w": 1}},
    "b": {"content": {"v": 2, "w": 2}},
    "c": {"content": {"v": None, "w": 3}},
    "d": {"content": {"w": 1}},
    "e": {"content": {"v": True, "w": 2}},
    "f": {"content": {"v": False, "w": 3}},
    "g": {"content": {"v": [1], "w": 1}},
    "h": {"content": {"v": {"k": 1}, "w": 2}},
    "i": {"content": {"v": -1.5, "w": 3}},
    "j": {"content": {"v": "", "w": 1}},
    "k": {"content": {"v": "B", "w": 2}},
    "l": {"content": {"v": "\U0001f642", "w": 3}},
    "m": {"content": {"v": "\uffff", "w": 1}},
    "n": {"content": {"v": 2.0, "w": 1}},
    "o": {"content": {"v": "x" * 512 + "a", "w": 1}},
    "p": {"content": {"v": "x" * 512, "w": 1}},
}
ORDERS = {
    "": "abcdefghijklmnop",
    "content.v": "cdghfeibnjkaopml",
    "content.v asc": "cdghfeibnjkaopml",
    "content.v desc": "lmopakjbniefcdgh",
    "content.w, content.v": "dgnjaopmhebkcfil",
    "content.w desc, content.v": "cfilhebkdgnjaopm",
    "content.w,content.v desc": "mopajndgkbehlifc",
    "  content.w   desc ,id desc": "lifckhebponmjgda",
    "id desc": "ponmlkjihgfedcba",
    "content.missing, id desc": "ponmlkjihgfedcba",
    "content.missing desc": "abcdefghijklmnop",
    "path": "abcdefghijklmnop",
    "content.v.k": "abcdefgijklmnoph",
    "version, content.w, id": "adgjmnopbehkcfil",
    "create_time desc": "abcdefghijklmnop",
}


@pytest.mark.parametrize("order", ORDERS)
async def test_order(parity: Parity, order: str) -> None:
    """Missing values, then false, true, numbers and texts; ties by id. Pages of any size come in that order."""

    async def scenario(client: Client) -> None:
        await client.create_all(MIXED)
        assert "".join(await client.ids(orderBy=order)) == ORDERS[order]
        for size in (1, 3):
            found, token = "", ""
            while True:
                page = (await client.list(orderBy=order, pageSize=size, pageToken=token)).reply
                found += "".join(record["id"] for record in page["records"])
                if not (token := page["nextPageToken"]):
                    break
            assert found == ORDERS[order]

    await parity(scenario)


async def test_order_of_fields(parity: Parity) -> None:
    """Names go by code point, dates by time to the nanosecond, versions by number, unset times come first."""
    records = {
        "a": {"name": "é", "date": "2026-01-01T00:00:00.000000002Z", "expireTime": "2999-01-01T00:00:00Z"},
        "b": {"name": "Z", "date": "2026-01-01T00:00:00.000000001Z"},
        "c": {"name": "z", "date": "0001-01-01T00:00:00Z", "expireTime": "2998-01-01T00:00:00Z"},
        "d": {"name": "", "date": "9999-12-31T00:00:00Z"},
    }
    orders = {
        "name": "dbca",
        "name desc": "acbd",
        "date": "cbad",
        "date desc": "dabc",
        "expire_time, name": "dbca",
        "expire_time desc": "acbd",
        "version desc, date": "bcad",
        "update_time desc": "bacd",
        "revision desc": "bacd",
    }

    async def scenario(client: Client) -> None:
        await client.create_all(records)
        await client.update("b", {"tags": ["t"]})
        for order, expected in orders.items():
            assert "".join(await client.ids(orderBy=order)) == expected, order

    await parity(scenario)


async def test_pages_while_records_change(parity: Parity) -> None:
    """A list goes on behind its last record, whatever was created, changed or deleted in between."""

    async def scenario(client: Client) -> None:
        await client.create_all({letter: {"content": {"n": number}} for number, letter in enumerate("bcdfh")})
        query: Json = {"orderBy": "content.n", "pageSize": 2}
        page = (await client.list(**query)).reply
        await client.delete("c")
        await client.delete("d")
        await client.create({"content": {"n": 0.5}}, "a")
        await client.create({"content": {"n": 3.5}}, "g")
        rest = (await client.list(**query, pageToken=page["nextPageToken"])).reply
        assert [record["id"] for record in rest["records"]] == ["f", "g"]
        last = (await client.list(**query, pageToken=rest["nextPageToken"])).reply
        assert ([record["id"] for record in last["records"]], last["nextPageToken"]) == (["h"], "")

    await parity(scenario)
