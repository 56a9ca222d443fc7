"""The rules of a commit, without a database: what an adapter relies on beyond the store contract."""

from msgspec.structs import replace

from crud_service.library.commit_plan import CommitPlan, touched
from crud_service.model.change import ChangeKind, Committed
from crud_service.model.ports.record_store import CollectionNotEmpty, ConditionFailed
from crud_service.model.record import CollectionKey, RecordKey
from crud_service.testing.mutations import (
    collection,
    create,
    create_collection,
    delete,
    delete_collection,
    mutation,
    record,
    update,
)

KEY = RecordKey("", "notes", "r1")
NOTES = CollectionKey("", "notes")
STORED = record(revision=4)
STORED_NOTES = collection(revision=3)


def plan_over(*records, has_live=lambda key, besides: False):
    """A plan over stored records of the stored collection `notes`, after revision 10."""
    return CommitPlan(
        {RecordKey("", each.collection, each.id): each for each in records}, {NOTES: STORED_NOTES}, has_live, 10
    )


def test_touched():
    """The keys of all records, of their collections and of written collections are named, under their tenant."""
    of_t = mutation(create(record("r1")), create(record("r2")), tenant="t")
    own = mutation(create_collection(collection("c")))
    assert touched([of_t, own]) == (
        {RecordKey("t", "notes", "r1"), RecordKey("t", "notes", "r2")},
        {CollectionKey("t", "notes"), CollectionKey("", "c")},
    )


def test_group_sees_those_before():
    """A mutation sees what those before it in the group wrote, under their revisions."""
    plan = plan_over()
    first = plan.add(mutation(create(record())))
    assert isinstance(first, Committed)
    refused = plan.add(mutation(create(record())))
    assert isinstance(refused, ConditionFailed)
    assert refused.current == first.states[0]
    second = plan.add(mutation(update(first.states[0], name="second")))
    assert (first.revision, second.revision, plan.revision) == (11, 12, 12)
    assert plan.written_records == {KEY: second.states[0]}


def test_refused_mutation_leaves_no_trace():
    """A mutation refused by its last write leaves neither states, collections, drops nor entries."""
    gone = replace(STORED, delete_time=STORED.create_time)
    plan = plan_over(gone)
    before = plan.add(mutation(create(record("r2", collection="other"))))
    written, entries = dict(plan.written_records), list(plan.changes)
    writes = (
        delete_collection(STORED_NOTES),
        create(record(collection="third")),
        update(before.states[0], name="changed"),
        create(record("r2", collection="other")),
    )
    refused = plan.add(mutation(*writes))
    assert isinstance(refused, ConditionFailed)
    assert (refused.index, refused.current) == (3, before.states[0])
    assert (plan.written_records, plan.changes, plan.dropped, plan.revision) == (written, entries, {}, 11)
    assert set(plan.written_collections) == {CollectionKey("", "other")}


def test_live_records_in_the_database():
    """The database is asked for live records besides those that the plan has seen."""
    asked = []

    def has_live(key, besides):
        asked.append((key, set(besides)))
        return True

    plan = plan_over(STORED, has_live=has_live)
    refused = plan.add(mutation(delete(STORED), delete_collection(STORED_NOTES)))
    assert isinstance(refused, CollectionNotEmpty)
    assert asked == [(NOTES, {"r1"})]


def test_database_is_not_asked_for_a_dropped_collection():
    """Once its records are dropped in the group, what the database still holds of a collection does not count."""
    plan = plan_over(has_live=lambda key, besides: bool(plan.dropped))
    plan.add(mutation(delete_collection(STORED_NOTES)))
    made = plan.add(mutation(create_collection(collection())))
    assert isinstance(plan.add(mutation(delete_collection(made.states[0]))), Committed)


def test_dropped_collection():
    """A dropped collection, its records and its tags are told apart from what is made anew in the same group."""
    gone = replace(STORED, delete_time=STORED.create_time, tags=("old",))
    plan = plan_over(gone)
    plan.add(mutation(delete_collection(STORED_NOTES)))
    assert (plan.written_collections, plan.written_records) == ({NOTES: None}, {KEY: None})
    again = plan.add(mutation(create(record(tags=("new",)))))
    assert isinstance(again, Committed)
    assert plan.dropped == {NOTES: True}
    assert plan.written_records == {KEY: again.states[0]}
    assert plan.tag_rows() == ([], [("", "notes", "new", "r1")])


def test_tag_rows():
    """Only the tags that come or go are named; a deleted record has none."""
    plan = plan_over(replace(STORED, tags=("a", "b")), record("r2", tags=("c",), revision=5), record("r3", revision=6))
    plan.add(mutation(update(STORED, tags=("b", "d")), delete(record("r2", tags=("c",), revision=5))))
    plan.add(mutation(update(record("r3", revision=6), name="other"), create(record("r4", tags=("e",)))))
    removed, inserted = plan.tag_rows()
    assert removed == [("", "notes", "a", "r1"), ("", "notes", "c", "r2")]
    assert inserted == [("", "notes", "d", "r1"), ("", "notes", "e", "r4")]


def test_entries_are_numbered_within_their_mutation():
    """Ordinals start at 0 in each mutation, the entry of a collection made on the way before its record's."""
    plan = plan_over()
    plan.add(mutation(create(record("r1")), create(record("r1", collection="new"))))
    plan.add(mutation(create(record("r2"))))
    assert [(change.revision, change.ordinal, change.kind) for change in plan.changes] == [
        (11, 0, ChangeKind.RECORD_CREATED),
        (11, 1, ChangeKind.COLLECTION_CREATED),
        (11, 2, ChangeKind.RECORD_CREATED),
        (12, 0, ChangeKind.RECORD_CREATED),
    ]
