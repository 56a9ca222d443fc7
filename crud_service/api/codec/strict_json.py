"""JSON as the contract wants it: exact numbers, unique keys, valid UTF-8, no NaN (RFC 8259 at its strictest).

The standard library's scanner with hooks: it sees the text of each number and all pairs of each object, which
faster parsers drop. Text that JSON can write but a record cannot hold (U+0000, lone surrogates) passes here and is
refused by logic, which sees every transport.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from crud_service.api.codec.places import refused
from crud_service.model.errors import CrudError, Reason, Violation, invalid
from crud_service.model.numbers import NotExact, from_float_text, from_int_text

PathOf = Callable[[Sequence[str | int]], str]
"""Names a value of the text by the keys and indices that lead to it, for the path in an error."""


def parse_json(data: bytes, path_of: PathOf) -> Any:
    """The value that `data` holds. `path_of` says where in the request each value of it is.

    Raises INVALID_ARGUMENT: `INVALID_TEXT` for bytes that are not UTF-8, `DUPLICATE_KEY`, `NUMBER_NOT_EXACT`,
    `CONTENT_TOO_DEEP` for more levels than the parser can stand, else `MALFORMED_REQUEST` with line and column.
    """
    try:
        return _read(data.decode(), path_of)
    except UnicodeDecodeError as cause:
        message = f"the body is not UTF-8 at byte {cause.start + 1}"
        raise invalid(path_of(()), message, Reason.INVALID_TEXT) from cause
    except json.JSONDecodeError as cause:
        message = f"the body is not JSON: {cause.msg} at line {cause.lineno} column {cause.colno}"
        raise invalid(path_of(()), message, Reason.MALFORMED_REQUEST) from cause
    except RecursionError as cause:
        raise invalid(path_of(()), "the body is nested too deeply", Reason.CONTENT_TOO_DEEP) from cause


def _read(text: str, path_of: PathOf) -> Any:
    try:
        return _decode(text)
    except _Refused:
        raise _located(text, path_of) from None


class _Refused(ValueError):
    """A value that the hooks do not take."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused
    return found


def _integer(text: str) -> int | float:
    try:
        return from_int_text(text)
    except NotExact:
        raise _Refused from None


def _float(text: str) -> int | float:
    try:
        return from_float_text(text)
    except NotExact:
        raise _Refused from None


def _constant(text: str) -> NoReturn:
    raise _Refused


_decode = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
).decode


# A hook does not know where it is. Refusals are rare, so a refused text is read once more, this time keeping each
# refused value in its place, and then searched for the first one. What follows it may not even be JSON.


class _Flaw:
    """Stands in the tree where a value was refused."""

    def __init__(self, reason: Reason, message: str) -> None:
        self.reason = reason
        self.message = message


def _located(text: str, path_of: PathOf) -> CrudError:
    keys, flaw = _find(_decode_keeping(text), ()) or ((), _Flaw(Reason.MALFORMED_REQUEST, "the body is refused"))
    return refused([Violation(path_of(keys), flaw.message, flaw.reason)])


def _find(value: Any, keys: tuple[str | int, ...]) -> tuple[tuple[str | int, ...], _Flaw] | None:
    if isinstance(value, _Flaw):
        return keys, value
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    return next((found for key, each in inner if (found := _find(each, (*keys, key)))), None)


def _keep_pairs(pairs: list[tuple[str, Any]]) -> Any:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            return found | {key: _Flaw(Reason.DUPLICATE_KEY, "the key stands twice in its object")}
        found[key] = value
    return found


def _keep_number(text: str) -> Any:
    try:
        return from_float_text(text)
    except NotExact as cause:
        return _Flaw(Reason.NUMBER_NOT_EXACT, str(cause))


def _keep_constant(text: str) -> _Flaw:
    return _Flaw(Reason.NUMBER_NOT_EXACT, f"{text} is not a finite number")


_decode_keeping = json.JSONDecoder(
    object_pairs_hook=_keep_pairs, parse_int=_keep_number, parse_float=_keep_number, parse_constant=_keep_constant
).decode
