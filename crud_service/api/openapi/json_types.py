"""The Proto3 JSON mapping: which JSON a field is, before its limits."""

from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from crud_service.api.openapi.contract import PACKAGE

Schema = dict[str, Any]

_INT32_MAX = 2**31 - 1
# A greater number is another one for who reads it as a double, as most do; so it is sent as a string.
_EXACT = 2**53 - 1
_INT64_TEXT = {"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,19}$"}
_SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32", "maximum": _INT32_MAX},
    FieldDescriptor.TYPE_INT64: _INT64_TEXT,
}
_TIME = {"type": "string", "format": "date-time"}
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": _TIME,
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,9})?s$"},
    "google.protobuf.Struct": {"type": "object", "additionalProperties": True},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
    "google.protobuf.FieldMask": {"type": "string"},
    "google.protobuf.Value": {},
}
_TEXTS = ("google.protobuf.FieldMask", "google.protobuf.Duration")
_NULL = {"type": "null"}


def is_ours(field: FieldDescriptor) -> bool:
    """Whether the field holds messages of our own, which have schemas of their own."""
    return bool(field.message_type and field.message_type.file.package == PACKAGE)


def is_mask(field: FieldDescriptor) -> bool:
    """Whether the field holds a field mask."""
    return bool(field.message_type and field.message_type.full_name == "google.protobuf.FieldMask")


def fits_a_query(field: FieldDescriptor) -> bool:
    """Whether the field can stand in a query: of messages, those can that are a text in JSON."""
    return field.message_type is None or field.message_type.full_name in _TEXTS


def may_be_unset(field: FieldDescriptor) -> bool:
    """Whether a reply may lack the field even though it is not masked: what is set or not, and never empty."""
    if field.message_type is None or field.is_repeated:
        return field.containing_oneof is not None
    return field.message_type.full_name != "google.protobuf.Struct"


def type_of(field: FieldDescriptor) -> Schema:
    """The schema of a field that holds no message of our own. Raises TypeError for a type that has none."""
    schema = _single(field)
    return {"type": "array", "items": schema} if field.is_repeated else dict(schema)


def accepted_type(field: FieldDescriptor) -> Schema:
    """The same as a request may have it, which for a few types is more."""
    if field.message_type and field.message_type.full_name == "google.protobuf.Timestamp":
        return {"anyOf": [_TIME, {"type": "string", "format": "date"}]}
    if field.type == FieldDescriptor.TYPE_INT64:
        return {"anyOf": [_INT64_TEXT, {"type": "integer", "minimum": -_EXACT, "maximum": _EXACT}]}
    return type_of(field)


def or_null(schema: Schema) -> Schema:
    """The schema, or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, _NULL]}
    if "anyOf" in schema:
        return schema | {"anyOf": [*schema["anyOf"], _NULL]}
    return schema | {"type": [schema["type"], "null"]}


def _single(field: FieldDescriptor) -> Schema:
    name = field.message_type.full_name if field.message_type else ""
    schema = _WELL_KNOWN.get(name) if name else _SCALARS.get(field.type)
    if field.enum_type:
        schema = _names(field.enum_type)
    if schema is None:
        raise TypeError(f"{field.full_name}: no schema for a field of this type")
    return schema


def _names(enum: EnumDescriptor) -> Schema:
    return {"type": "string", "enum": [value.name for value in enum.values]}
