"""Numbers of a content: what was accepted comes back equal over either transport.

A number is kept as a double in its shortest text. Whole numbers below 1e16 are kept as integers, which is how a
double of that size prints anyway, so 1 and 1.0 are one number, whichever transport wrote it.
"""

from decimal import Decimal, InvalidOperation
from math import isfinite

_WHOLE = 1e16
_SAFE_DIGITS = 15


class NotExact(ValueError):
    """A number that no double holds exactly, or that is not finite."""


def from_double(value: float) -> int | float:
    """A double as it is kept. Raises NotExact for NaN and the infinities."""
    if not isfinite(value):
        raise NotExact(f"{value} is not a finite number")
    return int(value) if value.is_integer() and -_WHOLE < value < _WHOLE else value


def from_int_text(text: str) -> int | float:
    """A JSON number without fraction and exponent as it is kept. Raises NotExact if no double equals it."""
    return int(text) if len(text) <= _SAFE_DIGITS else from_float_text(text)


def from_float_text(text: str) -> int | float:
    """A JSON number as it is kept. Raises NotExact if its text is not what the nearest double prints."""
    value = float(text)
    if repr(value) != text and not (isfinite(value) and _same(text, value)):
        raise NotExact(f"{text[:40]} is not exact as a 64-bit float; send it as a string")
    return from_double(value)


def _same(text: str, value: float) -> bool:
    try:
        return Decimal(text) == Decimal(repr(value))
    except InvalidOperation:  # an exponent of twenty digits: only 0 is exact there, and nobody writes it so
        return False
