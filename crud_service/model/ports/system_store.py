"""The port to what the node itself must not forget. Never visible as a user's collection."""

from collections.abc import Callable, Sequence
from typing import Protocol

from crud_service.model.reports import ErrorReport, ReportQuery

TIMELINE = "timeline"
"""The value that tells a store from what it was before it was restored from a backup, made anew then."""


class SystemStore(Protocol):
    """Keeps small values of the service itself, and its error reports, beside the records, shared by all nodes of one
    store.
    """

    async def load_or_create(self, name: str, create: Callable[[], bytes]) -> bytes:
        """The value kept under `name`. If there is none, keep and return `create()`.

        All callers, on every node and at any time after, get the same value: the first one kept wins.
        """

    async def add_error_reports(self, reports: Sequence[ErrorReport], most: int) -> None:
        """Add what was seen: a report whose id is kept is joined with that one (`crud_service.model.reports.joined`).

        All of it in one transaction, whoever else adds at the time. Then only the `most` reports that were seen last
        are kept. Raises CrudError as a commit would; nothing is added then.
        """

    async def get_error_report(self, report_id: str) -> ErrorReport | None:
        """The report; None if there is none."""

    async def list_error_reports(self, query: ReportQuery) -> tuple[ErrorReport, ...]:
        """At most `query.limit` reports that the query names, the one seen last first, then by id.

        With `query.after` only those that come after that place.
        """
