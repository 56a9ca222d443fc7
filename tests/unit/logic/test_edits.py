"""Edits: what one item asks of one record, planned from what is stored."""

import pytest

from crud_service.logic import edits
from crud_service.logic.edits import NOTHING, Edit, Loaded, load, plan_edits
from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Place, Reason
from crud_service.model.record import RecordKey
from crud_service.testing.mutations import LATER, collection, record

KEY = RecordKey("", "notes", "r1")
STORED = record(revision=5)
LOADED = Loaded({KEY: STORED}, {"notes": collection(revision=5)})
PATH = "collections/notes/records/r1"


async def test_load_reads_each_record_and_collection(service, store) -> None:
    """What is loaded has a state, or none, for every key and for every collection that the keys name."""
    a = await service.create("a")
    b = await service.create("b", "collections/other")
    keys = [RecordKey("", "notes", "a"), RecordKey("", "none", "x"), RecordKey("", "other", "b")]
    loaded = await load(store, keys)
    assert loaded.records == dict(zip(keys, (a, None, b), strict=True))
    assert {name: each and each.id for name, each in loaded.collections.items()} == {
        "notes": "notes",
        "none": None,
        "other": "other",
    }
    alone = await load(store, keys[:1])
    assert (alone.records, list(alone.collections)) == ({keys[0]: a}, ["notes"])
    assert await load(store, []) == NOTHING


def test_a_plan_has_a_result_for_each_edit(new_call) -> None:
    """Changes and states that stay as they are stand in the plan in the order of the edits, each knowing its place."""
    place = Place("requests[1]", 1)
    gone = RecordKey("", "notes", "none")
    work = [
        edits.delete(new_call(), requests.DeleteRecord("collections/notes/records/none", allow_missing=True)),
        Edit(KEY, edits.delete(new_call(), requests.DeleteRecord(PATH)).rule, place),
    ]
    plan = plan_edits(work, Loaded({KEY: STORED, gone: None}, LOADED.collections), LATER)
    unchanged, change = plan.results
    assert (unchanged.id, unchanged.revision) == ("none", 0)
    assert (change.kind, change.old, change.new.delete_time) == (ChangeKind.RECORD_DELETED, STORED, LATER)
    assert change.place == place
    assert (plan.conditions, plan.succeeded, plan.force) == ((), True, False)


def test_an_error_is_located(new_call) -> None:
    """The error of an edit with a place names it; that of a single one is as it is."""
    edit = edits.undelete(new_call(), requests.UndeleteRecord(PATH))
    for place, prefix, index in ((None, "", None), (Place("then[3].undelete", 3), "then[3].undelete: ", "3")):
        with pytest.raises(CrudError) as caught:
            plan_edits([Edit(KEY, edit.rule, place)], LOADED, LATER)
        assert caught.value.reason is Reason.RECORD_EXISTS
        assert caught.value.message == f"{prefix}{PATH} is not deleted"
        assert caught.value.metadata.get("index") == index


def test_a_create_keeps_its_id(new_call) -> None:
    """An edit that creates a record chooses its id once, so a plan that is made again is about the same record."""
    ids = iter(["first", "second"])
    edit = edits.create(new_call(), requests.CreateRecord("collections/notes"), lambda: next(ids))
    plans = [plan_edits([edit], NOTHING, LATER) for _ in range(2)]
    assert [plan.results[0].new.id for plan in plans] == ["first", "first"]
    assert edit.key == RecordKey("", "notes", "first")


@pytest.mark.parametrize(
    ("make", "request_", "field"),
    [
        (edits.update, requests.UpdateRecord(), "record.path"),
        (edits.update, requests.UpdateRecord(requests.RecordDraft(path=PATH), ("id",)), "update_mask"),
        (edits.delete, requests.DeleteRecord("collections/notes"), "path"),
        (edits.undelete, requests.UndeleteRecord(), "path"),
        (edits.purge, requests.PurgeRecord("x/y/z/a"), "path"),
    ],
)
def test_a_bad_request_makes_no_edit(new_call, make, request_, field) -> None:
    """What can be seen without the stored state is refused before anything is read."""
    with pytest.raises(CrudError) as caught:
        make(new_call(), request_)
    assert [each.field for each in caught.value.violations] == [field]
