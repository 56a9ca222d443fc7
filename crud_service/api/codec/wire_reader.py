"""Requests from protobuf bytes: readers compiled from a message's descriptor, making the model's types."""

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from crud_service.api.codec.fields import draft_type, message_of
from crud_service.api.codec.plain_maps import with_plain_maps
from crud_service.api.codec.struct_value import read_struct
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.timestamp import from_unix

Reader = Callable[[bytes], Any]
"""Makes the request of an operation from the bytes of its message."""


def compile_reader(descriptor: Descriptor, model: type) -> Reader:
    """A reader of `descriptor` messages as `model` objects.

    It raises INVALID_ARGUMENT for bytes that are no such message, and for what a request must not hold.
    """
    # A duplicate key would be lost in parsing, so contents are parsed as the entries they consist of.
    descriptor = with_plain_maps(descriptor)
    parse = GetMessageClass(descriptor).FromString
    make = _message_reader(descriptor, model, "")

    def read(data: bytes) -> Any:
        try:
            return make(parse(data))
        except DecodeError as cause:
            raise _malformed(cause) from cause

    return read


def _message_reader(descriptor: Descriptor, model: type, prefix: str) -> Callable[[Message], Any]:
    """Sets the fields that are present and that `model` has; the others are the server's own and are ignored."""
    convert: dict[int, tuple[str, Callable[[Any], Any]]] = {
        field.number: (field.name, _converter(field, f"{prefix}{field.name}"))
        for field in descriptor.fields
        if field.name in model.__struct_fields__  # type: ignore[attr-defined]
    }

    def read(message: Message) -> Any:
        values = {}
        for field, value in message.ListFields():
            if found := convert.get(field.number):
                values[found[0]] = found[1](value)
        return model(**values)

    return read


def _converter(field: FieldDescriptor, path: str) -> Callable[[Any], Any]:
    if field.type != FieldDescriptor.TYPE_MESSAGE:
        return tuple if field.is_repeated else _same
    name = message_of(field).full_name
    if name == "google.protobuf.Struct":
        return lambda value: read_struct(value, path)
    if name == "google.protobuf.Timestamp":
        return lambda value: _timestamp(value, path)
    if name == "google.protobuf.FieldMask":
        return lambda value: tuple(value.paths)
    return _message_reader(message_of(field), draft_type(message_of(field)), f"{path}.")


def _same(value: Any) -> Any:
    return value


def _timestamp(value: Any, path: str) -> str:
    try:
        return from_unix(value.seconds, value.nanos)
    except ValueError as cause:
        raise invalid(path, str(cause)) from cause


def _malformed(cause: DecodeError) -> CrudError:
    text = str(cause)
    if "MaxDepth" in text:
        return invalid("", "the message is nested too deeply", Reason.CONTENT_TOO_DEEP)
    if "UTF-8" in text:
        return invalid("", "a string of the message is not UTF-8", Reason.INVALID_TEXT)
    return invalid("", "the bytes are no message of this method's request type", Reason.MALFORMED_REQUEST)
