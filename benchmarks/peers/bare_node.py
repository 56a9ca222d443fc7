"""crud-service without its chassis: nothing stands around a call but its transport. All else is as in `make run`.

What serves the node itself - its probes, its metrics, its reports - is there, and has nothing to do.
"""

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crud_service import bootstrap
from crud_service.bootstrap import node

_SERVER = Path(__file__).resolve().parents[2] / "cmd" / "server"


class BareNode(bootstrap.Node):
    """A node with an empty chain."""

    def add_chassis(self) -> None:
        """Leave out what stands around every operation."""
        super().add_chassis()
        self._middleware.clear()

    def _placed(self, name: str, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Leave out what stands around the logic: places, rates of collections, descriptions of requests."""
        return handler


if __name__ == "__main__":
    node.named_hop = lambda store, *_names: store  # and what stands around the store
    bootstrap.Node = BareNode
    runpy.run_path(str(_SERVER), run_name="__main__")
