"""Bad queries: filters with the column of the mistake, orders, read masks, parameters."""

from collections.abc import Iterator

from tests.integration.parity import wire
from tests.integration.parity.refusal import KEPT, PARENT, Refusal
from tests.integration.parity.transports import Json, Raw

_ALL = ("=", "!=", "<", "<=", ">", ">=")
_ORDERED = ("<", "<=", ">", ">=")


def bad_queries() -> Iterator[Refusal]:
    """All of them."""
    yield from _wrong_types()
    yield from _unknown_fields()
    yield from _syntax()
    yield from _limits()
    yield from _orders()
    yield from _read_masks()
    yield from _parameters()


def _filter(text: str, says: str, title: str = "") -> Refusal:
    request = {"parent": PARENT, "filter": text}
    title = title or f"list by {text!r}"
    return Refusal(title, "ListRecords", request, "INVALID_FILTER", "filter", says=says)


def _wrong_types() -> Iterator[Refusal]:
    """Every operator with a literal that the field's type cannot be compared with: the column is the literal's."""
    for field, literals in (
        ("version", ("x", "1.5", '"one"', "null", "true", "9223372036854775808", "1*")),
        ("date", ("yesterday", "5", "null", "2026-02-30", "2026-01-31T12:00:00", "2026-*", '""')),
        ("expire_time", ("x", "true")),
    ):
        for operator in (*_ALL, ":"):
            for literal in literals:
                yield _filter(f"{field} {operator} {literal}", f"(column {len(field) + len(operator) + 3})")
    for operator in _ORDERED:
        yield _filter(f"expire_time {operator} null", f"(column {14 + len(operator)})")
        for literal in ("true", "false", "null", "a*", "*"):
            yield _filter(f"content.a {operator} {literal}", f"(column {12 + len(operator)})")
        yield _filter(f"name {operator} a*", f"(column {7 + len(operator)})")
    for operator in _ALL:
        yield _filter(f"tags {operator} a", "(column 6)")
        yield _filter(f"content {operator} a", "(column 9)")
        for literal in ("9007199254740993", "1e400", "TRUE", "05", ".5", "+1", "a*b"):
            column = 12 + len(operator)
            yield _filter(f"content.a {operator} {literal}", f"(column {column})")


def _unknown_fields() -> Iterator[Refusal]:
    for name, says in (
        ("nmae", "'nmae'"), ("createTime", "create_time"), ("Name", "write name"), ("etag", "revision"),
        ("ttl", "expire_time"), ("record.name", "'record'"), ("name.first", "only content"), ("data", "'data'"),
    ):  # fmt: skip
        yield _filter(f"tags:a AND {name} = x", says)
        yield _filter(f"NOT {name}:x", "(column 5)")
    for path in ("content.", "content..a", "content.a.", "content.`a", 'content."a', "content.``", "content.a b"):
        yield _filter(f"{path} = 1", "(column ")
    deep = ".".join(["content", *"abcdefghi"])
    yield _filter(f"{deep} = 1", "at most 8 keys")
    yield _filter(f"content.{'k' * 129} = 1", "128 characters")


def _syntax() -> Iterator[Refusal]:
    for text, column in (
        ("name = a OR id = b AND id = c", 20), ("name = a AND id = b OR id = c", 21), ("name = a b", 10),
        ("name = a and id = b", 10), ("name = AND", 8), ("= a", 1), ("name =", 7), ("name", 5), ("name == a", 7),
        ("name <> a", 7), ("(name = a", 10), ("name = a)", 9), ("name = (a)", 8), ("name = a, id = b", 9),
        ('name = "a', 8), ("name = 'a", 8), ('name = "\\x"', 9), ('"a"', 1), ("NOT", 4), ("AND name = a", 1),
        ("name = a AND", 13), ("f(name)", 1), ("name = a`b", 9), ("name ~ a", 6), ("name = a\0", 9), ("!name = a", 1),
        ("name = *a*b", 8), ("tags:''", 6), ("NOT NOT", 8), ("name=a;drop table record", 9),
    ):  # fmt: skip
        says = f"(column {column})" if text not in _COLUMN_IS_OPEN else "(column "
        yield _filter(text, says, f"filter {text!r} at its column")


_COLUMN_IS_OPEN = {"name = a, id = b", "f(name)", "name=a;drop table record", "name ~ a", "name == a", "name <> a"}
"""Where a parser may see the mistake one word earlier or later."""


def _limits() -> Iterator[Refusal]:
    for count in (51, 60):
        terms = [f"id = {number:02}" for number in range(count)]
        for join in (" AND ", " OR "):
            yield _filter(join.join(terms), "50", f"filter of {count} terms with{join}")
        nested = " AND ".join(f"({term})" for term in terms)
        yield _filter(nested, "50", f"filter of {count} terms in parentheses")
    for depth in (9, 100, 1_000):
        yield _filter("(" * depth + "id = a" + ")" * depth, "8 levels", f"filter of {depth} parentheses")
    for depth in (9, 100, 400):
        yield _filter("NOT " * depth + "id = a", "8 levels", f"filter of {depth} negations")
        yield _filter("-" * depth + "id = a", "8 levels", f"filter of {depth} minus signs")
    for size in (2_049, 3_072):
        yield _filter('name = "' + "a" * (size - 9) + '"', "2048 bytes", f"filter of {size} characters")
        yield _filter('name = "' + "é" * (size // 2) + '"', "2048 bytes", f"filter of {size // 2} letters of two bytes")


def _orders() -> Iterator[Refusal]:
    for text, says in (
        ("nmae", "(column 1)"), ("name, createTime", "(column 7)"), ("tags", "no order"), ("content", "below it"),
        ("etag", "revision"), ("name up", "(column 6)"), ("name desc asc", "(column 11)"), ("name DESC", "(column 6)"),
        (",", "(column 1)"), ("name,", "(column 6)"), ("name,,id", "(column 6)"), ("name, name desc", "twice"),
        ("name, id, date, version", "at most 3"), ("name; id", "(column 5)"), ("-name", "(column"),
        ("name.first", "only"),
        ("content.`a", "(column"), ("name\0", "(column 5)"), ("content.a, content.`a`", "twice"),
        ("content." + ".".join("abcdefghi"), "8 keys"), ("name asc id", "(column 10)"), ("ttl", "expire_time"),
    ):  # fmt: skip
        request = {"parent": PARENT, "orderBy": text}
        yield Refusal(f"order by {text!r}", "ListRecords", request, "INVALID_ORDER_BY", "order_by", says=says)


def _read_masks() -> Iterator[Refusal]:
    requests: dict[str, Json] = {
        "GetRecord": {"path": KEPT},
        "ListRecords": {"parent": PARENT},
        "BatchGetRecords": {"parent": PARENT, "paths": [KEPT]},
        "BatchCreateRecords": {"parent": PARENT, "requests": [{"record": {"name": "a"}}]},
        "BatchUpdateRecords": {"parent": PARENT, "requests": [{"record": {"path": KEPT, "name": "b"}}]},
        "BatchDeleteRecords": {"parent": PARENT, "requests": [{"path": KEPT}]},
    }
    for operation, request in requests.items():
        for mask in ("nmae", "name,*", "content.", "content.`a", "name.first", "ttl", "record.name", "content.a b"):
            title = f"{operation} of the fields {mask}"
            yield Refusal(title, operation, request | {"readMask": mask}, "INVALID_READ_MASK", "read_mask")
    snake = {"path": KEPT, "readMask": "create_time"}
    yield Refusal("a field to read in snake_case", "GetRecord", snake, "INVALID_READ_MASK", "read_mask", only="http")


def _parameters() -> Iterator[Refusal]:
    for operation, request in (
        ("ListRecords", {"showDeleted": "maybe"}),
        ("ListRecords", {"showDeleted": "1"}),
        ("ListRecords", {"showDeleted": ""}),
        ("CountRecords", {"estimate": "True"}),
        ("CountRecords", {"showDeleted": "yes"}),
    ):
        ((name, value),) = request.items()
        field = {"showDeleted": "show_deleted"}.get(name, name)
        title = f"{operation} with {name}={value!r}"
        yield Refusal(title, operation, {"parent": PARENT, **request}, "INVALID_FIELD", field, only="http")
    twice = {"parent": PARENT, "filter": ["tags:a", "tags:b"]}
    yield Refusal("a filter twice", "ListRecords", twice, "INVALID_FIELD", "filter", only="http", says="twice")
    for operation, name in (("CountRecords", "orderBy"), ("GetRecord", "filter"), ("ListRecords", "estimate")):
        request = {"parent": PARENT, "path": KEPT, name: "a"}
        request.pop("path" if operation != "GetRecord" else "parent")
        title = f"{operation} with the parameter {name}"
        yield Refusal(title, operation, request, "UNKNOWN_FIELD", name, only="http")
    counted = {"parent": PARENT, "filter": "nmae = a"}
    yield Refusal("a count by a bad filter", "CountRecords", counted, "INVALID_FILTER", "filter", says="(column 1)")
    for operation in ("ListRecords", "CountRecords"):
        nowhere = {"parent": "collections/No"}
        yield Refusal(f"{operation} in a bad collection", operation, nowhere, "INVALID_ID", "parent")
    raw = Raw(b"", wire.delimited(1, PARENT) + wire.delimited(4, b"\xff"))
    yield Refusal("a filter of no text", "ListRecords", {}, "INVALID_TEXT", "", raw=raw, only="grpc")
