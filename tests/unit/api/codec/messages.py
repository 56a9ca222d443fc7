"""Any message of the contract, generated from its descriptor."""

from typing import Any

from google.protobuf import duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from crud_service.api.operations import FILES
from crud_service.model import duration, timestamp

METHODS: list[MethodDescriptor] = [
    method for file in FILES for service in file.services_by_name.values() for method in service.methods
]
"""Every method of the contract."""

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | TEXTS | NUMBERS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
_MASKS = st.lists(st.sampled_from(["name", "expire_time", "content", "content.a.b", "*"]), min_size=1, max_size=3)


def messages(descriptor: Descriptor) -> st.SearchStrategy[Message]:
    """Messages of a type, each field set or not, of each oneof one member at most."""
    if descriptor.full_name in _WELL_KNOWN:
        return _WELL_KNOWN[descriptor.full_name]
    return st.composite(_fill)(descriptor)


def _fill(draw: st.DrawFn, descriptor: Descriptor) -> Message:
    message = GetMessageClass(descriptor)()
    taken = {draw(st.sampled_from(list(oneof.fields))).name for oneof in descriptor.oneofs}
    for field in descriptor.fields:
        if draw(st.booleans()) and (field.containing_oneof is None or field.name in taken):
            _set(message, field, draw(_field(field)))
    return message


def _set(message: Message, field: FieldDescriptor, value: Any) -> None:
    if field.is_repeated:
        getattr(message, field.name).extend(value)
    elif field.type == FieldDescriptor.TYPE_MESSAGE:
        getattr(message, field.name).CopyFrom(value)
        getattr(message, field.name).SetInParent()
    else:
        setattr(message, field.name, value)


def _field(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    one = messages(field.message_type) if field.type == FieldDescriptor.TYPE_MESSAGE else _SCALARS[field.type]
    return st.lists(one, max_size=3) if field.is_repeated else one


def _struct(value: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(value)
    return made


def _list(value: list[Any]) -> struct_pb2.ListValue:
    made = struct_pb2.ListValue()
    made.extend(value)
    return made


def _duration(nanos: int) -> duration_pb2.Duration:
    made = duration_pb2.Duration()
    made.FromNanoseconds(nanos)
    return made


_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: TEXTS,
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_DOUBLE: NUMBERS,
    FieldDescriptor.TYPE_ENUM: st.integers(0, 2),
}
_WELL_KNOWN: dict[str, st.SearchStrategy[Any]] = {
    "google.protobuf.Struct": st.dictionaries(TEXTS, VALUES, max_size=3).map(_struct),
    "google.protobuf.ListValue": st.lists(VALUES, max_size=3).map(_list),
    "google.protobuf.FieldMask": _MASKS.map(lambda paths: field_mask_pb2.FieldMask(paths=paths)),
    "google.protobuf.Duration": st.integers(
        -duration.MAX_SECONDS * duration.SECOND, duration.MAX_SECONDS * duration.SECOND
    ).map(_duration),
    "google.protobuf.Timestamp": st.builds(
        timestamp_pb2.Timestamp,
        seconds=st.integers(timestamp.MIN_SECONDS, timestamp.MAX_SECONDS),
        nanos=st.integers(0, 999_999_999),
    ),
}
