"""The port of the store: its answers to logic say what they are about."""

from crud_service.model.errors import CrudError
from crud_service.model.ports.record_store import (
    CollectionMissing,
    CollectionNotEmpty,
    ConditionFailed,
    RecordQuery,
)


def test_refusals_carry_what_logic_needs() -> None:
    """A refusal names the write or the collection, and is no answer to a caller by itself."""
    assert (ConditionFailed(3, None).index, ConditionFailed(3, None).current) == (3, None)
    assert CollectionMissing("notes").collection == CollectionNotEmpty("notes").collection == "notes"
    assert not any(issubclass(each, CrudError) for each in (ConditionFailed, CollectionMissing, CollectionNotEmpty))


def test_a_query_has_the_limits_of_the_contract() -> None:
    """A query that says nothing asks for 50 records and at most 2 MiB, from the first id on."""
    query = RecordQuery("", "notes")
    assert (query.limit, query.weight_limit, query.after, query.tags) == (50, 2_097_152, "", ())
