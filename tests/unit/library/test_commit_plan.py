"""The rules of a commit, without a database: what an adapter relies on beyond the store contract."""

from msgspec.structs import replace

from crud_service.library.commit_plan import CommitPlan, Stored, touched
from crud_service.model.change import ChangeKind, Committed, RecordCondition
from crud_service.model.ports.record_store import CollectionNotEmpty, ConditionFailed, RequestRepeated
from crud_service.model.record import CollectionKey, RecordKey
from crud_service.testing.mutations import (
    MUCH_LATER,
    collection,
    create,
    create_collection,
    delete,
    delete_collection,
    mutation,
    purge,
    record,
    request,
    update,
)

KEY = RecordKey("", "notes", "r1")
NOTES = CollectionKey("", "notes")
STORED = record(revision=4)
STORED_NOTES = collection(revision=3)


def plan_over(*records, has_live=lambda key, besides: False, requests=()):
    """A plan over stored records of the stored collection `notes` and stored requests, after revision 10."""
    stored = Stored(
        {RecordKey("", each.collection, each.id): each for each in records},
        {NOTES: STORED_NOTES},
        {each.key: each for each in requests},
    )
    return CommitPlan(stored, has_live, 10)


def test_touched():
    """The keys of all records, of their collections, of written collections, conditions and requests are named."""
    of_t = mutation(create(record("r1")), create(record("r2")), tenant="t")
    own = mutation(create_collection(collection("c")), request=request())
    check = mutation(conditions=(RecordCondition(RecordKey("t", "other", "r3"), 1),))
    assert touched([of_t, own, check]) == (
        {RecordKey("t", "notes", "r1"), RecordKey("t", "notes", "r2"), RecordKey("t", "other", "r3")},
        {CollectionKey("t", "notes"), CollectionKey("", "c")},
        {request().key},
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
    assert plan.records.written == {KEY: second.states[0]}


def test_refused_mutation_leaves_no_trace():
    """A mutation refused by its last write leaves neither states, collections, drops nor entries."""
    gone = replace(STORED, delete_time=STORED.create_time)
    plan = plan_over(gone)
    before = plan.add(mutation(create(record("r2", collection="other"))))
    written, entries = dict(plan.records.written), list(plan.changes)
    writes = (
        purge(gone),
        delete_collection(STORED_NOTES),
        create(record(collection="third")),
        update(before.states[0], name="changed"),
        create(record("r2", collection="other")),
    )
    refused = plan.add(mutation(*writes, request=request()))
    assert isinstance(refused, ConditionFailed)
    assert (refused.index, refused.current) == (4, before.states[0])
    assert (plan.records.written, plan.changes, plan.revision) == (written, entries, 11)
    assert set(plan.collections.written) == {CollectionKey("", "other")}
    assert (plan.requests.written, plan.dropped.written, plan.purged.written) == ({}, {}, {})


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
    plan = plan_over(has_live=lambda key, besides: bool(plan.dropped.written))
    plan.add(mutation(delete_collection(STORED_NOTES)))
    made = plan.add(mutation(create_collection(collection())))
    assert isinstance(plan.add(mutation(delete_collection(made.states[0]))), Committed)


def test_dropped_collection():
    """A dropped collection and its records are told apart from what is made anew in the same group."""
    gone = replace(STORED, delete_time=STORED.create_time)
    plan = plan_over(gone)
    plan.add(mutation(delete_collection(STORED_NOTES)))
    assert (plan.collections.written, plan.records.written) == ({NOTES: None}, {KEY: None})
    again = plan.add(mutation(create(record())))
    assert isinstance(again, Committed)
    assert set(plan.dropped.written) == {NOTES}
    assert plan.records.written == {KEY: again.states[0]}


def test_states_of_the_group_are_erased():
    """What the group itself logged of a record goes with its purge or its collection; what comes after stays."""
    plan = plan_over(STORED)
    changed = plan.add(mutation(update(STORED), create(record("r2"))))
    plan.add(mutation(purge(changed.states[0]), create(record())))
    assert [bool(change.state) for change in plan.changes] == [False, True, False, True]
    plan.add(mutation(delete_collection(STORED_NOTES, force=True), create(record())))
    assert [(change.kind, bool(change.state)) for change in plan.changes] == [
        (ChangeKind.RECORD_UPDATED, False),
        (ChangeKind.RECORD_CREATED, False),
        (ChangeKind.RECORD_PURGED, False),
        (ChangeKind.RECORD_CREATED, False),
        (ChangeKind.COLLECTION_DELETED, True),
        (ChangeKind.COLLECTION_CREATED, True),
        (ChangeKind.RECORD_CREATED, True),
    ]


def test_refused_purge_erases_nothing():
    """A purge that is taken back leaves the entries of the mutations before it alone."""
    plan = plan_over(STORED)
    changed = plan.add(mutation(update(STORED)))
    assert isinstance(
        plan.add(mutation(purge(changed.states[0]), create(record("r2")), create(record("r2")))), ConditionFailed
    )
    assert [change.record for change in plan.changes] == list(changed.states)


def test_request_of_the_group():
    """A request that was carried out in the group is told with the revision it got; one that was refused is not."""
    plan = plan_over(STORED)
    assert isinstance(plan.add(mutation(create(record()), request=request())), ConditionFailed)
    first = plan.add(mutation(create(record("r2")), request=request()))
    again = plan.add(mutation(create(record("r3")), request=request(fingerprint="another")))
    assert isinstance(again, RequestRepeated)
    assert again.stored == replace(request(), revision=first.revision)
    assert plan.requests.written == {request().key: again.stored}
    assert (plan.revision, len(plan.changes)) == (11, 1)


def test_expired_request():
    """A stored request that has expired by the mutation's time is as if it were not there."""
    plan = plan_over(requests=[replace(request(), revision=3)])
    assert isinstance(plan.add(mutation(create(record()), request=request())), RequestRepeated)
    assert isinstance(plan.add(mutation(create(record()), time=MUCH_LATER, request=request())), Committed)


def test_mutation_without_writes():
    """It keeps its request with the revision 0, and takes none."""
    plan = plan_over()
    assert plan.add(mutation(request=request())) == Committed(10, ())
    assert (plan.requests.written, plan.changes, plan.revision) == ({request().key: request()}, [], 10)


def test_condition_of_the_group():
    """A condition sees what the mutations before it wrote, and not what its own does."""
    plan = plan_over(STORED)
    is_old = RecordCondition(KEY, STORED.revision)
    changed = plan.add(mutation(update(STORED), conditions=(is_old,)))
    refused = plan.add(mutation(create(record("r2")), conditions=(is_old,)))
    assert isinstance(refused, ConditionFailed)
    assert (refused.index, refused.current) == (1, changed.states[0])
    assert set(plan.records.written) == {KEY}


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
