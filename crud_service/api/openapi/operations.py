"""One operation of the document: a method and its http rule."""

import re
from typing import Any

from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from crud_service.api.http_rules import HttpRule
from crud_service.api.openapi.bounds import ID_PATTERN
from crud_service.api.openapi.contract import Contract, behaviours, is_resource
from crud_service.api.openapi.errors import answers
from crud_service.api.openapi.examples import EXAMPLE_BODIES, EXAMPLE_IDS
from crud_service.api.openapi.schemas import Schemas


class OperationWriter:
    """Describes methods; their schemas gather in `schemas`."""

    def __init__(self, contract: Contract, schemas: Schemas) -> None:
        self._contract = contract
        self._schemas = schemas
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
        success = self._success(method, rule)
        summary, description = _sentences(self._contract.comment(method.full_name))
        found: dict[str, Any] = {
            "operationId": method.name,
            "tags": [method.containing_service.name],
            "summary": summary,
            "description": description,
            "parameters": [*self._path_parameters(rule), *self._query(method, rule), *_header_parameters(rule)],
        }
        if rule.body:
            found["requestBody"] = self._body(method, rule)
        found["responses"] = success | answers(
            path=bool(rule.path_field), write=rule.verb != "GET", body=bool(rule.body)
        )
        return {name: value for name, value in found.items() if value}

    def _path_parameters(self, rule: HttpRule) -> list[dict[str, Any]]:
        names = [self._variable(rule, index) for index, segment in enumerate(rule.segments) if segment == "*"]
        return [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": f"The id of the {name}.",
                "schema": {"type": "string", "pattern": ID_PATTERN},
                "example": EXAMPLE_IDS.get(name, "a"),
            }
            for name in names
        ]

    def _query(self, method: MethodDescriptor, rule: HttpRule) -> list[dict[str, Any]]:
        elsewhere = {rule.path_field.partition(".")[0], rule.body}
        fields = [field for field in method.input_type.fields if field.name not in elsewhere]
        return [self._query_parameter(field) for field in fields]

    def _query_parameter(self, field: FieldDescriptor) -> dict[str, Any]:
        return {
            "name": field.json_name,
            "in": "query",
            "required": "REQUIRED" in behaviours(field),
            "description": self._contract.comment(field.full_name),
            "schema": self._schemas.parameter(field),
        }

    def _body(self, method: MethodDescriptor, rule: HttpRule) -> dict[str, Any]:
        message = method.input_type.fields_by_name[rule.body].message_type
        if message is None:
            raise TypeError(f"{method.full_name}: the body must be a message")
        content: dict[str, Any] = {"schema": self._schemas.body(message)}
        if method.name in EXAMPLE_BODIES:
            content["example"] = EXAMPLE_BODIES[method.name]
        return {"required": True, "content": {"application/json": content}}

    def _success(self, method: MethodDescriptor, rule: HttpRule) -> dict[str, Any]:
        names = ["X-Call-Id", "X-Trace-Id"]
        if is_resource(method.output_type):
            names.append("ETag")
        if rule.creates:
            names.append("Location")
        response = {
            "description": "The new resource." if rule.creates else _result(self._contract, method),
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)},
            "content": {"application/json": {"schema": self._schemas.reply(method.output_type)}},
        }
        return {"201" if rule.creates else "200": response}

    def _variable(self, rule: HttpRule, index: int) -> str:
        return self._variables[rule.segments[index - 1]]


def _header_parameters(rule: HttpRule) -> list[dict[str, str]]:
    """The headers that only writes use; `headers` defines them."""
    names = ("ChangeReason", "Traceparent") if rule.verb != "GET" else ()
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _result(contract: Contract, method: MethodDescriptor) -> str:
    return _sentences(contract.comment(method.output_type.full_name))[0] + "."


def _sentences(comment: str) -> tuple[str, str]:
    """The first sentence without its full stop, and what follows it."""
    first, _, rest = re.sub(r"\.(\s|$)", "\0", comment, count=1).partition("\0")
    return " ".join(first.split()), rest.strip()
