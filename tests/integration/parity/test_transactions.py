"""Transactions compare and then do one thing or the other, the same over both transports."""

import pytest

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client
from tests.integration.parity.transports import Json

TARGETS = ("etag", "version", "revision", "exists")


async def _three(client: Client) -> dict[str, Json]:
    """Two live records and a deleted one."""
    await client.create_all({record_id: {"name": record_id} for record_id in ("one", "two", "gone")})
    await client.update("one", {"tags": ["t"]})
    await client.delete("gone")
    return {record["id"]: record for record in (await client.list(showDeleted=True)).reply["records"]}


@pytest.mark.parametrize("target", TARGETS)
async def test_compare(parity: Parity, target: str) -> None:
    """Each target holds for the live record that has it, and for nothing else; else the other branch is taken."""
    wrong: Json = {"etag": '"0-00000000"', "version": "7", "revision": "1", "exists": False}

    async def scenario(client: Client) -> None:
        records = await _three(client)
        right = {**records["one"], "exists": True}[target]
        cases = [("one", right, True), ("one", wrong[target], False)]
        if target == "exists":
            cases += [("gone", True, False), ("gone", False, True), ("nobody", True, False), ("nobody", False, True)]
        else:
            cases += [("gone", records["gone"][target], False), ("nobody", right, False)]
        for record_id, value, holds in cases:
            mark = {"record": {"path": client.path("two"), "tags": [str(len(client.outcomes))]}}
            done = await client.transact(
                compare=[{"path": client.path(record_id), target: value}],
                then=[{"update": mark}],
                **{"else": [{"get": {"path": client.path("one")}}]},
            )
            assert done.reply["succeeded"] is holds, (record_id, value)
            (result,) = done.reply["results"]
            assert result["record"]["id"] == ("two" if holds else "one")
            assert done.reply["revision"] == (result["record"]["revision"] if holds else "0")

    await parity(scenario)


async def test_all_must_hold(parity: Parity) -> None:
    """One comparison that fails decides for `else`; without any, `then` is carried out."""

    async def scenario(client: Client) -> None:
        records = await _three(client)
        compare = [{"path": client.path(each), "etag": records[each]["etag"]} for each in ("one", "two")]
        step, other = {"delete": {"path": client.path("one")}}, {"undelete": {"path": client.path("gone")}}
        failed = await client.transact(
            compare=[*compare, {"path": client.path("gone"), "exists": True}], then=[step], **{"else": [other]}
        )
        assert failed.reply["succeeded"] is False
        assert [result["record"]["id"] for result in failed.reply["results"]] == ["gone"]
        assert (await client.transact(compare=compare, then=[step], **{"else": [other]})).reply["succeeded"] is True
        assert (await client.transact(then=[{"delete": {"path": client.path("two")}}])).reply["succeeded"] is True
        assert await client.ids() == ["gone"]

    await parity(scenario)


async def test_every_step(parity: Parity) -> None:
    """Steps of every kind, in several collections, are one revision; their results come in order."""

    async def scenario(client: Client) -> None:
        records = await _three(client)
        other = client.parent + "-other"
        done = await client.transact(
            then=[
                {"get": {"path": client.path("nobody")}},
                {"create": {"parent": other, "recordId": "new", "record": {"name": "n", "content": {"k": 1}}}},
                {
                    "update": {
                        "record": {"path": client.path("one"), "content": {"a": {"b": 1}}},
                        "updateMask": "content.a",
                    }
                },
                {"delete": {"path": client.path("two"), "etag": records["two"]["etag"]}},
                {"undelete": {"path": client.path("gone")}},
                {"create": {"parent": client.parent}},
            ]
        )
        missing, *results = done.reply["results"]
        assert missing == {}
        assert {result["record"]["revision"] for result in results} == {done.reply["revision"]}
        new, one, two, gone, _ = (result["record"] for result in results)
        assert (new["path"], one["content"], one["tags"]) == (f"{other}/records/new", {"a": {"b": 1}}, ["t"])
        assert ("deleteTime" in two, "deleteTime" in gone) == (True, False)
        assert (await client.call("GetRecord", {"path": new["path"]})).reply == new

    trace = await parity(scenario)
    last = [change for change in trace.log if change["revision"] == trace.log[-1]["revision"]]
    assert [change["ordinal"] for change in last] == list(range(6))
    kinds = ["COLLECTION_CREATED", "RECORD_CREATED", "RECORD_UPDATED", "RECORD_DELETED", "RECORD_UNDELETED"]
    assert [change["kind"] for change in last] == [*kinds, "RECORD_CREATED"]


async def test_reads_see_the_state_before(parity: Parity) -> None:
    """A step that reads sees what was there before the transaction, one that has nothing to write takes no revision."""

    async def scenario(client: Client) -> None:
        records = await _three(client)
        steps = [{"get": {"path": client.path(each)}} for each in ("two", "gone")]
        read = (await client.transact(then=[*steps, {"delete": {"path": client.path("one")}}])).reply
        assert read["results"][:2] == [{"record": records["two"]}, {}]
        again = (await client.transact(then=steps)).reply
        assert again == {"succeeded": True, "revision": "0", "results": read["results"][:2]}
        assert (await client.transact()).reply == {"succeeded": True, "revision": "0", "results": []}

    await parity(scenario)


STEPS: dict[str, tuple[Json, str, str]] = {
    "create of what is there": ({"create": {"recordId": "one"}}, "RECORD_EXISTS", ""),
    "update of nobody": ({"update": {"record": {"path": "nobody"}}}, "RECORD_NOT_FOUND", ""),
    "delete of a deleted one": ({"delete": {"path": "gone"}}, "RECORD_DELETED", ""),
    "undelete of a live one": ({"undelete": {"path": "one"}}, "RECORD_EXISTS", ""),
    "stale etag": ({"delete": {"path": "one", "etag": '"0-00000000"'}}, "ETAG_MISMATCH", ""),
    "bad path": ({"get": {"path": "a/b"}}, "INVALID_ID", "get.path"),
    "bad record": ({"create": {"record": {"name": "\n"}}}, "INVALID_TEXT", "create.record.name"),
    "bad mask": (
        {"update": {"record": {"path": "one"}, "updateMask": "id"}}, "INVALID_UPDATE_MASK", "update.update_mask"
    ),
    "mask of a read": ({"get": {"path": "one", "readMask": "nope"}}, "INVALID_READ_MASK", "get.read_mask"),
    "nothing to do": ({}, "INVALID_FIELD", "."),
    "request id": ({"delete": {"path": "one", "requestId": "r"}}, "INVALID_REQUEST_ID", "delete.request_id"),
    "rehearsal": ({"create": {"validateOnly": True}}, "INVALID_FIELD", "create.validate_only"),
    "record twice": ({"delete": {"path": "two"}}, "INVALID_FIELD", ".delete"),
}  # fmt: skip


@pytest.mark.parametrize("branch", ["then", "else"])
@pytest.mark.parametrize("title", STEPS)
async def test_one_bad_step(parity: Parity, title: str, branch: str) -> None:
    """A step that fails undoes all of its branch; it is named by its branch and index."""
    step, reason, field = STEPS[title]

    async def scenario(client: Client) -> None:
        before = await _three(client)
        ((kind, request),) = step.items() or [("", {})]
        bad = {kind: _whole(client, kind, request)} if kind else {}
        compare = [{"path": client.path("one"), "exists": branch == "then"}]
        good = {"update": {"record": {"path": client.path("two"), "name": "b"}}}
        refused = await client.transact(compare=compare, **{branch: [good, bad]})
        assert refused.reason == reason, refused
        assert refused.metadata["index"] == "1"
        assert refused.message.startswith(f"{branch}[1]")
        expected = {"": [], ".": [f"{branch}[1]"]}.get(field, [f"{branch}[1].{field.removeprefix('.')}"])
        assert [violation[0] for violation in refused.violations] == expected
        assert {each["id"]: each for each in (await client.list(showDeleted=True)).reply["records"]} == before

    await parity(scenario)


def _whole(client: Client, kind: str, request: Json) -> Json:
    """The request of a step with whole paths."""
    found = {"parent": client.parent, **request} if kind == "create" else dict(request)
    if "record" in found and kind == "update":
        found["record"] = _whole(client, "", found["record"])
    if found.get("path", "/").isalpha():
        found["path"] = client.path(found["path"])
    return found


@pytest.mark.parametrize("target", ["none", "path"])
async def test_bad_compare(parity: Parity, target: str) -> None:
    """A comparison without a target or with a bad path is refused, and named by its index."""

    async def scenario(client: Client) -> None:
        await _three(client)
        good = {"path": client.path("one"), "exists": True}
        bad: Json = {"path": client.path("one")} if target == "none" else {"path": "collections/a", "version": "1"}
        step = {"delete": {"path": client.path("one")}}
        refused = await client.transact(compare=[good, bad], then=[step])
        assert (refused.kind, refused.metadata["index"]) == ("INVALID_ARGUMENT", "1")
        assert refused.violations[0][0] == ("compare[1]" if target == "none" else "compare[1].path")
        assert (await client.get("one")).ok

    await parity(scenario)


async def test_transfer(parity: Parity) -> None:
    """Two balances change together, guarded by their etags: the second of two equal transfers finds other etags."""

    async def scenario(client: Client) -> None:
        made = (await client.create_all({each: {"content": {"balance": 100}} for each in ("a", "b")})).reply["records"]
        transfer: Json = {
            "compare": [{"path": each["path"], "etag": each["etag"]} for each in made],
            "then": [
                {
                    "update": {
                        "record": {"path": each["path"]},
                        "transforms": [{"field": "content.balance", "increment": amount}],
                    }
                }
                for each, amount in zip(made, (-30, 30), strict=True)
            ],
            "else": [{"get": {"path": each["path"]}} for each in made],
        }
        outcomes = [await client.call("TransactRecords", transfer) for _ in range(2)]
        assert [outcome.reply["succeeded"] for outcome in outcomes] == [True, False]
        for outcome in outcomes:
            assert [each["record"]["content"]["balance"] for each in outcome.reply["results"]] == [70, 130]

    await parity(scenario)
