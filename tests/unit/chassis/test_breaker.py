"""The breaker: a model of it next to it, and the cases that other breakers get wrong."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crud_service.chassis.breaker import Breaker, BreakerLimits, State
from crud_service.model.ports.outgoing import DependencyAway

LIMITS = BreakerLimits(failure_rate=0.5, least_calls=4, window=10.0, open_seconds=2.0, probes=2)


class Timed:
    """A breaker with a clock that the test turns."""

    def __init__(self, limits: BreakerLimits = LIMITS) -> None:
        self.now = 1_000.0
        self.states: list[State] = []
        self.breaker = Breaker("consul", limits, self.states.append, lambda: self.now)

    def call(self, *, failed: bool | None) -> bool:
        """Make a call that ends like this; whether it was made."""
        try:
            permit = self.breaker.enter()
        except DependencyAway:
            return False
        self.breaker.leave(permit, failed=failed)
        return True

    def open(self) -> None:
        """Fail until it is open."""
        while self.breaker.state is not State.OPEN:
            assert self.call(failed=True)


@pytest.fixture
def timed() -> Timed:
    return Timed()


def test_it_opens_at_a_share_of_failures(timed: Timed) -> None:
    """Half of the calls failing opens it, as soon as there are enough calls; less than half never does."""
    for failed in (False, False, True, False, True):
        assert timed.call(failed=failed)
    assert timed.breaker.state is State.CLOSED
    timed.call(failed=True)
    assert timed.breaker.state is State.OPEN
    with pytest.raises(DependencyAway) as away:
        timed.breaker.enter()
    assert away.value.retry_after == pytest.approx(2.0)
    assert "consul" in str(away.value)


def test_few_calls_open_nothing(timed: Timed) -> None:
    """Fewer calls than it takes do not open it, even if all of them fail."""
    for _ in range(3):
        timed.call(failed=True)
    assert timed.breaker.state is State.CLOSED


def test_what_is_long_past_does_not_count(timed: Timed) -> None:
    """Failures that have left the window are forgotten."""
    for _ in range(3):
        timed.call(failed=True)
    timed.now += 10.1
    timed.call(failed=True)
    assert timed.breaker.state is State.CLOSED


def test_calls_that_were_given_up_tell_nothing(timed: Timed) -> None:
    """A call that its caller gave up counts neither as a failure nor as a success, and gives its place back."""
    for _ in range(50):
        timed.call(failed=None)
    timed.open()
    assert len(timed.states) == 1
    timed.now += 2.0
    for _ in range(10):
        assert timed.call(failed=None)
    assert timed.breaker.state is State.HALF_OPEN


async def test_fifty_calls_in_half_open() -> None:
    """Of fifty calls that come together when it is half open, as many go through as there are probes."""
    timed = Timed(BreakerLimits(least_calls=4, open_seconds=2.0, probes=3))
    timed.open()
    timed.now += 2.0
    made, done = 0, asyncio.Event()

    async def call() -> None:
        nonlocal made
        permit = timed.breaker.enter()
        made += 1
        await done.wait()
        timed.breaker.leave(permit, failed=False)

    calls = [asyncio.ensure_future(call()) for _ in range(50)]
    await asyncio.sleep(0)
    assert made == 3
    done.set()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(each, DependencyAway) for each in results].count(True) == 47
    assert timed.breaker.state is State.CLOSED


def test_it_closes_within_one_half_open_period(timed: Timed) -> None:
    """However long the outage was, the first probes after it close the breaker; old failures do not open it again."""
    timed.open()
    for _ in range(20):
        timed.now += 2.0
        assert timed.call(failed=True)
        assert timed.breaker.state is State.OPEN
    timed.now += 2.0
    assert [timed.call(failed=False) for _ in range(2)] == [True, True]
    assert timed.breaker.state is State.CLOSED
    timed.call(failed=True)
    assert timed.breaker.state is State.CLOSED
    assert timed.states[-3:] == [State.OPEN, State.HALF_OPEN, State.CLOSED]


def test_a_closed_breaker_begins_anew(timed: Timed) -> None:
    """Failures of before an outage that was shorter than the window do not open it again."""
    timed.open()
    timed.now += 2.0
    assert [timed.call(failed=failed) for failed in (False, False, True)] == [True] * 3
    assert timed.breaker.state is State.CLOSED


def test_what_ends_late_is_no_news(timed: Timed) -> None:
    """A call of before the outage that succeeds at last closes nothing; one that fails at last opens nothing again."""
    early = [timed.breaker.enter() for _ in range(8)]
    timed.open()
    timed.now += 2.0
    probe = timed.breaker.enter()
    for permit in early[:4]:
        timed.breaker.leave(permit, failed=False)
    assert timed.breaker.state is State.HALF_OPEN
    timed.breaker.leave(probe, failed=False)
    timed.call(failed=False)
    for permit in early[4:]:
        timed.breaker.leave(permit, failed=True)
    assert timed.breaker.state is State.CLOSED


class Model(RuleBasedStateMachine):
    """Calls that begin, end and wait in any order, next to a plain list of what has happened since the last change."""

    def __init__(self) -> None:
        super().__init__()
        self.timed = Timed()
        self.running: list[int] = []
        self.era_of: dict[int, int] = {}
        self.permits: dict[int, int] = {}
        self.era = 0
        self.seen: list[tuple[float, bool]] = []
        self.opened_at = 0.0

    @property
    def state(self) -> State:
        return self.timed.breaker.state

    @rule()
    def begin(self) -> None:
        before, away, permit = self.state, False, -1
        try:
            permit = self.timed.breaker.enter()
        except DependencyAway:
            away = True
        if before is State.CLOSED:
            assert not away
        elif before is State.OPEN:
            assert away == (self.timed.now - self.opened_at < LIMITS.open_seconds)
        probes = [each for each in self.running if self.era_of[each] == self.era]
        if before is State.HALF_OPEN:
            assert away == (len(probes) >= LIMITS.probes)
        self._follow(before)
        if not away:
            self.running.append(len(self.era_of))
            self.era_of[self.running[-1]] = self.era
            self.permits[self.running[-1]] = permit

    @rule(which=st.integers(0, 1_000), failed=st.sampled_from([True, True, False, None]))
    def end(self, which: int, failed: bool | None) -> None:
        if not self.running:
            return
        call = self.running.pop(which % len(self.running))
        is_current, before = self.era_of[call] == self.era, self.state
        self.timed.breaker.leave(self.permits[call], failed=failed)
        if not is_current or failed is None:
            assert self.state is before
            return
        self.seen.append((self.timed.now, failed))
        if before is State.CLOSED:
            width = LIMITS.window / 10
            oldest = int(self.timed.now / width) - 10
            recent = [each for at, each in self.seen if int(at / width) > oldest]
            opens = failed and len(recent) >= LIMITS.least_calls and sum(recent) >= LIMITS.failure_rate * len(recent)
            assert self.state is (State.OPEN if opens else State.CLOSED)
        else:
            passed = [each for _, each in self.seen]
            closes = not failed and len(passed) >= LIMITS.probes
            assert self.state is (State.OPEN if failed else State.CLOSED if closes else State.HALF_OPEN)
        self._follow(before)

    @rule(seconds=st.sampled_from([0.1, 1.0, 2.0, 7.0, 30.0]))
    def wait(self, seconds: float) -> None:
        self.timed.now += seconds

    @invariant()
    def changes_make_sense(self) -> None:
        allowed = {
            (State.CLOSED, State.OPEN),
            (State.OPEN, State.HALF_OPEN),
            (State.HALF_OPEN, State.OPEN),
            (State.HALF_OPEN, State.CLOSED),
        }
        assert set(pairwise([State.CLOSED, *self.timed.states])) <= allowed

    def _follow(self, before: State) -> None:
        if self.state is not before:
            self.era += 1
            self.seen = []
            self.opened_at = self.timed.now


Model.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
test_any_course_of_events = Model.TestCase
