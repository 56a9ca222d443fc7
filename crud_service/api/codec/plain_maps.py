"""Messages whose maps are what they are on the wire: lists of entries. Parsing a map keeps the last of equal keys."""

from collections.abc import Iterable

from google.protobuf.descriptor import Descriptor, FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool


class PlainMaps:
    """Messages with plain maps. All that one of these makes share a pool: a pool of its own is half a megabyte."""

    def __init__(self) -> None:
        self._pool = DescriptorPool()
        self._added: set[str] = set()

    def of(self, descriptor: Descriptor) -> Descriptor:
        """The same message, and all that it holds, with each `map<K, V>` as a repeated message of `key` and `value`."""
        self._add(descriptor.file)
        return self._pool.FindMessageTypeByName(descriptor.full_name)

    def _add(self, file: FileDescriptor) -> None:
        if file.name in self._added:
            return
        self._added.add(file.name)
        for imported in file.dependencies:
            self._add(imported)
        copy = FileDescriptorProto()
        file.CopyToProto(copy)
        _make_plain(copy.message_type)
        self._pool.Add(copy)


def _make_plain(messages: Iterable[DescriptorProto]) -> None:
    for message in messages:
        message.options.ClearField("map_entry")
        _make_plain(message.nested_type)
