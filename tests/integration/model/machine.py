"""The machine: random calls to two nodes of one store, each answered as the plain service answers it."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from crud_service.logic.changes import LogTail
from crud_service.logic.maintenance import HistoryKept, Maintenance
from crud_service.logic.page_token import PageTokens
from crud_service.logic.service import Parts, operations
from crud_service.logic.writer import Writer
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import NoHooks
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.timestamp import Timestamp, from_unix
from crud_service.testing.log_replay import assert_log_matches
from tests.integration.model.answers import assert_same, plain, told
from tests.integration.model.drawing import COLLECTIONS, IDS, Drawing
from tests.integration.model.plain_history import AGE, PROTECTED
from tests.integration.model.plain_service import PlainService
from tests.integration.model.plain_state import NANOS, REMEMBERED, Refused, shown
from tests.integration.model.queries import ALL, draw_filter, draw_order, in_order, order_text

SEEDS = st.integers(0, 2**32)
"""One number makes a step: the few that hypothesis draws for an example would not do for many steps."""
LIMITS = Limits(request_seconds=REMEMBERED)

StoreMaker = Callable[[], AbstractContextManager[RecordStore]]


class Machine(RuleBasedStateMachine):
    """Drives the logic over a store that `make_store` makes, and compares it with the plain service.

    A store that `persists` holds the same after it was closed and opened again.
    """

    def __init__(self, make_store: StoreMaker, *, persists: bool) -> None:
        super().__init__()
        self.persists = persists
        self.exit = contextlib.ExitStack()
        self.runner = self.exit.enter_context(asyncio.Runner())
        self.store = self.exit.enter_context(make_store())
        self.runner.run(self.store.open())
        self.plain = PlainService()
        self.steps = 0
        self.sent: list[tuple[Call, Any]] = []
        self.writer = Writer(self.store, NoHooks(), LIMITS, clock=self.now, code_version="1", create_collections=True)
        self.nodes = [self._node(), self._node()]
        self.maintenance = Maintenance(
            self.store,
            self.writer,
            interval=1.0,
            history=HistoryKept(AGE * NANOS, 0, PROTECTED * NANOS),
            new_call_id=lambda: "sweep",
            report=self.report,
            monotonic=lambda: float(self.plain.state.now),
        )

    def teardown(self) -> None:
        """Compare the logs, and let go of the store."""
        try:
            self.logs_match()
        finally:
            self.runner.run(self.store.close())
            self.exit.close()

    def now(self) -> Timestamp:
        return from_unix(self.plain.state.now)

    def report(self, message: str, cause: Exception | None) -> None:
        raise AssertionError(message) from cause

    def _node(self) -> Any:
        ids = iter(())
        tokens = PageTokens(b"k" * 32, 4_096)
        state = {"ids": ids}

        async def do(call: Call, request: Any) -> Any:
            state["ids"] = iter(self.new_ids())
            name = type(request).__name__
            return await handlers[name](replace(call, operation=name), request)

        tail = LogTail(self.store, self.report)
        parts = Parts(
            self.store, self.writer, NoHooks(), tokens, tail, LIMITS, lambda: next(state["ids"]), lambda: None
        )
        handlers = operations(parts)
        return do

    def new_ids(self) -> list[str]:
        return [f"made-{self.steps:03}-{number}" for number in range(12)]

    def drawing(self, seed: int) -> Drawing:
        """A new step: a second later."""
        self.steps += 1
        self.plain.state.now += 1
        return Drawing(seed, self.plain.state)

    def expected(self, call: Call, request: Any) -> Any:
        self.plain.ids = self.new_ids()
        try:
            return told(self.plain.do(call, request))
        except Refused as refused:
            return told(refused)

    async def answer(self, node: int, call: Call, request: Any) -> Any:
        try:
            return plain(await self.nodes[node](call, request))
        except CrudError as error:
            return plain(error)

    def step(self, draw: Drawing, request: Any) -> None:
        """Send a request to a node, and compare its answer."""
        call = draw.call(request)
        note(f"{call.principal} {call.if_match} {call.if_none_match} {request}")
        expected = self.expected(call, request)
        actual = self.runner.run(self.answer(draw.one_of(0, 1), call, request))
        assert_same(actual, expected)
        if getattr(request, "request_id", ""):
            self.sent.append((call, request))

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        """A few records, so that every example has something to work with."""
        draw = self.drawing(seed)
        for name in COLLECTIONS * draw.one_of(0, 1):
            self.step(draw, draw.settings(name))
        for record_id in IDS[:2]:
            items = [requests.CreateRecord(f"collections/{name}", draw.draft(), record_id) for name in COLLECTIONS]
            self.step(draw, requests.BatchCreateRecords("collections/-", tuple(items)))
        self.step(draw, requests.DeleteRecord(f"collections/{COLLECTIONS[0]}/records/{IDS[0]}"))

    @rule(seed=SEEDS)
    def create(self, seed: int) -> None:
        draw = self.drawing(seed)
        self.step(draw, replace(draw.create(), **draw.ids()))

    @rule(seed=SEEDS)
    def update(self, seed: int) -> None:
        for place in range(3):
            draw = self.drawing(seed + place)
            self.step(draw, replace(draw.update(), **draw.ids()))

    @rule(seed=SEEDS)
    def delete_undelete_or_purge(self, seed: int) -> None:
        for place in range(2):
            draw = self.drawing(seed + place)
            self.step(draw, replace(draw.life(), **draw.ids(rehearsal=False)))

    @rule(seed=SEEDS)
    def get(self, seed: int) -> None:
        draw = self.drawing(seed)
        self.step(draw, requests.GetRecord(draw.path()))

    @rule(seed=SEEDS)
    def batch(self, seed: int) -> None:
        draw = self.drawing(seed)
        self.step(draw, draw.batch())

    @rule(seed=SEEDS)
    def transact(self, seed: int) -> None:
        draw = self.drawing(seed)
        self.step(draw, draw.transaction())

    @rule(seed=SEEDS)
    def change_collection(self, seed: int) -> None:
        for place in range(2):
            draw = self.drawing(seed + place)
            self.step(draw, draw.collection())

    @rule(seed=SEEDS)
    def send_again(self, seed: int) -> None:
        """An earlier request, whatever has happened since."""
        draw = self.drawing(seed)
        if self.sent:
            call, request = draw.one_of(*self.sent[-4:])
            note(f"again: {request}")
            expected = self.expected(call, request)
            assert_same(self.runner.run(self.answer(draw.one_of(0, 1), call, request)), expected)

    @rule(seed=SEEDS)
    def send_twins(self, seed: int) -> None:
        """A request with an id, several times at once, to both nodes."""
        draw = self.drawing(seed)
        request = draw.one_of(draw.create, draw.update, draw.life, draw.rollback, draw.transaction)()
        request = replace(request, request_id=f"twin-{self.steps}")
        call = draw.call(request)
        note(f"twins: {call.if_match} {call.if_none_match} {request}")
        expected = self.expected(call, request)

        async def answers() -> list[Any]:
            return await asyncio.gather(*(self.answer(number % 2, call, request) for number in range(4)))

        for actual in self.runner.run(answers()):
            assert_same(actual, expected)

    @rule(seed=SEEDS)
    def query(self, seed: int) -> None:
        """Lists with all their pages, and the counts of them."""
        draw = self.drawing(seed)
        parent, show_deleted = f"collections/{draw.one_of('x', 'y', '-', '-')}", draw.one_of(False, True)
        order, size = draw_order(draw.random), draw.random.randint(1, 4)
        for text, holds in [ALL, *[draw_filter(draw.random) for _ in range(5)]]:
            note(f"{parent} {text!r} {order_text(order)!r}")
            try:
                found = [each for each in self.plain.live(parent, show_deleted=show_deleted) if holds(each)]
                expected: Any = told(in_order(found, order))
            except Refused as refused:
                expected = told(refused)
            request = requests.ListRecords(parent, size, "", text, order_text(order), show_deleted=show_deleted)
            assert_same(self.runner.run(self.listed(request)), expected)
            count = requests.CountRecords(parent, text, show_deleted)
            counted = self.runner.run(self.answer(0, Call("", "test"), count))
            assert counted == (requests.CountRecordsReply(len(expected)) if isinstance(expected, list) else expected)

    async def listed(self, request: requests.ListRecords) -> Any:
        """All pages together, read from either node in turn; or what refuses the first."""
        found: list[Any] = []
        for page in range(100):
            reply = await self.answer(page % 2, Call("", "test"), request)
            if isinstance(reply, tuple):
                return reply
            assert len(reply.records) <= request.page_size
            found += map(plain, reply.records)
            if not reply.next_page_token:
                return found
            request = replace(request, page_token=reply.next_page_token)
        raise AssertionError("a list without end")

    @rule(seconds=st.sampled_from([5, 60, 60, 43_200]))
    def time_passes(self, seconds: int) -> None:
        """What is due expires and is purged, and requests are forgotten."""
        self.plain.state.now += seconds
        self.plain.sweep()
        self.runner.run(self.maintenance.sweep())
        self.runner.run(self.maintenance.forget_requests())

    @rule()
    def build_indexes(self) -> None:
        """Declared indexes become ready."""
        self.plain.build_indexes()
        self.runner.run(self.maintenance.build_indexes())

    @precondition(lambda self: self.persists)
    @rule()
    def restart(self) -> None:
        """The nodes end, and others begin with what is stored."""
        self.runner.run(self.store.close())
        self.runner.run(self.store.open())
        self.nodes = [self._node(), self._node()]

    @invariant()
    def states_match(self) -> None:
        """Every record and collection is what it should be, and no revision is left out."""
        self.runner.run(self.compare_states())

    async def compare_states(self) -> None:
        state, everything = self.plain.state, requests.ListRecords("collections/-", 1_000, show_deleted=True)
        assert await self.store.last_revision() == state.revision
        assert_same(await self.listed(everything), told(in_order(list(state.records.values()), [])))
        collections = (await self.nodes[0](Call("", "test"), requests.ListCollections())).collections
        assert_same(list(map(plain, collections)), [shown(each) for _, each in sorted(state.collections.items())])

    @rule()
    def logs_match(self) -> None:
        """The log leads to the states, and says and hides what it should."""
        log = self.runner.run(assert_log_matches(self.store))
        actual = [
            (each.revision, each.kind.value, each.collection, each.id, each.version, not each.state) for each in log
        ]
        plain_log = self.plain.state.log
        expected = [
            (each.revision, each.kind, each.collection, each.id, each.version, each.erased) for each in plain_log
        ]
        assert sorted(actual) == sorted(expected)
