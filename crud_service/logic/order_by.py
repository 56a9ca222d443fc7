"""The order of a list: `content.price desc, name` (AIP-132)."""

import re

from crud_service.logic.fields import PathError, order_field, scan_path
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.query import OrderKey

_SPACE = re.compile(r"\s*")
_DIRECTION = re.compile(r"(asc|desc)(?![\w.-])")


def parse_order_by(text: str, limits: Limits) -> tuple[OrderKey, ...]:
    """The keys that `text` names, the first decides first; none if it is empty.

    Each is a field, ascending unless `desc` stands behind it. Raises INVALID_ARGUMENT (`INVALID_ORDER_BY`) about
    `order_by`, with the column of the mistake, for anything else, for a field that has no order, and for more fields
    than the limits allow.
    """
    keys: list[OrderKey] = []
    position = _after_space(text, 0)
    if position == len(text):
        return ()
    while True:
        if len(keys) == limits.order_fields:
            raise _mistake(f"at most {limits.order_fields} fields are allowed", position)
        key, end = _key(text, position)
        if any(key.field == other.field for other in keys):
            raise _mistake(f"{key.field} stands twice", position)
        keys.append(key)
        if end == len(text):
            return tuple(keys)
        if text[end] != ",":
            raise _mistake("expected a comma, asc, desc or the end", end)
        position = _after_space(text, end + 1)


def _key(text: str, start: int) -> tuple[OrderKey, int]:
    """The key at `start`, and where what follows it begins."""
    try:
        field, end = scan_path(text, start)
        order_field(field)
    except PathError as cause:
        raise _mistake(cause.message, cause.offset) from cause
    except ValueError as cause:
        raise _mistake(str(cause), start) from cause
    end = _after_space(text, end)
    direction = _DIRECTION.match(text, end)
    if direction is None:
        return OrderKey(field), end
    return OrderKey(field, direction[0] == "desc"), _after_space(text, direction.end())


def _after_space(text: str, start: int) -> int:
    space = _SPACE.match(text, start)
    return space.end() if space else start


def _mistake(message: str, offset: int) -> CrudError:
    return invalid("order_by", f"{message} (column {offset + 1})", Reason.INVALID_ORDER_BY)
