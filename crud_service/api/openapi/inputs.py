"""The schemas of requests: messages as clients may send them. Unknown fields are refused, null is as absent."""

from collections.abc import Collection

from google.protobuf.descriptor import Descriptor, FieldDescriptor, OneofDescriptor

from crud_service.api.codec.fields import message_of
from crud_service.api.openapi.bounds import ITEMS, LEFT_OUT, NEEDED_ONEOFS, bounds_of, local_name
from crud_service.api.openapi.contract import Contract, behaviours, is_resource
from crud_service.api.openapi.json_types import Schema, accepted_type, is_mask, is_ours, or_null, type_of
from crud_service.api.openapi.masks import mask_bounds
from crud_service.api.openapi.schemas import reference
from crud_service.model.limits import Limits

# An item of a batch or transaction leaves these to the request that it stands in, which reads what is stored now.
_OF_THE_WHOLE = ("request_id", "validate_only", "read_revision")


class Inputs:
    """Makes schemas of what requests hold and collects them for `components.schemas`."""

    def __init__(self, contract: Contract, limits: Limits) -> None:
        self._contract = contract
        self._limits = limits
        self.found: dict[str, Schema] = {}

    def message(self, message: Descriptor) -> Schema:
        """A reference to the schema of a resource, or of another message inside of a request."""
        name = _name(message)
        if name not in self.found:
            self.found[name] = {}
            is_request = message.name.endswith("Request")
            fields = [field for field in message.fields if not is_request or field.name not in _OF_THE_WHOLE]
            self.found[name] = self._object(message, fields, self._about(message))
        return reference(name)

    def request(self, name: str, message: Descriptor, bound: str) -> Schema:
        """A reference to the schema `name`: a whole request but for the field that the path binds (`record.path`)."""
        fields = [field for field in message.fields if field.name != bound]
        about = self._contract.comment(message.full_name)
        if bound:
            about += " What the path of the URL says is left out of it."
        self.found[name] = self._object(message, fields, about, bound)
        return reference(name)

    def parameter(self, field: FieldDescriptor) -> Schema:
        """The schema of a request field that stands in the query."""
        return type_of(field) | self._bounds(field)

    def _object(self, message: Descriptor, fields: list[FieldDescriptor], about: str, bound: str = "") -> Schema:
        bound_within = bound.partition(".")[0]
        needed = [field.json_name for field in fields if _is_required(field) and field.name != bound_within]
        schema: Schema = {
            "type": "object",
            "description": about,
            "properties": {
                field.json_name: self._accepted(field, needed, is_item=field.name != bound_within) for field in fields
            },
            "additionalProperties": False,
        }
        if needed:
            schema["required"] = needed
        for oneof in message.oneofs:
            schema |= _choice(oneof)
            schema["description"] += _choice_in_words(oneof)
        return schema

    def _accepted(self, field: FieldDescriptor, needed: Collection[str], *, is_item: bool) -> Schema:
        if "OUTPUT_ONLY" in behaviours(field):
            return {"description": "Set by the service, ignored in a request.", "readOnly": True}
        if is_ours(field):
            schema = self.message(message_of(field)) | (ITEMS.get(local_name(field.full_name), {}) if is_item else {})
            schema = {"type": "array", "items": schema} | self._bounds(field) if field.is_repeated else schema
        else:
            schema = accepted_type(field) | self._bounds(field)
        if field.json_name not in needed and not _is_needed_member(field):
            schema = or_null(schema)
        return schema | {"description": self._contract.field_comment(field)}

    def _bounds(self, field: FieldDescriptor) -> Schema:
        return mask_bounds(self._contract, field) if is_mask(field) else bounds_of(field, self._limits)

    def _about(self, message: Descriptor) -> str:
        if is_resource(message):
            name = message.name
            ignored = f"What the service sets is ignored, so that a {name} that was read can be sent back as it is."
            return f"A {name} in a request. {ignored}"
        return self._contract.comment(message.full_name)


def _name(message: Descriptor) -> str:
    """The schema's name: with a suffix where the reply with the same message looks different."""
    differs = any("OUTPUT_ONLY" in behaviours(field) for field in message.fields)
    return f"{message.name}Input" if differs else message.name


def _is_required(field: FieldDescriptor) -> bool:
    """Whether the field must be there. An array may always be left out, which is as good as an empty one."""
    return "REQUIRED" in behaviours(field) and not field.is_repeated and local_name(field.full_name) not in LEFT_OUT


def _is_needed_member(field: FieldDescriptor) -> bool:
    oneof = field.containing_oneof
    return oneof is not None and local_name(oneof.full_name) in NEEDED_ONEOFS


def _choice(oneof: OneofDescriptor) -> Schema:
    names = [field.json_name for field in oneof.fields]
    if local_name(oneof.full_name) in NEEDED_ONEOFS:
        return {"oneOf": [{"required": [name]} for name in names]}
    # Of more than two members each pair would have to be excluded; a null beside another member is nothing.
    given = {name: {"not": {"type": "null"}} for name in names}
    return {"not": {"properties": given, "required": names}}


def _choice_in_words(oneof: OneofDescriptor) -> str:
    *most, last = [f"`{field.json_name}`" for field in oneof.fields]
    how_many = "Exactly" if local_name(oneof.full_name) in NEEDED_ONEOFS else "At most"
    return f"\n\n{how_many} one of {', '.join(most)} and {last} is set."
