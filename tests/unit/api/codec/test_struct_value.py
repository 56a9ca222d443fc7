"""google.protobuf.Struct, read and written without its own JSON mapping."""

from typing import Any

import pytest
from google.protobuf import struct_pb2
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from crud_service.api.codec.plain_maps import PlainMaps
from crud_service.api.codec.struct_value import read_struct, struct_bytes
from crud_service.model.errors import CrudError, Reason

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**15), 10**15),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=30,
)
parse = GetMessageClass(PlainMaps().of(struct_pb2.Struct.DESCRIPTOR)).FromString
OBJECTS = st.dictionaries(st.text(), JSON, max_size=8)


@given(OBJECTS)
def test_written_bytes_parse_to_the_struct_that_protobuf_itself_builds(value: dict[str, Any]) -> None:
    built = struct_pb2.Struct()
    built.update(value)
    assert struct_pb2.Struct.FromString(struct_bytes(value)) == built


@given(OBJECTS)
def test_a_struct_is_read_back_as_it_was_written(value: dict[str, Any]) -> None:
    assert read_struct(parse(struct_bytes(value)), "record.content") == value


def test_a_number_that_is_not_finite_is_refused_at_its_place() -> None:
    struct = struct_pb2.Struct()
    struct.update({"a": [1, {"b": float("nan")}]})
    with pytest.raises(CrudError) as refused:
        read_struct(parse(struct.SerializeToString()), "record.content")
    violation = refused.value.violations[0]
    assert (violation.field, violation.reason) == ("record.content.a[1].b", Reason.NUMBER_NOT_EXACT)


def test_a_value_without_a_kind_is_refused() -> None:
    struct = struct_pb2.Struct()
    struct.fields["a"].SetInParent()
    with pytest.raises(CrudError, match="without a kind"):
        read_struct(parse(struct.SerializeToString()), "record.content")


def test_a_large_length_takes_more_than_one_byte() -> None:
    value = {"long": "x" * 70_000, "list": list(range(300))}
    assert read_struct(parse(struct_bytes(value)), "") == value
