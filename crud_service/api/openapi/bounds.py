"""What a schema says beyond the proto: the limits and patterns that validation enforces."""

from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from crud_service.api.openapi.contract import PACKAGE
from crud_service.logic.transforms import MOST_TRANSFORMS
from crud_service.model.limits import Limits
from crud_service.model.ports.node_control import LOG_LEVELS

_ID = "[a-z0-9][a-z0-9._-]{0,127}"
ID_PATTERN = f"^{_ID}$"
REPORT_ID_PATTERN = "^[0-9a-f]{32}$"
ID_OR_ALL_PATTERN = f"^({_ID}|-)$"
_OPTIONAL_ID = {"pattern": f"^({_ID})?$"}
_COLLECTION_PATH = f"collections/{_ID}"
_RECORD_PATH = {"pattern": f"^{_COLLECTION_PATH}/records/{_ID}$"}
_CONTROL = r"\u0000-\u001f\u007f-\u009f"
LABEL_PATTERN = f"^[^{_CONTROL}]*$"
WORDS_PATTERN = rf"^[^{_CONTROL}]*[^{_CONTROL}\s][^{_CONTROL}]*$"
"""Tags and header values are trimmed, so one of blanks only would be empty."""
_QUOTED = rf'[^`"\\{_CONTROL}]{{1,128}}'
CONTENT_PATH = rf'content(\.([\w-]{{1,128}}|`{_QUOTED}`|"{_QUOTED}")){{1,8}}'
"""A pattern of the paths of values below a content, without anchors."""
_INDEXABLE = "name|revision|version|(create|update|delete|purge|expire)_time"
_ETAG = {"format": "etag"}
_COUNT = {"pattern": "^[0-9]{1,18}$", "minimum": 0}
_POSITIVE = {"pattern": "^[1-9][0-9]{0,17}$", "minimum": 1}
# Up to 3,168 years: from any day of this millennium on, that is within the years that a time may have.
_SECONDS = r"[0-9]{1,11}(\.[0-9]{1,9})?"
_SOME_SECONDS = r"([1-9][0-9]{0,10}(\.[0-9]{1,9})?|0\.[0-9]{0,8}[1-9])"

ALL_COLLECTIONS = frozenset(
    {
        "BatchCreateRecordsRequest",
        "BatchDeleteRecordsRequest",
        "BatchGetRecordsRequest",
        "BatchUpdateRecordsRequest",
        "CountRecordsRequest",
        "ExportRecordsRequest",
        "ImportRecordsRequest",
        "ListChangesRequest",
        "ListRecordsRequest",
        "WatchRecordsRequest",
    }
)
"""The requests whose parent may be `collections/-`."""

NEEDED_ONEOFS = frozenset({"FieldTransform.operation", "RecordCompare.target", "RecordOperation.operation"})
"""The oneofs of which one member must be set; of all others at most one may be."""

ITEMS: dict[str, dict[str, Any]] = {
    "UpdateRecordRequest.record": {"required": ["path"], "properties": {"path": {"type": "string"} | _RECORD_PATH}},
    "RecordOperation.create": {"required": ["parent"]},
}
"""What the item of a batch or transaction must say, where a single request says it by its URL."""

LEFT_OUT = frozenset({"CreateRecordRequest.parent"})
"""Required fields that an item of a batch may leave out, because the URL of the batch says it."""


def bounds(limits: Limits) -> dict[str, dict[str, Any]]:
    """Keywords to add to the schema of a field, by its full name without the package, or its name in all requests."""
    label = {"maxLength": limits.name_chars, "pattern": LABEL_PATTERN}
    return {
        "Record.id": _OPTIONAL_ID,
        "Record.name": label,
        "Record.etag": _ETAG,
        "Record.tags": {
            "maxItems": limits.tags,
            "items": {"type": "string", "maxLength": limits.tag_chars, "pattern": WORDS_PATTERN},
        },
        "Record.ttl": {"pattern": f"^{_SOME_SECONDS}s$"},
        "Collection.id": _OPTIONAL_ID,
        "Collection.name": label,
        "Collection.etag": _ETAG,
        "Collection.description": {"maxLength": limits.description_chars, "pattern": r"^[^\u0000]*$"},
        "Collection.retention": {"pattern": f"^{_SECONDS}s$"},
        "Collection.history_age": {"pattern": f"^{_SECONDS}s$"},
        "Collection.history_entries": _COUNT,
        "Collection.indexes": {"maxItems": limits.collection_indexes, "uniqueItems": True},
        "FieldIndex.field": {"format": "index-field", "pattern": f"^({_INDEXABLE}|{CONTENT_PATH})$"},
        "FieldTransform.field": {"format": "transform-field", "pattern": f"^(tags|{CONTENT_PATH})$"},
        "CreateRecordRequest.record_id": _OPTIONAL_ID,
        "CreateRecordRequest.parent": {"pattern": f"^({_COLLECTION_PATH})?$"},
        "CreateCollectionRequest.collection_id": _OPTIONAL_ID,
        "ImportRecordsRequest.on_error": {"enum": ["", "stop", "skip"]},
        "ImportRecordsRequest.if_exists": {"enum": ["", "fail", "replace", "skip"]},
        "ImportRecordsRequest.start_row": _COUNT,
        "RollbackRecordRequest.revision": _POSITIVE,
        "ListChangesRequest.wait": {"format": "wait", "pattern": f"^{_SECONDS}s$"},
        "BatchGetRecordsRequest.paths": _many(limits) | {"items": {"type": "string"} | _RECORD_PATH},
        "SetLogLevelRequest.log_level": {"enum": list(LOG_LEVELS)},
        "TransactRecordsRequest.compare": _many(limits),
        "TransactRecordsRequest.then": _many(limits),
        "TransactRecordsRequest.else": _many(limits),
        "RecordCompare.path": _RECORD_PATH,
        "RecordCompare.etag": _ETAG,
        "etag": _ETAG,
        "filter": {"format": "filter", "maxLength": limits.filter_bytes},
        "order_by": {"format": "order-by"},
        "page_size": {"minimum": 0, "default": limits.page_size_default},
        "page_token": {"format": "page-token", "maxLength": limits.page_token_bytes},
        "path": _RECORD_PATH,
        "read_revision": _COUNT,
        "start_revision": _COUNT,
        "from_revision": _POSITIVE,
        "to_revision": _COUNT,
        "request_id": {"maxLength": limits.request_id_chars, "pattern": LABEL_PATTERN},
        "requests": _many(limits),
        "resume_token": {"format": "resume-token"},
        "transforms": {"maxItems": MOST_TRANSFORMS},
    }


def bounds_of(field: FieldDescriptor, limits: Limits) -> dict[str, Any]:
    """The keywords of one field; none for most."""
    full_name = local_name(field.full_name)
    name = field.name if full_name.split(".")[0].endswith("Request") else full_name
    known = bounds(limits)
    return known.get(full_name) or known.get(name, {})


def local_name(full_name: str) -> str:
    """A full name without the package: `Record.id`."""
    return full_name.removeprefix(f"{PACKAGE}.")


def _many(limits: Limits) -> dict[str, Any]:
    return {"maxItems": limits.batch_records}
