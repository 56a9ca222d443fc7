"""The settings about traces: what is refused, and that a secret in a URL is not repeated."""

from pathlib import Path

import pytest

from crud_service.model.errors import StartError
from crud_service.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, so that no file of the person who runs the tests counts."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_by_default_nothing_is_sent() -> None:
    """Without a collector there are no traces; with one, all that begin here are recorded."""
    assert (Settings().otlp_endpoint, Settings().trace_sample) == (None, 1.0)


def test_a_collector() -> None:
    """The collector's address is made the URL for traces."""
    settings = load_settings(["--otlp-endpoint", "http://127.0.0.1:4318", "--trace-sample", "0.01"])
    assert (settings.otlp_endpoint, settings.trace_sample) == ("http://127.0.0.1:4318/v1/traces", 0.01)


@pytest.mark.parametrize(
    ("flag", "value", "what"),
    [
        ("--otlp-endpoint", "127.0.0.1:4318", "must be the URL of a collector"),
        ("--otlp-endpoint", "http://me:planted@collector", "OTEL_EXPORTER_OTLP_HEADERS"),
        ("--trace-sample", "1.5", "less than or equal to 1"),
        ("--trace-sample", "-0.1", "greater than or equal to 0"),
        ("--trace-sample", "nan", "than or equal to"),
        ("--trace-sample", "often", "number"),
    ],
)
def test_what_is_refused(flag: str, value: str, what: str) -> None:
    """A wrong value ends in one line that names the setting, and holds no secret of a URL."""
    with pytest.raises(StartError) as caught:
        load_settings([f"{flag}={value}"])
    line = str(caught.value)
    assert line.startswith(f"{flag}: ")
    assert what in line
    assert "\n" not in line
    assert "planted" not in line
