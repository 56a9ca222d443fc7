"""JSON at its strictest: what is refused, why, and where."""

import json
import math
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.api.codec.places import path_of_keys
from crud_service.api.codec.strict_json import parse_json as parse
from crud_service.model.errors import CrudError, Reason

parse_json = partial(parse, path_of=partial(path_of_keys, ""))

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**53), 2**53),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_what_json_writes_is_read_back_equal(value: Any) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")) == value


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        (b'{"content": {"a": 1, "a": 2}}', Reason.DUPLICATE_KEY, "record.content.a"),
        (b'{"name": "x", "name": "x"}', Reason.DUPLICATE_KEY, "record.name"),
        (b'{"content": {"p": [1, {"q": 9007199254740993}]}}', Reason.NUMBER_NOT_EXACT, "record.content.p[1].q"),
        (b'{"content": {"p": 1e400}}', Reason.NUMBER_NOT_EXACT, "record.content.p"),
        (b'{"content": {"p": NaN}}', Reason.NUMBER_NOT_EXACT, "record.content.p"),
        (b'{"content": {"p": -Infinity}}', Reason.NUMBER_NOT_EXACT, "record.content.p"),
        (b'{"name": "\xff"}', Reason.INVALID_TEXT, "record"),
        (b'{"name": "\xed\xa0\x80"}', Reason.INVALID_TEXT, "record"),
        (b'{"name": "x",}', Reason.MALFORMED_REQUEST, "record"),
        (b"{'name': 1}", Reason.MALFORMED_REQUEST, "record"),
        (b'{"name": "tab\there"}', Reason.MALFORMED_REQUEST, "record"),
        (b'{"a": 01}', Reason.MALFORMED_REQUEST, "record"),
        (b"{} {}", Reason.MALFORMED_REQUEST, "record"),
        (b'\xef\xbb\xbf{"a": 1}', Reason.MALFORMED_REQUEST, "record"),
        (b"[" * 100_000, Reason.CONTENT_TOO_DEEP, "record"),
        (b'{"a":' * 100_000, Reason.CONTENT_TOO_DEEP, "record"),
    ],
)
def test_each_flaw_has_its_reason_and_its_place(body: bytes, reason: Reason, field: str) -> None:
    with pytest.raises(CrudError) as refused:
        parse(body, partial(path_of_keys, "record"))
    assert (refused.value.reason, refused.value.violations[0].field) == (reason, field)


def test_a_syntax_error_tells_line_and_column() -> None:
    with pytest.raises(CrudError, match="line 2 column 3"):
        parse_json(b'{"a": 1,\n  }')


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_refusal(body: bytes) -> None:
    with suppress(CrudError):
        value = parse_json(body)
        assert not isinstance(value, float) or math.isfinite(value)
