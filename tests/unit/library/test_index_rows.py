"""The rows by which queries find records: what a commit adds to them and takes away."""

import pytest
from msgspec.structs import replace

from crud_service.library.commit_plan import CommitPlan, Stored
from crud_service.library.index_rows import columns_of, dropped_indexes, rows_of, tag_rows, value_rows
from crud_service.model.query import Field, Rank
from crud_service.model.record import CollectionKey, FieldIndex, RecordKey
from crud_service.testing.mutations import (
    LATER,
    TIME,
    collection,
    create,
    create_collection,
    delete,
    delete_collection,
    mutation,
    purge,
    record,
    undelete,
    update,
    update_collection,
)

PRICE, NAME = FieldIndex("content.price", True), FieldIndex("name")


def priced(record_id, price, **fields):
    """A stored record with a price."""
    return record(record_id, content=f'{{"price":{price}}}', **{"revision": 4, **fields})


def plan_over(*records, indexes=()):
    """A plan over stored records of the stored collection `notes` with those indexes."""
    notes = collection(revision=3, indexes=indexes)
    stored = Stored({RecordKey("", each.collection, each.id): each for each in records}, {NOTES: notes}, {})
    return CommitPlan(stored, lambda key, besides: False, 10), notes


NOTES = CollectionKey("", "notes")


def of(record_id, rank, number=0.0, text="", field="content.price"):
    """A row of an index of `notes`."""
    return ("", "notes", field, rank, number, text, record_id)


def test_tags_that_come_and_go():
    """Only the tags that come or go are named, with the record's date; a deleted record has none."""
    first, second, third = (record(f"r{number}", tags=(f"t{number}", "x"), revision=4) for number in (1, 2, 3))
    gone = record("r5", tags=("e",), revision=4, delete_time=TIME)
    plan, _ = plan_over(first, second, third, gone)
    plan.add(mutation(update(first, tags=("d", "x")), delete(second), update(third, name="other"), undelete(gone)))
    plan.add(mutation(create(record("r4", tags=("e",)))))
    removed, inserted = tag_rows(plan)
    assert [row[2:] for row in removed] == [("t1", "r1", TIME), ("t2", "r2", TIME), ("x", "r2", TIME)]
    assert [row[2:] for row in inserted] == [("d", "r1", TIME), ("e", "r5", TIME), ("e", "r4", TIME)]


def test_tags_of_a_record_with_another_date():
    """A record that moves in time takes all its tags with it."""
    stored = record(tags=("a", "b"), revision=4)
    plan, _ = plan_over(stored)
    plan.add(mutation(update(stored, date=LATER)))
    removed, inserted = tag_rows(plan)
    assert [row[2:] for row in removed] == [("a", "r1", TIME), ("b", "r1", TIME)]
    assert [row[2:] for row in inserted] == [("a", "r1", LATER), ("b", "r1", LATER)]


def test_nothing_is_told_of_what_is_not_indexed(monkeypatch):
    """Without declared indexes no content is looked at."""
    monkeypatch.setattr("crud_service.library.index_rows.Values", None)
    plan, _ = plan_over(priced("r1", 1))
    plan.add(mutation(update(priced("r1", 1)), create(priced("r2", 2, revision=0))))
    assert value_rows(plan) == ([], [])


def test_values_that_come_and_go():
    """Each live record has one row an index, by its rank; only the rows that come or go are named."""
    stored = [priced("r1", 1), priced("r2", '"b"'), priced("r3", 3), priced("r4", 4, delete_time=TIME)]
    plan, _ = plan_over(*stored, indexes=(PRICE, NAME))
    writes = (update(stored[0], content='{"price":1.0}'), update(stored[1], content="{}"), purge(stored[2]))
    plan.add(mutation(*writes, undelete(stored[3]), create(record("r5", name="new"))))
    removed, inserted = value_rows(plan)
    name = {"rank": 4, "text": "a name", "field": "name"}
    assert removed == [of("r2", 4, text="b"), of("r3", 3, 3.0), of("r3", **name)]
    assert inserted == [
        of("r2", 0),
        of("r4", 3, 4.0),
        of("r4", **name),
        of("r5", 0),
        of("r5", **name | {"text": "new"}),
    ]


def test_declared_index():
    """What is written from the declaration of an index on is entered; what is dropped goes as a whole."""
    stored = priced("r1", 1)
    plan, notes = plan_over(stored, indexes=(PRICE,))
    plan.add(mutation(update_collection(notes, indexes=(NAME,)), update(stored, content='{"price":2}')))
    assert value_rows(plan) == ([], [of("r1", 4, text="a name", field="name")])
    assert dropped_indexes(plan) == [("", "notes", "content.price")]


def test_index_dropped_and_declared_again_in_a_group():
    """The index is kept: its rows are still those of the records that were not written."""
    stored = priced("r1", 1)
    plan, notes = plan_over(stored, indexes=(PRICE,))
    without = plan.add(mutation(update_collection(notes, indexes=()))).states[0]
    plan.add(mutation(update(stored, content='{"price":2}')))
    plan.add(mutation(update_collection(without, indexes=(PRICE,))))
    assert value_rows(plan) == ([of("r1", 3, 1.0)], [of("r1", 3, 2.0)])
    assert dropped_indexes(plan) == []


def test_dropped_collection():
    """The rows of a dropped collection are not named; those of what is made anew are."""
    stored = priced("r1", 1, tags=("old",))
    plan, notes = plan_over(stored, indexes=(PRICE,))
    plan.add(mutation(delete_collection(notes, force=True)))
    assert (tag_rows(plan), value_rows(plan)) == (([], []), ([], []))
    again = create_collection(collection(indexes=(NAME,)))
    plan.add(mutation(again, create(record(tags=("new",)))))
    assert tag_rows(plan) == ([], [("", "notes", "new", "r1", TIME)])
    assert value_rows(plan) == ([], [of("r1", 4, text="a name", field="name")])


@pytest.mark.parametrize(
    ("rank", "columns"),
    [
        (Rank(0), (0, 0.0, "")),
        (Rank(2), (2, 0.0, "")),
        (Rank(3, -7), (3, -7.0, "")),
        (Rank(3, 1.5e300), (3, 1.5e300, "")),
        (Rank(4, ""), (4, 0.0, "")),
        (Rank(4, "x"), (4, 0.0, "x")),
    ],
)
def test_columns(rank, columns):
    """A rank is a number or a text, whichever it has; the other column is empty."""
    assert columns_of(rank) == columns
    assert [type(column) for column in columns_of(rank)] == [int, float, str]


def test_rows_of_unusual_fields():
    """Fields are read back from the text they were declared as; text is kept as far as it sorts."""
    stored = replace(record(), content='{"a.b":{"":{"c d":"' + "x" * 600 + '"}}}')
    field = str(Field("content", ("a.b", "", "c d")))
    assert rows_of(RecordKey("", "notes", "r1"), stored, [field]) == [of("r1", 4, text="x" * 512, field=field)]
