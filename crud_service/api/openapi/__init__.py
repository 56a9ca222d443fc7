"""The OpenAPI 3.1 document, made from the descriptors of the proto: its comments are the documentation."""

from crud_service.api.openapi.document import build_openapi

__all__ = ["build_openapi"]
