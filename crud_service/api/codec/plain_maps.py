"""Messages whose maps are what they are on the wire: lists of entries. Parsing a map keeps the last of equal keys."""

from collections.abc import Iterable

from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool


def with_plain_maps(descriptor: Descriptor) -> Descriptor:
    """The same message, and all that it holds, with each `map<K, V>` as a repeated message of `key` and `value`."""
    pool, added = DescriptorPool(), set[str]()

    def add(file: FileDescriptor) -> None:
        if file.name in added:
            return
        added.add(file.name)
        for imported in file.dependencies:
            add(imported)
        copy = FileDescriptorProto()
        file.CopyToProto(copy)
        _make_plain(copy.message_type)
        pool.Add(copy)

    add(descriptor.file)
    return pool.FindMessageTypeByName(descriptor.full_name)


def _make_plain(messages: Iterable[DescriptorProto]) -> None:
    for message in messages:
        message.options.ClearField("map_entry")
        _make_plain(message.nested_type)
