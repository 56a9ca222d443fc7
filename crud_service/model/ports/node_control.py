"""The port through which an operator looks at a running node and tells it what to do."""

from typing import Protocol

from crud_service.model.record import NodeInfo

LOG_LEVELS = ("debug", "info", "warning", "error")
"""From the one that says most to the one that says least."""


class NodeControl(Protocol):
    """One node. No method waits for anything, and none of them raises."""

    @property
    def info(self) -> NodeInfo:
        """What the node is, and the state it is in now."""

    def drain(self) -> None:
        """Have the node leave: no new clients are sent to it, and what it has is finished. It does not end by this.

        There is no way back but a new start. Draining twice does nothing.
        """

    def set_log_level(self, level: str) -> None:
        """Log from this one of LOG_LEVELS on, until somebody sets another one or the node ends."""
