"""The whole document: the operations of the contract under /v1, and the few plain routes beside them."""

from collections import defaultdict
from typing import Any

from crud_service.api.http_rules import http_rules
from crud_service.api.openapi.contract import Contract
from crud_service.api.openapi.errors import error_responses, error_schemas
from crud_service.api.openapi.headers import header_parameters, reply_headers
from crud_service.api.openapi.inputs import Inputs
from crud_service.api.openapi.operations import OperationWriter
from crud_service.api.openapi.plain import PLAIN_TAG, plain_paths
from crud_service.api.openapi.schemas import Schemas
from crud_service.model.limits import Limits

_ABOUT = """A universal record (id, name, date, content, tags) over HTTP and gRPC, with one change log.

Bodies are Proto3 JSON: lowerCamelCase names, 64-bit integers as strings, empty fields printed, unset times left out. \
Unknown fields and unknown query parameters are refused. Numbers in `content` must be exact as IEEE 754 doubles; send \
others as strings. Durations are texts such as `1.5s`, field masks texts of paths between commas, with the keys below \
`content` as they are. HEAD is answered wherever GET is."""


def build_openapi(descriptor_set: bytes, version: str, limits: Limits) -> dict[str, Any]:
    """The OpenAPI 3.1 document as plain data.

    `descriptor_set` is the serialized FileDescriptorSet of the contract with its imports and comments; `version` is
    that of the code. Each method with an http rule is one operation; its limits are those of `limits`.
    """
    contract = Contract(descriptor_set)
    schemas, inputs = Schemas(contract), Inputs(contract, limits)
    paths = _paths(contract, OperationWriter(contract, schemas, inputs))
    tags = [
        {"name": service.name, "description": contract.comment(service.full_name)} for service in contract.services()
    ]
    return {
        "openapi": "3.1.0",
        "info": {"title": "crud-service", "version": version, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [*tags, PLAIN_TAG],
        "paths": paths | plain_paths(),
        "components": {
            "schemas": schemas.found | inputs.found | error_schemas(),
            "responses": error_responses(),
            "parameters": header_parameters(limits),
            "headers": reply_headers(),
        },
    }


def _paths(contract: Contract, writer: OperationWriter) -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for service in contract.services():
        for method in service.methods:
            for rule in http_rules(method):
                paths[writer.path(rule)][rule.verb.lower()] = writer.operation(method, rule)
    return dict(paths)
