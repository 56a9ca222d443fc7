"""Which media type a client gets: RFC 9110, section 12.5.1."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.api.http_accept import accepted
from crud_service.model.errors import CrudError, Reason

OFFERED = (b"text/event-stream", b"application/x-ndjson", b"application/jsonl")


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, 0),
        (b"", 0),
        (b"*/*", 0),
        (b"text/*", 0),
        (b"TEXT/Event-Stream", 0),
        (b"application/*", 1),
        (b"application/jsonl", 2),
        (b"application/x-ndjson, text/event-stream", 0),
        (b"text/event-stream;q=0.1, application/jsonl;q=0.2", 2),
        (b"text/event-stream; q=0.5 , */*;q=0.4", 0),
        (b"*/*;q=0.5, text/event-stream;q=0", 1),
        (b"text/event-stream;q=0.001,application/*;q=0", 0),
        (b"application/x-ndjson;q=0,*/*;q=0.1,text/*;q=0.05", 2),
        (b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 0),
        (b"application/x-ndjson;charset=utf-8;q=0.3", 1),
        (b'application/jsonl;note="a, text/event-stream;q=1"', 2),
        (b'application/jsonl;note="\\"";q=0.2, application/x-ndjson;q=0.1', 2),
        (b"application/jsonl;Q=1.000", 2),
        (b"nonsense, application/jsonl", 2),
        (b"text/event-stream;q=2, application/jsonl;q=0.1", 2),
    ],
)
def test_what_is_chosen(header: bytes | None, chosen: int) -> None:
    """The best weight wins, then the order of the server; a specific range wins over a general one."""
    assert accepted(header, OFFERED) == OFFERED[chosen]


@pytest.mark.parametrize(
    "header",
    [b"application/json", b"*/*;q=0", b"text/html", b"text/event-stream;q=0.0", b"text/event-stream;q=-1", b"image/*"],
)
def test_nothing_fits(header: bytes) -> None:
    """A client that wants none of the types is told which there are."""
    with pytest.raises(CrudError, match="application/jsonl") as refused:
        accepted(header, OFFERED)
    assert refused.value.reason is Reason.NOT_ACCEPTABLE


RANGES = st.sampled_from([*OFFERED, b"*/*", b"text/*", b"application/*", b"text/html"])
WEIGHTS = st.integers(0, 1000)


@given(st.dictionaries(RANGES, WEIGHTS, min_size=1))
def test_the_choice_is_the_best_one(weights: dict[bytes, int]) -> None:
    """Whatever a client says, no other offered type is better for it, and the order of what it says means nothing."""
    named = [b"%b;q=%.3f" % (media_range, weight / 1000) for media_range, weight in weights.items()]

    def weight(media_type: bytes) -> int:
        main = media_type.partition(b"/")[0] + b"/*"
        return next((weights[each] for each in (media_type, main, b"*/*") if each in weights), 0)

    best = max(OFFERED, key=weight)
    for header in (b", ".join(named), b",".join(reversed(named))):
        if weight(best):
            assert accepted(header, OFFERED) == best
        else:
            with pytest.raises(CrudError):
                accepted(header, OFFERED)


@given(st.binary(max_size=200))
def test_no_header_is_too_much(header: bytes) -> None:
    """Any bytes are either understood or refused."""
    with suppress(CrudError):
        assert accepted(header, OFFERED) in OFFERED
