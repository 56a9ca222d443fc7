"""Names the hop that failed: an error that came from a dependency says which one, doing what, after how long.

The name is that of the kind of thing, never its address.
"""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction
from time import perf_counter
from typing import Any, TypeVar, cast

from crud_service.model.errors import CrudError

T = TypeVar("T")


def named_hop(target: T, service: str, version: str, clock: Callable[[], float] = perf_counter) -> T:
    """`target`, but errors of its coroutines carry `hopService`, `hopVersion`, `hopOperation` and `hopMs`.

    An error that names a hop already comes from further away, and stays as it is. `clock` counts seconds.
    """
    return cast("T", _Named(target, service, version, clock))


class _Named:
    """Stands for a target. Each method is wrapped when it is first asked for; all else is the target's own."""

    def __init__(self, target: Any, service: str, version: str, clock: Callable[[], float]) -> None:
        self._target = target
        self._service = service
        self._version = version
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not iscoroutinefunction(found):
            return found
        self.__dict__[name] = named = self._named(name)
        return named

    def _named(self, operation: str) -> Callable[..., Awaitable[Any]]:
        target, clock = self._target, self._clock

        async def named(*args: Any, **kwargs: Any) -> Any:
            start = clock()
            try:
                return await getattr(target, operation)(*args, **kwargs)
            except CrudError as error:
                if "hopService" not in error.metadata:
                    error.metadata |= self._hop(operation, clock() - start)
                raise

        return named

    def _hop(self, operation: str, seconds: float) -> dict[str, str]:
        hop = {
            "hopService": self._service,
            "hopVersion": self._version,
            "hopOperation": operation,
            "hopMs": f"{seconds * 1000:.3f}",
        }
        return {key: value for key, value in hop.items() if value}
