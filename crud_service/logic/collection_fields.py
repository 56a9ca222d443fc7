"""The fields of a collection as a client sends them, and the collection they make."""

from collections.abc import Iterable
from typing import Any

from msgspec import UNSET
from msgspec.structs import replace

from crud_service.logic.fields import index_field
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.record import Collection, FieldIndex
from crud_service.model.requests import CollectionDraft, FieldIndexDraft
from crud_service.model.timestamp import Timestamp

_EMPTY = {
    "name": "",
    "description": "",
    "require_etag": False,
    "retention": None,
    "indexes": (),
    "history_age": None,
    "history_entries": 0,
}
_FIELDS = tuple(_EMPTY)
# Of a path in a message: it is the client's, and may be as long as a request.
_MOST_CHARS = 64


def changed_fields(mask: tuple[str, ...] | None, draft: CollectionDraft) -> frozenset[str]:
    """The fields that `mask` names; without paths in it, those that are present in the draft.

    Raises INVALID_ARGUMENT (`INVALID_UPDATE_MASK`) for a path that is not `*` or a field that clients change.
    """
    if not mask:
        return frozenset([name for name in _FIELDS if getattr(draft, name) is not UNSET])
    if "*" in mask:
        if len(mask) > 1:
            raise _invalid_mask("'*' stands alone")
        return frozenset(_FIELDS)
    for path in mask:
        if path not in _FIELDS:
            raise _invalid_mask(f"{path[:_MOST_CHARS]!r} is not one of {', '.join(_FIELDS)} or '*'")
    return frozenset(mask)


def created_collection(collection_id: str, draft: CollectionDraft, time: Timestamp) -> Collection:
    """The collection that a create makes of a draft. Raises INVALID_ARGUMENT for a bad index."""
    # There are no records yet, so its indexes hold all of them.
    indexes = tuple([FieldIndex(field, ready=True) for field in _declared(draft.indexes or ())])
    values = _values(draft, [name for name in _FIELDS if name != "indexes"])
    return Collection(
        collection_id, revision=0, version=1, create_time=time, update_time=time, indexes=indexes, **values
    )


def updated_collection(
    current: Collection, draft: CollectionDraft, fields: Iterable[str], time: Timestamp
) -> Collection:
    """The collection with `fields` taken from the draft; one that the draft lacks gets its empty value.

    An index that stays declared stays as it is, another one has to be built. Raises INVALID_ARGUMENT for a bad index.
    """
    values = _values(draft, fields)
    if "indexes" in values:
        known = {index.field: index for index in current.indexes}
        declared = _declared(draft.indexes or ())
        values["indexes"] = tuple([known.get(field) or FieldIndex(field) for field in declared])
    return replace(current, **values, version=current.version + 1, update_time=time)


def _values(draft: CollectionDraft, fields: Iterable[str]) -> dict[str, Any]:
    given = {name: getattr(draft, name) for name in fields}
    return {name: _EMPTY[name] if value in (UNSET, None) else value for name, value in given.items()}


def _declared(drafts: Iterable[FieldIndexDraft]) -> list[str]:
    """The fields to index, each as `Field` prints it, sorted."""
    places: dict[str, str] = {}
    for number, draft in enumerate(drafts):
        place = f"collection.indexes[{number}].field"
        field = str(index_field(draft.field, place))
        if field in places:
            raise invalid(place, f"{field[:_MOST_CHARS]} is indexed twice; name it once")
        places[field] = place
    return sorted(places)


def _invalid_mask(message: str) -> CrudError:
    return invalid("update_mask", message, Reason.INVALID_UPDATE_MASK)
