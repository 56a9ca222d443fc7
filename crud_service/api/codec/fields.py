"""What the codecs know of the contract beyond its descriptors."""

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.model.requests import CollectionDraft, RecordDraft

_DRAFTS: dict[str, type] = {
    "crud_service.v1.Record": RecordDraft,
    "crud_service.v1.Collection": CollectionDraft,
}


def draft_type(descriptor: Descriptor) -> type:
    """The model's type for a resource inside of a request."""
    return _DRAFTS[descriptor.full_name]


def message_of(field: FieldDescriptor) -> Descriptor:
    """The message type of a field that holds messages."""
    if field.message_type is None:
        raise TypeError(f"{field.full_name} holds no message")
    return field.message_type
