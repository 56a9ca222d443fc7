"""Which event loop a node runs in."""

import asyncio
from collections.abc import Callable

from crud_service.model.errors import StartError


def loop_factory(choice: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """What makes the loop of `choice`: `asyncio`, `uvloop`, or `auto`, which is uvloop where it is installed.

    None stands for Python's own. Raises StartError when uvloop is asked for and not there.
    """
    if choice == "asyncio":
        return None
    try:
        import uvloop
    except ImportError:
        if choice == "uvloop":
            raise StartError("uvloop is not installed; set CRUD_EVENT_LOOP=asyncio") from None
        return None
    return uvloop.new_event_loop
