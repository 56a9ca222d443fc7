"""UpdateRecord in parts: nested masks, merge patches, transforms, upserts and rehearsals."""

import json
from typing import Any

from msgspec.structs import replace

from crud_service.model import requests
from crud_service.model.change import ChangeKind
from crud_service.model.errors import Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.requests import FieldTransform, RecordDraft, UpdateRecord
from tests.unit.logic.hooks import PHASES, Recorder, rename, veto

NOTES = "collections/notes"
PATH = f"{NOTES}/records/a"
CONTENT: dict[str, Any] = {"n": 1, "address": {"city": "Bath", "street": "x"}, "list": [1, 2]}


def update(path: str = PATH, **fields: Any) -> UpdateRecord:
    """A request; fields of the draft and of the request alike."""
    own = {name: fields.pop(name) for name in UpdateRecord.__struct_fields__ if name in fields}
    return UpdateRecord(RecordDraft(path=path, **fields), **own)


async def test_a_nested_mask(service) -> None:
    """A path below the content changes that value and leaves the rest; one that the draft lacks is removed."""
    before = await service.create("a", name="x", content=CONTENT)
    draft = {"address": {"city": "York", "zip": "Y1"}, "n": 9}
    after = await service.update(PATH, ("content.address.city", "content.list", "content.new.deep"), content=draft)
    assert json.loads(after.content) == {"n": 1, "address": {"city": "York", "street": "x"}}
    assert (after.name, after.tags, after.version) == (before.name, before.tags, 2)


async def test_a_merge_patch(service) -> None:
    """A merge patch merges objects, removes nulls and replaces the rest; other fields go by their presence."""
    await service.create("a", name="x", content=CONTENT, tags=("t",))
    patch = {"address": {"street": None, "zip": "B1"}, "list": [3], "new": {"a": None, "b": 1}}
    after = await service.do(update(content=patch, name="", merge_patch=True))
    assert json.loads(after.content) == {"n": 1, "address": {"city": "Bath", "zip": "B1"}, "list": [3], "new": {"b": 1}}
    assert (after.name, after.tags) == ("", ("t",))
    assert (await service.do(update(name="y", merge_patch=True))).content == after.content
    assert (await service.do(update(content={}, merge_patch=True))).content == "{}"


async def test_transforms(service) -> None:
    """Transforms compute from what is stored, in their order."""
    await service.create("a", content=CONTENT, tags=("t", "u"))
    transforms = (
        FieldTransform("content.n", increment=41),
        FieldTransform("content.list", append=(3,)),
        FieldTransform("content.list", remove_from_set=(1,)),
        FieldTransform("content.seen.ids", add_to_set=("x", "x")),
        FieldTransform("tags", add_to_set=("s",)),
        FieldTransform("tags", remove_from_set=("u",)),
    )
    after = await service.do(update(transforms=transforms))
    content = {"n": 42, "address": CONTENT["address"], "list": [2, 3], "seen": {"ids": ["x"]}}
    assert json.loads(after.content) == content
    assert after.tags == ("s", "t")


async def test_transforms_come_after_the_mask(service) -> None:
    """In one request the fields change first, and the transforms compute from them."""
    await service.create("a", name="x", content=CONTENT)
    request = update(
        name="y", content={"n": 10}, update_mask=("content.n",), transforms=(FieldTransform("content.n", increment=1),)
    )
    after = await service.do(request)
    assert (json.loads(after.content), after.name) == (CONTENT | {"n": 11}, "x")


async def test_a_bad_transform_changes_nothing(service, refused) -> None:
    """A transform that does not fit names itself, and the ones before it are not carried out either."""
    before = await service.create("a", content=CONTENT)
    transforms = (FieldTransform("content.n", increment=1), FieldTransform("content.address", increment=1))
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_TRANSFORM, "transforms[1].field"):
        await service.do(update(transforms=transforms))
    assert await service.get(PATH) == before


async def test_parts_past_a_limit(service, refused) -> None:
    """What mask, patch and transforms make is held to the limits as a whole."""
    before = await service.create("a", content={"t": "x" * 1_000_000})
    for request in (
        update(content={"u": "x" * 60_000}, update_mask=("content.u",)),
        update(content={"u": "x" * 60_000}, merge_patch=True),
        update(transforms=(FieldTransform("content.u", append=("x" * 60_000,)),)),
    ):
        with refused(Kind.INVALID_ARGUMENT, Reason.CONTENT_TOO_LARGE, "record.content"):
            await service.do(request)
    assert await service.get(PATH) == before


async def test_upsert(service, store, time_of) -> None:
    """With allow_missing an update creates a missing record with all of its draft, and changes an existing one."""
    request = update(name="x", content={"a": {"b": None}}, tags=("t",), update_mask=("name",), allow_missing=True)
    created = await service.do(request)
    assert (created.version, created.name, created.content, created.tags) == (1, "x", '{"a":{"b":null}}', ("t",))
    assert created.date == created.create_time == time_of(0)
    after = await service.do(update(name="y", tags=(), update_mask=("name",), allow_missing=True))
    assert (after.version, after.name, after.tags) == (2, "y", ("t",))
    assert [each.kind for each in await store.read_log(0, 10)] == [
        ChangeKind.COLLECTION_CREATED,
        ChangeKind.RECORD_CREATED,
        ChangeKind.RECORD_UPDATED,
    ]


async def test_upsert_of_parts(service) -> None:
    """A merge patch and transforms make a missing record from nothing."""
    patch = {"a": {"b": None, "c": 1}, "d": None}
    request = update(
        content=patch, merge_patch=True, allow_missing=True, transforms=(FieldTransform("content.a.c", increment=1),)
    )
    assert json.loads((await service.do(request)).content) == {"a": {"c": 2}}


async def test_upsert_of_a_deleted_record(service, service_of, refused) -> None:
    """A deleted record is not missing; a collection that may not be made is."""
    await service.create("a")
    await service.delete(PATH)
    with refused(Kind.NOT_FOUND, Reason.RECORD_DELETED):
        await service.do(update(name="x", allow_missing=True))
    strict = service_of(create_collections=False)
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await strict.do(update("collections/other/records/a", allow_missing=True))


async def test_upsert_under_conditions(service, new_call, refused) -> None:
    """An etag cannot be current where there is nothing; `If-None-Match: *` makes the upsert a create."""
    for request, call in (
        (update(etag='"1-0"', allow_missing=True), new_call()),
        (update(allow_missing=True), new_call(if_match=('"1-0"',))),
        (update(allow_missing=True), new_call(if_match=("*",))),
    ):
        with refused(Kind.ABORTED, Reason.ETAG_MISMATCH) as caught:
            await service.do(request, call)
        assert caught.value.metadata == {}
    nothing_there = new_call(if_none_match=("*",))
    created = await service.do(update(name="x", allow_missing=True), nothing_there)
    assert created.version == 1
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH) as caught:
        await service.do(update(name="y", allow_missing=True), nothing_there)
    assert caught.value.metadata == {"etag": created.etag, "version": "1"}


async def test_a_rehearsal_stores_nothing(service_of, service, store) -> None:
    """With validate_only the hooks run and the answer is what it would be, without revision and etag; nothing stays."""
    hooks = Recorder(before_validate=rename("better"))
    rehearsing = service_of(hooks=hooks)
    draft = RecordDraft(name="x", content={"a": 1})
    created = await rehearsing.do(requests.CreateRecord(NOTES, draft, "a", validate_only=True))
    assert hooks.phases == [*PHASES, "on_read"]
    assert (created.id, created.name, created.version, created.revision, created.etag) == ("a", "BETTER", 1, 0, "")
    assert await store.last_revision() == 0
    before = await service.create("a", name="old", content={"a": 1})
    after = await rehearsing.do(update(content={"a": 2}, validate_only=True))
    assert (after.version, after.content, after.revision, after.etag) == (2, '{"a":2}', 0, "")
    upsert = update(f"{NOTES}/records/b", allow_missing=True, validate_only=True)
    assert (await service.do(upsert)).version == 1
    assert await service.get(PATH) == before
    assert await store.last_revision() == 1


async def test_a_rehearsal_is_refused_like_the_write(service, service_of, refused) -> None:
    """With validate_only every check and veto answers as it would for the write itself."""
    await service.create("a")
    create = requests.CreateRecord(NOTES, RecordDraft(), "a", validate_only=True)
    with refused(Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS):
        await service.do(create)
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.name"):
        await service.do(update(name="x" * 513, validate_only=True))
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
        await service.do(update(etag="no", validate_only=True))
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await service.do(update(f"{NOTES}/records/b", validate_only=True))
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.name"):
        await service_of(hooks=Recorder(before_commit=veto)).do(update(validate_only=True))
    strict = service_of(create_collections=False)
    elsewhere = replace(create, parent="collections/other")
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await strict.do(elsewhere)
    assert (await service.do(elsewhere)).revision == 0


async def test_a_lowered_limit_keeps_nobody_from_deleting(service, service_of, refused) -> None:
    """A record that was accepted under a higher limit can be deleted, undeleted and given an expire time."""
    await service.create("a", name="x" * 500, content={"t": "x" * 500})
    strict = service_of(limits=Limits(name_chars=10, content_bytes=100))
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD) as caught:
        await strict.update(PATH, tags=("t",))
    assert [each.field for each in caught.value.violations] == ["record.name", "record.content"]
    assert (await strict.delete(PATH)).version == 2
    assert (await strict.undelete(PATH)).version == 3
    assert (await strict.update(PATH, ttl=1_000_000_000)).expire_time is not None
