"""Where a collector takes traces."""

from urllib.parse import urlsplit

_PATH = "/v1/traces"


def read_otlp_endpoint(text: str) -> str:
    """The URL to send traces to, given the collector's, as `OTEL_EXPORTER_OTLP_ENDPOINT` has it or with the path.

    Raises ValueError for what is no such URL.
    """
    shown = "must be the URL of a collector for OTLP over HTTP, such as http://127.0.0.1:4318"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError as cause:
        raise ValueError(shown) from cause
    if not usable or any(each <= " " for each in text):
        raise ValueError(shown)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError(f"{shown}; what it wants to know besides goes into OTEL_EXPORTER_OTLP_HEADERS")
    path = parts.path.rstrip("/").removesuffix(_PATH)
    return f"{parts.scheme}://{parts.netloc}{path}{_PATH}"
