"""crud-service on a store that takes 50 ms longer for each call, as one far away would, and is otherwise as ever."""

import asyncio
import runpy
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any

from crud_service import bootstrap

_SERVER = Path(__file__).resolve().parents[2] / "cmd" / "server"
_SECONDS = 0.05


class SlowStore:
    """Stands for a store; each of its coroutines begins later."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not iscoroutinefunction(found):
            return found

        async def slow(*args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(_SECONDS)
            return await found(*args, **kwargs)

        return slow


class SlowNode(bootstrap.Node):
    """A node whose store is slow."""

    async def open_store(self) -> None:
        """Open the store, then slow it down."""
        await super().open_store()
        self.store = SlowStore(self.store)


if __name__ == "__main__":
    bootstrap.Node = SlowNode
    runpy.run_path(str(_SERVER), run_name="__main__")
