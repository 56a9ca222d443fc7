"""Whether a store's log tells the truth about its records."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from crud_service.library.sqlite import SqliteStore
from crud_service.model.change import Change, ChangeKind
from crud_service.testing.log_replay import assert_log_matches

_DELETED = (ChangeKind.RECORD_DELETED, ChangeKind.RECORD_EXPIRED)
_LAST = (ChangeKind.RECORD_PURGED, ChangeKind.COLLECTION_DELETED)


async def check_log(store: SqliteStore) -> Sequence[Change]:
    """Assert that the log has no hole and that what it says happened is what is stored; return all of it."""
    changes = await assert_log_matches(store)
    assert [(each.revision, each.ordinal) for each in changes] == sorted(
        {(each.revision, each.ordinal) for each in changes}
    )
    _check_calls(changes)
    _check_versions(changes)
    return changes


def image_of(folder: Path, name: str) -> Path:
    """A copy of the data file as a kill left it, with its write-ahead log."""
    image = folder / name
    image.mkdir()
    for file in folder.glob("crud.db*"):
        shutil.copy(file, image)
    return image / "crud.db"


def _check_calls(changes: Sequence[Change]) -> None:
    """The entries of one mutation share their call, and each call and request made one mutation."""
    calls: dict[int, str] = {}
    requests: dict[str, int] = {}
    for change in changes:
        assert calls.setdefault(change.revision, change.call_id) == change.call_id
        if change.request_id:
            assert requests.setdefault(change.request_id, change.revision) == change.revision
    assert len(set(calls.values())) == len(calls)


def _check_versions(changes: Sequence[Change]) -> None:
    """The versions of a record count up by one, and its states are what the entries say became of it."""
    versions: dict[tuple[str, str], int] = {}
    for change in changes:
        key = change.collection, change.id
        if change.kind is ChangeKind.COLLECTION_DELETED:
            versions = {each: version for each, version in versions.items() if each[0] != change.collection}
        elif change.id:
            assert change.version == versions.get(key, 0) + 1
            versions[key] = change.version
        if change.kind in _LAST:
            versions.pop(key, None)
        if change.id and change.state:
            state = change.record
            assert (state.collection, state.id) == key
            assert (state.revision, state.version) == (change.revision, change.version)
            assert (state.delete_time is not None) == (change.kind in _DELETED)
