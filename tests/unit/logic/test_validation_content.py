"""What a content may hold."""

import json
from typing import Any

import msgspec
import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from crud_service.logic.validation import (
    collection_violations,
    encode_content,
    record_violations,
)
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.record import Collection, Record
from crud_service.model.timestamp import now

LIMITS = Limits()
TIME = now()
RECORD = Record("notes", "a", "", TIME, "{}", (), 0, 1, TIME, TIME)
COLLECTION = Collection("notes", "", "", 0, 1, TIME, TIME)
CONTROLS = ["\0", "\x01", "\t", "\n", "\r", "\x1b", "\x1f", "\x7f", "\x80", "\x9b", "\x9f"]
LONE = ["\ud800", "\udbff", "\udc00", "\udfff", "a\ud83d"]


def found(resource: Record | Collection, limits: Limits = LIMITS) -> list[tuple[str, Reason]]:
    """The fields and reasons of all violations."""
    check: Any = record_violations if isinstance(resource, Record) else collection_violations
    return [(each.field, each.reason) for each in check(resource, limits)]


def with_content(text: str) -> Record:
    return replace(RECORD, content=text)


def content_of_bytes(size: int, character: str) -> str:
    """A content of exactly `size` bytes as compact JSON."""
    room = size - len('{"t":""}')
    width = len(character.encode())
    return encode_content({"t": character * (room // width) + "x" * (room % width)})


@pytest.mark.parametrize("character", ["x", "ü", "\U0001f600"])
@pytest.mark.parametrize(("past", "wrong"), [(0, False), (1, True), (10_000_000, True)])
def test_content_bytes(character: str, past: int, wrong: bool) -> None:
    """A content has at most 1 MiB: bytes of UTF-8, not characters."""
    content = content_of_bytes(LIMITS.content_bytes + past, character)
    assert len(content.encode()) == LIMITS.content_bytes + past
    assert found(with_content(content)) == ([("record.content", Reason.CONTENT_TOO_LARGE)] if wrong else [])


@pytest.mark.parametrize("unit", ["1,", "12,", "[1],", "[[1]],"])
def test_content_bytes_as_protobuf(unit: str) -> None:
    """A content that would grow past three times the limit as a Struct is refused, at the very byte."""
    values = '":[' + (unit * 2_500)[:-1] + "]}"
    struct = struct_pb2.Struct()
    for key in ("a", "aa", "aaa"):
        struct.Clear()
        struct.update(json.loads(content := f'{{"{key}{values}'))
        if struct.ByteSize() % 3 == 1:
            break
    limit = struct.ByteSize() // 3
    assert limit > len(content)
    assert found(with_content(content), Limits(content_bytes=limit + 1)) == []
    assert found(with_content(content), Limits(content_bytes=limit)) == [("record.content", Reason.CONTENT_TOO_LARGE)]


def test_a_million_small_numbers_are_too_large() -> None:
    """Numbers that fit the limit as JSON but not a gRPC reply are refused by the default limits."""
    content = '{"a":[' + ",".join("1" * 500_000) + "]}"
    assert len(content) < LIMITS.content_bytes
    violations = record_violations(with_content(content), LIMITS)
    assert [each.reason for each in violations] == [Reason.CONTENT_TOO_LARGE]
    struct = struct_pb2.Struct()
    struct.update({"a": [1] * 500_000})
    size = f"has {struct.ByteSize()} bytes as google.protobuf.Struct; at most 3145728 are allowed"
    assert violations[0].description == size


def nested(depth: int, opening: str = '{"a":', inner: str = "1", closing: str = "}") -> str:
    """JSON in which `depth` objects, or arrays inside of one, enclose the innermost value."""
    return '{"a":' + opening * (depth - 1) + inner + closing * (depth - 1) + "}"


@pytest.mark.parametrize(("depth", "wrong"), [(1, False), (32, False), (33, True), (40, True), (5_000, True)])
@pytest.mark.parametrize("form", [('{"a":', "1", "}"), ("[", "1", "]"), ("[", "", "]"), ("[0,", '"x"', ",{}]")])
def test_content_depth(form: tuple[str, str, str], depth: int, wrong: bool) -> None:
    """A content has at most 32 levels of objects and arrays, an empty innermost one included."""
    wide = form[2] == ",{}]"  # holds an object one level below its own
    content = nested(depth - wide if depth > 1 else 1, *form)
    expected = [("record.content", Reason.CONTENT_TOO_DEEP)] if wrong else []
    assert found(with_content(content)) == expected


def test_brackets_in_texts_are_no_levels() -> None:
    """Texts full of brackets do not count as nesting, and wide contents are not deep."""
    assert found(with_content(encode_content({"a": "[{" * 100, "{" * 100: "]"}))) == []
    assert found(with_content(encode_content({"a": [{} for _ in range(100)]}))) == []


@pytest.mark.parametrize("depth", [33, 40, 900, 5_000, 100_000])
@pytest.mark.parametrize("inner", [1, "\ud800"])
def test_encoding_never_recurses_too_far(depth: int, inner: object) -> None:
    """A content of any depth, with bad text at its bottom or not, is encoded or refused with a reason."""
    content: dict[str, Any] = {"a": inner}
    for _ in range(depth - 1):
        content = {"a": content}
    try:
        text = encode_content(content)
    except CrudError as error:
        refusal = error
    else:
        refusal = None
    if refusal:  # how deep the encoder can go depends on the machine's stack
        assert refusal.reason in {Reason.CONTENT_TOO_DEEP, Reason.INVALID_TEXT}
        assert len(refusal.message) < 512
    else:
        assert inner == 1
        assert found(with_content(text)) == [("record.content", Reason.CONTENT_TOO_DEEP)]


@pytest.mark.parametrize("bad", LONE)
@pytest.mark.parametrize(
    ("content", "path"),
    [
        (lambda bad: {"a": bad}, "record.content.a"),
        (lambda bad: {bad: 1}, "record.content"),
        (lambda bad: {"a": {bad: 1}}, "record.content.a"),
        (lambda bad: {"a": [1, {"b": [None, bad]}]}, "record.content.a[1].b[1]"),
        (lambda bad: {"ok": "ok", "items": ["ok", f"x{bad}y"]}, "record.content.items[1]"),
    ],
)
def test_lone_surrogates_in_content(content: Any, path: str, bad: str) -> None:
    """A lone surrogate anywhere in a content is refused with the path to it."""
    with pytest.raises(CrudError) as caught:
        encode_content(content(bad))
    error = caught.value
    assert (error.kind, error.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_TEXT)
    assert [each.field for each in error.violations] == [path]
    assert error.message.isascii()


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"a": "\0"}, "record.content.a"),
        ({"\0": 1}, "record.content"),
        ({"a": {"x\0": 1}}, "record.content.a"),
        ({"a": [1, {"b": [None, "x\0"]}]}, "record.content.a[1].b[1]"),
        ({"a": ["\\u0000", "\\\0"]}, "record.content.a[1]"),
    ],
)
def test_nul_in_content(content: dict[str, Any], path: str) -> None:
    """U+0000 anywhere in a content is refused with the path to it."""
    assert found(with_content(encode_content(content))) == [(path, Reason.INVALID_TEXT)]


def test_the_text_of_an_escape_is_no_nul() -> None:
    """The six characters of the escape, written out as text, are fine."""
    assert found(with_content(encode_content({"a": "\\u0000", "\\u0000": "\x01\x7f\n"}))) == []


def test_a_long_path_is_cut() -> None:
    """The path of a violation below a very long key does not fill the error."""
    for content in ({"k" * 100_000: "\0"}, {"k" * 100: {"l" * 100_000: ["\0"]}}):
        violations = record_violations(with_content(encode_content(content)), LIMITS)
        assert len(violations) == 1
        assert len(violations[0].field) < 300
        assert violations[0].field.startswith("record.content.k")


def test_content_is_compact_json() -> None:
    """A content is stored as compact JSON, its text unescaped, its keys in their order."""
    content = {"b": [1, 2.5, None, True], "a": {"ü": "\U0001f600"}}
    assert encode_content(content) == '{"b":[1,2.5,null,true],"a":{"ü":"\U0001f600"}}'


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=10,
        ),
        max_size=5,
    )
)
def test_content_comes_back(content: dict[str, Any]) -> None:
    """What is accepted decodes to what was sent; what holds bad text is always noticed."""
    text = json.dumps(content)
    nul, lone = "\\u0000" in text, any(0xD800 <= ord(each) < 0xE000 for each in json.dumps(content, ensure_ascii=False))
    try:
        encoded = encode_content(content)
    except CrudError:
        assert lone
        return
    assert not lone
    if not any(number in text for number in ("Infinity", "NaN")):
        assert msgspec.json.decode(encoded) == content
    assert bool(found(with_content(encoded))) == nul
