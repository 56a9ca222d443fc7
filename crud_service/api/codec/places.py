"""Where in a request something is wrong: paths in the names of the proto, such as `requests[3].record.content.a`."""

import re
from collections.abc import Iterable, Sequence

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from crud_service.api.codec.fields import is_resource
from crud_service.model.errors import CrudError, Reason, Violation, invalid_all

_ITEM = re.compile(r"\w+\[(\d+)\]", re.ASCII)


def below(path: str, name: str) -> str:
    """The path of the field `name` of what is at `path`."""
    return f"{path}.{name}" if path else name


def path_of_keys(path: str, keys: Iterable[str | int]) -> str:
    """The path of a value inside of what is at `path`, by the keys and indices that lead to it."""
    for key in keys:
        path = f"{path}[{key}]" if isinstance(key, int) else below(path, key)
    return path


def proto_keys(descriptor: Descriptor, keys: Sequence[str | int]) -> list[str | int]:
    """Keys that lead into a JSON message, in the names of the proto. Those inside of a content stay as they are."""
    found: list[str | int] = []
    message: Descriptor | None = descriptor
    for key in keys:
        name = key
        if isinstance(key, str) and message is not None:
            field = next((each for each in message.fields if each.json_name == key), None)
            name, message = (field.name, field.message_type) if field else (key, None)
            if message is not None and message.file.package == "google.protobuf":
                message = None
        found.append(name)
    return found


def too_many(field: FieldDescriptor, path: str, count: int, most: int) -> Violation:
    """The violation of a list of messages that has more than `most` items."""
    owner = field.containing_type
    reason = Reason.INVALID_FIELD if owner is not None and is_resource(owner) else Reason.BATCH_TOO_LARGE
    return Violation(path, f"has {count} items; at most {most} are allowed in a batch", reason)


def refused(violations: list[Violation]) -> CrudError:
    """INVALID_ARGUMENT for a request. When it is about one of several items, the metadata has its `index`."""
    item = _ITEM.match(violations[0].field)
    return invalid_all(violations, {"index": item[1]} if item else None)


def moved(error: CrudError, path: str) -> CrudError:
    """The same refusal about what is at `path`."""
    return refused([Violation(below(path, each.field), each.description, each.reason) for each in error.violations])
