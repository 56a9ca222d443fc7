"""Lists, pages, filters and tokens are the same over both transports, and a token of one is good on the other."""

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client, list_all
from tests.integration.parity.transports import GrpcTransport, HttpTransport, Json, Outcome, Transport

TAGS = {"a": ["red"], "b": ["red", "two words"], "c": ["green"], "d": ["red", 'say "hi"'], "e": ["AND", "red"]}
FILTERS = {
    "": ["a", "b", "c", "d", "e"],
    "   ": ["a", "b", "c", "d", "e"],
    "tags:red": ["a", "b", "d", "e"],
    "tags:green": ["c"],
    "tags:none": [],
    'tags:"two words"': ["b"],
    'tags:"say \\"hi\\""': ["d"],
    "tags:red AND tags:green": [],
    ' tags : red   AND   tags:"two words" ': ["b"],
    "tags:red AND tags:red": ["a", "b", "d", "e"],
    'tags:"AND"': ["e"],
    "tags:RED": [],
    "tags:re": [],
}


@pytest.mark.parametrize("text", FILTERS)
async def test_filter(parity: Parity, text: str) -> None:
    """A filter finds the records that have all of its tags, and no others."""

    async def scenario(client: Client) -> None:
        for record_id, tags in TAGS.items():
            await client.create({"tags": tags}, record_id)
        found = (await client.list(filter=text)).reply["records"]
        assert [record["id"] for record in found] == FILTERS[text]

    await parity(scenario)


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 1000, 5000, 0])
async def test_pages(parity: Parity, size: int) -> None:
    """Pages of any size hold each live record once, in the order of ids; too large a size is served as the largest."""

    async def scenario(client: Client) -> None:
        ids = ["0", "a", "a-b", "a.b", "a_b", "b", "z"]
        for record_id in reversed(ids):
            await client.create({}, record_id)
        await client.delete("b")
        found, token = [], ""
        while True:
            page = (await client.list(pageSize=size, pageToken=token)).reply
            found += [record["id"] for record in page["records"]]
            if not (token := page["nextPageToken"]):
                break
            assert len(page["records"]) == size
        assert found == sorted(set(ids) - {"b"})

    await parity(scenario)


async def test_default_and_largest_page(transports: list[Transport]) -> None:
    """Without a size a page holds 50 records, and never more than 1,000."""
    parent = "collections/many"
    for count, letter in ((1_000, "a"), (1, "b")):
        items = [{"recordId": f"{letter}{number:03}"} for number in range(count)]
        batch = {"parent": parent, "requests": items, "readMask": "id"}
        assert (await transports[0].call("BatchCreateRecords", batch)).ok
    for transport in transports:
        for size, count in ((0, 50), (1000, 1000), (5000, 1000), ((1 << 31) - 1, 1000)):
            page = (await transport.call("ListRecords", {"parent": parent, "pageSize": size})).reply
            assert len(page["records"]) == count
            assert page["nextPageToken"]


async def test_token_of_the_other_transport(transports: list[Transport]) -> None:
    """A list begun over one transport goes on over the other."""
    parent = "collections/shared-tokens"
    for number in range(6):
        await transports[0].call("CreateRecord", {"parent": parent, "recordId": str(number), "record": {"tags": ["t"]}})
    for turn in range(2):
        query, found = {"parent": parent, "pageSize": 1, "filter": "tags:t"}, []
        for number in range(6):
            page = (await transports[(turn + number) % 2].call("ListRecords", query)).reply
            found += [record["id"] for record in page["records"]]
            query["pageToken"] = page["nextPageToken"]
        assert found == list("012345")
        assert query["pageToken"] == ""


QUERY = {"filter": "tags:t", "orderBy": "content.n desc", "pageSize": 1}
OTHER_QUERIES: dict[str, Json] = {
    "another filter": {"filter": "tags:u"},
    "no filter": {"filter": ""},
    "another order": {"orderBy": "content.n"},
    "no order": {"orderBy": ""},
    "deleted records too": {"showDeleted": True},
    "all collections": {"parent": "collections/-"},
}


@pytest.mark.parametrize("change", OTHER_QUERIES)
async def test_token_of_another_query(parity: Parity, change: str) -> None:
    """A token opens only the list that it came from."""

    async def scenario(client: Client) -> None:
        await client.create_all({record_id: {"tags": ["t"]} for record_id in "abc"})
        token = (await client.list(**QUERY)).reply["nextPageToken"]
        _assert_refused(await client.list(**QUERY | {"pageToken": token} | OTHER_QUERIES[change]))

    await parity(scenario)


async def test_token_of_another_list(parity: Parity) -> None:
    """A token of one collection opens no other one, and no list of collections."""

    async def scenario(client: Client) -> None:
        await client.create_all({record_id: {} for record_id in "abc"})
        token = (await client.list(pageSize=1)).reply["nextPageToken"]
        _assert_refused(await client.list(parent=client.parent + "-other", pageToken=token))
        _assert_refused(await client.call("ListCollections", {"pageToken": token}))

    await parity(scenario)


async def test_forged_token(parity: Parity) -> None:
    """A token opens only as it came: changed at any place, cut or doubled, it is none."""

    async def scenario(client: Client) -> None:
        await client.create_all({record_id: {} for record_id in "abc"})
        token = (await client.list(pageSize=1)).reply["nextPageToken"]
        forged = [token[:-2], token + token, token + "=", token + "A", token.swapcase()]
        forged += [token[:at] + ("B" if token[at] == "A" else "A") + token[at + 1 :] for at in range(0, len(token), 5)]
        for each in forged:
            _assert_refused(await client.list(pageToken=each))

    await parity(scenario)


def _assert_refused(outcome: Outcome) -> None:
    assert (outcome.kind, outcome.reason) == ("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN")
    assert outcome.violations[0][0] == "page_token"


async def test_what_a_token_leaves_open(parity: Parity) -> None:
    """The size of a page and the fields it shows may change from one page to the next."""

    async def scenario(client: Client) -> None:
        await client.create_all({record_id: {"tags": ["t"]} for record_id in "abc"})
        token = (await client.list(pageSize=1, filter="tags:t")).reply["nextPageToken"]
        page = await client.list(pageSize=9, filter="tags:t", readMask="id", pageToken=token)
        assert page.reply["records"] == [{"id": "b"}, {"id": "c"}]

    await parity(scenario)


async def test_page_ends_at_two_mebibytes(transports: list[Transport]) -> None:
    """A page of large records ends early, with a token, and every client can read it with its default limits."""
    parent, text = "collections/large", "é" * 150_000
    for number in range(15):
        record = {"content": {"text": text}}
        await transports[number % 2].call(
            "CreateRecord", {"parent": parent, "recordId": f"{number:02}", "record": record}
        )
    lists = [await list_all(transport, parent) for transport in transports]
    assert lists[0] == lists[1]
    assert [record["id"] for record in lists[0]] == [f"{number:02}" for number in range(15)]
    for transport in transports:
        page = (await transport.call("ListRecords", {"parent": parent})).reply
        assert 1 < len(page["records"]) < 8
        assert page["nextPageToken"]


async def test_page_of_the_largest_contents(grpc_transport: GrpcTransport, http_transport: HttpTransport) -> None:
    """Contents at the limit are read back one a page, also the one that is three times as large as a message."""
    parent = "collections/largest"
    texts: Json = {"t": "a" * ((1 << 20) - len('{"t":""}'))}
    numbers: Json = {"n": [1] * 240_000}
    for record_id, content in (("a", texts), ("b", numbers), ("c", texts)):
        request = {"parent": parent, "recordId": record_id, "record": {"content": content}}
        assert (await http_transport.call("CreateRecord", request)).ok
    for record_id, content in (("a", texts), ("b", numbers)):
        path = {"path": f"{parent}/records/{record_id}"}
        for transport in (grpc_transport, http_transport):
            assert (await transport.call("GetRecord", path)).reply["content"] == content
    for transport in (grpc_transport, http_transport):
        found = await list_all(transport, parent)
        assert [record["content"] for record in found] == [texts, numbers, texts]
