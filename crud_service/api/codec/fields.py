"""What the codecs know of the contract beyond its descriptors: the model's types, and the annotations of fields."""

from keyword import iskeyword
from typing import get_args, get_type_hints

from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from crud_service.model import requests
from crud_service.model.errors import CrudError


def model_type(descriptor: Descriptor) -> type:
    """The model's type for a message of a request: `XRequest` and `X` are `requests.X`, or else `requests.XDraft`.

    Raises TypeError when there is none.
    """
    name = descriptor.name.removesuffix("Request")
    found: type | None = getattr(requests, name, None) or getattr(requests, f"{name}Draft", None)
    if found is None:
        raise TypeError(f"crud_service.model.requests has no type for {descriptor.full_name}")
    return found


def attribute(field: FieldDescriptor) -> str:
    """The name of a field in the model: that of the proto, with an underscore behind a word of Python."""
    return f"{field.name}_" if iskeyword(field.name) else field.name


def read_fields(descriptor: Descriptor, model: type) -> list[FieldDescriptor]:
    """The fields that are read from requests. The others are the server's own: accepted, and ignored.

    Raises TypeError for a field that a client may set and the model cannot hold.
    """
    known = model.__struct_fields__  # type: ignore[attr-defined]
    for field in descriptor.fields:
        if attribute(field) not in known and not _behaves(field, field_behavior_pb2.OUTPUT_ONLY):
            raise TypeError(f"{model.__name__} has no field for {field.full_name}")
    return [field for field in descriptor.fields if attribute(field) in known]


def written_fields(descriptor: Descriptor) -> list[FieldDescriptor]:
    """The fields that replies have: all but those that are for requests only."""
    return [field for field in descriptor.fields if not _behaves(field, field_behavior_pb2.INPUT_ONLY)]


def is_resource(descriptor: Descriptor) -> bool:
    """Whether the message is a resource with a path of its own, such as a record."""
    return bool(descriptor.GetOptions().HasExtension(resource_pb2.resource))


def message_of(field: FieldDescriptor) -> Descriptor:
    """The message type of a field that holds messages."""
    if field.message_type is None:
        raise TypeError(f"{field.full_name} holds no message")
    return field.message_type


def enum_of(field: FieldDescriptor) -> EnumDescriptor:
    """The type of a field that holds a value of an enumeration."""
    if field.enum_type is None:
        raise TypeError(f"{field.full_name} holds no enumeration")
    return field.enum_type


def keeps_errors(field: FieldDescriptor, model: type) -> bool:
    """Whether the model takes, in place of an item of this list that cannot be read, the error about it."""
    (item, *_) = get_args(get_type_hints(model)[attribute(field)]) or (None,)
    return CrudError in get_args(item)


def holds_value(field: FieldDescriptor) -> bool:
    """Whether the field holds any JSON value, of which null is one: UNSET in the model is a field that is not set."""
    return field.message_type is not None and field.message_type.full_name == "google.protobuf.Value"


def _behaves(field: FieldDescriptor, behaviour: int) -> bool:
    return behaviour in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
