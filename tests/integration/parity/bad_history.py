"""Bad requests about the past: revisions that are none, pages, masks, and records that are not there."""

from collections.abc import Iterator

from tests.integration.parity.refusal import KEPT, PARENT, Refusal
from tests.integration.parity.transports import Json

_NEVER = str(2**63 - 1)
"""A revision that no test reaches."""


def bad_history() -> Iterator[Refusal]:
    """All of them."""
    yield from _revisions()
    yield from _missing()
    yield from _pages()
    yield from _rollbacks()


def _revisions() -> Iterator[Refusal]:
    """Every field with a revision: negative ones, those that are to come, and what is no number."""
    for operation, request, name, field, required in (
        ("GetRecord", {"path": KEPT}, "readRevision", "read_revision", False),
        ("ListRecords", {"parent": PARENT}, "readRevision", "read_revision", False),
        ("RollbackRecord", {"path": KEPT}, "revision", "revision", True),
        ("DiffRecord", {"path": KEPT}, "fromRevision", "from_revision", True),
        ("DiffRecord", {"path": KEPT, "fromRevision": "1"}, "toRevision", "to_revision", False),
    ):
        title = f"{operation} with the {name}"
        for bad in ("-1", str(-(2**63)), *(("0",) if required else ())):
            yield Refusal(f"{title} {bad}", operation, {**request, name: bad}, "INVALID_REVISION", field)
        if required:
            yield Refusal(f"{operation} without a {name}", operation, request, "INVALID_REVISION", field)
        never: Json = {**request, name: _NEVER}
        says = f"{field}: there is no revision {_NEVER} yet"
        yield Refusal(f"{title} to come", operation, never, "REVISION_NOT_REACHED", None, "OUT_OF_RANGE", says=says)
        for bad in ("many", "1.5", str(2**63)):
            wrong = {**request, name: bad}
            yield Refusal(f"{title} {bad}", operation, wrong, "INVALID_FIELD", field, only="http")
    step = {"get": {"path": KEPT, "readRevision": "1"}}
    field = "then[0].get.read_revision"
    yield Refusal("a transaction in the past", "TransactRecords", {"then": [step]}, "INVALID_FIELD", field)


def _missing() -> Iterator[Refusal]:
    for title, path, reason in (
        ("an unknown record", f"{PARENT}/records/nobody", "RECORD_NOT_FOUND"),
        ("a record of an unknown collection", "collections/no-such/records/a", "COLLECTION_NOT_FOUND"),
    ):
        for operation, more in (
            ("GetRecord", {"readRevision": "1"}),
            ("ListRecordRevisions", {}),
            ("RollbackRecord", {"revision": "1"}),
            ("DiffRecord", {"fromRevision": "1"}),
        ):
            request: Json = {"path": path, **more}
            yield Refusal(f"{operation} of {title}, past", operation, request, reason, None, "NOT_FOUND")
    past = {"parent": "collections/no-such", "readRevision": "1"}
    title = "past list of an unknown collection"
    yield Refusal(title, "ListRecords", past, "COLLECTION_NOT_FOUND", None, "NOT_FOUND")
    for operation, more in (("RollbackRecord", {"revision": "1"}), ("DiffRecord", {"fromRevision": "1"})):
        request = {"path": "collections/Bad/records/a", **more}
        yield Refusal(f"{operation} of a path that is none", operation, request, "INVALID_ID", "path")
    bad = {"path": f"{PARENT}/records/Bad"}
    yield Refusal("revisions of a bad path", "ListRecordRevisions", bad, "INVALID_ID", "path")


def _pages() -> Iterator[Refusal]:
    for more, reason, field in (
        ({"pageSize": -1}, "INVALID_PAGE_SIZE", "page_size"),
        ({"pageToken": "AAAA"}, "INVALID_PAGE_TOKEN", "page_token"),
        ({"readMask": "nmae"}, "INVALID_READ_MASK", "read_mask"),
        ({"readMask": "record.name"}, "INVALID_READ_MASK", "read_mask"),
    ):
        title = f"revisions with {more}"
        yield Refusal(title, "ListRecordRevisions", {"path": KEPT, **more}, reason, field)


def _rollbacks() -> Iterator[Refusal]:
    gone = {"path": f"{PARENT}/records/gone", "revision": "1"}
    yield Refusal("rollback of a deleted record", "RollbackRecord", gone, "RECORD_DELETED", None, "NOT_FOUND")
    stale = {"path": KEPT, "revision": "1", "etag": '"0-00000000"'}
    yield Refusal("rollback with a wrong etag", "RollbackRecord", stale, "ETAG_MISMATCH", None, "ABORTED")
    named = {"path": KEPT, "revision": "1", "requestId": "a\n"}
    yield Refusal("rollback with a bad request id", "RollbackRecord", named, "INVALID_REQUEST_ID", "request_id")
