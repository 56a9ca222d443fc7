"""What the port SystemStore promises about error reports."""

import asyncio

from msgspec.structs import replace

from crud_service.model.reports import (
    OCCURRENCES,
    Cause,
    CodeLine,
    ErrorReport,
    InputField,
    Occurrence,
    RecentCall,
    ReportPlace,
    ReportQuery,
)
from crud_service.model.timestamp import Timestamp, from_unix
from crud_service.testing.store_contract.store import Store

_MOST = 100


class ErrorReportContract:
    """Reports are joined by id, listed by when they were seen last, and bounded."""

    async def test_report_comes_back(self, store: Store) -> None:
        """Every field comes back as it was, and there is nothing under another id."""
        report = error_report("one", 1)
        await store.add_error_reports([report], _MOST)
        assert await store.get_error_report("one") == report
        assert await store.get_error_report("two") is None
        assert await store.list_error_reports(ReportQuery()) == (report,)

    async def test_reports_of_one_cause_are_joined(self, store: Store) -> None:
        """Counts add up, the first and the last time are kept with their versions, and the last few in detail."""
        for second in range(OCCURRENCES + 2):
            await store.add_error_reports([error_report("one", second, version=f"1.{second}")], _MOST)
        found = await store.get_error_report("one")
        assert found is not None
        assert (found.count, found.first_seen_version) == (OCCURRENCES + 2, "1.0")
        assert (found.first_seen_time, found.last_seen_time) == (_time(0), _time(OCCURRENCES + 1))
        assert found.last_seen_version == f"1.{OCCURRENCES + 1}"
        assert [each.time for each in found.occurrences] == [_time(second) for second in range(2, OCCURRENCES + 2)]

    async def test_late_reports_are_joined(self, store: Store) -> None:
        """A report that comes late changes neither what was seen last nor the order of what is kept in detail."""
        await store.add_error_reports([error_report("one", 9, version="2.0")], _MOST)
        await store.add_error_reports([error_report("one", 3, version="1.0")], _MOST)
        found = await store.get_error_report("one")
        assert found is not None
        assert (found.first_seen_version, found.last_seen_version, found.count) == ("1.0", "2.0", 2)
        assert [each.time for each in found.occurrences] == [_time(3), _time(9)]

    async def test_one_id_twice_in_a_step(self, store: Store) -> None:
        """Reports of one cause that are added together are joined too."""
        await store.add_error_reports([error_report("one", 1), error_report("one", 2)], _MOST)
        found = await store.get_error_report("one")
        assert found is not None
        assert found.count == 2

    async def test_concurrent_adders_lose_nothing(self, store: Store) -> None:
        """Whoever adds at the same time, every failure is counted."""
        await asyncio.gather(*(store.add_error_reports([error_report("one", each)], _MOST) for each in range(20)))
        found = await store.get_error_report("one")
        assert found is not None
        assert found.count == 20

    async def test_last_seen_comes_first(self, store: Store) -> None:
        """Lists go from the one seen last to the one seen longest ago, those of one time by id."""
        await store.add_error_reports([error_report(name, when) for name, when in _SEEN], _MOST)
        assert await _ids(store, ReportQuery()) == ["c", "a", "d", "b"]

    async def test_pages_follow_each_other(self, store: Store) -> None:
        """Page by page, a list has every report once."""
        await store.add_error_reports([error_report(name, when) for name, when in _SEEN], _MOST)
        found: list[str] = []
        place: ReportPlace | None = None
        while page := await store.list_error_reports(ReportQuery(after=place, limit=1)):
            (report,) = page
            found.append(report.id)
            place = ReportPlace(report.last_seen_time, report.id)
        assert found == ["c", "a", "d", "b"]

    async def test_lists_are_narrowed(self, store: Store) -> None:
        """To an operation, to a version, and to both."""
        one, other = error_report("one", 1, version="1.0"), error_report("two", 2, version="2.0")
        await store.add_error_reports([one, replace(other, operation="ListRecords")], _MOST)
        assert await _ids(store, ReportQuery(operation="ListRecords")) == ["two"]
        assert await _ids(store, ReportQuery(version="1.0")) == ["one"]
        assert await _ids(store, ReportQuery(operation="ListRecords", version="1.0")) == []

    async def test_reports_are_bounded(self, store: Store) -> None:
        """Only those seen last are kept, however many are added."""
        await store.add_error_reports([error_report(f"{each:02}", each) for each in range(10)], 3)
        assert await _ids(store, ReportQuery()) == ["09", "08", "07"]
        await store.add_error_reports([error_report("late", 0)], 3)
        assert await _ids(store, ReportQuery()) == ["09", "08", "07"]

    async def test_reports_are_no_records(self, store: Store) -> None:
        """They show up neither as collections nor in the log."""
        await store.add_error_reports([error_report("one", 1)], _MOST)
        assert await store.list_collections("", "", 10) == ()
        assert await store.last_revision() == 0


_SEEN = (("d", 2), ("b", 1), ("a", 2), ("c", 3))


def error_report(report_id: str, second: int, *, version: str = "1.0") -> ErrorReport:
    """A report of one failure, so many seconds into 1970, with every field filled."""
    call = RecentCall(_time(second), "GetRecord", "collections/a/records/b", "NOT_FOUND", "call-0")
    occurrence = Occurrence(
        _time(second),
        "CreateRecord",
        "http",
        "anna",
        "collections/a",
        "call-1",
        "trace-1",
        "node-1",
        version,
        "c0ffee",
        "CPython",
        (InputField("record.name", "string", 12),),
        (call,),
    )
    line = CodeLine("crud_service/logic/writer.py", 7, "Writer.write")
    return ErrorReport(
        report_id,
        "KeyError",
        "a message with ünïcode",
        (Cause("ValueError", "what led to it"),),
        line,
        (CodeLine("crud_service/logic/records.py", 3, "Records.create"), line),
        "CreateRecord",
        1,
        _time(second),
        version,
        _time(second),
        version,
        (occurrence,),
    )


def _time(second: int) -> Timestamp:
    return from_unix(second)


async def _ids(store: Store, query: ReportQuery) -> list[str]:
    return [each.id for each in await store.list_error_reports(query)]
