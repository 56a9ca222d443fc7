"""What schemathesis cannot learn from the OpenAPI document."""

import json
import re
from collections.abc import MutableMapping
from typing import Any

import jsonschema
import schemathesis
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext
from schemathesis.openapi.checks import EnsureResourceAvailability, RejectedPositiveData

from crud_service.api.openapi.examples import EXAMPLE_LINES
from tests.integration.api.fuzz.agreement import agreeing_body, agreeing_paths
from tests.integration.api.fuzz.formats import FORMATS

_MERGE_PATCH = "application/merge-patch+json"
_MATTERS_OF_STATE = {
    "COLLECTION_NOT_EMPTY",  # it holds live records, and there is no force
    "RECORD_NOT_DELETED",  # a live record is not purged
    "INVALID_PAGE_TOKEN",  # the token is of another list
    "INVALID_TRANSFORM",  # what is stored there is of another type
    "REVISION_NOT_REACHED",  # the log has not come as far
}
"""Reasons for 400 that depend on what is stored: a request that fits the document may get them."""
_used_ids: set[str] = set()
"""The request ids that were sent."""

for _name, _values in FORMATS.items():
    schemathesis.openapi.format(_name, _values)


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def _lines(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """The body of an import: lines of JSON."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Make the parts of a valid request agree with each other, and give every request the time that it needs. A watch
    goes on as long as its time says.
    """
    if case.operation.path.endswith(":watch"):
        case.headers["x-timeout-ms"] = "200"
    elif re.fullmatch("[1-9][0-9]*", str((case.headers or {}).get("x-timeout-ms", ""))):
        case.headers["x-timeout-ms"] = "30000"
    if case.meta is None or case.meta.generation.mode != GenerationMode.POSITIVE:
        return
    query, body, path = dict(case.query), case.body, _known_path(case)
    if case.operation.path.endswith(":import"):
        case.body = EXAMPLE_LINES  # any text fits the document, but only records are stored
    if case.media_type == _MERGE_PATCH:
        query.pop("updateMask", None)  # a merge patch changes what it names
    if isinstance(query.get("paths"), list):
        query["paths"] = agreeing_paths(query["paths"], path["collection"])
    if isinstance(body, dict):
        case.body = body = agreeing_body(body, path, case.operation.label)
        _choose_id(query, body, case.operation.label)
    _name_once(query, body if isinstance(body, dict) else {}, case.headers)
    case.query = query


def _name_once(query: dict[str, Any], body: dict[str, Any], headers: MutableMapping[str, str]) -> None:
    """Say the id of the request in one place, and give it to no other request."""
    places = ((query, "requestId"), (body, "requestId"), (headers, "Idempotency-Key"))
    given = [(place, name) for place, name in places if place.get(name)]
    for index, (place, name) in enumerate(given):
        if index or place[name] in _used_ids:
            del place[name]
        else:
            _used_ids.add(place[name])


def _known_path(case: Case) -> dict[str, Any]:
    """The path parameters; `-` comes from another operation where it is not accepted."""
    path = case.path_parameters
    collection = case.operation.path_parameters.get("collection")
    if collection is None or re.search(collection.definition["schema"]["pattern"], path["collection"]):
        return path
    case.path_parameters = {**path, "collection": "notes"}
    return case.path_parameters


def _choose_id(query: dict[str, Any], body: dict[str, Any], operation: str) -> None:
    """Say the id of a new resource in one of two ways; a collection needs one."""
    if query.get("recordId") or query.get("collectionId"):
        body.pop("id", None)
    elif operation == "POST /v1/collections" and not body.get("id"):
        query["collectionId"] = "notes"


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Whether a failure is one.

    A valid request may be refused for what is stored. A request that was to be made invalid may be valid all the same,
    when what was spoilt is a part that it happens to lack. A batch in a new collection may ask for other records.
    """
    if isinstance(failure, RejectedPositiveData) and response.status_code == 400:
        return _reason(response) not in _MATTERS_OF_STATE
    if isinstance(failure, AcceptedNegativeData):
        return not _is_valid_after_all(case)
    if isinstance(failure, EnsureResourceAvailability):
        return _reason(response) != "RECORD_NOT_FOUND" or not case.operation.path.endswith(":batchGet")
    return True


def _is_valid_after_all(case: Case) -> bool:
    """Whether the body alone was to be spoilt, and fits its schema; lines of JSON fit whatever they are."""
    parts = case.meta.components.items() if case.meta is not None else ()
    if [part.value for part, made in parts if made.mode == GenerationMode.NEGATIVE] != ["body"]:
        return False
    if case.operation.path.endswith(":import"):
        return True
    document = case.operation.schema.raw_schema
    content = document["paths"][case.operation.path][case.operation.method]["requestBody"]["content"]
    schema = {**content[case.media_type]["schema"], "components": document["components"]}
    return jsonschema.Draft202012Validator(schema).is_valid(case.body)


def _reason(response: Response) -> str:
    reason: str = json.loads(response.content)["error"]["details"][0]["reason"]
    return reason
