"""Requests and replies about error reports."""

import msgspec

from crud_service.model.reports import ErrorReport


class GetErrorReport(msgspec.Struct, frozen=True):
    """Read the report at `path`."""

    path: str = ""


class ListErrorReports(msgspec.Struct, frozen=True):
    """Read one page of the reports, of one operation and one version if they are not empty."""

    operation: str = ""
    version: str = ""
    page_size: int = 0
    page_token: str = ""


class ListErrorReportsReply(msgspec.Struct, frozen=True):
    """One page of reports; `next_page_token` is empty on the last."""

    error_reports: tuple[ErrorReport, ...]
    next_page_token: str = ""
