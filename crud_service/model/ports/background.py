"""The port through which work goes on in the background, for as long as nobody cancels it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]
"""Work without an end: `await work()` returns only when something is wrong with it."""

Run = Callable[[str, Work], "asyncio.Task[None]"]
"""Begins work under a name, and returns the task that it runs in. Who begins it ends it: by cancelling the task."""


def run_alone(name: str, work: Work) -> "asyncio.Task[None]":
    """Begin work that nobody looks after."""
    return asyncio.create_task(work(), name=name)
