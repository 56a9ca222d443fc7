"""A strict reader of Server-Sent Events (WHATWG HTML, section 9.2.6): what a browser may overlook is an error here."""

import json
from typing import Any, NamedTuple


class Event(NamedTuple):
    """One event as a client sees it."""

    name: str
    data: Any
    """Read as JSON."""
    last_event_id: str
    """What a client sends as Last-Event-ID after this event."""


def parse_events(text: bytes) -> tuple[int, list[Event]]:
    """The time before a client connects again, in milliseconds, and the events."""
    assert text.endswith(b"\n\n"), "the last event is not complete"
    assert b"\r" not in text
    first, *blocks = text.decode()[:-2].split("\n\n")
    name, _, retry = first.partition(": ")
    assert name == "retry"
    events, last_event_id = [], ""
    for block in blocks:
        fields = [tuple(line.split(": ", 1)) for line in block.split("\n")]
        found = dict(fields)
        assert len(found) == len(fields), block
        assert found.keys() <= {"event", "id", "data"}, block
        assert "\0" not in found.get("id", "")
        last_event_id = found.get("id", last_event_id)
        events.append(Event(found["event"], json.loads(found["data"]), last_event_id))
    return int(retry), events
