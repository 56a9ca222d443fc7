"""Which of several media types a client wants: the header Accept (RFC 9110, section 12.5.1)."""

import re
from collections.abc import Sequence

from crud_service.model.errors import CrudError, Kind, Reason

# Commas and semicolons within quoted strings belong to a parameter.
_RANGES = re.compile(rb'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_PARTS = re.compile(rb'(?:[^;"]|"(?:[^"\\]|\\.)*")+')
_WEIGHT = re.compile(rb"[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


def accepted(header: bytes | None, offered: Sequence[bytes]) -> bytes:
    """The offered media type that the client likes best; of several such, the one offered first.

    A type is as good as the most specific range that it falls into says. Other parameters than the weight are not
    looked at, and neither are ranges that are not well-formed. Without a header everything is welcome. Raises
    INVALID_ARGUMENT (`NOT_ACCEPTABLE`) if nothing is.
    """
    weights = _weights(header or b"*/*")
    best = max(offered, key=lambda each: _weight(each, weights))
    if _weight(best, weights) > 0 or not weights:
        return best
    message = f"accept: there is none of these media types here; there is {', '.join(map(bytes.decode, offered))}"
    raise CrudError(Kind.INVALID_ARGUMENT, Reason.NOT_ACCEPTABLE, message)


def _weights(header: bytes) -> dict[bytes, float]:
    """The weight of each range that the header names; the last one counts of those that stand twice."""
    found = {}
    for each in _RANGES.findall(header):
        media_range, *parameters = [part.strip() for part in _PARTS.findall(each)] or [b""]
        if media_range.count(b"/") == 1:
            found[media_range.lower()] = _weight_of(parameters)
    return found


def _weight_of(parameters: Sequence[bytes]) -> float:
    """The weight that the parameters of a range give it: 1 unless they say otherwise."""
    for parameter in parameters:
        if parameter[:2].lower() == b"q=":
            weight = _WEIGHT.fullmatch(parameter)
            return float(weight[1]) if weight else 0.0
    return 1.0


def _weight(media_type: bytes, weights: dict[bytes, float]) -> float:
    main = media_type.partition(b"/")[0]
    return next((weights[each] for each in (media_type, main + b"/*", b"*/*") if each in weights), 0.0)
