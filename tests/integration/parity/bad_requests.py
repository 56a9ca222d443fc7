"""Bad requests: ids, resources that are not there or are in the way, pages, filters, masks and reasons."""

from collections.abc import Iterator

from tests.integration.parity import wire
from tests.integration.parity.refusal import COLLECTION, PARENT, Refusal, bad_create
from tests.integration.parity.transports import Json, Raw, Reason


def bad_requests() -> Iterator[Refusal]:
    """All of them."""
    yield from _ids()
    yield from _paths()
    yield from _missing()
    yield from _pages()
    yield from _filters()
    yield from _updates()
    yield from _change_reasons()
    yield from _collections()
    yield from _collection_updates()


BAD_IDS = ("A", "-a", ".a", "_a", "a b", "a:b", "é", "a" * 129, "a" * 1_280, "a\n", "a%", "🙂")


def _ids() -> Iterator[Refusal]:
    for bad in BAD_IDS:
        shown = ascii(bad) if len(bad) < 20 else f"of {len(bad)} characters"
        yield bad_create(f"record.id {shown}", {"id": bad}, "INVALID_ID", "record.id")
        request = {"parent": PARENT, "record": {}, "recordId": bad}
        yield Refusal(f"record_id {shown}", "CreateRecord", request, "INVALID_ID", "record_id")
        path = f"{PARENT}/records/{bad}"
        yield Refusal(f"get of {shown}", "GetRecord", {"path": path}, "INVALID_ID", "path")
        yield Refusal(f"update of {shown}", "UpdateRecord", {"record": {"path": path}}, "INVALID_ID", "record.path")
        yield Refusal(f"delete of {shown}", "DeleteRecord", {"path": path}, "INVALID_ID", "path")
        yield Refusal(f"create in {shown}", "CreateRecord", {"parent": f"collections/{bad}"}, "INVALID_ID", "parent")
        yield Refusal(f"list of {shown}", "ListRecords", {"parent": f"collections/{bad}"}, "INVALID_ID", "parent")
        collection = {"path": f"collections/{bad}"}
        yield Refusal(f"get of collection {shown}", "GetCollection", collection, "INVALID_ID", "path")
        made = {"collection": {}, "collectionId": bad}
        yield Refusal(f"collection_id {shown}", "CreateCollection", made, "INVALID_ID", "collection_id")
    yield Refusal("create in all collections", "CreateRecord", {"parent": "collections/-"}, "INVALID_ID", "parent")
    both = {"parent": PARENT, "record": {"id": "a"}, "recordId": "b"}
    yield Refusal("two ids that differ", "CreateRecord", both, "INVALID_ID", "record_id")


def _paths() -> Iterator[Refusal]:
    for path in (
        "",
        "a",
        "collections",
        "collections/a/records",
        "records/a",
        "collections/a/notes/b",
        "/collections/a",
    ):
        raw = Raw(b"", wire.delimited(1, path))
        yield Refusal(f"path {path!r}", "GetRecord", {}, "INVALID_ID", "path", raw=raw, only="grpc")
        if path != "collections/a":
            yield Refusal(f"parent {path!r}", "CreateRecord", {}, "INVALID_ID", "parent", raw=raw, only="grpc")


def _missing() -> Iterator[Refusal]:
    def each(title: str, collection: str, record: str, reason: str) -> Iterator[Refusal]:
        path = f"{collection}/records/{record}"
        more = {"kind": "NOT_FOUND", "field": None}
        yield Refusal(f"get of {title}", "GetRecord", {"path": path}, reason, **more)
        yield Refusal(f"update of {title}", "UpdateRecord", {"record": {"path": path, "name": "a"}}, reason, **more)
        yield Refusal(f"delete of {title}", "DeleteRecord", {"path": path}, reason, **more)
        tagged = {"path": path, "etag": '"1-00000000"'}
        yield Refusal(f"delete of {title} with an etag", "DeleteRecord", tagged, reason, **more)

    yield from each("an unknown record", PARENT, "nobody", "RECORD_NOT_FOUND")
    yield from each("a deleted record", PARENT, "gone", "RECORD_DELETED")
    yield from each("a record of an unknown collection", "collections/no-such", "a", "COLLECTION_NOT_FOUND")
    for taken in ("kept", "gone"):
        request = {"parent": PARENT, "record": {}, "recordId": taken}
        yield Refusal(f"the id {taken}", "CreateRecord", request, "RECORD_EXISTS", None, "ALREADY_EXISTS")
    unknown = {"parent": "collections/no-such"}
    yield Refusal("list of an unknown collection", "ListRecords", unknown, "COLLECTION_NOT_FOUND", None, "NOT_FOUND")


def _pages() -> Iterator[Refusal]:
    for operation, at in (("ListRecords", {"parent": PARENT}), ("ListCollections", {})):
        for size in (-1, -(1 << 31)):
            request = {**at, "pageSize": size}
            yield Refusal(f"{operation} of {size}", operation, request, "INVALID_PAGE_SIZE", "page_size")
        for token in ("a", "AAAA", "A" * 44, "=", "%%%", "é", "a" * 4_097, " ", "\0"):
            request = {**at, "pageToken": token}
            title = f"{operation} from {ascii(token) if len(token) < 50 else len(token)}"
            yield Refusal(title, operation, request, "INVALID_PAGE_TOKEN", "page_token")
        for size in ("many", "1.5", "", "2147483648", "1e3", "0x10", "\u0661"):
            request = {**at, "pageSize": size}
            title = f"{operation} of {size!r}"
            yield Refusal(title, operation, request, "INVALID_FIELD", "page_size", only="http")
        yield Refusal(f"{operation} with limit", operation, {**at, "limit": 1}, "UNKNOWN_FIELD", "limit", only="http")
        snake = {**at, "page_size": 1}
        yield Refusal(f"{operation} with page_size", operation, snake, "UNKNOWN_FIELD", "page_size", only="http")


_BAD_FILTERS = (
    *("tags", "tags:", "tags: ", ":a", "AND", "hello", "\0", "tags:a AND", "tags:a tags:b", "tags:a AND AND tags:b"),
    *("tags:a OR tags:b AND tags:c", "tags:a and tags:b", "NOT", "-", "(tags:a", "tags:a)", "()", "tags:AND", "TAGS:a"),
    *('tags:"a', 'tags:"', 'tags:""', "tags:a,b", "tags:a AND tags:\0(", "tags=a", "f(tags)", "tags:(a OR b)"),
)


def _filters() -> Iterator[Refusal]:
    for text in _BAD_FILTERS:
        yield _filter(f"filter {text!r}", text)
    yield _filter("filter of 51 terms", " AND ".join(f"tags:{n}" for n in range(51)))
    for size in (2_049, 20_480):
        quoted = size > 16_000  # a URL of that length is refused as a URL
        yield _filter(f"filter of {size} bytes", "tags:" + "a" * (size - 5), "grpc" if quoted else "")


def _filter(title: str, text: str, only: str = "") -> Refusal:
    request = {"parent": PARENT, "filter": text}
    raw = Raw(b"", wire.delimited(1, PARENT) + wire.delimited(4, text)) if only else None
    return Refusal(title, "ListRecords", request, "INVALID_FILTER", "filter", raw=raw, only=only)


def _updates() -> Iterator[Refusal]:
    path = f"{PARENT}/records/kept"
    for mask in (
        "createTime",
        "revision",
        "version",
        "id",
        "etag",
        "path",
        "nmae",
        "*,name",
        "name,*",
        "tags,date,x",
    ):
        request = {"record": {"path": path, "name": "b"}, "updateMask": mask}
        yield Refusal(f"update of {mask}", "UpdateRecord", request, "INVALID_UPDATE_MASK", "update_mask")
    other = {"record": {"path": path, "id": "other", "name": "b"}}
    yield Refusal("update of the id", "UpdateRecord", other, "INVALID_FIELD", "record.id")
    bad = {"record": {"path": path, "id": "Bad Id", "name": "b"}}
    yield Refusal("update to a bad id", "UpdateRecord", bad, "INVALID_ID", "record.id")
    for title, record, reason, field in (
        ("name", {"name": "b" * 513}, "INVALID_FIELD", "record.name"),
        ("tags", {"tags": ["\0"]}, "INVALID_TEXT", "record.tags"),
        ("content", {"content": {"a": "\0"}}, "INVALID_TEXT", "record.content.a"),
    ):
        request = {"record": {"path": path, **record}}
        yield Refusal(f"update to bad {title}", "UpdateRecord", request, reason, field)
    for etag in ('"0-00000000"', "1", '"', "*", 'W/"1"'):
        more = {"reason": "ETAG_MISMATCH", "field": None, "kind": "ABORTED"}
        request = {"record": {"path": path, "name": "b", "etag": etag}}
        yield Refusal(f"update with the etag {etag}", "UpdateRecord", request, **more)
        yield Refusal(f"delete with the etag {etag}", "DeleteRecord", {"path": path, "etag": etag}, **more)


def _change_reasons() -> Iterator[Refusal]:
    writes = {
        "CreateRecord": {"parent": PARENT, "record": {}},
        "UpdateRecord": {"record": {"path": f"{PARENT}/records/kept", "name": "b"}},
        "DeleteRecord": {"path": f"{PARENT}/records/kept"},
        "CreateCollection": {"collection": {}, "collectionId": "never"},
    }
    reasons: dict[str, Reason] = {
        "513 characters": "a" * 513,
        "5120 characters": "a" * 5_120,
        "513 characters of two bytes": "é" * 513,
        "U+0085": "a\x85b",
        "bytes that are not UTF-8": b"a\xff\xfeb",
    }
    for operation, request in writes.items():
        for title, reason in reasons.items():
            more = {"field": "x-change-reason", "change_reason": reason}
            yield Refusal(f"{operation} for {title}", operation, request, "INVALID_CHANGE_REASON", **more)


def _collections() -> Iterator[Refusal]:
    def create(title: str, collection: Json, reason: str, field: str) -> Refusal:
        request = {"collection": collection, "collectionId": "never"}
        return Refusal(title, "CreateCollection", request, reason, field)

    path = PARENT
    yield create("collection's name of 513", {"name": "a" * 513}, "INVALID_FIELD", "collection.name")
    yield create("newline in a collection's name", {"name": "a\nb"}, "INVALID_TEXT", "collection.name")
    for size in (4_097, 40_960):
        text = {"description": "é" * size}
        yield create(f"description of {size}", text, "INVALID_FIELD", "collection.description")
    yield create("U+0000 in a description", {"description": "a\0"}, "INVALID_TEXT", "collection.description")
    nameless = {"collection": {"name": "a"}}
    yield Refusal("collection without an id", "CreateCollection", nameless, "INVALID_ID", "collection_id")
    differ = {"collection": {"id": "a"}, "collectionId": "b"}
    yield Refusal("collection with two ids", "CreateCollection", differ, "INVALID_ID", "collection_id")
    taken = {"collection": {}, "collectionId": COLLECTION}
    yield Refusal("collection that exists", "CreateCollection", taken, "COLLECTION_EXISTS", None, "ALREADY_EXISTS")
    full = {"path": path}
    yield Refusal("delete of a full one", "DeleteCollection", full, "COLLECTION_NOT_EMPTY", None, "FAILED_PRECONDITION")


def _collection_updates() -> Iterator[Refusal]:
    path = PARENT
    wrong = {"path": path, "etag": '"0-00000000"'}
    yield Refusal("delete with a wrong etag", "DeleteCollection", wrong, "ETAG_MISMATCH", None, "ABORTED")
    stale = {"collection": {"path": path, "name": "b", "etag": '"0-00000000"'}}
    yield Refusal("update with a wrong etag", "UpdateCollection", stale, "ETAG_MISMATCH", None, "ABORTED")
    for mask in ("id", "createTime", "*,name", "tags"):
        request = {"collection": {"path": path, "name": "b"}, "updateMask": mask}
        yield Refusal(f"update of its field {mask}", "UpdateCollection", request, "INVALID_UPDATE_MASK", "update_mask")
    renamed = {"collection": {"path": path, "id": "other", "name": "b"}}
    yield Refusal("update of its id", "UpdateCollection", renamed, "INVALID_FIELD", "collection.id")
    for operation, request in (
        ("GetCollection", {"path": "collections/no-such"}),
        ("UpdateCollection", {"collection": {"path": "collections/no-such", "name": "a"}}),
        ("DeleteCollection", {"path": "collections/no-such"}),
    ):
        title = f"{operation} of an unknown one"
        yield Refusal(title, operation, request, "COLLECTION_NOT_FOUND", None, "NOT_FOUND")
