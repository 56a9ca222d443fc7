"""Events of nodes: what happened to a node, as records that clients list and watch like any other."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from crud_service.model.record import SYSTEM_PREFIX

EVENTS = f"{SYSTEM_PREFIX}events"
"""The id of the collection that holds them."""


class EventKind(StrEnum):
    """What happened. Append-only: records keep these words."""

    NODE_STARTED = "NODE_STARTED"
    """It takes calls."""
    NODE_DRAINING = "NODE_DRAINING"
    """It wants no more calls."""
    NODE_STOPPED = "NODE_STOPPED"
    """It has ended in order."""
    SETTING_CHANGED = "SETTING_CHANGED"
    """A setting has another value since it runs: `setting`, `from`, `to`."""
    BREAKER_CHANGED = "BREAKER_CHANGED"
    """It calls a dependency no more, or again: `dependency`, `state`."""
    EXTENSION_DISABLED = "EXTENSION_DISABLED"
    """An extension failed too often: `extension`."""


Emit = Callable[[EventKind, Mapping[str, str]], None]
"""Tells of an event, with its details. Waits for nothing and never fails."""


def no_events(kind: EventKind, detail: Mapping[str, str]) -> None:
    """Tell nobody."""
