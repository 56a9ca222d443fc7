"""Requests from protobuf bytes: readers compiled from a message's descriptor, making the model's types."""

from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from crud_service.api.codec.fields import attribute, keeps_errors, message_of, model_type, read_fields
from crud_service.api.codec.places import moved, refused, too_many
from crud_service.api.codec.plain_maps import PlainMaps
from crud_service.api.codec.struct_value import read_list, read_struct
from crud_service.model.duration import from_parts
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.numbers import NotExact, from_double
from crud_service.model.timestamp import from_unix

Reader = Callable[[bytes], Any]
"""Makes the request of an operation from the bytes of its message."""

_PLAIN = (
    FieldDescriptor.TYPE_STRING,
    FieldDescriptor.TYPE_BOOL,
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
)


def compile_reader(
    descriptor: Descriptor, model: type, most_items: int = 1_000, maps: PlainMaps | None = None
) -> Reader:
    """A reader of `descriptor` messages as `model` objects, with at most `most_items` messages in a list of them.

    Readers that are given the same `maps` share the memory of their descriptors.
    It raises INVALID_ARGUMENT for bytes that are no such message, and for what a request must not hold.
    """
    # A duplicate key would be lost in parsing, so contents are parsed as the entries they consist of.
    descriptor = (maps or PlainMaps()).of(descriptor)
    parse = GetMessageClass(descriptor).FromString
    make = _message_reader(descriptor, model, "", most_items)

    def read(data: bytes) -> Any:
        try:
            return make(parse(data))
        except DecodeError as cause:
            raise _malformed(cause) from cause

    return read


def _message_reader(descriptor: Descriptor, model: type, prefix: str, most_items: int) -> Callable[[Message], Any]:
    """Sets the fields that are present and that `model` has; the others are the server's own and are ignored."""
    convert: dict[int, tuple[str, Callable[[Any], Any]]] = {
        field.number: (attribute(field), _field_reader(field, model, f"{prefix}{field.name}", most_items))
        for field in read_fields(descriptor, model)
    }

    def read(message: Message) -> Any:
        values = {}
        for field, value in message.ListFields():
            if found := convert.get(field.number):
                values[found[0]] = found[1](value)
        return model(**values)

    return read


def _field_reader(field: FieldDescriptor, model: type, path: str, most_items: int) -> Callable[[Any], Any]:
    if field.type == FieldDescriptor.TYPE_MESSAGE and field.is_repeated:
        return _messages(field, path, most_items, keeps_errors=keeps_errors(field, model))
    return _converter(field, path, most_items)


def _converter(field: FieldDescriptor, path: str, most_items: int) -> Callable[[Any], Any]:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return _message(field, path, most_items)
    if field.type == FieldDescriptor.TYPE_DOUBLE and not field.is_repeated:
        return lambda value: _double(value, path)
    if field.type not in _PLAIN:
        raise TypeError(f"{field.full_name}: no reader for a field of this type")
    return tuple if field.is_repeated else _same


def _message(field: FieldDescriptor, path: str, most_items: int) -> Callable[[Any], Any]:
    name = message_of(field).full_name
    if name == "google.protobuf.FieldMask":
        return lambda value: tuple(value.paths)
    if name in _WELL_KNOWN:
        convert = _WELL_KNOWN[name]
        return lambda value: convert(value, path)
    return _message_reader(message_of(field), model_type(message_of(field)), f"{path}.", most_items)


def _messages(
    field: FieldDescriptor, path: str, most_items: int, *, keeps_errors: bool
) -> Callable[[Sequence[Message]], tuple[Any, ...]]:
    """Reads a list of messages. Their reader knows paths within one of them; which one it was is known here."""
    read = _message_reader(message_of(field), model_type(message_of(field)), "", most_items)

    def read_all(values: Sequence[Message]) -> tuple[Any, ...]:
        # Two bytes of a request are enough for an item, and reading millions of them takes seconds.
        if len(values) > most_items:
            raise refused([too_many(field, path, len(values), most_items)])
        found = []
        for index, value in enumerate(values):
            try:
                found.append(read(value))
            except CrudError as error:
                if not keeps_errors:
                    raise moved(error, f"{path}[{index}]") from error
                found.append(error)
        return tuple(found)

    return read_all


def _same(value: Any) -> Any:
    return value


def _double(value: float, path: str) -> int | float:
    try:
        return from_double(value)
    except NotExact as cause:
        raise invalid(path, str(cause), Reason.NUMBER_NOT_EXACT) from cause


def _timestamp(value: Any, path: str) -> str:
    try:
        return from_unix(value.seconds, value.nanos)
    except ValueError as cause:
        raise invalid(path, str(cause)) from cause


def _duration(value: Any, path: str) -> int:
    try:
        return from_parts(value.seconds, value.nanos)
    except ValueError as cause:
        raise invalid(path, str(cause)) from cause


_WELL_KNOWN: dict[str, Callable[[Any, str], Any]] = {
    "google.protobuf.Struct": read_struct,
    "google.protobuf.ListValue": read_list,
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Duration": _duration,
}


def _malformed(cause: DecodeError) -> CrudError:
    text = str(cause)
    if "MaxDepth" in text:
        return invalid("", "the message is nested too deeply", Reason.CONTENT_TOO_DEEP)
    if "UTF-8" in text:
        return invalid("", "a string of the message is not UTF-8", Reason.INVALID_TEXT)
    return invalid("", "the bytes are no message of this method's request type", Reason.MALFORMED_REQUEST)
