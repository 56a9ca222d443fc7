"""Random sequences of operations answer, store and log the same over both transports."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.parity.conftest import Parity
from tests.integration.parity.scenario import Client
from tests.integration.parity.transports import Json, Outcome

Step = tuple[str, Json]
"""An operation and its request. A path is an id, an etag says which one it is; both become real when they are sent."""

_IDS = st.sampled_from(["a", "b", "c", "o/a"])
_ETAGS = st.sampled_from(["", "", "current", "stale"])
_BOOLS = st.booleans()
_VALUES = st.sampled_from([None, True, 0, 1, -2.5, 1e23, "", "x", "ä\U0001f642", [], [1, "x"], {"k": 1}])
_CONTENTS = st.dictionaries(st.sampled_from(["n", "t", "l", "o", "odd key"]), _VALUES, max_size=3)
_RECORD: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from(["", "a", "ü", "bad\n"]),
    "tags": st.lists(st.sampled_from(["t", " t", "u", "ü"]), max_size=3),
    "content": _CONTENTS,
    "date": st.sampled_from(["2026-01-01T00:00:00Z", "0001-01-01T00:00:00.000000001Z"]),
    "expireTime": st.just("2999-01-01T00:00:00Z"),
}
_MASKS = st.sampled_from(
    ["*", "name", "content", "tags,date", "content.n", "content.o.k,name", "content.`odd key`", "expireTime", "version"]
)
_FILTERS = st.sampled_from(
    ["", "tags:t", "content.n > 0", "content.t = x*", "NOT name = a", "content.l:1 OR delete_time:*", "content.n >"]
)
_ORDERS = st.sampled_from(["", "content.n desc", "name, content.t", "update_time desc", "tags"])
_TRANSFORMS = st.lists(
    st.sampled_from(
        [
            {"field": "content.n", "increment": 1.5},
            {"field": "content.o.k", "increment": -1},
            {"field": "content.l", "append": [None, {"a": 1}]},
            {"field": "content.l", "addToSet": [1, "x", 1.0]},
            {"field": "content.l", "removeFromSet": ["x"]},
            {"field": "tags", "addToSet": ["new", "t"]},
        ]
    ),
    min_size=1,
    max_size=3,
)


def _some(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(required, optional=optional)


_ID_OF_REQUEST = st.sampled_from(["r1", "r2"])
_WRITE = {"requestId": _ID_OF_REQUEST, "validateOnly": st.sampled_from([False, False, True])}
_CREATE = _some({"record": _some({}, **_RECORD), "recordId": st.sampled_from(["a", "b", "c"])})
_DRAFT = _some({"path": _IDS}, etag=_ETAGS, **_RECORD)
_UPDATE = _some({"record": _DRAFT}, updateMask=_MASKS, allowMissing=_BOOLS, transforms=_TRANSFORMS)
_DELETE = _some({"path": _IDS}, etag=_ETAGS, allowMissing=_BOOLS)
_BACK = _some({"path": _IDS}, etag=_ETAGS)
_COMPARE = st.one_of(
    _some({"path": _IDS, "exists": _BOOLS}),
    _some({"path": _IDS, "version": st.sampled_from(["1", "2"])}),
    _some({"path": _IDS, "etag": st.sampled_from(["current", "stale"])}),
)
_OPERATION = st.one_of(
    _some({"create": _CREATE}),
    _some({"update": _UPDATE}),
    _some({"delete": _DELETE}),
    _some({"undelete": _BACK}),
    _some({"get": _some({"path": _IDS})}),
)


def _batch(item: st.SearchStrategy[Any], **more: Any) -> st.SearchStrategy[Json]:
    return _some({"requests": st.lists(item, max_size=3)}, **more)


def _step(operation: str, request: st.SearchStrategy[Json]) -> st.SearchStrategy[Step]:
    return request.map(lambda drawn: (operation, drawn))


def _with(request: st.SearchStrategy[Json], **more: Any) -> st.SearchStrategy[Json]:
    """The request of an item as one of its own, with the fields that only those have."""
    return st.tuples(request, _some({}, **more)).map(lambda both: both[0] | both[1])


_ONLY_ID = {"requestId": _ID_OF_REQUEST}
_BRANCH = st.lists(_OPERATION, max_size=3)
_STEPS = st.one_of(
    _step("CreateRecord", _with(_CREATE, **_WRITE)),
    _step("UpdateRecord", _with(_UPDATE, **_WRITE)),
    _step("DeleteRecord", _with(_DELETE, **_ONLY_ID)),
    _step("UndeleteRecord", _with(_BACK, **_ONLY_ID)),
    _step("PurgeRecord", _with(_BACK, **_ONLY_ID)),
    _step("BatchCreateRecords", _batch(_CREATE, **_WRITE)),
    _step("BatchUpdateRecords", _batch(_UPDATE, **_WRITE)),
    _step("BatchDeleteRecords", _batch(_DELETE, **_ONLY_ID)),
    _step("BatchGetRecords", _some({"paths": st.lists(_IDS, max_size=3)})),
    _step(
        "TransactRecords",
        _some({"compare": st.lists(_COMPARE, max_size=2), "then": _BRANCH, "else": _BRANCH}, **_WRITE),
    ),
    _step("ListRecords", _some({}, filter=_FILTERS, orderBy=_ORDERS, showDeleted=_BOOLS, pageSize=st.just(2))),
    _step("CountRecords", _some({}, filter=_FILTERS, showDeleted=_BOOLS)),
    _step("UpdateCollection", _some({"collection": _some({}, retention=st.just("3600s"), requireEtag=_BOOLS)})),
    _step("DeleteCollection", _some({}, force=_BOOLS, allowMissing=_BOOLS)),
)


@pytest.mark.timeout(300)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(_STEPS, min_size=2, max_size=14))
async def test_random_sequence(parity: Parity, steps: list[Step]) -> None:
    """Whatever is asked, in whatever order: equal answers, equal records, equal entries in the log."""

    async def scenario(client: Client) -> None:
        etags: dict[str, str] = {}
        await client.create_all({"a": {"content": {"n": 1}}, "b": {"tags": ["t"]}})
        for operation, request in steps:
            outcome = await client.call(operation, _real(client, operation, request, etags))
            assert outcome.kind != "INTERNAL", outcome
            _note_etags(outcome, etags)

    await parity(scenario)


def _real(client: Client, operation: str, request: Json, etags: dict[str, str]) -> Json:
    """The request with the paths and etags of this scenario."""
    real: Json = _resolved(client, request, etags)
    if operation == "UpdateCollection":
        real["collection"]["path"] = client.parent
        real["updateMask"] = "requireEtag,retention"
    elif operation == "DeleteCollection":
        real["path"] = client.parent
    elif operation in ("CreateRecord", "ListRecords", "CountRecords"):
        real["parent"] = client.parent
    elif operation.startswith("Batch"):
        real["parent"] = client.parent if operation == "BatchCreateRecords" else "collections/-"
    return real


def _resolved(client: Client, value: Any, etags: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_resolved(client, each, etags) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: _resolved(client, each, etags) if name != "content" else each for name, each in value.items()}
    if "path" in found:
        found["path"] = _path(client, found["path"])
    if "etag" in found:
        known = {"current": etags.get(found.get("path", ""), '"1-00000000"'), "stale": '"0-00000000"'}
        found["etag"] = known.get(found["etag"], "")
    if "paths" in found:
        found["paths"] = [_path(client, each) for each in found["paths"]]
    if "requestId" in found:
        found["requestId"] = f"{client.collection}-{found['requestId']}"
    if not found.get("updateMask") and "path" in found.get("record", {}):
        # What is empty is absent over gRPC, and so it is not changed without a mask.
        found["record"] = {name: each for name, each in found["record"].items() if each not in ("", [], {})}
    if "create" in found:
        found["create"]["parent"] = client.parent
    return found


def _path(client: Client, record_id: str) -> str:
    other, _, plain = record_id.rpartition("/")
    return f"{client.parent}-{other}/records/{plain}" if other else client.path(plain)


def _note_etags(outcome: Outcome, etags: dict[str, str]) -> None:
    reply = outcome.reply
    results = [each.get("record", {}) for each in reply.get("results", [])]
    for record in [reply, *reply.get("records", []), *results]:
        if record.get("etag"):
            etags[record["path"]] = record["etag"]
