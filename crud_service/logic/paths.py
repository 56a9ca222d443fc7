"""Resource paths: `collections/{collection}` and `collections/{collection}/records/{record}`."""

import re

from crud_service.model.errors import Reason, invalid
from crud_service.model.record import CollectionKey, RecordKey, home_of

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)
_matches = _ID.fullmatch

ID_RULE = "1 to 128 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit"


def check_id(field: str, value: str) -> str:
    """`value`, if it is a well-formed id. Raises INVALID_ARGUMENT about `field`."""
    if _matches(value) is None:
        raise invalid(field, f"an id is {ID_RULE}", Reason.INVALID_ID)
    return value


def record_key(tenant: str, path: str, field: str = "path") -> RecordKey:
    """The key that a record's path names. Raises INVALID_ARGUMENT about `field`."""
    parts = path.split("/")
    if len(parts) != 4 or parts[0] != "collections" or parts[2] != "records":
        raise invalid(field, "a record's path is collections/{collection}/records/{record}", Reason.INVALID_ID)
    return RecordKey(home_of(tenant, parts[1]), check_id(field, parts[1]), check_id(field, parts[3]))


def collection_key(tenant: str, path: str, field: str = "path") -> CollectionKey:
    """The key that a collection's path names. Raises INVALID_ARGUMENT about `field`."""
    parts = path.split("/")
    if len(parts) != 2 or parts[0] != "collections":
        raise invalid(field, "a collection's path is collections/{collection}", Reason.INVALID_ID)
    return CollectionKey(home_of(tenant, parts[1]), check_id(field, parts[1]))


def parent_collection(tenant: str, path: str, field: str = "parent") -> CollectionKey | None:
    """The key of the collection that a list is about; None for `collections/-`, which is all of them."""
    return None if path == "collections/-" else collection_key(tenant, path, field)


def chosen_id(given: str, in_resource: str, field: str, resource: str) -> str:
    """The id a create asks for: by its request field, in the resource, or by both if they agree; empty if neither."""
    if given and in_resource and given != in_resource:
        raise invalid(field, f"differs from {resource}.id; send one of them", Reason.INVALID_ID)
    if given:
        return check_id(field, given)
    return check_id(f"{resource}.id", in_resource) if in_resource else ""
