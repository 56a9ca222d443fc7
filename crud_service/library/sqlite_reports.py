"""The error reports of a SQLite store: what reads and writes them over a connection that somebody else looks after."""

import sqlite3
from collections.abc import Sequence
from functools import cached_property

from sqlalchemy import and_, bindparam, delete, literal_column, or_, select

from crud_service.library.sqlite_compile import BulkStatement, is_after, is_value, to_text, up_to, upsert_rows
from crud_service.library.sqlmodel_tables import ErrorReportRow, table
from crud_service.model.reports import ErrorReport, ReportQuery, decode_report, encode_report, joined


class SqliteReports:
    """Reads and writes reports. Lets the errors of SQLite through; transactions are the caller's."""

    def __init__(self) -> None:
        self._reports = table(ErrorReportRow)

    def add(self, connection: sqlite3.Connection, reports: Sequence[ErrorReport], most: int) -> None:
        """As the port SystemStore says, within a transaction."""
        for report in reports:
            kept = self.get(connection, report.id)
            row = _row(report if kept is None else joined(kept, report))
            for text, values in self._put.pieces([row]):
                connection.execute(text, values)
        connection.execute(self._forget, (most,))

    def get(self, connection: sqlite3.Connection, report_id: str) -> ErrorReport | None:
        """As the port says of `get_error_report`."""
        row = connection.execute(self._get, (report_id,)).fetchone()
        return None if row is None else decode_report(row[0])

    def list(self, connection: sqlite3.Connection, query: ReportQuery) -> tuple[ErrorReport, ...]:
        """As the port says of `list_error_reports`."""
        after = query.after
        # Every text is less than this one, so the first page is the one after it.
        time, report_id = ("\U0010ffff", "") if after is None else (after.last_seen_time, after.id)
        operation, version = query.operation, query.version
        values = (operation, operation, version, version, time, time, report_id, query.limit)
        return tuple([decode_report(data) for (data,) in connection.execute(self._list, values)])

    @cached_property
    def _put(self) -> BulkStatement:
        """Rows of the table."""
        return upsert_rows(self._reports)

    @cached_property
    def _get(self) -> str:
        """(id) -> report."""
        return to_text(select(self._reports.c.report).where(is_value(self._reports.c.id)))

    @cached_property
    def _list(self) -> str:
        """(operation twice, version twice, time twice, id, limit) -> report. There are few: a filter needs no index."""
        columns = self._reports.c
        of_all = bindparam(None) == literal_column("''")
        time = columns.last_seen_time
        place = or_(time < bindparam(None), and_(is_value(time), is_after(columns.id)))
        query = select(columns.report).where(
            or_(of_all, is_value(columns.operation)), or_(of_all, is_value(columns.last_seen_version)), place
        )
        return to_text(up_to(query.order_by(time.desc(), columns.id)))

    @cached_property
    def _forget(self) -> str:
        """(most): delete all but so many, those seen last."""
        columns = self._reports.c
        kept = up_to(select(columns.id).order_by(columns.last_seen_time.desc(), columns.id))
        return to_text(delete(self._reports).where(columns.id.not_in(kept)))


def _row(report: ErrorReport) -> tuple[str, str, str, str, bytes]:
    """A row of the table."""
    return report.id, report.last_seen_time, report.operation, report.last_seen_version, encode_report(report)
