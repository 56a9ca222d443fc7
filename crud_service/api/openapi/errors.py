"""The errors of the document: one schema, and the answers that operations share."""

from http import HTTPStatus
from typing import Any

from google.protobuf.descriptor import MethodDescriptor

from crud_service.api.http_rules import HttpRule
from crud_service.api.openapi.headers import is_write, names_resource
from crud_service.api.status import DOMAIN
from crud_service.model.errors import Kind, Reason

_TYPE = "type.googleapis.com/google.rpc."

_ANSWERS = {
    HTTPStatus.BAD_REQUEST: "The request is malformed, past a limit, or not possible in this state (status "
    "INVALID_ARGUMENT, FAILED_PRECONDITION or OUT_OF_RANGE). Nothing was stored.",
    HTTPStatus.FORBIDDEN: "The collection is written by the service alone (status PERMISSION_DENIED). Nothing was "
    "stored.",
    HTTPStatus.NOT_FOUND: "There is no such resource (status NOT_FOUND).",
    HTTPStatus.CONFLICT: "The id is taken or the resource is live, the request id belongs to another request "
    "(ALREADY_EXISTS), or the resource has changed since the etag (ABORTED).",
    HTTPStatus.NOT_ACCEPTABLE: "`Accept` names none of the formats that there are (status INVALID_ARGUMENT).",
    HTTPStatus.GONE: "The change log does not go back as far (status OUT_OF_RANGE); `oldestRevision` in the metadata "
    "says how far it does.",
    HTTPStatus.PRECONDITION_FAILED: "The resource is not in the state that `If-Match` or `If-None-Match` asks for "
    "(status ABORTED). Nothing was stored.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body, the content or the reply to a batch is too large. Nothing was "
    "stored.",
    HTTPStatus.PRECONDITION_REQUIRED: "The records of the collection change only with an etag (status "
    "FAILED_PRECONDITION). Nothing was stored.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A fault of the service; the `report` of the error is the id of the error report "
    "that tells more.",
    HTTPStatus.GATEWAY_TIMEOUT: "The search took too long (status DEADLINE_EXCEEDED). Narrow the filter, or declare an "
    "index; or the call took longer than its caller waits.",
}
_DEFAULT = (
    "Any other error, such as 405 for another method, 414 or 431 for a URL or headers that are too long, 503 "
    "while the store does not answer, and 504 for a call that took longer than its caller waits."
)


_OF_THE_LOG = {"read_revision", "start_revision", "from_revision", "resume_token"}
"""Fields of requests that name a place in the change log, which may be gone."""


def reads_log(method: MethodDescriptor) -> bool:
    """Whether a method reads what the change log may not have any more."""
    return not _OF_THE_LOG.isdisjoint(method.input_type.fields_by_name) or method.name.startswith("Rollback")


def answers(method: MethodDescriptor, rule: HttpRule) -> dict[str, Any]:
    """The error responses that apply to a method under one of its rules."""
    write = is_write(method)
    changes_records = write and "records" in rule.segments and "Create" not in method.name
    apply = {
        HTTPStatus.BAD_REQUEST: True,
        HTTPStatus.FORBIDDEN: write and bool({"collections", "records"} & set(rule.segments)),
        HTTPStatus.NOT_FOUND: bool(rule.path_field) or write,
        HTTPStatus.CONFLICT: write,
        HTTPStatus.NOT_ACCEPTABLE: method.server_streaming,
        HTTPStatus.GONE: reads_log(method),
        HTTPStatus.PRECONDITION_FAILED: names_resource(method, rule) or rule.creates,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: bool(rule.body) or method.output_type.name.startswith("Batch"),
        HTTPStatus.PRECONDITION_REQUIRED: changes_records,
        HTTPStatus.INTERNAL_SERVER_ERROR: True,
        HTTPStatus.GATEWAY_TIMEOUT: "filter" in method.input_type.fields_by_name,
    }
    named = {str(status.value): _reference(_name(status)) for status, applies in apply.items() if applies}
    return named | {"default": _reference("Error")}


def error_responses() -> dict[str, Any]:
    """The shared responses, for `components.responses`."""
    named = {_name(status): _response(text) for status, text in _ANSWERS.items()}
    return named | {"Error": _response(_DEFAULT)}


def error_schemas() -> dict[str, Any]:
    """The schema of an error's body and of its parts, for `components.schemas`."""
    reasons = ", ".join(f"`{reason}`" for reason in Reason)
    return {
        "Error": _object({"error": {"$ref": "#/components/schemas/Status"}}, "The body of every error."),
        "Status": _object(
            {
                "code": {"type": "integer", "format": "int32", "description": "The HTTP status."},
                "status": {"type": "string", "description": "The gRPC code.", "enum": [kind.value for kind in Kind]},
                "message": {"type": "string", "description": "What was wrong, where, and what to do about it."},
                "details": {
                    "type": "array",
                    "items": {
                        "anyOf": [
                            {"$ref": "#/components/schemas/ErrorInfo"},
                            {"$ref": "#/components/schemas/BadRequest"},
                        ]
                    },
                    "description": "An ErrorInfo first, then a BadRequest if fields were wrong.",
                },
            },
            "google.rpc.Status as JSON.",
        ),
        "ErrorInfo": _object(
            {
                "@type": {"const": f"{_TYPE}ErrorInfo"},
                "reason": {
                    "type": "string",
                    "description": f"The stable name of what went wrong; more may come. Today: {reasons}.",
                },
                "domain": {"const": DOMAIN},
                "metadata": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "description": "`callId` and `traceId` of the call, and facts that belong to the reason.",
                },
            },
            "What class of error it is, for programs.",
        ),
        "BadRequest": _object(
            {
                "@type": {"const": f"{_TYPE}BadRequest"},
                "fieldViolations": {"type": "array", "items": {"$ref": "#/components/schemas/FieldViolation"}},
            },
            "All fields that were wrong.",
        ),
        "FieldViolation": _object(
            {
                "field": {
                    "type": "string",
                    "description": "The path in the request, in the names of the proto: `record.content.items[2]`.",
                },
                "description": {"type": "string"},
                "reason": {"type": "string", "description": "As in ErrorInfo, for this field."},
            },
            "One field that was wrong.",
        ),
    }


def _object(properties: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
    }


def _response(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _name(status: HTTPStatus) -> str:
    return status.phrase.title().replace(" ", "")


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{name}"}
