"""The operations on error reports: who mends the service lists them, and looks at one."""

import re

from crud_service.logic.page_token import PageTokens
from crud_service.logic.paging import fitting, page_size
from crud_service.model import requests
from crud_service.model.call import Call, Handler
from crud_service.model.errors import Reason, invalid, not_found
from crud_service.model.limits import Limits
from crud_service.model.ports.system_store import SystemStore
from crud_service.model.query import Position, Rank
from crud_service.model.reports import ErrorReport, ReportPlace, ReportQuery
from crud_service.model.timestamp import Timestamp

_TEXT = 4
_id_of = re.compile(r"errorReports/([0-9a-f]{32})", re.ASCII).fullmatch


def error_reports(store: SystemStore, tokens: PageTokens, limits: Limits) -> dict[str, Handler]:
    """What serves each operation. A name here is a method of the proto and a type in `model.requests`."""
    reports = ErrorReports(store, tokens, limits)
    return {"ListErrorReports": reports.list, "GetErrorReport": reports.get}


class ErrorReports:
    """Reads what is kept of failures that nobody expected."""

    def __init__(self, store: SystemStore, tokens: PageTokens, limits: Limits) -> None:
        self._store = store
        self._tokens = tokens
        self._limits = limits

    async def get(self, call: Call, request: requests.GetErrorReport) -> ErrorReport:
        """The report. NOT_FOUND if there is none, or it is not stored yet."""
        report_id = _report_id(request.path)
        report = await self._store.get_error_report(report_id)
        if report is None:
            message = f"there is no report {report_id}; one of this moment is stored within seconds"
            raise not_found(Reason.ERROR_REPORT_NOT_FOUND, message)
        return report

    async def list(self, call: Call, request: requests.ListErrorReports) -> requests.ListErrorReportsReply:
        """One page of the reports, the one seen last first. What is seen again meanwhile moves to the first page."""
        bound = ("ListErrorReports", call.tenant, call.principal, request.operation, request.version)
        position = self._tokens.open(request.page_token, *bound)
        size = page_size(request.page_size, self._limits)
        after = _place(position) if position else None
        found = await self._store.list_error_reports(ReportQuery(request.operation, request.version, after, size + 1))
        page = found[: fitting(found[:size], self._limits.page_bytes)]
        token = self._tokens.seal(_position(page[-1]), *bound) if len(found) > len(page) else ""
        return requests.ListErrorReportsReply(page, token)


def _report_id(path: str) -> str:
    found = _id_of(path)
    if found is None:
        what = "a report's path is errorReports/{error_report}, and its id 32 digits from 0 to f"
        raise invalid("path", what, Reason.INVALID_ID)
    return found[1]


def _position(report: ErrorReport) -> Position:
    return Position((Rank(_TEXT, report.last_seen_time),), "", report.id)


def _place(position: Position) -> ReportPlace:
    (rank,) = position.ranks
    return ReportPlace(Timestamp(str(rank.value)), position.id)
