"""Requests from HTTP: a JSON body, query parameters and the path, read by what the proto's descriptors say."""

from typing import Any, Protocol

from google.protobuf.descriptor import Descriptor

from crud_service.api.codec.fields import message_of
from crud_service.api.codec.json_body import compile_body_reader
from crud_service.api.codec.places import refused
from crud_service.api.codec.query_reader import compile_query_reader
from crud_service.model.errors import Reason, Violation

WHOLE = "*"
"""The body of a rule whose body is the whole request."""


class HttpReader(Protocol):
    """Makes the request of an operation."""

    def __call__(self, path_value: str, query: bytes, data: bytes, *, is_merge_patch: bool = False) -> Any:
        """The request from the value bound in the path, the query string and the body.

        `is_merge_patch` says that the body is a JSON merge patch (RFC 7396). INVALID_ARGUMENT lists all violations at
        once.
        """


def compile_http_reader(
    descriptor: Descriptor, model: type, path_field: str, body: str, most_items: int = 1_000
) -> HttpReader:
    """A reader of requests whose path binds `path_field` (maybe `record.path`) and whose body is the field `body`.

    What is neither in the path nor in the body may stand in the query, in lowerCamelCase. The body `*` is the whole
    request but for what the path binds; it may be absent, and the query takes nothing. An array of objects has at most
    `most_items`.
    """
    if body == WHOLE:
        return _whole_reader(descriptor, path_field, most_items)
    return _parts_reader(descriptor, model, path_field, body, most_items)


def _whole_reader(descriptor: Descriptor, path_field: str, most_items: int) -> HttpReader:
    read_body = compile_body_reader(descriptor, "", path_field, most_items, optional=True)
    read_query = compile_query_reader(descriptor, [field.name for field in descriptor.fields])

    def read(path_value: str, query: bytes, data: bytes, *, is_merge_patch: bool = False) -> Any:
        violations: list[Violation] = []
        if query:
            read_query(query, violations)
        request = read_body(data, path_value, violations, False)
        if violations:
            raise refused(violations)
        return request

    return read


def _parts_reader(descriptor: Descriptor, model: type, path_field: str, body: str, most_items: int) -> HttpReader:
    head, _, tail = path_field.partition(".")
    field = descriptor.fields_by_name[body] if body else None
    read_body = compile_body_reader(message_of(field), body, tail, most_items, optional=False) if field else None
    read_query = compile_query_reader(descriptor, {head, body})
    has_merge_patch = "merge_patch" in model.__struct_fields__  # type: ignore[attr-defined]

    def read(path_value: str, query: bytes, data: bytes, *, is_merge_patch: bool = False) -> Any:
        values: dict[str, Any] = {path_field: path_value} if path_field and not tail else {}
        violations: list[Violation] = []
        if query:
            values |= read_query(query, violations)
        if is_merge_patch:
            _refuse_mask(values, violations)
            if has_merge_patch:
                values["merge_patch"] = True
        if read_body:
            values[body] = read_body(data, path_value, violations, is_merge_patch)
        if violations:
            raise refused(violations)
        return model(**values)

    return read


def _refuse_mask(values: dict[str, Any], violations: list[Violation]) -> None:
    if values.get("update_mask") is not None:
        what = "has no place beside a merge patch, which changes what it names"
        violations.append(Violation("update_mask", what, Reason.INVALID_UPDATE_MASK))
