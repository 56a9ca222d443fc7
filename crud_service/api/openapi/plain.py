"""The routes beside the operations: health, version and the documents."""

from typing import Any

PLAIN_TAG = {"name": "Node", "description": "Health, version and documents of the node."}

_JSON = "application/json"
_HTML = "text/html"
_PROMETHEUS, _OPEN_METRICS = "text/plain", "application/openmetrics-text"
_ROUTES = {
    "/": ("GetIndex", "A page for people, or a list of links as JSON for who does not ask for HTML", (_JSON, _HTML)),
    "/docs": ("GetDocs", "This document as a page", (_HTML,)),
    "/openapi.json": ("GetOpenApi", "This document", (_JSON,)),
    "/proto.binpb": ("GetProto", "The contract as a self-contained FileDescriptorSet", ("application/octet-stream",)),
    "/version": ("GetVersion", "The version and the commit of the code", (_JSON,)),
    "/healthz": ("GetLiveness", "Whether the process is alive", (_JSON,)),
    "/readyz": ("GetReadiness", "Whether the node takes calls", (_JSON,)),
    "/startupz": ("GetStartup", "Whether the node has started", (_JSON,)),
    "/metrics": ("GetMetrics", "What the node measures, for Prometheus", (_PROMETHEUS, _OPEN_METRICS)),
}
_VERBOSE = {
    "name": "verbose",
    "in": "query",
    "description": "When it is there: what the node's probes found as well, and whether it is registered.",
    "allowEmptyValue": True,
    "schema": {"type": "string"},
}


def plain_paths() -> dict[str, Any]:
    """The path items of the plain routes."""
    paths = {path: {"get": _operation(*route)} for path, route in _ROUTES.items()}
    for path, no in (("/readyz", "It takes none now."), ("/startupz", "It has not yet.")):
        paths[path]["get"]["responses"]["503"] = _response(no, (_JSON,))
    for path in ("/healthz", "/readyz", "/startupz"):
        paths[path]["get"]["parameters"] = [_VERBOSE]
    return paths


def _operation(operation_id: str, summary: str, media_types: tuple[str, ...]) -> dict[str, Any]:
    return {
        "operationId": operation_id,
        "tags": [PLAIN_TAG["name"]],
        "summary": summary,
        "responses": {"200": _response(f"{summary}.", media_types)},
    }


def _response(description: str, media_types: tuple[str, ...]) -> dict[str, Any]:
    content: dict[str, Any] = {media_type: {} for media_type in media_types}
    if _JSON in content:
        content[_JSON] = {"schema": {"type": "object"}}
    return {"description": description, "content": content}
