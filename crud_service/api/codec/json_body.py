"""The JSON body of a request: parsed, and joined with what the path of the URL binds in it."""

from collections.abc import Callable
from typing import Any

from google.protobuf.descriptor import Descriptor

from crud_service.api.codec.json_values import compile_object
from crud_service.api.codec.places import path_of_keys, proto_keys
from crud_service.api.codec.strict_json import parse_json
from crud_service.model.errors import Reason, Violation, invalid

BodyReader = Callable[[bytes, str, list[Violation], bool], Any]
"""Reads a body, given the value bound in the path, where violations go, and whether it is a merge patch."""


def compile_body_reader(
    descriptor: Descriptor, field: str, bound: str, most_items: int, *, optional: bool
) -> BodyReader:
    """A reader of `descriptor` messages that are the request field `field`, or the whole request if it is empty.

    `bound` is the path, within the body, of what the URL binds; empty for nothing. An `optional` body may be absent,
    which is {}. An array of objects has at most `most_items`.
    """
    convert = compile_object(descriptor, most_items)
    names, path = bound.split(".") if bound else [], ".".join(filter(None, (field, bound)))
    structs = [each.json_name for each in descriptor.fields if each.message_type and each.message_type.name == "Struct"]

    def read(data: bytes, path_value: str, violations: list[Violation], is_merge_patch: bool) -> Any:
        if optional and not data.strip():
            data = b"{}"
        document = _parse(data, field, descriptor)
        if isinstance(document, dict):
            if names:
                _bind(document, names, path_value, path, violations)
            if is_merge_patch:
                # Merging nothing into an object changes nothing, whereas an empty object would replace all.
                document = {key: each for key, each in document.items() if each != {} or key not in structs}
        return convert(document, field, violations)

    return read


def _parse(data: bytes, field: str, descriptor: Descriptor) -> Any:
    if not data.strip():
        raise invalid(field, "the body is empty; send a JSON object, if only {}", Reason.MALFORMED_REQUEST)
    return parse_json(data, lambda keys: path_of_keys(field, proto_keys(descriptor, keys)))


def _bind(document: Any, names: list[str], value: str, path: str, violations: list[Violation]) -> None:
    """Put the path's value into the body; the body may repeat it, but not contradict it."""
    *outer, name = names
    for each in outer:
        if document.get(each) is None:
            document[each] = {}
        document = document[each]
        if not isinstance(document, dict):
            return  # Reading it says what is wrong with it.
    if document.get(name) not in (None, "", value):
        violations.append(Violation(path, "differs from the path of the URL"))
    document[name] = value
