"""Holds responses against the OpenAPI document that the node serves."""

import re
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.integration.api.http_client import Answer

_ROOT = "urn:openapi"


class OpenApiCheck:
    """Knows the document, and what it promises for each operation and status."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_ROOT, resource)
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}
        self.operations: dict[str, tuple[str, str, dict[str, Any]]] = {
            operation["operationId"]: (verb.upper(), path, operation)
            for path, item in document["paths"].items()
            for verb, operation in item.items()
            if isinstance(operation, dict) and "operationId" in operation
        }

    def response(self, operation: str, answer: Answer) -> None:
        """Assert that the document knows this status of this operation, and that headers and body are as it says."""
        promised = self._resolve(self.operations[operation][2]["responses"]).get(str(answer.status))
        assert promised is not None, f"/openapi.json does not know {answer.status} of {operation}"
        promised = self._resolve(promised)
        for name, header in promised.get("headers", {}).items():
            if self._resolve(header).get("required"):
                assert name.lower() in answer.headers, f"{operation} {answer.status} lacks the header {name}"
        if "content" not in promised:
            assert not answer.body, f"{operation} {answer.status} has a body"
            return
        media_type = re.split(r"\s*;", answer.headers["content-type"])[0]
        assert media_type in promised["content"]
        self._validator(operation, str(answer.status), promised["content"][media_type]["schema"]).validate(answer.json)

    def _validator(self, operation: str, status: str, schema: dict[str, Any]) -> Draft202012Validator:
        key = operation, status
        if key not in self._validators:
            absolute = self._absolute(schema)
            self._validators[key] = Draft202012Validator(
                absolute, registry=self._registry, format_checker=Draft202012Validator.FORMAT_CHECKER
            )
        return self._validators[key]

    def _absolute(self, schema: Any) -> Any:
        """The schema with references that lead to the document from anywhere."""
        if isinstance(schema, dict):
            return {name: _ROOT + each if name == "$ref" else self._absolute(each) for name, each in schema.items()}
        return [self._absolute(each) for each in schema] if isinstance(schema, list) else schema

    def _resolve(self, value: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in value:
            return value
        found: Any = self._document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found  # type: ignore[no-any-return]
