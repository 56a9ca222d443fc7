"""Reads of the SQLite store share a transaction while nobody writes, and nobody may notice."""

from pathlib import Path

from crud_service.library.sqlite import SqliteStore
from crud_service.model.ports.record_store import RecordQuery
from crud_service.model.record import RecordKey
from crud_service.testing.mutations import create, mutation, record

MEBIBYTE = 1_048_576


def size_of_log(data_file: Path) -> int:
    return Path(f"{data_file}-wal").stat().st_size


async def test_reads_between_writes_let_the_write_ahead_log_start_over(data_file: Path) -> None:
    """A read before every write, which leaves its transaction open, costs no disk: the log is reused."""
    store = SqliteStore(data_file, synchronous="OFF")
    await store.open()
    written = 0
    while written < 48 * MEBIBYTE:
        name = f"r{written}"
        assert await store.get_record(RecordKey("", "notes", name)) is None
        await store.commit(mutation(create(record(name, content=f'{{"t":"{"x" * 16_384}"}}'))))
        assert await store.get_record(RecordKey("", "notes", name)) is not None
        written += 2 * 16_384  # once in the record, once in the log
    assert size_of_log(data_file) < 24 * MEBIBYTE
    await store.close()


async def test_a_read_after_a_commit_sees_it_however_many_reads_came_before(data_file: Path) -> None:
    """The shared transaction ends where a write begins, for points and for pages."""
    store = SqliteStore(data_file)
    await store.open()
    for number in range(20):
        assert await store.last_revision() == number
        await store.commit(mutation(create(record(f"r{number}"))))
        assert await store.get_record(RecordKey("", "notes", f"r{number}")) is not None
    await store.close()


async def test_long_ids_count_in_the_weight_of_a_page(data_file: Path) -> None:
    """A page of hardly any content ends where the sum of `Record.weight` says, as any other page."""
    store = SqliteStore(data_file)
    await store.open()
    ids = [f"{number:0128d}" for number in range(10)]
    await store.commit(mutation(*(create(record(each, "c" * 128, name="", content="{}", tags=())) for each in ids)))
    whole = await store.list_records(RecordQuery("", "c" * 128, limit=10))
    limit = sum(each.weight for each in whole.records[:8])
    page = await store.list_records(RecordQuery("", "c" * 128, limit=10, weight_limit=limit))
    assert ([each.id for each in page.records], page.more) == (ids[:8], True)
    await store.close()
