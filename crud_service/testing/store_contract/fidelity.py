"""What goes in comes out: text, times, sizes."""

import pytest

from crud_service.model import timestamp
from crud_service.model.record import CollectionKey, RecordKey
from crud_service.testing.mutations import collection, create, create_collection, mutation, record
from crud_service.testing.store_contract.store import Store, commit_collection, commit_record

TEXTS = [
    "",
    " ",
    "plain",
    "quotes ' \" ` and \\ backslash",
    "line\nbreak\ttab\r\n\x7f",
    "한국어 마이크로서비스",
    "e\u0301 and \u00e9 stay apart",
    "\U0001f600 \U0010ffff \ufeff \u200d \ue000",
    "%s {} ? :name; DROP TABLE records; --",
    "1",
    "1e3",
    "null",
    "true",
    "0x10",
]


class FidelityContract:
    """Nothing is changed on the way."""

    @pytest.mark.parametrize("text", TEXTS)
    async def test_text(self, store: Store, text: str) -> None:
        """Any text comes back the same in a name, a tag and a collection, from the records and from the log."""
        tags = (text,) if text else ()
        new = await commit_record(store, create(record(name=text, tags=tags)))
        assert await store.get_record(RecordKey("", "notes", "r1")) == new
        assert (await store.read_log(0, 10))[-1].record == new
        made = await commit_collection(store, create_collection(collection("c", name=text, description=text)))
        assert await store.get_collection(CollectionKey("", "c")) == made

    @pytest.mark.parametrize(
        "content",
        [
            "{}",
            '{"a":1.0,"b":1,"c":1e23,"d":-0.0,"e":5e-324}',
            '{"z":1,"a":{"b":[[],{},null,true,false,""]}}',
            '{"":"empty key","한":"\U0001f600","q":"\\"\\\\\\u0001"}',
        ],
    )
    async def test_content(self, store: Store, content: str) -> None:
        """Content comes back as the very text that was stored, from the records and from the log."""
        new = await commit_record(store, create(record(content=content)))
        assert new.content == content
        assert await store.get_record(RecordKey("", "notes", "r1")) == new
        assert (await store.read_log(0, 10))[-1].record.content == content

    @pytest.mark.parametrize(
        "text", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.000000001Z"]
    )
    async def test_times(self, store: Store, text: str) -> None:
        """Times keep their nanoseconds from the year 1 to the year 9999."""
        time = timestamp.parse(text)
        times = ("date", "create_time", "update_time", "delete_time", "purge_time", "expire_time")
        new = record(**dict.fromkeys(times, time))
        stored = (await store.commit(mutation(create(new), time=time))).states[0]
        assert await store.get_record(RecordKey("", "notes", "r1")) == stored
        entry = (await store.read_log(0, 10))[-1]
        assert (entry.record, entry.time) == (stored, time)

    async def test_large_content(self, store: Store) -> None:
        """Content of 1 MiB is stored and read back, and several of them in one mutation."""
        content = '{"text":"' + "x" * (1_048_576 - 11) + '"}'
        writes = [create(record(f"r{number}", content=content)) for number in range(5)]
        committed = await store.commit(mutation(*writes))
        for state in committed.states:
            assert await store.get_record(RecordKey("", "notes", state.id)) == state

    async def test_many_writes(self, store: Store) -> None:
        """A mutation of 1,000 records with 64 tags in all is stored whole."""
        writes = [create(record(f"r{number:04d}", tags=(f"t{number % 64}",))) for number in range(1_000)]
        committed = await store.commit(mutation(*writes))
        for state in committed.states[::111]:
            assert await store.get_record(RecordKey("", "notes", state.id)) == state
        assert len(await store.read_log(0, 1)) == 1_001

    async def test_longest_ids(self, store: Store) -> None:
        """Ids as long as the contract allows, and 64 long tags, are kept."""
        name = "c" * 128
        new = record("i" * 128, name, tags=tuple(sorted(f"{number:03d}{'t' * 125}" for number in range(64))))
        stored = await commit_record(store, create(new))
        assert await store.get_record(RecordKey("", name, "i" * 128)) == stored
