"""Keeping a node registered, with an agent that does as a test says and a clock that does not wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from crud_service.library.consul_agent import AgentProblem
from crud_service.library.consul_registrar import ConsulRegistrar
from crud_service.model.ports.registrar import Address, Registration, RegistryState
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now

AWAY = AgentProblem("the agent cannot be reached")
REFUSED = AgentProblem("the token is refused", refused=True)
REGISTERED = RegistryState("consul", registered=True)


class ScriptedAgent:
    """Does what comes next in its script, the last of it for ever: nothing, or raise, or hang."""

    def __init__(self, *script: Exception | str | None) -> None:
        self.script = list(script)
        self.kept: list[Registration] = []
        self.forgotten: list[str] = []
        self.closed = 0
        self.asked = asyncio.Event()

    async def keep(self, registration: Registration) -> None:
        self.kept.append(registration)
        self.asked.set()
        await self._next()

    async def forget(self, service_id: str) -> None:
        self.forgotten.append(service_id)
        await self._next()

    async def close(self) -> None:
        self.closed += 1

    async def _next(self) -> None:
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        if step == "hang":
            await asyncio.Event().wait()


class Rounds:
    """A clock that lets so many waits pass at once, and then stands still."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.slept: list[float] = []
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) >= self.count:
            self.over.set()
            await asyncio.Event().wait()


def registration(node_id: str = "1") -> Registration:
    node = NodeInfo(node_id, "orders", "1.0", "abc", (), "memory", now())
    return Registration(node, Address("10.0.0.5", 50051), Address("10.0.0.5", 8080))


async def describe() -> Registration:
    return registration()


@asynccontextmanager
async def kept(
    agent: ScriptedAgent,
    rounds: Rounds,
    changed: Callable[[RegistryState], None] = lambda state: None,
    described: Callable[[], Awaitable[Registration]] = describe,
) -> AsyncIterator[ConsulRegistrar]:
    """A registrar that has gone its rounds."""
    registrar = ConsulRegistrar(agent, changed, timeout=0.05, sleep=rounds.sleep)
    await registrar.start(described)
    try:
        await rounds.over.wait()
        yield registrar
    finally:
        await registrar.close()


async def test_start_waits_for_nobody() -> None:
    """Starting returns before the agent has answered, and until then the node is not registered."""
    registrar = ConsulRegistrar(ScriptedAgent("hang"), lambda state: None, timeout=60)
    await asyncio.wait_for(registrar.start(describe), 1)
    assert registrar.state == RegistryState("consul", registered=False)
    await registrar.close()


async def test_it_looks_again_and_again() -> None:
    """A node that is registered is looked after every three to five seconds, not in step with others."""
    agent, rounds = ScriptedAgent(None), Rounds(50)
    async with kept(agent, rounds) as registrar:
        assert len(agent.kept) == 50
        assert registrar.state == REGISTERED
    assert all(3 <= seconds <= 5 for seconds in rounds.slept)
    assert len(set(rounds.slept)) > 40


async def test_attempts_grow_apart_and_stay_within_reach() -> None:
    """Attempts begin half a second apart and end four apart, so an agent that returns is met within ten seconds."""
    rounds = Rounds(50)
    async with kept(ScriptedAgent(AWAY), rounds):
        pass
    assert all(0.25 <= seconds <= 0.5 for seconds in rounds.slept[:1])
    assert all(2 <= seconds <= 4 for seconds in rounds.slept[5:])
    assert len(set(rounds.slept[5:])) > 40


async def test_success_starts_the_waits_anew() -> None:
    """After a success the next failure is tried again soon."""
    rounds = Rounds(12)
    async with kept(ScriptedAgent(*[AWAY] * 10, None, AWAY), rounds):
        assert rounds.slept[10] >= 3
        assert rounds.slept[11] <= 0.5


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (AWAY, "the agent cannot be reached"),
        ("hang", "the agent did not answer within 0.05 s"),
        (RuntimeError("a secret"), "unexpected RuntimeError"),
    ],
)
async def test_no_failure_ends_the_keeping(step: Exception | str, said: str) -> None:
    """Whatever an attempt ends with is the state until the next one succeeds."""
    async with kept(ScriptedAgent(step), Rounds(2)) as registrar:
        assert registrar.state == RegistryState("consul", False, said)
    async with kept(ScriptedAgent(step, None), Rounds(2)) as registrar:
        assert registrar.state == REGISTERED


async def test_a_description_that_fails() -> None:
    """A node that cannot describe itself now is described the next time."""
    attempts: list[int] = []

    async def described() -> Registration:
        attempts.append(1)
        if len(attempts) == 1:
            raise RuntimeError
        return registration()

    async with kept(ScriptedAgent(None), Rounds(2), described=described) as registrar:
        assert registrar.state == REGISTERED


async def test_changes_are_told_once() -> None:
    """What changes between registered, away and refused is told; the same again, in whatever words, is not."""
    other_words = AgentProblem("the agent fails: 500")
    told: list[str] = []
    agent = ScriptedAgent(AWAY, other_words, AWAY, None, None, AWAY, REFUSED, REFUSED, None)
    async with kept(agent, Rounds(9), lambda state: told.append(state.problem or "registered")) as registrar:
        assert registrar.state == REGISTERED
    assert told == [str(AWAY), "registered", str(AWAY), str(REFUSED), "registered"]


async def test_deregister() -> None:
    """Deregistering ends the keeping and has the agent forget; doing it twice does it once."""
    agent, told = ScriptedAgent(None), []
    async with kept(agent, Rounds(1), told.append) as registrar:
        await registrar.deregister()
        await registrar.deregister()
        assert agent.forgotten == ["orders-1"]
        assert registrar.state == RegistryState("consul", registered=False)
        assert [state.registered for state in told] == [True, False]


async def test_deregister_while_an_attempt_runs() -> None:
    """What may have reached the agent is taken back, though it has not answered yet."""
    agent = ScriptedAgent("hang", None)
    registrar = ConsulRegistrar(agent, lambda state: None, timeout=60)
    await registrar.start(describe)
    await agent.asked.wait()
    await registrar.deregister()
    assert agent.forgotten == ["orders-1"]
    await registrar.close()


async def test_deregister_what_was_never_sent() -> None:
    """A registrar that has sent nothing asks for nothing."""
    agent = ScriptedAgent(None)
    registrar = ConsulRegistrar(agent, lambda state: None, timeout=1)
    await registrar.deregister()
    assert agent.forgotten == []


async def test_deregister_from_an_agent_that_hangs() -> None:
    """An agent that does not answer holds the end of a node no longer than one exchange may take."""
    async with kept(ScriptedAgent(None, "hang"), Rounds(1)) as registrar:
        await asyncio.wait_for(registrar.deregister(), 5)
        assert registrar.state is not None
        assert "did not answer" in registrar.state.problem


async def test_close() -> None:
    """Closing ends the keeping without deregistering, and may be done twice."""
    agent, rounds = ScriptedAgent(None), Rounds(1)
    async with kept(agent, rounds) as registrar:
        await registrar.close()
        await registrar.close()
    assert agent.forgotten == []
    assert agent.closed == 3
    assert [task for task in asyncio.all_tasks() if task.get_name() == "consul registrar"] == []
