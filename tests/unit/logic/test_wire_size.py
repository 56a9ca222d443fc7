"""The size of a content as google.protobuf.Struct, computed without one."""

from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import example, given
from hypothesis import strategies as st

from crud_service.logic.wire_size import struct_size

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.integers(120, 140).map("x".__mul__),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=30,
)


@given(st.dictionaries(TEXT, VALUES, max_size=6))
@example({})
@example({"": ""})
@example({"": {}})
@example({"": []})
@example({"a": None, "b": False, "c": 0, "d": 0.0, "e": -0.0, "f": "", "g": [None, False, 0, "", {}, []]})
@example({"k" * 20_000: "v" * 3_000_000})
@example({"ü" * 70: ["\U0001f600" * 40]})
def test_size_is_that_of_protobuf(content: dict[str, Any]) -> None:
    """The computed size is the one protobuf finds, for any JSON object."""
    struct = struct_pb2.Struct()
    struct.update(content)
    assert struct_size(content) == struct.ByteSize()


@pytest.mark.parametrize("size", [126, 127, 128, 129, 16_382, 16_383, 16_384, 16_385, 2_097_151, 2_097_152])
def test_lengths_at_the_edges_of_a_varint(size: int) -> None:
    """The length prefix grows by a byte exactly where protobuf's does, at each level."""
    for content in ({"a": "x" * size}, {"x" * size: 1}, {"a": ["x" * size]}, {"a": {"b": "x" * size}}):
        struct = struct_pb2.Struct()
        struct.update(content)
        assert struct_size(content) == struct.ByteSize()


def test_what_is_no_json() -> None:
    """A value that JSON does not have is a programming error, not a size."""
    with pytest.raises(TypeError, match="bytes is no JSON value"):
        struct_size({"a": b""})
