"""UpdateRecord, over a store in memory."""

import pytest

from crud_service.model.errors import Kind, Reason
from crud_service.model.timestamp import parse

DATE = parse("2026-01-31")
PATH = "collections/notes/records/a"


async def test_update_without_a_mask(service, time_of) -> None:
    """Without a mask the fields that are present change, and nothing else."""
    before = await service.create("a", name="old", date=DATE, content={"a": 1}, tags=("x",))
    after = await service.update(PATH, name="new", tags=("z", "y"))
    assert (after.name, after.tags) == ("new", ("y", "z"))
    assert (after.date, after.content, after.create_time) == (before.date, before.content, before.create_time)
    assert (after.version, after.revision) == (2, 2)
    assert after.update_time == time_of(1)
    assert await service.get(PATH) == after


async def test_an_empty_mask_is_no_mask(service) -> None:
    """A mask without paths means the fields that are present, as in a message where it was never set."""
    await service.create("a", name="old", tags=("x",))
    after = await service.update(PATH, (), name="new")
    assert (after.name, after.tags) == ("new", ("x",))


async def test_update_with_a_mask(service) -> None:
    """With a mask only its fields change, whatever else is present."""
    before = await service.create("a", name="old", content={"a": 1}, tags=("x",))
    after = await service.update(PATH, ("content",), name="new", content={"b": 2}, tags=("y",))
    assert after.content == '{"b":2}'
    assert (after.name, after.tags, after.date) == (before.name, before.tags, before.date)


async def test_a_masked_field_that_is_absent_is_cleared(service) -> None:
    """A field in the mask but not in the record gets its empty value; the date that of the creation."""
    before = await service.create("a", name="old", date=DATE, content={"a": 1}, tags=("x",))
    after = await service.update(PATH, ("name", "date", "content", "tags"))
    assert (after.name, after.content, after.tags) == ("", "{}", ())
    assert after.date == before.create_time


async def test_an_explicit_null_clears(service) -> None:
    """A field that is present and empty is cleared without a mask too."""
    before = await service.create("a", name="old", date=DATE, content={"a": 1}, tags=("x",))
    after = await service.update(PATH, name="", date=None, content={}, tags=())
    assert (after.name, after.content, after.tags, after.date) == ("", "{}", (), before.create_time)


async def test_a_star_replaces(service) -> None:
    """The mask `*` replaces the whole record: what is absent becomes empty."""
    before = await service.create("a", name="old", date=DATE, content={"a": 1}, tags=("x",))
    after = await service.update(PATH, ("*",), name="new")
    assert (after.name, after.content, after.tags, after.date) == ("new", "{}", (), before.create_time)
    assert (after.id, after.create_time, after.version) == ("a", before.create_time, 2)


@pytest.mark.parametrize(
    "mask",
    [
        ("nonsense",),
        ("name", "nonsense"),
        ("id",),
        ("path",),
        ("etag",),
        ("revision",),
        ("version",),
        ("create_time",),
        ("update_time",),
        ("delete_time",),
        ("purge_time",),
        ("content", "content.text"),
        ("content.a", "content.a.b"),
        ("expire_time", "ttl"),
        ("",),
        ("*", "name"),
        ("NAME",),
        ("\ud800",),
        ("x" * 100_000,),
    ],
)
async def test_bad_masks(service, refused, mask) -> None:
    """A path that is unknown or belongs to the service is refused, shortly, and nothing changes."""
    before = await service.create("a", name="old")
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_UPDATE_MASK, "update_mask") as caught:
        await service.update(PATH, mask, name="new")
    assert len(caught.value.message.encode()) < 300
    assert await service.get(PATH) == before


async def test_update_changes_no_server_field(service) -> None:
    """An update with nothing to change counts as a version and leaves the fields alone."""
    before = await service.create("a", name="old")
    after = await service.update(PATH)
    assert (after.name, after.version, after.create_time) == ("old", before.version + 1, before.create_time)
    assert after.etag != before.etag


async def test_update_with_the_right_etag(service) -> None:
    """The current etag lets the update through, and the next one needs the next etag."""
    first = await service.create("a")
    second = await service.update(PATH, name="b", etag=first.etag)
    assert second.etag != first.etag
    assert (await service.update(PATH, name="c", etag=second.etag)).version == 3


@pytest.mark.parametrize("etag", ['"0-00000000"', "nonsense", "*", " "])
async def test_update_with_a_wrong_etag(service, refused, etag) -> None:
    """A wrong etag changes nothing, and the answer tells the current one."""
    before = await service.create("a", name="old")
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH) as caught:
        await service.update(PATH, name="new", etag=etag)
    assert caught.value.metadata == {"etag": before.etag, "version": "1"}
    assert await service.get(PATH) == before


async def test_update_with_an_old_etag(service, refused) -> None:
    """An etag of an earlier state, or of another record with the same revision, is wrong."""
    first = await service.create("a")
    await service.update(PATH, name="b")
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
        await service.update(PATH, name="c", etag=first.etag)
    with refused(Kind.ABORTED, Reason.ETAG_MISMATCH):
        await service.delete(PATH, first.etag)
    assert (await service.get(PATH)).name == "b"


async def test_update_of_what_is_not_there(service, refused) -> None:
    """Only a live record can be updated."""
    with refused(Kind.NOT_FOUND, Reason.COLLECTION_NOT_FOUND):
        await service.update(PATH, name="x")
    await service.create("b")
    with refused(Kind.NOT_FOUND, Reason.RECORD_NOT_FOUND):
        await service.update(PATH, name="x")
    await service.delete("collections/notes/records/b")
    with refused(Kind.NOT_FOUND, Reason.RECORD_DELETED):
        await service.update("collections/notes/records/b", name="x")


async def test_update_with_an_id(service, refused) -> None:
    """The record's own id may be sent along; another one is refused, as ids never change."""
    await service.create("a")
    assert (await service.update(PATH, id="a", name="x")).name == "x"
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_FIELD, "record.id"):
        await service.update(PATH, id="b", name="y")
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "record.id"):
        await service.update(PATH, id="B", name="y")
    assert (await service.get(PATH)).name == "x"


async def test_update_needs_a_path(service, refused) -> None:
    """An update names its record by record.path."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_ID, "record.path"):
        await service.update("", name="x")


async def test_update_past_a_limit(service, refused) -> None:
    """An update past a limit changes nothing."""
    before = await service.create("a")
    with refused(Kind.INVALID_ARGUMENT, Reason.CONTENT_TOO_LARGE, "record.content"):
        await service.update(PATH, content={"t": "x" * 1_048_576})
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_TEXT, "record.content.t"):
        await service.update(PATH, content={"t": "\ud800"})
    assert await service.get(PATH) == before
