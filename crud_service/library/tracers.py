"""Which tracer a node gets."""

from collections.abc import Callable

from crud_service.model.errors import StartError
from crud_service.model.ports.tracer import Tracer
from crud_service.model.record import NodeInfo


def open_tracer(url: str, node: NodeInfo, changed: Callable[[str], None]) -> Tracer:
    """One that sends spans to a collector by OTLP over HTTP; `changed` is told about trouble with that.

    Raises StartError when OpenTelemetry is not installed, or one of its own variables is wrong.
    """
    try:
        from crud_service.library.otlp_tracer import OtlpTracer
    except ImportError as cause:
        raise StartError("CRUD_OTLP_ENDPOINT needs the extra: pip install 'crud-service[otel]'") from cause
    return OtlpTracer(url, node, changed)
