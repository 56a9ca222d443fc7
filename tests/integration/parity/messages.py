"""A request in Proto3 JSON as the message of its type, by protobuf's own mapping but for field masks."""

import re
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tests.integration.parity.methods import Json

_PATH = re.compile(r"(?:[^,`]|`[^`]*`|`)+")
_PACKAGE = "crud_service.v1"


def to_message(request: Json, message: Message) -> Message:
    """Fill the message. protobuf would turn the keys of a content into snake_case in masks; they stay as they are."""
    plain: Json = {}
    for name, value in request.items():
        field = message.DESCRIPTOR.fields_by_camelcase_name[name]
        kind = field.message_type
        if kind is not None and kind.full_name == "google.protobuf.FieldMask":
            mask = getattr(message, field.name)
            mask.SetInParent()
            mask.paths.extend(mask_paths(value))
        elif kind is not None and kind.file.package == _PACKAGE and value is not None:
            _fill(message, field, value)
        else:
            plain[name] = value
    return json_format.ParseDict(plain, message)


def mask_paths(text: str) -> list[str]:
    """The paths of a mask as its messages have them: names in snake_case, the keys of a content as they are."""
    return [_proto_path(path) for path in _PATH.findall(text)]


def _proto_path(path: str) -> str:
    name, dot, keys = path.partition(".")
    return re.sub(r"[A-Z]", lambda upper: "_" + upper[0].lower(), name) + dot + keys


def _fill(message: Message, field: FieldDescriptor, value: Any) -> None:
    inner = getattr(message, field.name)
    if field.is_repeated:
        for each in value:
            to_message(each, inner.add())
        return
    inner.SetInParent()
    to_message(value, inner)
