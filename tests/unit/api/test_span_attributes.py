"""What a span says of a call, over each transport, and which outcomes count as failed."""

import asyncio
from types import SimpleNamespace

import pytest

from crud_service.api.span_attributes import outcome_of
from crud_service.api.status import http_status
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason

ROUTE = "/v1/{path=collections/*/records/*}"


def over(transport: str, **fields: object) -> Call:
    return Call("GetRecord", transport, call_id="c1", route=f"GET {ROUTE}", **fields)  # type: ignore[arg-type]


def test_success_over_grpc() -> None:
    """The method's full name and OK, after the conventions for gRPC."""
    outcome = outcome_of(over("grpc", resource="collections/notes/records/a"), b"reply", None)
    assert outcome.attributes == {
        "crud.call_id": "c1",
        "crud.resource": "collections/notes/records/a",
        "rpc.system.name": "grpc",
        "rpc.method": "crud_service.v1.RecordService/GetRecord",
        "rpc.response.status_code": "OK",
    }
    assert outcome.problem == ""


@pytest.mark.parametrize("status", [200, 201, 304])
def test_success_over_http(status: int) -> None:
    """The verb, the route and the reply's status, after the conventions for HTTP."""
    outcome = outcome_of(over("http"), SimpleNamespace(status=status), None)
    assert outcome.attributes == {
        "crud.call_id": "c1",
        "http.request.method": "GET",
        "http.route": ROUTE,
        "http.response.status_code": status,
    }
    assert outcome.problem == ""


GRPC_FAULTS = {Kind.DEADLINE_EXCEEDED, Kind.UNIMPLEMENTED, Kind.UNAVAILABLE, Kind.INTERNAL}


@pytest.mark.parametrize("kind", Kind)
def test_errors(kind: Kind) -> None:
    """An error has its reason; it makes the span a failed one where the conventions say so, and never by its text."""
    error = CrudError(kind, Reason.INVALID_FIELD, "secret")
    grpc, http = outcome_of(over("grpc"), None, error), outcome_of(over("http"), None, error)
    assert grpc.attributes["rpc.response.status_code"] == kind.value
    assert grpc.problem == ("INVALID_FIELD" if kind in GRPC_FAULTS else "")
    assert http.attributes["http.response.status_code"] == http_status(error)
    assert http.problem == ("INVALID_FIELD" if http_status(error) >= 500 else "")
    for outcome in (grpc, http):
        assert outcome.attributes["crud.reason"] == "INVALID_FIELD"
        assert "secret" not in str(outcome)


def test_a_header_that_failed() -> None:
    """The status is the one that the caller got: 412 when a header asked for another state."""
    error = CrudError(Kind.ABORTED, Reason.ETAG_MISMATCH, "")
    outcome = outcome_of(over("http", if_match=("*",)), None, error)
    assert outcome.attributes["http.response.status_code"] == 412


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_a_fault(transport: str) -> None:
    """An unexpected failure is INTERNAL, and its span failed by the name of the exception alone."""
    outcome = outcome_of(over(transport), None, KeyError("secret"))
    assert outcome.problem == "KeyError"
    assert "secret" not in str(outcome)
    assert {"INTERNAL", 500} & set(outcome.attributes.values())


def test_a_call_that_nobody_waits_for() -> None:
    """A call that was cancelled is no failure: CANCELLED over gRPC, and no status over HTTP."""
    grpc = outcome_of(over("grpc"), None, asyncio.CancelledError())
    assert (grpc.attributes["rpc.response.status_code"], grpc.problem) == ("CANCELLED", "")
    http = outcome_of(over("http"), None, asyncio.CancelledError())
    assert "http.response.status_code" not in http.attributes
    assert http.problem == ""


def test_a_call_that_came_to_no_route() -> None:
    """What was refused before its route was known has none, and a long resource is cut."""
    call = Call("GetRecord", "http", call_id="c1", resource="x" * 10_000)
    outcome = outcome_of(call, None, CrudError(Kind.RESOURCE_EXHAUSTED, Reason.RATE_LIMITED, ""))
    assert not {"http.route", "http.request.method"} & set(outcome.attributes)
    assert len(str(outcome.attributes["crud.resource"])) == 512
