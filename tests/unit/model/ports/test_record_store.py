"""The port of the store: its answers to logic say what they are about."""

from crud_service.model.change import RequestKey, StoredRequest
from crud_service.model.errors import CrudError
from crud_service.model.ports.record_store import (
    CollectionMissing,
    CollectionNotEmpty,
    ConditionFailed,
    RequestRepeated,
)
from crud_service.model.query import RecordQuery
from crud_service.model.timestamp import now


def test_refusals_carry_what_logic_needs() -> None:
    """A refusal names the write or the collection, and is no answer to a caller by itself."""
    assert (ConditionFailed(3, None).index, ConditionFailed(3, None).current) == (3, None)
    assert CollectionMissing("notes").collection == CollectionNotEmpty("notes").collection == "notes"
    stored = StoredRequest(RequestKey("", "ann", "r"), "f", "o", now(), 7)
    assert RequestRepeated(stored).stored is stored
    refusals = ConditionFailed, CollectionMissing, CollectionNotEmpty, RequestRepeated
    assert not any(issubclass(each, CrudError) for each in refusals)


def test_a_query_has_the_limits_of_the_contract() -> None:
    """A query that says nothing asks for 50 live records and at most 2 MiB within 2 s, in the order of ids."""
    query = RecordQuery("", "notes")
    assert (query.limit, query.weight_limit, query.seconds, query.show_deleted) == (50, 2_097_152, 2.0, False)
    assert (query.where, query.order, query.after) == (None, (), None)
