"""What a field mask may name."""

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.fields import message_of
from crud_service.api.openapi.bounds import CONTENT_PATH
from crud_service.api.openapi.contract import Contract, behaviours, is_resource
from crud_service.api.openapi.json_types import Schema


def mask_bounds(contract: Contract, mask: FieldDescriptor) -> Schema:
    """The keywords of a mask: an update mask names what a client may change, a read mask what a reply has.

    In both `*` stands for all, and values below a content may be named.
    """
    if mask.name == "update_mask":
        resource = next(message_of(each) for each in _siblings(mask) if _holds_resource(each))
        names = [field.json_name for field in resource.fields if _is_changeable(field)]
    else:
        resource = next(filter(None, map(contract.referred_resource, _siblings(mask))))
        names = [field.json_name for field in resource.fields if "INPUT_ONLY" not in behaviours(field)]
    if "content" in names:
        names.append(CONTENT_PATH)
    path = f"({'|'.join(names)})"
    name = f"{resource.name.lower()}-{mask.name.replace('_', '-')}"
    return {"format": name, "pattern": rf"^(\*|{path}(,{path})*)?$"}


def _siblings(field: FieldDescriptor) -> list[FieldDescriptor]:
    message: Descriptor | None = field.containing_type
    return list(message.fields) if message else []


def _holds_resource(field: FieldDescriptor) -> bool:
    return bool(field.message_type and is_resource(field.message_type))


def _is_changeable(field: FieldDescriptor) -> bool:
    found = behaviours(field)
    return "OPTIONAL" in found and "IMMUTABLE" not in found and field.name != "etag"
