"""The port through which an adapter calls what is outside of the node, and which keeps it from harm by that.

Who implements it decides about time-outs, retries and breakers; the adapter says what a call is, and which of its
failures mean that the dependency is unwell.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class DependencyAway(Exception):
    """A call was not made, because the dependency has failed too often."""

    def __init__(self, dependency: str, retry_after: float) -> None:
        super().__init__(f"{dependency} was not called: it has failed too often")
        self.retry_after = retry_after
        """Seconds after which it makes sense to call again."""


class Outgoing(Protocol):
    """Calls one dependency."""

    async def __call__(self, call: Callable[[], Awaitable[T]], seconds: float) -> T:
        """What `await call()` gives, which may be made several times, all of it within `seconds`.

        Raises what the call raised, TimeoutError when the time is over, DependencyAway when it was not made.
        """


OpenOutgoing = Callable[[str, Callable[[Exception], bool]], Outgoing]
"""Gives what calls the dependency of a name, given which errors of its calls mean that it is unwell; other errors are
its answers.
"""


async def call_once(call: Callable[[], Awaitable[T]], seconds: float) -> T:
    """The plain one: one attempt within its time, and nothing else."""
    async with asyncio.timeout(seconds):
        return await call()
