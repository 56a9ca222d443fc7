"""The states of a record's life, as functions of a record and a time."""

import pytest
from msgspec.structs import replace

from crud_service.logic.life_cycle import deleted, exists, purged, require_live, require_record, undeleted
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.record import RecordKey, tombstone
from crud_service.model.timestamp import later
from crud_service.testing.mutations import LATER, TIME, collection, record

KEY = RecordKey("", "notes", "r1")
HOUR = 3_600_000_000_000
LIVE = record(version=7, revision=9, expire_time=later(LATER, HOUR))
DELETED = replace(LIVE, delete_time=TIME, purge_time=LATER)


def test_deleted() -> None:
    """A deleted record keeps everything but its version and update time, and knows since when and until when."""
    for owner, purge_time in (
        (None, None),
        (collection(), None),
        (collection(retention=0), LATER),
        (collection(retention=HOUR), later(LATER, HOUR)),
        (collection(retention=9_000 * 366 * 24 * HOUR), None),
    ):
        state = deleted(LIVE, owner, LATER)
        assert state == replace(LIVE, version=8, update_time=LATER, delete_time=LATER, purge_time=purge_time)


@pytest.mark.parametrize(("expires", "kept"), [(-1, False), (0, False), (1, True)])
def test_undeleted(expires, kept) -> None:
    """An undeleted record is as it was before; its expire time stays only if it is still to come."""
    expire_time = later(LATER, expires)
    state = undeleted(replace(DELETED, expire_time=expire_time), LATER)
    assert state == replace(LIVE, version=8, update_time=LATER, expire_time=expire_time if kept else None)
    assert undeleted(replace(DELETED, expire_time=None), LATER).expire_time is None


def test_purged() -> None:
    """What a purge leaves has ids and the next version."""
    assert purged(KEY, DELETED) == tombstone(KEY, 0, 8)


@pytest.mark.parametrize(
    ("stored", "owner", "reason", "live"),
    [
        (None, None, Reason.COLLECTION_NOT_FOUND, False),
        (None, collection(), Reason.RECORD_NOT_FOUND, False),
        (DELETED, collection(), None, False),
        (LIVE, collection(), None, True),
    ],
)
def test_require(stored, owner, reason, live) -> None:
    """Each way of not being there has its own reason."""
    if reason is None:
        assert require_record(KEY, stored, owner) is stored
    else:
        with pytest.raises(CrudError) as caught:
            require_record(KEY, stored, owner)
        assert (caught.value.kind, caught.value.reason) == (Kind.NOT_FOUND, reason)
    if live:
        assert require_live(KEY, stored, owner) is stored
    else:
        with pytest.raises(CrudError) as caught:
            require_live(KEY, stored, owner)
        assert caught.value.reason == (reason or Reason.RECORD_DELETED)


def test_exists() -> None:
    """A taken id names its path, and says if it is a deleted record that has it."""
    for current, as_deleted in ((None, False), (LIVE, False), (DELETED, True)):
        error = exists(LIVE.path, current)
        assert (error.kind, error.reason) == (Kind.ALREADY_EXISTS, Reason.RECORD_EXISTS)
        assert error.metadata == {"path": LIVE.path}
        assert ("deleted" in error.message) is as_deleted
