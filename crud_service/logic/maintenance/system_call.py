"""The calls that a node makes of itself, and what becomes of their failures."""

from collections.abc import Callable

from crud_service.model.call import INTERNAL, Call
from crud_service.model.errors import CrudError, Reason

Report = Callable[[str, Exception | None], None]
"""Tells an operator what is wrong, and what caused it. The text says nothing of the cause, which may hold secrets."""

_OF_THE_STORE = frozenset({Reason.STORE_UNAVAILABLE, Reason.STORE_FULL, Reason.SHUTTING_DOWN})


def system_call(operation: str, tenant: str, reason: str, new_call_id: Callable[[], str]) -> Call:
    """A call by the node itself; `reason` tells a reader of the change log why."""
    call_id = new_call_id()
    return Call(operation, INTERNAL, reason=reason, call_id=call_id, principal="system", tenant=tenant)


def is_of_the_store(error: Exception) -> bool:
    """Whether the store failed as a whole, so that trying something else with it is no use now."""
    return isinstance(error, CrudError) and error.reason in _OF_THE_STORE
