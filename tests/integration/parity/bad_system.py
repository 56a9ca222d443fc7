"""Writes to collections of the service itself: every way to write, and none of them open."""

from collections.abc import Iterator

from tests.integration.parity.refusal import KEPT, Refusal
from tests.integration.parity.transports import Json

SYSTEM = "collections/system.events"
_RECORD = f"{SYSTEM}/records/a"
_ALL = "collections/-"


def bad_system() -> Iterator[Refusal]:
    """All of them, whether or not there is such a collection."""
    draft: Json = {"path": _RECORD, "name": "b"}
    yield _refused("CreateRecord", {"parent": SYSTEM, "record": {"name": "a"}, "recordId": "a"})
    yield _refused("CreateRecord", {"parent": "collections/system.x", "record": {}}, " of another collection")
    yield _refused("CreateRecord", {"parent": SYSTEM, "record": {}, "validateOnly": True}, " that only asks")
    yield _refused("UpdateRecord", {"record": draft})
    yield _refused("UpdateRecord", {"record": draft, "allowMissing": True}, " that may create")
    yield _refused("DeleteRecord", {"path": _RECORD})
    yield _refused("DeleteRecord", {"path": _RECORD, "allowMissing": True}, " that may find nothing")
    yield _refused("UndeleteRecord", {"path": _RECORD})
    yield _refused("PurgeRecord", {"path": _RECORD})
    yield _refused("BatchCreateRecords", {"parent": SYSTEM, "requests": [{"record": {}}]})
    yield _refused("BatchUpdateRecords", {"parent": SYSTEM, "requests": [{"record": draft}]})
    yield _refused("BatchDeleteRecords", {"parent": SYSTEM, "requests": [{"path": _RECORD}]})
    mixed = [{"path": KEPT}, {"path": _RECORD}]
    yield _refused("BatchDeleteRecords", {"parent": _ALL, "requests": mixed}, " of several collections", "requests[1]")
    steps: dict[str, Json] = {
        "create": {"parent": SYSTEM, "record": {}},
        "update": {"record": draft},
        "delete": {"path": _RECORD},
        "undelete": {"path": _RECORD},
    }
    for kind, request in steps.items():
        yield _refused("TransactRecords", {"then": [{kind: request}]}, f" with a step to {kind}")
        yield _refused("TransactRecords", {"else": [{kind: request}]}, f" with another step to {kind}")
    yield _refused("CreateCollection", {"collection": {}, "collectionId": "system.events"})
    yield _refused("CreateCollection", {"collection": {"id": "system.mine"}}, " by the id within")
    yield _refused("UpdateCollection", {"collection": {"path": SYSTEM, "name": "b"}})
    yield _refused("UpdateCollection", {"collection": {"path": SYSTEM}, "allowMissing": True}, " that may create")
    yield _refused("DeleteCollection", {"path": SYSTEM})
    yield _refused("DeleteCollection", {"path": SYSTEM, "force": True, "allowMissing": True}, " with force")
    yield Refusal("a list of a system collection that is not there", "ListRecords", {"parent": "collections/system.x"},
        "COLLECTION_NOT_FOUND", None, kind="NOT_FOUND")  # fmt: skip
    yield Refusal("a move by update", "UpdateRecord", {"record": {"path": KEPT, "id": "system.a"}}, "INVALID_FIELD",
        "record.id")  # fmt: skip
    bad, none = {"path": f"errorReports/{'a' * 33}"}, {"path": f"errorReports/{'0' * 32}"}
    yield Refusal("a report's path that is none", "GetErrorReport", bad, "INVALID_ID", "path")
    yield Refusal("a report that is not there", "GetErrorReport", none, "ERROR_REPORT_NOT_FOUND", None,
        kind="NOT_FOUND")  # fmt: skip
    yield Refusal("reports by a forged token", "ListErrorReports", {"pageToken": "AAAA"}, "INVALID_PAGE_TOKEN",
        "page_token")  # fmt: skip
    yield Refusal("fewer reports than none", "ListErrorReports", {"pageSize": -1}, "INVALID_PAGE_SIZE",
        "page_size")  # fmt: skip


def _refused(operation: str, request: Json, more: str = "", says: str = "") -> Refusal:
    title = f"{operation} in a system collection{more}"
    return Refusal(title, operation, request, "SYSTEM_COLLECTION", None, kind="PERMISSION_DENIED", says=says)
