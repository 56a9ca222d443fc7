"""What surrounds a node in its process: the event loop, and how a start that fails ends."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from crud_service.library.event_loop import loop_factory
from crud_service.model.errors import StartError
from crud_service.settings import Settings


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn a StartError into one line on stderr and exit code 2."""
    try:
        yield
    except StartError as error:
        print(f"crud-server: {error}", file=sys.stderr)
        sys.exit(2)


def run(serve: Callable[[Settings], Awaitable[None]], settings: Settings) -> None:
    """Run `serve(settings)` in the event loop that the settings choose."""
    # gRPC reads this when it is imported; what it has to say comes back as errors.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    with asyncio.Runner(loop_factory=loop_factory(settings.event_loop)) as runner:
        runner.run(serve(settings))  # type: ignore[arg-type]
