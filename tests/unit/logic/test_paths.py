"""Resource paths and ids: the rule, to the letter."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crud_service.logic.paths import check_id, chosen_id, collection_key, parent_collection, record_key
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.record import CollectionKey, RecordKey

GOOD_IDS = ["a", "0", "a" * 128, "a.b_c-d", "0.", "a..b", "01890a5d-ac96-774b-bcce-b302099a8057"]
BAD_IDS = [
    "",
    "-",
    ".a",
    "_a",
    "-a",
    "A",
    "aB",
    "a b",
    "a/b",
    "a:b",
    "a\n",
    "a\0",
    "ä",
    "a" * 129,
    "a" * 100_000,
    "..",
    "a%2fb",
    "٣",
    "\ud800",
]


def refused(field: str, reason: Reason = Reason.INVALID_ID) -> object:
    """Expect INVALID_ARGUMENT with `reason` about `field`."""

    def matches(error: CrudError) -> bool:
        fields = [each.field for each in error.violations]
        return error.kind is Kind.INVALID_ARGUMENT and error.reason is reason and fields == [field]

    return pytest.RaisesExc(CrudError, check=matches)


@pytest.mark.parametrize("value", GOOD_IDS)
def test_good_ids(value: str) -> None:
    """A well-formed id is returned as it is."""
    assert check_id("record_id", value) == value
    assert record_key("acme", f"collections/{value}/records/{value}") == RecordKey("acme", value, value)
    assert collection_key("acme", f"collections/{value}") == CollectionKey("acme", value)


@pytest.mark.parametrize("value", BAD_IDS)
def test_bad_ids(value: str) -> None:
    """An id that breaks the rule is refused, in every place, with the field and the rule, not with the id itself."""
    with refused("record_id") as caught:
        check_id("record_id", value)
    assert "1 to 128 of a-z" in str(caught.value)
    for path in (f"collections/{value}/records/a", f"collections/a/records/{value}"):
        with refused("path"):
            record_key("", path)
    with refused("path"):
        collection_key("", f"collections/{value}")


@given(st.text() | st.from_regex(r"[a-z0-9][a-z0-9._-]{0,130}"))
@example("a\n")
def test_the_rule(value: str) -> None:
    """An id is accepted if and only if it matches the rule of the contract."""
    rule = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}", re.ASCII)
    try:
        assert check_id("id", value) == value
    except CrudError:
        assert not rule.fullmatch(value)
    else:
        assert rule.fullmatch(value)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "collections",
        "collections/a",
        "collections/a/",
        "collections/a/records",
        "collections/a/records/b/",
        "collections/a/records/b/c",
        "/collections/a/records/b",
        "Collections/a/records/b",
        "collections/a/record/b",
        "records/b",
        "collections//records/b",
        "collections/../records/b",
    ],
)
def test_bad_record_paths(path: str) -> None:
    """A path of another form names no record; the error is about the field it was sent in."""
    with refused("record.path"):
        record_key("", path, "record.path")


@pytest.mark.parametrize("path", ["", "a", "collections", "collections/", "collections/a/", "collections/a/records/b"])
def test_bad_collection_paths(path: str) -> None:
    """A path of another form names no collection."""
    with refused("parent"):
        collection_key("", path, "parent")


def test_chosen_id() -> None:
    """A create takes its id from its request field or from the resource, and both may say the same."""
    assert chosen_id("a", "", "record_id", "record") == "a"
    assert chosen_id("", "a", "record_id", "record") == "a"
    assert chosen_id("a", "a", "record_id", "record") == "a"
    assert chosen_id("", "", "record_id", "record") == ""


def test_chosen_id_refuses() -> None:
    """Two different ids, or a bad one, are refused about the field that holds them."""
    with refused("record_id"):
        chosen_id("a", "b", "record_id", "record")
    with refused("record_id"):
        chosen_id("A", "", "record_id", "record")
    with refused("record.id"):
        chosen_id("", "A", "record_id", "record")


def test_the_parent_of_a_list() -> None:
    """`collections/-` is all collections; any other parent is one, or refused like any path."""
    assert parent_collection("acme", "collections/-") is None
    assert parent_collection("acme", "collections/notes") == CollectionKey("acme", "notes")
    for path in ("", "-", "collections/", "collections/-/records/-", "collections/--"):
        with refused("parent"):
            parent_collection("acme", path)
