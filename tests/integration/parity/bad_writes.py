"""Bad writes: masks, transforms, expirations, request ids, settings of collections."""

from collections.abc import Iterator

from tests.integration.parity.refusal import KEPT, PARENT, Refusal
from tests.integration.parity.transports import Json


def bad_writes() -> Iterator[Refusal]:
    """All of them."""
    yield from _masks()
    yield from _transforms()
    yield from _expirations()
    yield from _request_ids()
    yield from _settings()
    yield from _lives()


def _masks() -> Iterator[Refusal]:
    for mask, says in (
        ("createTime", "'create_time'"), ("deleteTime", "'delete_time'"), ("purgeTime", "'purge_time'"),
        ("content,content.n", "contains"), ("content.o,content.o.k", "contains"), ("content.n.x", "is a number"),
        ("content.t.x.y", "is a string"), ("content.l.x", "is an array"), ("content.", "column"),
        ("content..a", "column"),
        ("content.`a", "column"), ("content.l[0]", "column"), ("expireTime,ttl", "one of them"),
        ("record.name", "record"),
        ("name,content.n,*", "alone"), ("content." + ".".join("abcdefghi"), "8 keys"), ("tags.a", "tags.a"), ("-", "-"),
    ):  # fmt: skip
        record = {"path": KEPT, "name": "b", "content": {"n": {"x": 1}, "t": {"x": {"y": 1}}, "l": {"x": 1}}}
        request = {"record": record, "updateMask": mask}
        title = f"update by the mask {mask}"
        yield Refusal(title, "UpdateRecord", request, "INVALID_UPDATE_MASK", "update_mask", says=says)
    for mask in ("records", "requireEtag,id", "indexes.field", "state", "revision"):
        request = {"collection": {"path": PARENT, "name": "b"}, "updateMask": mask}
        title = f"update of a collection by the mask {mask}"
        yield Refusal(title, "UpdateCollection", request, "INVALID_UPDATE_MASK", "update_mask")
    snake = {"record": {"path": KEPT, "name": "b"}, "updateMask": "expire_time"}
    title = "update by a mask in snake_case"
    yield Refusal(
        title, "UpdateRecord", snake, "INVALID_UPDATE_MASK", "update_mask", only="http", says="lowerCamelCase"
    )


def _transforms() -> Iterator[Refusal]:
    cases: list[tuple[Json, str, str]] = [
        ({"field": "content.t", "increment": 1}, ".field", "is a string"),
        ({"field": "content.l", "increment": 1}, ".field", "is an array"),
        ({"field": "content.o.k", "increment": 1}, ".field", "is a boolean"),
        ({"field": "content.n", "append": [1]}, ".field", "needs an array"),
        ({"field": "content.t", "addToSet": [1]}, ".field", "needs an array"),
        ({"field": "content.o", "removeFromSet": [1]}, ".field", "needs an array"),
        ({"field": "content.n.x", "increment": 1}, ".field", "content.n"),
        ({"field": "name", "increment": 1}, ".field", "content.<path> or tags"),
        ({"field": "content", "append": [1]}, ".field", "content.<path> or tags"),
        ({"field": "version", "increment": 1}, ".field", "content.<path> or tags"),
        ({"field": "", "increment": 1}, ".field", "is missing"),
        ({"increment": 1}, ".field", "is missing"),
        ({"field": "content.", "increment": 1}, ".field", "column"),
        ({"field": "tags", "append": ["a"]}, ".field", "add_to_set"),
        ({"field": "tags", "increment": 1}, ".field", "add_to_set"),
        ({"field": "tags", "addToSet": ["a", 1]}, ".add_to_set[1]", "is a number"),
        ({"field": "content.n"}, "", "increment, append"),
    ]
    for transform, part, says in cases:
        request = {"record": {"path": KEPT}, "transforms": [{"field": "content.n", "increment": 1}, transform]}
        title = f"transform {transform}"
        yield Refusal(title, "UpdateRecord", request, "INVALID_TRANSFORM", f"transforms[1]{part}", says=says)
    many = {"record": {"path": KEPT}, "transforms": [{"field": "content.n", "increment": 1}] * 101}
    yield Refusal("101 transforms", "UpdateRecord", many, "INVALID_TRANSFORM", "transforms", says="100")
    for number in ("Infinity", "-Infinity", "NaN"):
        request = {"record": {"path": KEPT}, "transforms": [{"field": "content.n", "increment": number}]}
        title = f"increment by {number}"
        yield Refusal(title, "UpdateRecord", request, "NUMBER_NOT_EXACT", "transforms[0].increment", only="grpc")
    for field, tags, reason in (("tags", ["\0"], "INVALID_TEXT"), ("tags", ["a" * 129], "INVALID_FIELD")):
        request = {"record": {"path": KEPT}, "transforms": [{"field": field, "addToSet": tags}]}
        yield Refusal(f"transform to the tag {tags[0][:3]!r}", "UpdateRecord", request, reason, "record.tags")
    text = {"record": {"path": KEPT}, "transforms": [{"field": "content.l", "append": ["\0"]}]}
    yield Refusal("transform to U+0000", "UpdateRecord", text, "INVALID_TEXT", "record.content.l[1]")
    large = {"record": {"path": KEPT}, "transforms": [{"field": "content.l", "append": ["a" * (1 << 20)]}]}
    yield Refusal("transform past a mebibyte", "UpdateRecord", large, "CONTENT_TOO_LARGE", "record.content")
    deep: Json = {"path": KEPT, "content": {"n": _nested(32)}}
    nested = {"record": deep, "updateMask": "content.n"}
    yield Refusal("update past 32 levels", "UpdateRecord", nested, "CONTENT_TOO_DEEP", "record.content")


def _nested(depth: int) -> Json:
    found: Json = {}
    for _ in range(depth - 1):
        found = {"a": found}
    return found


def _expirations() -> Iterator[Refusal]:
    for ttl, says in (
        ("0s", "more than 0"),
        ("-1s", "more than 0"),
        ("-0.000000001s", "more than 0"),
        ("315576000000s", "9999"),
    ):
        more = {"reason": "INVALID_FIELD", "field": "record.ttl", "says": says}
        create = {"parent": PARENT, "record": {"ttl": ttl}}
        yield Refusal(f"create with the ttl {ttl}", "CreateRecord", create, **more)
        update = {"record": {"path": KEPT, "ttl": ttl}}
        yield Refusal(f"update to the ttl {ttl}", "UpdateRecord", update, **more)


def _request_ids() -> Iterator[Refusal]:
    requests: dict[str, Json] = {
        "CreateRecord": {"parent": PARENT, "record": {}},
        "UpdateRecord": {"record": {"path": KEPT, "name": "b"}},
        "DeleteRecord": {"path": KEPT},
        "UndeleteRecord": {"path": f"{PARENT}/records/gone"},
        "PurgeRecord": {"path": f"{PARENT}/records/gone"},
        "BatchCreateRecords": {"parent": PARENT, "requests": [{}]},
        "BatchUpdateRecords": {"parent": PARENT, "requests": [{"record": {"path": KEPT, "name": "b"}}]},
        "BatchDeleteRecords": {"parent": PARENT, "requests": [{"path": KEPT}]},
        "TransactRecords": {"then": [{"delete": {"path": KEPT}}]},
        "CreateCollection": {"collection": {"id": "never"}},
        "UpdateCollection": {"collection": {"path": PARENT, "name": "b"}},
        "DeleteCollection": {"path": PARENT, "force": True},
    }
    for operation, request in requests.items():
        for title, bad, reason in (
            ("129 characters", "é" * 129, "INVALID_REQUEST_ID"),
            ("a newline", "a\n", "INVALID_REQUEST_ID"),
        ):
            yield Refusal(
                f"{operation} with a request id of {title}",
                operation,
                request | {"requestId": bad},
                reason,
                "request_id",
            )


def _settings() -> Iterator[Refusal]:
    for title, values, field, says in (
        ("a negative retention", {"retention": "-1s"}, "retention", ""),
        ("a negative history age", {"historyAge": "-1s"}, "history_age", ""),
        ("a negative number of entries", {"historyEntries": "-1"}, "history_entries", ""),
        ("17 indexes", {"indexes": [{"field": f"content.f{n}"} for n in range(17)]}, "indexes", "16"),
        ("an index on the id", {"indexes": [{"field": "name"}, {"field": "id"}]}, "indexes[1].field", "without"),
        ("an index on the tags", {"indexes": [{"field": "tags"}]}, "indexes[0].field", "no order"),
        ("an index on the content", {"indexes": [{"field": "content"}]}, "indexes[0].field", "below it"),
        ("an index on nothing", {"indexes": [{}]}, "indexes[0].field", "expected a field"),
        ("an index on a field in camelCase", {"indexes": [{"field": "createTime"}]}, "indexes[0].field", "create_time"),
        (
            "an index twice",
            {"indexes": [{"field": "content.a"}, {"field": "content.`a`"}]},
            "indexes[1].field",
            "twice",
        ),
        ("an index on a bad path", {"indexes": [{"field": "content.a..b"}]}, "indexes[0].field", "column"),
    ):
        more = {"reason": "INVALID_FIELD", "field": f"collection.{field}", "says": says}
        yield Refusal(f"collection with {title}", "CreateCollection", {"collection": {"id": "never", **values}}, **more)
        update = {"collection": {"path": PARENT, **values}}
        yield Refusal(f"collection changed to {title}", "UpdateCollection", update, **more)


def _lives() -> Iterator[Refusal]:
    gone = {"path": f"{PARENT}/records/gone"}
    exists = {"reason": "RECORD_EXISTS", "field": None, "kind": "ALREADY_EXISTS"}
    yield Refusal("undelete of a live record", "UndeleteRecord", {"path": KEPT}, says="is not deleted", **exists)
    live = {"reason": "RECORD_NOT_DELETED", "field": None, "kind": "FAILED_PRECONDITION"}
    yield Refusal("purge of a live record", "PurgeRecord", {"path": KEPT}, says="delete it before", **live)
    for operation in ("UndeleteRecord", "PurgeRecord"):
        for title, path, reason in (
            ("nobody", f"{PARENT}/records/nobody", "RECORD_NOT_FOUND"),
            ("nowhere", "collections/no-such/records/a", "COLLECTION_NOT_FOUND"),
        ):
            yield Refusal(f"{operation} of {title}", operation, {"path": path}, reason, None, "NOT_FOUND")
        stale = gone | {"etag": '"0-00000000"'}
        yield Refusal(f"{operation} with a stale etag", operation, stale, "ETAG_MISMATCH", None, "ABORTED")
        bad = {"path": f"{PARENT}/records/Bad"}
        yield Refusal(f"{operation} of a bad id", operation, bad, "INVALID_ID", "path")
