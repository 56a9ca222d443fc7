"""Replies as Proto3 JSON: writers compiled from a message's descriptor. JSON never goes through protobuf.

A writer is compiled to Python source, as `dataclasses` does it: a loop over fields and closures costs three times as
much, on every record of every page.
"""

from collections.abc import Callable
from typing import Any

import msgspec
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from msgspec import UNSET

from crud_service.api.codec.fields import holds_value, is_resource, message_of, written_fields
from crud_service.api.codec.masked import Masked
from crud_service.model.duration import format_duration
from crud_service.model.timestamp import format_rfc3339

Shaper = Callable[[Any], Any]
"""Turns one model value into what msgspec prints as its Proto3 JSON."""

_encode = msgspec.json.Encoder().encode


def compile_json_writer(descriptor: Descriptor) -> Callable[[Any], bytes]:
    """A writer of compact JSON: lowerCamelCase names, 64-bit integers as strings, empty fields printed, unset times and
    messages left out.
    """
    shape = _object_shaper(descriptor)
    return lambda message: _encode(shape(message))


def _object_shaper(descriptor: Descriptor) -> Shaper:
    """A function like `lambda m: Shape(m.id, str(m.revision), ...)`, in the order of the fields.

    A Shape has a member for each field; msgspec leaves out those that are UNSET.
    """
    fields = written_fields(descriptor)
    shaped = msgspec.defstruct(
        descriptor.name,
        [(field.name, Any) for field in fields],
        rename={field.name: field.json_name for field in fields},
        gc=False,
    )
    names: dict[str, Any] = {"Shape": shaped, "UNSET": UNSET, "Masked": Masked}
    names |= {f"shape_{field.number}": _shaper(field) for field in fields}
    values = ", ".join(_value(field) for field in fields)
    source = ["def shape(m):", f" return Shape({values})"]
    if is_resource(descriptor):
        names["shape_masked"] = _masked_shaper(fields, shaped, names)
        source.insert(1, " if type(m) is Masked: return shape_masked(m)")
    exec("\n".join(source), names)  # noqa: S102 - made of the names in our own descriptors, nothing else
    return names["shape"]  # type: ignore[no-any-return]


def _value(field: FieldDescriptor) -> str:
    """An expression for the field of the message `m`."""
    value, shape = f"m.{field.name}", f"shape_{field.number}"
    if _shaper(field) is None:
        return value
    if _may_be_unset(field):
        return f"UNSET if (v := {value}) is None else {shape}(v)"
    return f"{shape}({value})"


def _masked_shaper(fields: list[FieldDescriptor], shaped: type, names: dict[str, Any]) -> Shaper:
    """Shapes the named fields only. Rare enough to be a plain loop."""
    one = {field.name: eval(f"lambda m: {_value(field)}", names) for field in fields}  # noqa: S307 - as above

    def shape(masked: Masked) -> Any:
        return shaped(*[put(masked.resource) if name in masked.names else UNSET for name, put in one.items()])

    return shape


def _may_be_unset(field: FieldDescriptor) -> bool:
    """Whether the model may have None for the field; a content is never None."""
    is_message = field.type == FieldDescriptor.TYPE_MESSAGE and not field.is_repeated
    return is_message and message_of(field).full_name != "google.protobuf.Struct"


def _shaper(field: FieldDescriptor) -> Shaper | None:
    """How a value of this field is printed; None if msgspec prints it right as it is."""
    single = _single(field)
    if field.is_repeated and single:
        return lambda values: [single(each) for each in values]
    return single


def _single(field: FieldDescriptor) -> Shaper | None:
    if field.type == FieldDescriptor.TYPE_INT64:
        return str
    if field.type != FieldDescriptor.TYPE_MESSAGE or holds_value(field):
        return None
    message = message_of(field)
    return _WELL_KNOWN.get(message.full_name) or _object_shaper(message)


_WELL_KNOWN: dict[str, Shaper] = {
    "google.protobuf.Timestamp": format_rfc3339,
    "google.protobuf.Duration": format_duration,
    "google.protobuf.Struct": msgspec.Raw,
}
