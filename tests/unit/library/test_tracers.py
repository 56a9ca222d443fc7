"""Which tracer a node gets."""

import builtins
import sys
import threading
from typing import Any

import pytest

from crud_service.library.tracers import open_tracer
from crud_service.model.errors import StartError
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now

NODE = NodeInfo("node-1", "orders", "1.2.3", "abc", (), "sqlite", now())


def test_an_exporter_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the start ends with a line that says how to get it."""
    load = builtins.__import__

    def without_opentelemetry(name: str, *arguments: Any) -> Any:
        if name.partition(".")[0] == "opentelemetry":
            raise ImportError(name)
        return load(name, *arguments)

    for name in [name for name in sys.modules if name.startswith("crud_service.library.ot")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without_opentelemetry)
    with pytest.raises(StartError, match=r"crud-service\[otel\]"):
        open_tracer("http://127.0.0.1:1/v1/traces", NODE, print)


@pytest.mark.parametrize(
    ("name", "value", "what"),
    [
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "planted", "compression"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "planted secret", "Header"),
        ("OTEL_RESOURCE_ATTRIBUTES", "planted", "resource attribute"),
    ],
)
async def test_a_wrong_variable_of_opentelemetry(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, what: str
) -> None:
    """What OpenTelemetry's own variables have wrong ends the start with one line that does not repeat it."""
    monkeypatch.setenv(name, value)
    with pytest.raises(StartError, match=r"^a variable OTEL_\.\.\. is wrong: ") as caught:
        open_tracer("http://127.0.0.1:1/v1/traces", NODE, print)
    assert what in str(caught.value)
    assert "planted" not in str(caught.value)
    assert "traces" not in [thread.name for thread in threading.enumerate()]
