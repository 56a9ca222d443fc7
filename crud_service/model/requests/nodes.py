"""What is asked of the node itself."""

import msgspec


class GetNodeInfo(msgspec.Struct, frozen=True):
    """Ask a node about itself."""


class DrainNode(msgspec.Struct, frozen=True):
    """Have the node leave, as it does before it stops."""


class SetLogLevel(msgspec.Struct, frozen=True):
    """Have the node log from `log_level` on."""

    log_level: str = ""
