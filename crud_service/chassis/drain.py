"""How a node leaves: one step after the other, once, whoever asks for it and however often."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple


class Step(NamedTuple):
    """One thing to do on the way out."""

    name: str
    do: Callable[[], Awaitable[None]]


class Drain:
    """Does `steps` in their order. One that fails is told to `failed`, and keeps none of the others from being done."""

    def __init__(self, steps: Sequence[Step], failed: Callable[[str, Exception], None]) -> None:
        self._steps = steps
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    @property
    def is_begun(self) -> bool:
        """Whether somebody has asked for it."""
        return self._task is not None

    def begin(self) -> None:
        """Begin, and return at once. Does nothing when it has begun."""
        if self._task is None:
            self._task = asyncio.create_task(self._do_all(), name="drain")

    async def done(self) -> None:
        """Begin, unless it has begun, and wait until the last step is done."""
        self.begin()
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _do_all(self) -> None:
        for step in self._steps:
            try:
                await step.do()
            except Exception as error:  # noqa: BLE001 - a node that cannot leave politely leaves all the same
                self._failed(step.name, error)
