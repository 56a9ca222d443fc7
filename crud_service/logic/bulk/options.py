"""What an import is told to do, by its first message."""

from enum import StrEnum
from typing import TypeVar

import msgspec

from crud_service.logic.paths import parent_collection
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import invalid
from crud_service.model.record import CollectionKey

Choice = TypeVar("Choice", bound=StrEnum)


class OnError(StrEnum):
    """What becomes of an import with a row that cannot be stored."""

    STOP = "stop"
    SKIP = "skip"


class IfExists(StrEnum):
    """What becomes of a row whose record exists, be it deleted."""

    FAIL = "fail"
    REPLACE = "replace"
    SKIP = "skip"


class Options(msgspec.Struct, frozen=True):
    """The parameters of an import, checked."""

    parent: CollectionKey | None
    """None if each record names its own collection."""
    on_error: OnError
    if_exists: IfExists
    request_id: str
    start_row: int
    """From 1."""

    @property
    def stops(self) -> bool:
        """Whether the first row that cannot be stored ends the import."""
        return self.on_error is OnError.STOP


def read_options(call: Call, first: requests.ImportRecords) -> Options:
    """The options that the first message of an import holds. Raises INVALID_ARGUMENT for what they cannot be."""
    if first.start_row < 0:
        raise invalid("start_row", "must not be negative; the first row is 1")
    return Options(
        parent_collection(call.tenant, first.parent),
        _choice("on_error", first.on_error or OnError.STOP, OnError),
        _choice("if_exists", first.if_exists or IfExists.FAIL, IfExists),
        first.request_id,
        first.start_row or 1,
    )


def _choice(field: str, given: str, choices: type[Choice]) -> Choice:
    try:
        return choices(given)
    except ValueError as cause:
        raise invalid(field, f"must be one of {', '.join(choices)}") from cause
