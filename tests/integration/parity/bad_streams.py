"""Bad requests about the change log and to streams: where to start, what to show, how long to wait."""

from collections.abc import Iterator

from tests.integration.parity.refusal import KEPT, PARENT, Refusal

_READERS = ("WatchRecords", "ListChanges")
_FILTERED = (*_READERS, "ExportRecords")
_MASKED = (*_FILTERED, "ListRecordRevisions")
_FUTURE = "999999999"


def bad_streams() -> Iterator[Refusal]:
    """All of them."""
    yield from _names()
    yield from _selections()
    yield from _starts()
    yield from _revisions()


def _names() -> Iterator[Refusal]:
    for operation in (*_FILTERED, "ImportRecords"):
        for parent in ("collections/UPPER", "collections/a b"):
            yield Refusal(f"{operation} of {parent}", operation, {"parent": parent}, "INVALID_ID", "parent")
    for operation in ("ListRecordRevisions", "RollbackRecord", "DiffRecord"):
        request = {"path": "collections/UPPER/records/x"}
        yield Refusal(f"{operation} of a bad path", operation, request, "INVALID_ID", "path")


def _selections() -> Iterator[Refusal]:
    for operation in _FILTERED:
        request = {"parent": PARENT, "filter": "version = x"}
        says = "(column 11)"
        yield Refusal(f"{operation} with a bad filter", operation, request, "INVALID_FILTER", "filter", says=says)
    for operation in _MASKED:
        where = {"path": KEPT} if operation == "ListRecordRevisions" else {"parent": PARENT}
        request = {**where, "readMask": "nothing"}
        yield Refusal(f"{operation} with a bad mask", operation, request, "INVALID_READ_MASK", "read_mask")


def _starts() -> Iterator[Refusal]:
    for operation in _READERS:
        for token in ("made up", "AAAA", "!"):
            request = {"parent": PARENT, "resumeToken": token}
            title = f"{operation} from the token {token!r}"
            yield Refusal(title, operation, request, "INVALID_RESUME_TOKEN", "resume_token")
        request = {"parent": PARENT, "startRevision": "-1"}
        yield Refusal(f"{operation} from before", operation, request, "INVALID_REVISION", "start_revision")
        request = {"parent": PARENT, "startRevision": _FUTURE}
        title = f"{operation} from the future"
        yield Refusal(title, operation, request, "REVISION_NOT_REACHED", None, "OUT_OF_RANGE")
    request = {"parent": PARENT, "sendInitial": True, "startRevision": "1"}
    yield Refusal("a watch from two places", "WatchRecords", request, "INVALID_FIELD", "start_revision")
    request = {"parent": PARENT, "pageSize": -1}
    yield Refusal("a list of -1 changes", "ListChanges", request, "INVALID_PAGE_SIZE", "page_size")
    request = {"parent": PARENT, "wait": "-1s"}
    yield Refusal("a wait of -1s", "ListChanges", request, "INVALID_FIELD", "wait")


def _revisions() -> Iterator[Refusal]:
    for operation, where, field in (
        ("GetRecord", {"path": KEPT}, "readRevision"),
        ("ListRecords", {"parent": PARENT}, "readRevision"),
        ("ExportRecords", {"parent": PARENT}, "readRevision"),
        ("RollbackRecord", {"path": KEPT}, "revision"),
        ("DiffRecord", {"path": KEPT}, "fromRevision"),
    ):
        name = {"readRevision": "read_revision", "fromRevision": "from_revision"}.get(field, field)
        yield Refusal(f"{operation} at -1", operation, {**where, field: "-1"}, "INVALID_REVISION", name)
        title = f"{operation} in the future"
        yield Refusal(title, operation, {**where, field: _FUTURE}, "REVISION_NOT_REACHED", None, "OUT_OF_RANGE")
    yield Refusal("a rollback to nowhere", "RollbackRecord", {"path": KEPT}, "INVALID_REVISION", "revision")
    yield Refusal("a difference from nowhere", "DiffRecord", {"path": KEPT}, "INVALID_REVISION", "from_revision")
    request = {"path": KEPT, "pageToken": "AAAA"}
    yield Refusal("a history by a made up token", "ListRecordRevisions", request, "INVALID_PAGE_TOKEN", "page_token")
