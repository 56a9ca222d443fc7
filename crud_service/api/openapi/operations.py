"""One operation of the document: a method and one of its http rules."""

import re
from typing import Any

from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from crud_service.api.codec.fields import message_of
from crud_service.api.http_rules import HttpRule, http_rules
from crud_service.api.openapi.bounds import (
    ALL_COLLECTIONS,
    ID_OR_ALL_PATTERN,
    ID_PATTERN,
    REPORT_ID_PATTERN,
    local_name,
)
from crud_service.api.openapi.contract import Contract, behaviours, has_mask
from crud_service.api.openapi.errors import answers
from crud_service.api.openapi.examples import EXAMPLE_BODIES, EXAMPLE_IDS, EXAMPLE_TEXTS
from crud_service.api.openapi.headers import names_resource, request_headers, success_headers
from crud_service.api.openapi.inputs import Inputs
from crud_service.api.openapi.json_types import fits_a_query
from crud_service.api.openapi.schemas import Schemas
from crud_service.api.openapi.streams import streamed_reply, streamed_request

MERGE_PATCH = "application/merge-patch+json"

_PATTERNS = {"error_report": REPORT_ID_PATTERN}
"""Of path parameters that are no ids of clients."""


class OperationWriter:
    """Describes methods; their schemas gather in `schemas` and `inputs`."""

    def __init__(self, contract: Contract, schemas: Schemas, inputs: Inputs) -> None:
        self._contract = contract
        self._schemas = schemas
        self._inputs = inputs
        self._variables = contract.variables()

    def path(self, rule: HttpRule) -> str:
        """The path of a rule with named parameters: `/v1/collections/{collection}/records/{record}`."""
        segments = [
            f"{{{self._variable(rule, index)}}}" if segment == "*" else segment
            for index, segment in enumerate(rule.segments)
        ]
        return "/" + "/".join(segments) + (f":{rule.custom_verb}" if rule.custom_verb else "")

    def operation(self, method: MethodDescriptor, rule: HttpRule) -> dict[str, Any]:
        """The Operation Object of a method under one of its rules."""
        summary, description = _sentences(self._contract.comment(method.full_name))
        headers = request_headers(method, rule)
        found: dict[str, Any] = {
            "operationId": operation_id(method, rule),
            "tags": [method.containing_service.name],
            "summary": summary,
            "description": description,
            "parameters": [*self._path_parameters(method, rule), *self._query(method, rule), *headers],
        }
        if rule.body:
            found["requestBody"] = self._body(method, rule)
        found["responses"] = self._success(method, rule) | answers(method, rule)
        return {name: value for name, value in found.items() if value}

    def _path_parameters(self, method: MethodDescriptor, rule: HttpRule) -> list[dict[str, Any]]:
        names = [self._variable(rule, index) for index, segment in enumerate(rule.segments) if segment == "*"]
        every = method.input_type.name in ALL_COLLECTIONS
        own = {"collection": ID_OR_ALL_PATTERN} if every else _PATTERNS
        return [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": f"The id of the {name}" + ("; `-` is all of them." if every else "."),
                "schema": {"type": "string", "pattern": own.get(name, ID_PATTERN)},
                "example": EXAMPLE_IDS.get(name, "a"),
            }
            for name in names
        ]

    def _query(self, method: MethodDescriptor, rule: HttpRule) -> list[dict[str, Any]]:
        if rule.body == "*":
            return []
        elsewhere = {rule.path_field.partition(".")[0], rule.body}
        fields = [field for field in method.input_type.fields if field.name not in elsewhere]
        return [self._query_parameter(field) for field in fields if fits_a_query(field)]

    def _query_parameter(self, field: FieldDescriptor) -> dict[str, Any]:
        schema = self._inputs.parameter(field)
        if example := EXAMPLE_TEXTS.get(local_name(field.full_name)) or EXAMPLE_TEXTS.get(field.name):
            schema["examples"] = [example]
        return {
            "name": field.json_name,
            "in": "query",
            "required": "REQUIRED" in behaviours(field) and not field.is_repeated,
            "description": self._contract.comment(field.full_name),
            "schema": schema,
        }

    def _body(self, method: MethodDescriptor, rule: HttpRule) -> dict[str, Any]:
        if method.client_streaming:
            return {"required": False, "content": streamed_request(method, rule.body, self._inputs)}
        name = operation_id(method, rule)
        if rule.body == "*":
            content = {"schema": self._inputs.request(f"{name}Body", method.input_type, rule.path_field)}
        else:
            content = {"schema": self._inputs.message(message_of(method.input_type.fields_by_name[rule.body]))}
        if name in EXAMPLE_BODIES:
            content["example"] = EXAMPLE_BODIES[name]
        media_types = ["application/json", *([MERGE_PATCH] if rule.verb == "PATCH" else [])]
        # A whole request may have nothing left to say.
        required = rule.body != "*" or "required" in self._inputs.found[f"{name}Body"]
        return {"required": required, "content": dict.fromkeys(media_types, content)}

    def _success(self, method: MethodDescriptor, rule: HttpRule) -> dict[str, Any]:
        masked = has_mask(method.input_type)
        headers = success_headers(method, rule)
        response = {
            "description": "The new resource." if rule.creates else _result(self._contract, method),
            "headers": headers,
            "content": streamed_reply(method, self._schemas)
            if method.server_streaming
            else {"application/json": {"schema": self._schemas.reply(method.output_type, masked=masked)}},
        }
        found: dict[str, Any] = {"201" if rule.creates else "200": response}
        if rule.verb == "GET" and names_resource(method, rule):
            found["304"] = {"description": "The etag is one of those in `If-None-Match`.", "headers": headers}
        return found

    def _variable(self, rule: HttpRule, index: int) -> str:
        return self._variables[rule.segments[index - 1]]


def operation_id(method: MethodDescriptor, rule: HttpRule) -> str:
    """The method's name; under another rule than its first, with what is different there: its verb behind the colon,
    or else its HTTP method.
    """
    main = http_rules(method)[0]
    if rule == main:
        return method.name
    if rule.custom_verb != main.custom_verb:
        return method.name + rule.custom_verb[:1].upper() + rule.custom_verb[1:]
    return f"{method.name}By{rule.verb.title()}"


def _result(contract: Contract, method: MethodDescriptor) -> str:
    return _sentences(contract.comment(method.output_type.full_name))[0] + "."


def _sentences(comment: str) -> tuple[str, str]:
    """The first sentence without its full stop, and what follows it."""
    first, _, rest = re.sub(r"\.(\s|$)", "\0", comment, count=1).partition("\0")
    return " ".join(first.split()), rest.strip()
