"""The examples of the document: they are sent as they stand, by its readers and by a test."""

from typing import Any

EXAMPLE_IDS = {"collection": "notes", "record": "first-note", "error_report": "0123456789abcdef0123456789abcdef"}
"""A value for each path parameter."""

EXAMPLE_TEXTS = {
    "filter": 'tags:urgent AND date >= 2026-01-01 AND NOT content.room = "Kepler"',
    "order_by": "content.seats desc, name",
    "read_mask": "name,content.room",
    "UpdateRecordRequest.update_mask": "name,content.room",
    "UpdateCollectionRequest.update_mask": "name,retention",
}
"""A value for each query parameter with a language of its own, by its full name or its name in all requests."""

_PATH = "collections/notes/records/first-note"
_RECORD: dict[str, Any] = {
    "name": "Team meeting",
    "date": "2026-01-31T09:30:00Z",
    "content": {"text": "Agree on the release date.", "room": "Kepler", "seats": 12},
    "tags": ["meeting", "urgent"],
}

EXAMPLE_BODIES: dict[str, dict[str, Any]] = {
    "CreateRecord": _RECORD,
    "UpdateRecord": {"name": "Team meeting, moved", "date": "2026-02-02"},
    "UpdateRecordTransform": {
        "transforms": [
            {"field": "content.seats", "increment": 2},
            {"field": "tags", "addToSet": ["moved"]},
        ]
    },
    "UndeleteRecord": {},
    "PurgeRecord": {},
    "BatchGetRecordsByPost": {"paths": [_PATH], "readMask": "name,content.room"},
    "BatchCreateRecords": {
        "requests": [
            {"recordId": "second-note", "record": _RECORD},
            {"recordId": "third-note", "record": {"name": "Shopping", "content": {"text": "Milk, tea"}}},
        ]
    },
    "BatchUpdateRecords": {
        "requests": [
            {"record": {"path": _PATH, "content": {"room": "Newton"}}, "updateMask": "content.room"},
        ]
    },
    "BatchDeleteRecords": {"requests": [{"path": _PATH}]},
    "TransactRecords": {
        "compare": [{"path": _PATH, "exists": True}],
        "then": [{"update": {"record": {"path": _PATH, "tags": ["done"]}}}],
        "else": [{"create": {"parent": "collections/notes", "recordId": "first-note", "record": _RECORD}}],
    },
    "RollbackRecord": {"revision": "1"},
    "CreateCollection": {"id": "notes", "name": "Notes", "description": "What was said and decided."},
    "DrainNode": {},
    "SetLogLevel": {"logLevel": "debug"},
    "UpdateCollection": {"name": "Meeting notes", "indexes": [{"field": "content.room"}]},
}
"""A body for each operation that takes one, by its operationId."""

EXAMPLE_LINES = """{"id": "fourth-note", "name": "Fourth"}
{"id": "fifth-note", "name": "Fifth", "tags": ["meeting"]}
"""
"""The body of an import."""
