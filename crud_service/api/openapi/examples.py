"""The examples of the document: they are sent as they stand, by its readers and by a test."""

from typing import Any

EXAMPLE_IDS = {"collection": "notes", "record": "first-note"}
"""A value for each path parameter."""

EXAMPLE_BODIES: dict[str, dict[str, Any]] = {
    "CreateRecord": {
        "name": "Team meeting",
        "date": "2026-01-31T09:30:00Z",
        "content": {"text": "Agree on the release date.", "room": "Kepler", "seats": 12},
        "tags": ["meeting", "urgent"],
    },
    "UpdateRecord": {"name": "Team meeting, moved", "date": "2026-02-02"},
    "CreateCollection": {"id": "notes", "name": "Notes", "description": "What was said and decided."},
    "UpdateCollection": {"name": "Meeting notes"},
}
"""A body for each operation that takes one."""
