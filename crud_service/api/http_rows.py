"""Lines of JSON as the rows of an import. A line that is no record is a row as well: the error about it."""

from collections.abc import Callable
from json import JSONDecodeError
from typing import Any

from google.protobuf.descriptor import Descriptor

from crud_service.api.codec.json_values import compile_object
from crud_service.api.codec.places import path_of_keys, proto_keys, refused
from crud_service.api.codec.strict_json import parse_json
from crud_service.api.http_lines import TOO_LONG
from crud_service.model.errors import CrudError, Kind, Reason, Violation, invalid
from crud_service.model.requests import RecordDraft
from crud_service.model.requests.bulk import ImportRow

ReadRow = Callable[[bytes | None], ImportRow]
"""Reads one line."""


def compile_row_reader(record: Descriptor, most_bytes: int) -> ReadRow:
    """A reader of lines that are messages of the type `record`. A line that is TOO_LONG had more than `most_bytes`."""
    convert = compile_object(record, 0)

    def parse(line: bytes) -> Any:
        return parse_json(line, lambda keys: path_of_keys("", proto_keys(record, keys)))

    def read(line: bytes | None) -> ImportRow:
        if line is TOO_LONG:
            message = f"the line has more than {most_bytes} bytes"
            return CrudError(Kind.RESOURCE_EXHAUSTED, Reason.REQUEST_TOO_LARGE, message)
        if not line.strip():
            return None
        violations: list[Violation] = []
        try:
            document = parse(line)
        except CrudError as error:
            return _about_the_line(error)
        if not isinstance(document, dict):
            return invalid("", "the line is not a JSON object", Reason.MALFORMED_REQUEST)
        draft: RecordDraft = convert(document, "", violations)
        return refused(violations) if violations else draft

    return read


def _about_the_line(error: CrudError) -> CrudError:
    """The error of a text that is not even JSON, in words that fit a line of many."""
    if isinstance(cause := error.__cause__, JSONDecodeError):
        return invalid("", f"the line is not JSON: {cause.msg} at column {cause.colno}", error.reason)
    if isinstance(cause, UnicodeDecodeError):
        return invalid("", f"the line is not UTF-8 at byte {cause.start + 1}", error.reason)
    if isinstance(cause, RecursionError):
        return invalid("", "the line is nested too deeply", error.reason)
    return error
