"""What a span says of a call on each transport, after OpenTelemetry's semantic conventions for RPC and HTTP.

It never says what was sent or stored: no content, no names, no texts of errors, no headers.
"""

from typing import Any

from crud_service.api.operations import FILES
from crud_service.api.status import http_status
from crud_service.chassis.recorded_span import FAULTS
from crud_service.chassis.tracing import Outcome
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind
from crud_service.model.ports.tracer import Value

_METHODS = {
    method.name: f"{service.full_name}/{method.name}"
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
}
# A path that can be right is shorter; a wrong one may be as long as a request.
_MOST_CHARS = 512
_SERVER_FAULT = 500


def outcome_of(call: Call, reply: Any, error: BaseException | None) -> Outcome:
    """What came of a call, given the transport's own reply, or the error that it ended with."""
    attributes: dict[str, Value] = {"crud.call_id": call.call_id}
    if call.resource:
        attributes["crud.resource"] = call.resource[:_MOST_CHARS]
    if isinstance(error, CrudError):
        attributes["crud.reason"] = error.reason.value
    has_failed = _http(attributes, call, reply, error) if call.transport == "http" else _grpc(attributes, call, error)
    return Outcome(attributes, _problem(error) if has_failed else "")


def _grpc(attributes: dict[str, Value], call: Call, error: BaseException | None) -> bool:
    kind = _kind(error)
    attributes["rpc.system.name"] = "grpc"
    attributes["rpc.method"] = _METHODS.get(call.operation, call.operation)
    attributes["rpc.response.status_code"] = kind.value if kind else "OK"
    return kind in FAULTS


def _http(attributes: dict[str, Value], call: Call, reply: Any, error: BaseException | None) -> bool:
    if call.route:
        attributes["http.request.method"], _, attributes["http.route"] = call.route.partition(" ")
    if error is not None and not isinstance(error, Exception):
        return False  # nobody waits for a status any more
    status = getattr(reply, "status", 200) if error is None else _status(call, error)
    attributes["http.response.status_code"] = status
    return status >= _SERVER_FAULT


def _kind(error: BaseException | None) -> Kind | None:
    if error is None:
        return None
    if isinstance(error, CrudError):
        return error.kind
    return Kind.INTERNAL if isinstance(error, Exception) else Kind.CANCELLED


def _status(call: Call, error: Exception) -> int:
    return http_status(error, call) if isinstance(error, CrudError) else _SERVER_FAULT


def _problem(error: BaseException | None) -> str:
    return error.reason.value if isinstance(error, CrudError) else type(error).__qualname__
