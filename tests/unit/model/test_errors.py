"""Errors: what they carry to the caller."""

import re

import pytest

from crud_service.model.errors import (
    CrudError,
    Kind,
    Place,
    Reason,
    Violation,
    invalid,
    invalid_all,
    located,
    not_found,
    within,
)


def test_invalid_names_its_field() -> None:
    """An error about one field says which, in its message and as a violation."""
    error = invalid("record.name", "has 513 characters; at most 512 are allowed")
    assert error.kind is Kind.INVALID_ARGUMENT
    assert error.reason is Reason.INVALID_FIELD
    assert error.message == str(error) == "record.name: has 513 characters; at most 512 are allowed"
    assert error.violations == (Violation("record.name", "has 513 characters; at most 512 are allowed"),)


def test_all_violations_are_told() -> None:
    """Several violations make one error: the first gives the reason, each stands in the message."""
    error = invalid_all(
        [Violation("a", "is long", Reason.INVALID_TEXT), Violation("b", "is bad"), Violation("", "no field")]
    )
    assert error.reason is Reason.INVALID_TEXT
    assert [each.field for each in error.violations] == ["a", "b", ""]
    assert error.message == "a: is long; b: is bad; no field"


@pytest.mark.parametrize(("count", "listed", "more"), [(16, 16, ""), (17, 16, "; and 1 more"), (500, 16, "484 more")])
def test_an_error_stays_small(count: int, listed: int, more: str) -> None:
    """Hundreds of violations do not outgrow what a gRPC client takes as metadata: some are listed, the rest counted."""
    error = invalid_all([Violation(f"record.tags[{number}]", "is too long") for number in range(count)])
    assert len(error.violations) == listed
    assert error.message.endswith(more or "is too long")
    assert len(error.message) < 1_024


def test_not_found() -> None:
    """A missing resource has its own kind and no violation."""
    error = not_found(Reason.RECORD_NOT_FOUND, "there is no such record")
    assert (error.kind, error.reason, error.violations) == (Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND, ())


def test_a_located_error() -> None:
    """An error about one of several items names it in its message, its fields and its metadata, and keeps the rest."""
    cause = invalid_all(
        [Violation("record.name", "is bad", Reason.INVALID_TEXT), Violation("", "is worse")], {"etag": "x"}
    )
    error = located(cause, Place("requests[3]", 3))
    assert (error.kind, error.reason) == (cause.kind, cause.reason)
    assert error.message == "requests[3]: record.name: is bad; is worse"
    assert [each.field for each in error.violations] == ["requests[3].record.name", "requests[3]"]
    assert [each.reason for each in error.violations] == [Reason.INVALID_TEXT, Reason.INVALID_FIELD]
    assert error.metadata == {"index": "3", "etag": "x"}
    assert located(cause, None) is cause


def test_the_path_of_an_item() -> None:
    """A field of an item stands behind the item's own path; without an item it is what it is."""
    place = Place("then[0].update", 0)
    assert within(place, "record.name") == "then[0].update.record.name"
    assert within(place, "") == "then[0].update"
    assert within(None, "record.name") == "record.name"


def test_a_long_path_is_cut() -> None:
    """A path that holds keys of the caller's is cut, and printable, whatever they are."""
    error = invalid("record.content." + "k" * 100_000, "is bad")
    assert len(error.violations[0].field) == 256
    error = invalid("record.content.\ud800", "is bad")
    assert error.violations[0].field == r"record.content.\ud800"
    error.message.encode()


def test_metadata_is_a_copy() -> None:
    """What the caller of the constructor does to its mapping later does not change the error."""
    metadata = {"etag": "1"}
    error = CrudError(Kind.ABORTED, Reason.ETAG_MISMATCH, "changed", metadata=metadata)
    metadata["etag"] = "2"
    assert error.metadata == {"etag": "1"}


def test_reasons_are_stable_names() -> None:
    """A reason is its own name, in the form that google.rpc.ErrorInfo asks for, and so is a kind."""
    assert all(reason == reason.name and re.fullmatch(r"[A-Z][A-Z0-9_]+[A-Z0-9]", reason) for reason in Reason)
    assert all(kind.value == kind.name for kind in Kind)
