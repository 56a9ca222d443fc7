"""What a schema says beyond the proto: the limits and patterns that validation enforces."""

from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from crud_service.api.openapi.contract import PACKAGE
from crud_service.model.limits import Limits

_ID = "[a-z0-9][a-z0-9._-]{0,127}"
ID_PATTERN = f"^{_ID}$"
_OPTIONAL_ID = {"pattern": f"^({_ID})?$"}
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
_LISTS = ("ListRecordsRequest", "ListCollectionsRequest")
LABEL_PATTERN = f"^[^{_CONTROL}]*$"
# Tags are trimmed, so one of blanks only would be empty.
_TAG_PATTERN = rf"^[^{_CONTROL}]*[^{_CONTROL}\s][^{_CONTROL}]*$"


def bounds(limits: Limits) -> dict[str, dict[str, Any]]:
    """Keywords to add to the schema of a field, by the field's full name without the package."""
    label = {"maxLength": limits.name_chars, "pattern": LABEL_PATTERN}
    paging = {
        "page_size": {"minimum": 0, "default": limits.page_size_default},
        "page_token": {"maxLength": limits.page_token_bytes},
    }
    return {
        "Record.id": _OPTIONAL_ID,
        "Record.name": label,
        "Record.tags": {
            "maxItems": limits.tags,
            "items": {"type": "string", "maxLength": limits.tag_chars, "pattern": _TAG_PATTERN},
        },
        "Collection.id": _OPTIONAL_ID,
        "Collection.name": label,
        "Collection.description": {"maxLength": limits.description_chars},
        "CreateRecordRequest.record_id": _OPTIONAL_ID,
        "CreateCollectionRequest.collection_id": _OPTIONAL_ID,
        "ListRecordsRequest.filter": {"maxLength": limits.filter_bytes},
        **{f"{lists}.{name}": keywords for lists in _LISTS for name, keywords in paging.items()},
    }


def bounds_of(field: FieldDescriptor, limits: Limits) -> dict[str, Any]:
    """The keywords of one field; none for most."""
    return bounds(limits).get(field.full_name.removeprefix(f"{PACKAGE}."), {})
