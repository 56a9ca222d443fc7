"""Bad values: texts, contents, types, and bytes that are no request at all."""

import json
from collections.abc import Iterator
from math import inf, nan
from typing import Any

from tests.integration.parity import wire
from tests.integration.parity.refusal import PARENT, Refusal, bad_create, json_create, raw_create
from tests.integration.parity.transports import Raw

MIB = 1 << 20
_SURROGATE = b"\xed\xa0\x80"
"""U+D800 as if it could be encoded."""


def bad_values() -> Iterator[Refusal]:
    """All of them."""
    yield from _texts()
    yield from _not_unicode()
    yield from _contents()
    yield from _depths()
    yield from _numbers()
    yield from _keys()
    yield from _malformed()
    yield from _wrong_types()


def _texts() -> Iterator[Refusal]:
    for size in (513, 5_120):
        yield bad_create(f"name of {size} characters", {"name": "é" * size}, "INVALID_FIELD", "record.name")
    for code in (0, 1, 0x0A, 0x1F, 0x7F, 0x85, 0x9F):
        yield bad_create(f"U+{code:04X} in a name", {"name": f"a{chr(code)}b"}, "INVALID_TEXT", "record.name")
        yield bad_create(f"U+{code:04X} in a tag", {"tags": ["a", f"b{chr(code)}c"]}, "INVALID_TEXT", "record.tags")
    for count in (65, 640):
        yield bad_create(f"{count} tags", {"tags": [str(n) for n in range(count)]}, "INVALID_FIELD", "record.tags")
    for size in (129, 1_280):
        yield bad_create(f"tag of {size} characters", {"tags": ["a" * size]}, "INVALID_FIELD", "record.tags")
    for tag in ("", " ", "\t"):
        yield bad_create(f"tag {tag!r}", {"tags": ["a", tag]}, "INVALID_FIELD", "record.tags")
    two = {"name": "\n", "tags": ["a" * 129], "content": {"a": "\0"}}
    yield bad_create("three mistakes at once", two, "INVALID_TEXT", "record.name")


def _not_unicode() -> Iterator[Refusal]:
    """Text that is none: as an escape JSON can write it, as bytes neither transport can take it."""
    for place, field, body, message in (
        ("a name", "record.name", '{"name": "%s"}', wire.name),
        ("a tag", "record.tags", '{"tags": ["%s"]}', wire.tag),
        ("a content", "record.content.a", '{"content": {"a": "%s"}}', _content_of_text),
        ("a key", "record.content", '{"content": {"%s": 1}}', _content_of_key),
    ):
        more: dict[str, Any] = {"reason": "INVALID_TEXT", "grpc_field": ""}
        for escape in (r"\ud800", r"\udfff", r"\udc00\ud800"):
            title = f"lone surrogate {escape} in {place}"
            yield raw_create(title, body % escape, message(_SURROGATE), field=field, **more)
        for bad in (b"\xff", _SURROGATE, b"\xc0\x80", b"\xf4\x90\x80\x80"):
            title, sent = f"bytes {bad.hex()} in {place}", body.encode().replace(b"%s", bad)
            yield raw_create(title, sent, message(bad), field="record", **more)


def _contents() -> Iterator[Refusal]:
    for size in (MIB + 1, 10 * MIB):
        content = {"t": "a" * (size - len('{"t":""}'))}
        yield bad_create(f"content of {size} bytes", {"content": content}, "CONTENT_TOO_LARGE", "record.content")
    numbers = json.dumps({"n": [1] * (MIB // 2 - 4)}).replace(" ", "")
    values = wire.content(wire.struct_of(("n", wire.list_of(wire.number_value(1), MIB // 2 - 4))))
    title = "content of a mebibyte of numbers, which is 7 MiB as a message"
    yield raw_create(title, f'{{"content": {numbers}}}', values, "CONTENT_TOO_LARGE", "record.content")


def _depths() -> Iterator[Refusal]:
    for depth in (33, 40, 320, 5_000):
        body = '{"content": ' + '{"a":' * (depth - 1) + "{}" + "}" * depth
        # Far past the limit the parser gives up before there is a content; that of gRPC does so earlier.
        field, grpc_field = "record" if depth > 900 else "record.content", "" if depth > 33 else None
        message = wire.content(wire.nested(depth))
        yield raw_create(f"{depth} levels", body, message, "CONTENT_TOO_DEEP", field, grpc_field=grpc_field)
    deep = '{"content": ' + '{"a":' * 700 + "NaN" + "}" * 701
    yield json_create("NaN at level 700", deep, "CONTENT_TOO_DEEP", "record")
    endless = '{"content": ' + '{"a":' * 1_000_000
    yield json_create("a million levels that never end", endless, "CONTENT_TOO_DEEP", "record")
    yield bad_create("33 levels of arrays", {"content": {"a": _arrays(32)}}, "CONTENT_TOO_DEEP", "record.content")


def _numbers() -> Iterator[Refusal]:
    for field, body, message in (
        ("record.content.a", '{"a": %s}', _content_of_number),
        ("record.content.a[1].b", '{"a": [1, {"b": %s}]}', _content_of_inner_number),
    ):
        for number, literal in ((nan, "NaN"), (inf, "Infinity"), (-inf, "-Infinity"), (inf, "1e400")):
            sent = '{"content": ' + body % literal + "}"
            yield raw_create(f"{literal} as {field}", sent, message(number), "NUMBER_NOT_EXACT", field)
    for key in ("k" * 100_000, "\U0001f511" * 10_000):
        message = wire.content(wire.struct_of((key, wire.number_value(nan))))
        title = f"NaN as a key of {len(key)} characters"
        yield raw_create(
            title, f'{{"content": {{"{key}": NaN}}}}', message, "NUMBER_NOT_EXACT", f"record.content.{key}"[:256]
        )
    for literal in ("9007199254740993", "1e400", "-1e400", "0.1000000000000000055511151231257827", "1" * 400, "1e-400"):
        body = f'{{"content": {{"a": {literal}}}}}'
        yield json_create(f"number {literal[:40]}", body, "NUMBER_NOT_EXACT", "record.content.a")


def _keys() -> Iterator[Refusal]:
    one, two = wire.number_value(1), wire.number_value(2)
    twice = wire.content(wire.struct_of(("a", one), ("a", two)))
    yield raw_create("key twice", '{"content": {"a": 1, "a": 2}}', twice, "DUPLICATE_KEY", "record.content.a")
    same = wire.content(wire.struct_of(("a", one), ("b", two), ("a", one)))
    yield raw_create("key twice, equal", '{"content": {"a":1,"b":2,"a":1}}', same, "DUPLICATE_KEY", "record.content.a")
    inner = wire.content(wire.struct_of(("o", wire.struct_value(("a", one), ("a", one)))))
    body = '{"content": {"o": {"a": 1, "a": 1}}}'
    yield raw_create("key twice inside", body, inner, "DUPLICATE_KEY", "record.content.o.a")
    escaped = '{"content": {"a": 1, "\\u0061": 2}}'
    yield raw_create("key twice, once escaped", escaped, twice, "DUPLICATE_KEY", "record.content.a")
    for key in ("k" * 100_000, "\U0001f511" * 10_000):
        message = wire.content(wire.struct_of((key, one), (key, two)))
        body, field = f'{{"content": {{"{key}": 1, "{key}": 2}}}}', f"record.content.{key}"[:256]
        yield raw_create(f"key of {len(key)} characters twice", body, message, "DUPLICATE_KEY", field)
        yield bad_create(f"U+0000 below a key of {len(key)}", {"content": {key: "\0"}}, "INVALID_TEXT", field)
        yield bad_create(f"tag of {len(key)} characters", {"tags": [key]}, "INVALID_FIELD", "record.tags")
        yield json_create(f"unknown field of {len(key)}", json.dumps({key: 1}), "UNKNOWN_FIELD", f"record.{key}"[:256])
    for content, where in (
        ({"a": "x\0y"}, "record.content.a"),
        ({"a": ["x", {"b": "\0"}]}, "record.content.a[1].b"),
        ({"a\0": 1}, "record.content"),
    ):
        yield bad_create(f"U+0000 at {where}", {"content": content}, "INVALID_TEXT", where)
    for literal in ('"hello"', "[]", "[{}]", "1", "1.5", "true", '""'):
        yield json_create(f"content {literal}", f'{{"content": {literal}}}', "CONTENT_NOT_OBJECT", "record.content")
    nothing = wire.content(wire.struct_of(("a", b"")))
    yield raw_create("Value without a kind", "", nothing, "INVALID_FIELD", "record.content.a", only="grpc")


def _malformed() -> Iterator[Refusal]:
    parent = wire.delimited(1, PARENT)
    bodies = {
        "nothing": b"",
        "blanks": b" \n\t ",
        "half an object": b'{"name": "a"',
        "half a string": b'{"name": "a',
        "trailing comma": b'{"name": "a",}',
        "two objects": b"{}{}",
        "single quotes": b"{'name': 'a'}",
        "a comment": b'{"name": "a"} // b',
        "UTF-16": '{"name": "a"}'.encode("utf-16"),
        "bad escape": b'{"name": "\\x"}',
        "a raw newline": b'{"name": "a\nb"}',
        "half an object after NaN": b'{"content": {"a": NaN}, "name": "a',
        "half an object after a number that is not exact": b'{"content": {"a": 9007199254740993}',
        "half an object after a key twice": b'{"content": {"a": 1, "a": 1}',
        "leading zero": b'{"content": {"a": 01}}',
        "an array": b"[]",
        "a string": b'"a"',
        "a number": b"1",
        "null": b"null",
        "zeros": b"\0" * 16,
    }
    for title, body in bodies.items():
        reason = "INVALID_TEXT" if title == "UTF-16" else "MALFORMED_REQUEST"
        yield json_create(f"body of {title}", body, reason, "record")
    messages = {
        "a length past the end": parent + b"\x12\x7f",
        "wire type 7": parent + b"\x17",
        "a varint without end": parent + b"\xff" * 12,
        "field number 0": parent + b"\x00\x00",
        "text": b"hello, world",
        "JSON": b'{"parent": "collections/a"}',
        "ones": b"\xff" * 64,
        "a record that ends early": parent + wire.delimited(2, b"\x12\x05ab"),
    }
    for title, message in messages.items():
        raw = Raw(b"", message)
        yield Refusal(f"message of {title}", "CreateRecord", {}, "MALFORMED_REQUEST", "", raw=raw, only="grpc")


def _wrong_types() -> Iterator[Refusal]:
    for field, literal in (
        ("name", "5"), ("name", "{}"), ("name", "[]"), ("name", "true"), ("date", "5"), ("date", "{}"), ("tags", '"a"'),
        ("tags", "{}"), ("tags", "[1]"), ("tags", '["a", null]'), ("tags", "[[]]"), ("id", "5"), ("etag", "5"),
    ):  # fmt: skip
        yield json_create(f"{field} is {literal}", f'{{"{field}": {literal}}}', "INVALID_FIELD", f"record.{field}")
    for date in (
        "yesterday", "", "2026-02-30", "2026-13-01T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:00",
        "2026-01-31T12:00:00.1234567890Z", "2026-01-31 12:00:00Z", "0000-12-31T00:00:00Z", "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "1767225600",
    ):  # fmt: skip
        yield json_create(f"date {date!r}", json.dumps({"date": date}), "INVALID_FIELD", "record.date")
    for seconds, nanos in ((-62135596801, 0), (253402300800, 0), (0, -1), (0, 1_000_000_000), (1 << 62, 0)):
        title = f"date of {seconds} seconds and {nanos} nanos"
        yield raw_create(title, "", wire.date(seconds, nanos), "INVALID_FIELD", "record.date", only="grpc")
    for key in ("nmae", "Name", "create_time", "schemaVersion", "data", ""):
        yield json_create(f"unknown field {key!r}", json.dumps({key: 1}), "UNKNOWN_FIELD", f"record.{key}")
    for key, shown in ((r"\ud800", r"\ud800"), (r"a\u0000", "a\0"), (r"\n", "\n")):
        title = f"unknown field {key} that is no text"
        yield json_create(title, f'{{"{key}": 1}}', "UNKNOWN_FIELD", f"record.{shown}")
    surrogate = r'{"content": {"\ud800": 1, "\ud800": 2}}'
    yield json_create("key twice that is no text", surrogate, "DUPLICATE_KEY", r"record.content.\ud800")
    yield json_create(
        "NaN below a key that is no text", r'{"content": {"\udfff": NaN}}', "NUMBER_NOT_EXACT", r"record.content.\udfff"
    )
    yield json_create("field twice", '{"name": "a", "name": "b"}', "DUPLICATE_KEY", "record.name")


def _arrays(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth - 1):
        found = [found]
    return found


def _content_of_text(text: bytes) -> bytes:
    return wire.content(wire.struct_of(("a", wire.text_value(text))))


def _content_of_key(key: bytes) -> bytes:
    return wire.content(wire.struct_of((key, wire.number_value(1))))


def _content_of_number(number: float) -> bytes:
    return wire.content(wire.struct_of(("a", wire.number_value(number))))


def _content_of_inner_number(number: float) -> bytes:
    inner = wire.struct_value(("b", wire.number_value(number)))
    return wire.content(wire.struct_of(("a", wire.list_value(wire.number_value(1), inner))))
