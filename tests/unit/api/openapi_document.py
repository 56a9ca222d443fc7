"""The OpenAPI document as its tests look at it."""

from importlib import resources
from typing import Any

import jsonschema

from crud_service.api.openapi import build_openapi
from crud_service.model.limits import Limits

Document = dict[str, Any]


def built(limits: Limits | None = None) -> Document:
    """The document of version 1.2.3."""
    descriptors = (resources.files("crud_service.v1") / "descriptors.binpb").read_bytes()
    return build_openapi(descriptors, "1.2.3", limits or Limits())


def operations(document: Document) -> dict[str, tuple[str, str, dict]]:
    """Each operation of the document below /v1 by its id, with its method and path."""
    return {
        operation["operationId"]: (verb.upper(), path, operation)
        for path, item in document["paths"].items()
        if path.startswith("/v1")
        for verb, operation in item.items()
    }


def success(document: Document, name: str) -> dict:
    """The schema of an operation's reply."""
    responses = operations(document)[name][2]["responses"]
    return next(each for status, each in responses.items() if status in {"200", "201"})["content"]["application/json"][
        "schema"
    ]


def validator(document: Document, schema: str | dict) -> jsonschema.Draft202012Validator:
    """Checks values against a schema of the document, or against one that refers to it."""
    if isinstance(schema, str):
        schema = {"$ref": f"#/components/schemas/{schema}"}
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator({**schema, "components": document["components"]}, format_checker=checker)
