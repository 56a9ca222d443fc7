"""The machine that looks back as well: past states, rollbacks and differences, while history goes."""

from typing import Any

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import rule
from msgspec.structs import replace

from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.requests import ListRecordRevisions
from tests.integration.model.answers import assert_same, plain, told
from tests.integration.model.machine import SEEDS, Machine
from tests.integration.model.plain_state import Refused
from tests.integration.model.queries import ALL, draw_filter, draw_order, in_order, order_text


class HistoryMachine(Machine):
    """Every call of the other machine, and those about the past."""

    @rule(seed=SEEDS)
    def get_past(self, seed: int) -> None:
        for place in range(3):
            draw = self.drawing(seed + place)
            path = draw.path()
            self.step(draw, requests.GetRecord(path, read_revision=draw.revision(path)))

    @rule(seed=SEEDS)
    def roll_back(self, seed: int) -> None:
        for place in range(2):
            draw = self.drawing(seed + place)
            self.step(draw, replace(draw.rollback(), **draw.ids()))

    @rule(seed=SEEDS)
    def diff(self, seed: int) -> None:
        for place in range(3):
            draw = self.drawing(seed + place)
            path = draw.path(deleted=draw.one_of(False, True))
            self.step(draw, requests.DiffRecord(path, draw.revision(path), draw.one_of(0, draw.revision(path))))

    @rule(seed=SEEDS)
    def query_past(self, seed: int) -> None:
        """Lists with all their pages, as they were at some revision."""
        draw = self.drawing(seed)
        order, size = draw_order(draw.random), draw.random.randint(1, 4)
        for text, holds in [ALL, ALL, *[draw_filter(draw.random) for _ in range(3)]]:
            parent, show_deleted = f"collections/{draw.one_of('x', 'y', '-')}", draw.one_of(False, True)
            revision = draw.random.randint(1, max(1, self.plain.state.revision))
            note(f"{parent} at {revision} {text!r} {order_text(order)!r}")
            try:
                found = self.plain.history.live(parent, revision, show_deleted=show_deleted)
                expected: Any = told(in_order(list(filter(holds, found)), order))
            except Refused as refused:
                expected = told(refused)
            request = requests.ListRecords(
                parent, size, "", text, order_text(order), show_deleted=show_deleted, read_revision=revision
            )
            assert_same(self.runner.run(self.listed(request)), expected)

    @rule(seed=SEEDS)
    def revisions(self, seed: int) -> None:
        """All pages of the changes of a record."""
        for place in range(2):
            draw = self.drawing(seed + place)
            path = draw.path(deleted=draw.one_of(False, True))
            try:
                expected: Any = self.plain.history.revisions(path)
            except Refused as refused:
                expected = told(refused)
            actual = self.runner.run(self.changes(ListRecordRevisions(path, draw.random.randint(1, 4))))
            assert_same(list(actual), list(expected))

    async def changes(self, request: ListRecordRevisions) -> Any:
        """All pages together, read from either node in turn; or what refuses the first."""
        found: list[Any] = []
        for page in range(1_000):
            reply = await self.answer(page % 2, Call("", "test"), request)
            if isinstance(reply, tuple):
                return reply
            assert 0 < len(reply.changes) <= request.page_size
            found += [(each.revision, each.type.value, each.version, plain(each.record)) for each in reply.changes]
            if not reply.next_page_token:
                return found
            request = replace(request, page_token=reply.next_page_token)
        raise AssertionError("a history without end")

    @rule(seconds=st.sampled_from([1, 20, 40, 60, 60, 200]))
    def history_goes(self, seconds: int) -> None:
        """What is too old or too much by then is compacted."""
        self.plain.state.now += seconds
        self.plain.history.compact()
        self.runner.run(self.maintenance.compact())
