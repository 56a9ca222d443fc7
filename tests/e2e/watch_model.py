"""What whoever follows the log has to be told, by the plainest reading of the contract."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from tests.e2e.clients import http_client
from tests.e2e.server_process import Server
from tests.e2e.watch_faces import Told
from tests.e2e.watch_followers import Follower
from tests.integration.parity.transports import Json

FILTER, _TAG = "tags:hot", "hot"
"""The only filter that the model knows."""


async def whole_log(server: Server) -> list[Json]:
    """The whole log, as a list of changes."""
    found: list[Json] = []
    request: Json = {"parent": "collections/-", "startRevision": 1, "pageSize": 1_000}
    async with http_client(server) as client:
        while True:
            outcome = await client.call("ListChanges", request)
            assert outcome.ok, outcome
            found += [change for group in outcome.reply["groups"] for change in group["changes"]]
            if not outcome.reply["more"]:
                return found
            request = {"parent": "collections/-", "pageSize": 1_000, "resumeToken": outcome.reply["resumeToken"]}


def expected(log: Iterable[Json], follower: Follower) -> list[Told]:
    """What the changes of the whole log come to for this follower. Records must neither be purged nor expire."""
    before: dict[str, Json] = {}
    initial: list[Told] = []
    behind: list[Told] = []
    for change in log:
        revision, record, path = int(change["revision"]), change.get("record"), change["path"]
        kind = _kind(change, before.get(path), follower)
        if kind and revision > follower.start:
            old = before.get(path, {}).get("name", "") if follower.request.get("includeOld") else ""
            behind.append(_told(change, kind, old))
        if record:
            before[path] = record
        if revision <= follower.start:
            initial = [] if not follower.request.get("sendInitial") else _initial(before.values(), follower)
    return initial + behind


def differences(log: Sequence[Json], follower: Follower) -> list[str]:
    """What is wrong with what the follower was told, in words; nothing if it is what it had to be told."""
    wanted, told = expected(log, follower), follower.told
    found = [f"{follower.label} {fault}" for fault in follower.faults]
    if told != wanted:
        missing, more = sorted(set(wanted) - set(told)), sorted(set(told) - set(wanted))
        first = next(each for each in zip_longest(wanted, told) if each[0] != each[1])
        found.append(
            f"{follower.label} was told {len(told)} changes in place of {len(wanted)} behind {follower.start}: "
            f"{len(missing)} are missing {missing[:3]}, {len(more)} are too many {more[:3]}, "
            f"{len(told) - len(set(told))} came twice; where it first differs {first[0]} was to come, {first[1]} came"
        )
    return found


def _kind(change: Json, old: Json | None, follower: Follower) -> str:
    """The type of the change for this follower; empty if it is not to be told."""
    path, record, kind = change["path"], change.get("record"), change["type"]
    parent = follower.request["parent"]
    if parent != "collections/-" and parent not in (path, path.partition("/records/")[0]):
        return ""
    if "filter" not in follower.request:
        return kind
    if record is None:
        return ""
    was = kind in {"UPDATED", "DELETED"} and old is not None and _matches(old)
    if not was and not _matches(record):
        return ""
    if kind == "UPDATED" and was != _matches(record):
        return "LEFT" if was else "ENTERED"
    return kind


def _matches(record: Json) -> bool:
    return not record.get("deleteTime") and _TAG in record["tags"]


def _initial(records: Iterable[Json], follower: Follower) -> list[Told]:
    """The live records, by collection and id."""
    parent, filtered = follower.request["parent"], "filter" in follower.request
    found = [
        each
        for each in records
        if not each.get("deleteTime")
        and (parent == "collections/-" or each["path"].startswith(f"{parent}/records/"))
        and (_matches(each) or not filtered)
    ]
    found.sort(key=lambda each: (each["path"].split("/")[1], each["id"]))
    return [
        Told(int(each["revision"]), 0, "INITIAL", each["path"], int(each["version"]), each["name"], "")
        for each in found
    ]


def _told(change: Json, kind: str, old_name: str) -> Told:
    record = change.get("record") or {}
    numbers = int(change["revision"]), int(change["ordinal"])
    return Told(*numbers, kind, change["path"], int(change["version"]), record.get("name", ""), old_name)
