"""The span of a call that is not recorded: it may be used like any other, and does nothing."""

import pytest

from crud_service.model.ports.tracer import NO_SPAN, SpanKind, current_span


def test_without_tracing_nothing_is_recorded() -> None:
    """The current span is one that is not recorded, and so is every part of it, however deep."""
    span = current_span()
    assert not span.is_recorded
    with span.child("price list", SpanKind.CLIENT) as part:
        part.set("prices", 3)
        assert current_span() is span
        assert not part.child("one price").is_recorded
    assert (span.traceparent, span.tracestate) == ("", "")


def test_it_lets_every_error_pass() -> None:
    """An error that ends the block goes on."""
    with pytest.raises(KeyError), NO_SPAN.child("price list"):
        raise KeyError
