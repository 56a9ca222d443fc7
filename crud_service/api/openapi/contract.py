"""The proto as the document needs it: services, resource names and comments, from the packaged descriptor set."""

import re
from collections.abc import Iterator
from typing import Any

from google.api import annotations_pb2, client_pb2, field_behavior_pb2, resource_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor, ServiceDescriptor

PACKAGE = "crud_service.v1"

_SERVICES = ("RecordService", "CollectionService", "AdminService")
"""The order of the document; services not named here follow by name."""

# Texts in the language of filters, which has the names of the proto over HTTP too.
_QUERY_FIELDS = ("filter", "order_by", "field")

# The options of the descriptors are read with these; without the import they would be unknown bytes.
_OPTIONS = (annotations_pb2, client_pb2, field_behavior_pb2, resource_pb2)


class Contract:
    """The messages and services of the package, each with its comment."""

    def __init__(self, descriptor_set: bytes) -> None:
        """Read a serialized FileDescriptorSet that holds all imports and, of our files, the comments."""
        files = descriptor_pb2.FileDescriptorSet.FromString(descriptor_set).file
        self._pool = descriptor_pool.DescriptorPool()
        for file in files:
            self._pool.AddSerializedFile(file.SerializeToString())
        ours = [file for file in files if file.package == PACKAGE]
        self._files = [self._pool.FindFileByName(file.name) for file in ours]
        self._comments = {name: text for file in ours for name, text in _comments(file)}
        fields = [field for message in self.messages() for field in message.fields]
        self._json_names = {field.name: field.json_name for field in fields}

    def services(self) -> list[ServiceDescriptor]:
        """All services, the one that matters most first."""
        found = {name: service for file in self._files for name, service in file.services_by_name.items()}
        order = {name: index for index, name in enumerate(_SERVICES)}
        return [found[name] for name in sorted(found, key=lambda name: (order.get(name, len(order)), name))]

    def messages(self) -> list[Descriptor]:
        """All messages at the top level of the package."""
        return [message for file in self._files for message in file.message_types_by_name.values()]

    def variables(self) -> dict[str, str]:
        """How a resource pattern names what follows a literal: `{"collections": "collection", ...}`."""
        found: dict[str, str] = {}
        for message in self.messages():
            for pattern in message.GetOptions().Extensions[resource_pb2.resource].pattern:
                found.update(re.findall(r"(\w+)/\{(\w+)\}", pattern))
        return found

    def referred_resource(self, field: FieldDescriptor) -> Descriptor | None:
        """The resource whose path, or whose parent's path, the field holds; None if it holds none."""
        reference = field.GetOptions().Extensions[resource_pb2.resource_reference]
        wanted = reference.type or reference.child_type
        return next((each for each in self.messages() if wanted and _resource_type(each) == wanted), None)

    def masked_resources(self) -> set[str]:
        """The names of the resources that some reply has with those fields only that a read mask names."""
        methods = [method for service in self.services() for method in service.methods]
        replies = [method.output_type for method in methods if has_mask(method.input_type)]
        within = [field.message_type for reply in replies for field in reply.fields if field.message_type]
        return {message.name for message in (*replies, *within) if is_resource(message)}

    def comment(self, full_name: str) -> str:
        """The comment of a service, method, message or field, with fields named as JSON names them."""
        text = self._comments.get(full_name, "")
        if full_name.rpartition(".")[2] in _QUERY_FIELDS:
            return text
        return re.sub(r"`[^`]+`", self._in_json, text)

    def field_comment(self, field: FieldDescriptor) -> str:
        """The comment of a field, below that of the oneof that it is a member of."""
        oneof = field.containing_oneof
        texts = [self.comment(oneof.full_name)] if oneof else []
        return "\n\n".join([*texts, self.comment(field.full_name)])

    def _in_json(self, code: re.Match[str]) -> str:
        return re.sub(r"\w+", lambda word: self._json_names.get(word[0], word[0]), code[0])


def behaviours(field: FieldDescriptor) -> set[str]:
    """The names of a field's google.api.field_behavior values, such as `OUTPUT_ONLY`."""
    values = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return {field_behavior_pb2.FieldBehavior.Name(value) for value in values}


def has_mask(request: Descriptor) -> bool:
    """Whether a request says which fields it wants to see: as a whole, or in one of the requests inside of it."""
    inner = [field.message_type for field in request.fields if field.message_type]
    ours = [message for message in inner if message.file.package == PACKAGE and not is_resource(message)]
    return "read_mask" in request.fields_by_name or any(has_mask(message) for message in ours)


def is_resource(message: Descriptor) -> bool:
    """Whether the message declares a google.api.resource."""
    return message.GetOptions().HasExtension(resource_pb2.resource)


def _resource_type(message: Descriptor) -> str:
    found: str = message.GetOptions().Extensions[resource_pb2.resource].type
    return found


def _comments(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Each commented element of a file: its full name, and its comment without the margin."""
    for location in file.source_code_info.location:
        if location.leading_comments:
            lines = [line.strip() for line in location.leading_comments.strip().splitlines()]
            yield _name_at(file, list(location.path)), "\n".join(lines)


def _name_at(element: Any, path: list[int]) -> str:
    """The full name of what a source location's path leads to: field number and index, field number and index."""
    names = [element.package]
    for number, index in zip(path[::2], path[1::2], strict=False):
        element = getattr(element, element.DESCRIPTOR.fields_by_number[number].name)[index]
        names.append(element.name)
    return ".".join(names)
