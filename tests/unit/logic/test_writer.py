"""The way of a write: every hook once, in order, able to change or to refuse, and nothing stored past a refusal."""

import pytest
from msgspec.structs import replace

from crud_service.logic.writer import Writer
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.change import ChangeKind
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import NoHooks, PendingChange
from crud_service.model.ports.record_store import ConditionFailed
from crud_service.model.record import Record
from crud_service.model.timestamp import now
from tests.unit.logic.hooks import PHASES, Recorder, rename, veto
from tests.unit.logic.stores import Interrupted

PATH = "collections/notes/records/a"


async def test_each_phase_once_in_order(service_of) -> None:
    """A write calls every phase once, in order, with the call and the change; then its reply is read."""
    hooks = Recorder()
    service = service_of(hooks=hooks)
    created = await service.create("a", name="old")
    assert hooks.phases == [*PHASES, "on_read"]
    assert {call_id for _, call_id, _ in hooks.seen} == {"call-1"}
    for _, _, changes in hooks.seen[:3]:
        kind, old, new = changes[0]
        assert (len(changes), kind, old, new.name, new.id) == (1, ChangeKind.RECORD_CREATED, None, "old", "a")
    assert created.name == "OLD"


async def test_update_and_delete_show_old_and_new(service_of) -> None:
    """An update and a delete show the stored state and the one to come."""
    hooks = Recorder()
    service = service_of(hooks=hooks)
    await service.create("a", name="old")
    hooks.seen.clear()
    await service.update(PATH, name="new")
    await service.delete(PATH)
    assert hooks.phases == [*PHASES, "on_read"] * 2
    kind, old, new = hooks.seen[0][2][0]
    assert (kind, old.name, old.revision, new.name, new.version) == (ChangeKind.RECORD_UPDATED, "old", 1, "new", 2)
    kind, old, new = hooks.seen[4][2][0]
    assert (kind, old.delete_time, old.version) == (ChangeKind.RECORD_DELETED, None, 2)
    assert new.delete_time is not None


async def test_collections_pass_the_hooks(service_of) -> None:
    """Creating, changing and deleting a collection goes through the same phases."""
    hooks = Recorder()
    service = service_of(hooks=hooks)
    await service.create_collection()
    await service.update_collection(name="x")
    await service.delete_collection()
    assert hooks.phases == PHASES * 3
    kinds = [changes[0][0] for _, _, changes in hooks.seen[::3]]
    assert kinds == [ChangeKind.COLLECTION_CREATED, ChangeKind.COLLECTION_UPDATED, ChangeKind.COLLECTION_DELETED]


async def test_a_hook_may_replace_the_new_state(service_of, service) -> None:
    """What before_validate puts in place is what the later phases see and what is stored."""
    hooks = Recorder(before_validate=rename("better"))
    await service_of(hooks=hooks).create("a", name="old")
    assert [changes[0][2].name for _, _, changes in hooks.seen[:3]] == ["old", "better", "better"]
    assert (await service.get(PATH)).name == "better"
    await service_of(hooks=hooks).create_collection("other", name="old")
    assert (await service.get_collection("collections/other")).name == "better"


async def test_what_a_hook_makes_is_validated(service_of, store, refused) -> None:
    """A hook cannot bring in what a client could not, and later phases never see it."""
    hooks = Recorder(before_validate=rename("x" * 513))
    service = service_of(hooks=hooks)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.name"):
        await service.create("a")
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "collection.name"):
        await service.create_collection()
    assert hooks.phases == ["before_validate"] * 2
    assert await store.last_revision() == 0


async def test_a_hook_may_mend_what_is_wrong(service_of, service) -> None:
    """before_validate comes before the limits, so it may shorten what would be refused."""
    await service_of(hooks=Recorder(before_validate=rename("short"))).create("a", name="x" * 513)
    assert (await service.get(PATH)).name == "short"


@pytest.mark.parametrize("phase", PHASES)
async def test_a_veto_stops_the_write(service_of, service, store, refused, phase) -> None:
    """A phase that raises refuses create, update and delete: no later phase runs, nothing is stored."""
    before = await service.create("a", name="old")
    hooks = Recorder(**{phase: veto})
    refusing = service_of(hooks=hooks)
    for write, target in ((refusing.create, "b"), (refusing.update, PATH), (refusing.delete, PATH)):
        hooks.seen.clear()
        with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.name"):
            await write(target)
        assert hooks.phases == PHASES[: PHASES.index(phase) + 1]
    assert await service.get(PATH) == before
    assert await store.last_revision() == 1


async def test_a_lost_condition_runs_the_phases_again(service_of, service, store) -> None:
    """When another node was faster, the phases see the change as it is made anew, with the state stored by then."""
    await service.create("a", name="old")
    overtaken = Interrupted(store, lambda: service.update(PATH, name="theirs"))
    hooks = Recorder()
    await service_of(overtaken, hooks=hooks).update(PATH, tags=("x",))
    assert hooks.phases == [*PHASES, *PHASES, "on_read"]
    assert [changes[0][1].name for _, _, changes in hooks.seen[:6]] == ["old"] * 3 + ["theirs"] * 3


async def test_on_read_is_applied_to_every_read(service_of, service) -> None:
    """Get, list and the reply of each write go through on_read; what is stored stays as it is."""
    hooks = Recorder()
    shouting = service_of(hooks=hooks)
    assert (await shouting.create("a", name="one")).name == "ONE"
    assert (await shouting.get(PATH)).name == "ONE"
    assert (await shouting.update(PATH, name="two")).name == "TWO"
    await shouting.create("b", name="three")
    assert [each.name for each in (await shouting.list()).records] == ["TWO", "THREE"]
    hooks.seen.clear()
    await shouting.list()
    assert [(phase, len(records)) for phase, _, records in hooks.seen] == [("on_read", 2)]
    assert (await shouting.delete(PATH)).name == "TWO"
    assert [each.name for each in (await service.list()).records] == ["three"]


async def test_several_changes_are_one_mutation(store) -> None:
    """Changes that are written together get one revision, one call of each phase, and all their violations at once."""
    hooks = Recorder()
    writer = Writer(store, hooks, Limits(), clock=now, code_version="1", create_collections=True)
    time = now()

    def change(record_id: str, name: str = "") -> PendingChange:
        record = Record("notes", record_id, name, time, "{}", (), 0, 1, time, time)
        return PendingChange(ChangeKind.RECORD_CREATED, None, record)

    committed = await writer.write(Call("Test", "grpc"), time, [change("a"), change("b")])
    assert committed.revision == 1
    assert [(state.id, state.revision) for state in committed.states] == [("a", 1), ("b", 1)]
    assert [len(changes) for _, _, changes in hooks.seen] == [2, 2, 2]
    with pytest.raises(CrudError) as caught:
        await writer.write(Call("Test", "grpc"), time, [change("c", "\n"), change("d"), change("e", "x" * 513)])
    assert len(caught.value.violations) == 2
    with pytest.raises(ConditionFailed) as lost:
        await writer.write(Call("Test", "grpc"), time, [change("f"), change("a")])
    assert lost.value.index == 1
    assert await store.last_revision() == 1


async def test_the_expected_revision_is_that_of_the_old_state(store) -> None:
    """A change made from an older state is never stored over a newer one."""
    writer = Writer(store, NoHooks(), Limits(), clock=now, code_version="1", create_collections=True)
    time, call = now(), Call("Test", "grpc")
    record = Record("notes", "a", "", time, "{}", (), 0, 1, time, time)
    first = (await writer.write(call, time, [PendingChange(ChangeKind.RECORD_CREATED, None, record)])).states[0]
    update = PendingChange(ChangeKind.RECORD_UPDATED, first, replace(first, name="x", version=2))
    second = (await writer.write(call, time, [update])).states[0]
    with pytest.raises(ConditionFailed) as lost:
        await writer.write(call, time, [update])
    assert lost.value.current == second


async def test_nothing_to_change_is_nothing_to_ask_about(service_of) -> None:
    """A request that changes nothing runs no phase, whether it is remembered under its id or not."""
    hooks = Recorder()
    service = service_of(hooks=hooks)
    for request_id in ("", "r", "r"):
        await service.do(requests.DeleteRecord(PATH, allow_missing=True, request_id=request_id))
    assert set(hooks.phases) <= {"on_read"}
