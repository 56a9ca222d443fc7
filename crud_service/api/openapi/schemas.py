"""Messages as JSON Schema, by the Proto3 JSON mapping: one schema for what comes back, one for what may be sent."""

from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.openapi.bounds import bounds_of
from crud_service.api.openapi.contract import PACKAGE, Contract, behaviours, is_resource
from crud_service.model import record
from crud_service.model.limits import Limits

Schema = dict[str, Any]

_INT64 = {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"}
_SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_INT64: _INT64,
}
_TIME = {"type": "string", "format": "date-time"}
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": _TIME,
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.FieldMask": {"type": "string"},
}
_DATE_OR_TIME = {"anyOf": [_TIME, {"type": "string", "format": "date"}, {"type": "null"}]}


class Schemas:
    """Makes schemas of messages and collects them for `components.schemas`."""

    def __init__(self, contract: Contract, limits: Limits) -> None:
        self._contract = contract
        self._limits = limits
        self.found: dict[str, Schema] = {}

    def reply(self, message: Descriptor) -> Schema:
        """A reference to the schema of a message as the service sends it: all fields but unset times are there."""
        if message.name not in self.found:
            self.found[message.name] = {}
            properties = {field.json_name: self._sent(field) for field in message.fields}
            required = [field.json_name for field in message.fields if not _may_be_unset(field)]
            self.found[message.name] = {
                "type": "object",
                "description": self._contract.comment(message.full_name),
                "properties": properties,
                "required": required,
            }
        return _reference(message.name)

    def body(self, message: Descriptor) -> Schema:
        """A reference to the schema of a message as clients may send it: no unknown fields, null as absent."""
        name = f"{message.name}Input"
        self.found[name] = {
            "type": "object",
            "description": f"A {message.name} in a request. What the service sets is ignored, so that a "
            f"{message.name} that was read can be sent back as it is.",
            "properties": {field.json_name: self._accepted(field) for field in message.fields},
            "additionalProperties": False,
        }
        return _reference(name)

    def parameter(self, field: FieldDescriptor) -> Schema:
        """The schema of a request field that stands in the query."""
        schema = _type_of(field) | bounds_of(field, self._limits)
        if field.message_type and field.message_type.full_name == "google.protobuf.FieldMask":
            schema = schema | _mask_bounds(field)
        return schema

    def _sent(self, field: FieldDescriptor) -> Schema:
        if field.message_type and field.message_type.file.package == PACKAGE:
            schema = self.reply(field.message_type)
            return self._described(field, {"type": "array", "items": schema} if field.is_repeated else schema)
        schema = _type_of(field)
        if behaviours(field) & {"OUTPUT_ONLY", "IDENTIFIER"}:
            schema = schema | {"readOnly": True}
        return self._described(field, schema)

    def _accepted(self, field: FieldDescriptor) -> Schema:
        if "OUTPUT_ONLY" in behaviours(field):
            return {"description": "Set by the service, ignored in a request.", "readOnly": True}
        if field.message_type and field.message_type.full_name == "google.protobuf.Timestamp":
            return self._described(field, _DATE_OR_TIME)
        schema = _type_of(field) | bounds_of(field, self._limits)
        return self._described(field, schema | {"type": [schema["type"], "null"]})

    def _described(self, field: FieldDescriptor, schema: Schema) -> Schema:
        text = self._contract.comment(field.full_name)
        return schema | {"description": text} if text else schema


def _type_of(field: FieldDescriptor) -> Schema:
    name = field.message_type.full_name if field.message_type else ""
    schema = _WELL_KNOWN.get(name) if name else _SCALARS.get(field.type)
    if schema is None:
        raise TypeError(f"{field.full_name}: no schema for a field of this type")
    return {"type": "array", "items": schema} if field.is_repeated else schema


def _mask_bounds(mask: FieldDescriptor) -> Schema:
    """What an update mask may name: the fields of the resource beside it that a client may change, or `*` for all."""
    siblings = mask.containing_type.fields if mask.containing_type else ()
    resources = [each.message_type for each in siblings if each.message_type and is_resource(each.message_type)]
    changeable = [
        field.json_name
        for resource in resources
        for field in resource.fields
        if behaviours(field) & {"OPTIONAL", "IMMUTABLE"} == {"OPTIONAL"} and field.name != "etag"
    ]
    names = "|".join(changeable)
    return {"pattern": rf"^(\*|({names})(,({names}))*)?$"} if names else {}


def _may_be_unset(field: FieldDescriptor) -> bool:
    """Whether a reply may lack the field: only a time can be unset, if the model says so."""
    model = getattr(record, field.full_name.split(".")[-2], None)
    if model is None:
        return False
    return any(each.name == field.name and each.default is None for each in msgspec.structs.fields(model))


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
