"""Puts middleware around a handler."""

from collections.abc import Sequence

from crud_service.model.call import Handler, Middleware


def chain(middleware: Sequence[Middleware], handler: Handler) -> Handler:
    """`handler` inside of all `middleware`, the first of which is the outermost."""
    for wrap in reversed(middleware):
        handler = wrap(handler)
    return handler
