"""Where traces are sent to: the URL of a collector, as it is usually given."""

import pytest

from crud_service.library.otlp_endpoint import read_otlp_endpoint


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("http://[::1]:4318", "http://[::1]:4318/v1/traces"),
        ("https://otlp.example.com", "https://otlp.example.com/v1/traces"),
        ("https://otlp.example.com/team/a", "https://otlp.example.com/team/a/v1/traces"),
        ("https://otlp.example.com/team/a/v1/traces", "https://otlp.example.com/team/a/v1/traces"),
    ],
)
def test_the_path_is_added(given: str, url: str) -> None:
    """The collector's URL gets the path for traces, unless it has it."""
    assert read_otlp_endpoint(given) == url
    assert read_otlp_endpoint(url) == url


@pytest.mark.parametrize(
    "given",
    [
        "",
        "collector:4318",
        "127.0.0.1:4318",
        "grpc://collector:4317",
        "http://",
        "http://:4318",
        "http://collector:port",
        "http://collector:99999",
        "http://collector:0",
        "http://[::1",
        "http://collector:4318/a b",
        "http://collector:4318\n",
    ],
)
def test_what_is_no_url_is_refused(given: str) -> None:
    """What no collector can be reached by is told so, with an example."""
    with pytest.raises(ValueError, match=r"such as http://127\.0\.0\.1:4318$"):
        read_otlp_endpoint(given)


@pytest.mark.parametrize(
    "given", ["http://me:secret@collector", "http://me@collector", "http://c/?key=x", "http://c#x"]
)
def test_secrets_are_not_for_the_url(given: str) -> None:
    """What would hold a secret is refused, with the place where it belongs."""
    with pytest.raises(ValueError, match="OTEL_EXPORTER_OTLP_HEADERS"):
        read_otlp_endpoint(given)
