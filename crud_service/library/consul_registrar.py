"""Keeps a node registered in Consul: it looks again and again whether it still is, and never minds when Consul is away.

Consul forgets services when an agent loses its state, and says so to nobody, so the node looks itself. All waits are
jittered, so that a thousand nodes do not ask a returning agent in the same moment. What one look asks of the agent goes
through the port `Outgoing`, which may try again at once, or leave the agent alone for a moment.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from crud_service.library.consul_agent import AgentProblem
from crud_service.model.backoff import Backoff
from crud_service.model.ports.background import Run, run_alone
from crud_service.model.ports.outgoing import DependencyAway, Outgoing, call_once
from crud_service.model.ports.registrar import Describe, Registration, RegistryState

_LOOK_SECONDS = 5.0
_BACKOFF = Backoff(first=0.5, most=4.0, jitter=0.5)


class Agent(Protocol):
    """What `ConsulAgent` does."""

    async def keep(self, registration: Registration) -> None:
        """Hold this registration. Raises AgentProblem."""

    async def forget(self, service_id: str) -> None:
        """Drop a registration. Raises AgentProblem."""

    async def close(self) -> None:
        """Let go of everything."""


class ConsulRegistrar:
    """Registers one node with one agent.

    `changed` is told when the node becomes registered, when it is not any more, and when the kind of reason changes -
    not with every attempt. `timeout` bounds each exchange with the agent, in seconds, and `outgoing` makes it. `run`
    keeps it going in the background.
    """

    def __init__(
        self,
        agent: Agent,
        changed: Callable[[RegistryState], None],
        *,
        timeout: float,
        outgoing: Outgoing = call_once,
        run: Run = run_alone,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._agent = agent
        self._changed = changed
        self._timeout = timeout
        self._outgoing = outgoing
        self._run = run
        self._sleep = sleep
        self._state = RegistryState("consul", registered=False)
        self._told = self._state
        self._sent = ""
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> RegistryState | None:
        """What the last look at the agent found."""
        return self._state

    async def start(self, describe: Describe) -> None:
        """Register in the background, and look again every 5 seconds at most."""
        self._task = self._run("consul registrar", lambda: self._keep(describe))

    async def deregister(self) -> None:
        """Stop keeping it, and take it back from the agent if it was ever sent there."""
        await self._stop()
        sent, self._sent = self._sent, ""
        if sent:
            await self._exchange(self._forget(sent), registered=False)

    async def close(self) -> None:
        """Stop keeping it, and close the connections."""
        await self._stop()
        await self._agent.close()

    async def _keep(self, describe: Describe) -> None:
        failures = 0
        while True:
            await self._exchange(self._register(describe), registered=True)
            failures = failures + 1 if self._state.problem else 0
            await self._sleep(_pause(failures))

    async def _register(self, describe: Describe) -> None:
        async with asyncio.timeout(self._timeout):
            registration = await describe()
        # From here on the agent may have it, whatever we hear of it.
        self._sent = registration.id
        await self._outgoing(lambda: self._agent.keep(registration), self._timeout)

    async def _forget(self, service_id: str) -> None:
        await self._outgoing(lambda: self._agent.forget(service_id), self._timeout)

    async def _exchange(self, exchange: Awaitable[None], *, registered: bool) -> None:
        """Do one thing with the agent; afterwards the state is what came of it."""
        try:
            await exchange
        except DependencyAway as away:
            # What was found the last time says more than that nobody has looked.
            if not self._state.problem:
                self._now(RegistryState("consul", False, str(away)))
        except AgentProblem as problem:
            self._now(RegistryState("consul", False, str(problem), problem.refused))
        except TimeoutError:
            self._now(RegistryState("consul", False, f"the agent did not answer within {self._timeout:g} s"))
        except Exception as error:  # noqa: BLE001 - nothing that comes of Consul may end the keeping
            self._now(RegistryState("consul", False, f"unexpected {type(error).__name__}"))
        else:
            self._now(RegistryState("consul", registered))

    def _now(self, state: RegistryState) -> None:
        self._state = state
        if _kind(state) != _kind(self._told):
            self._told = state
            self._changed(state)

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


def is_unwell(error: Exception) -> bool:
    """Whether an error of the agent's means that it cannot do what it is there for; a refusal is an answer."""
    return not (isinstance(error, AgentProblem) and error.refused)


def _kind(state: RegistryState) -> tuple[bool, bool, bool]:
    return state.registered, bool(state.problem), state.refused


def _pause(failures: int) -> float:
    """Seconds until the next look: short after a first failure, growing, jittered, never more than 5."""
    if failures == 0:
        return random.uniform(0.6, 1) * _LOOK_SECONDS  # noqa: S311 - spreads nodes, hides nothing
    return _BACKOFF.pause(failures)
