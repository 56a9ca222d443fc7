"""Keeps a node registered in Consul: it looks again and again whether it still is, and never minds when Consul is away.

Consul forgets services when an agent loses its state, and says so to nobody, so the node looks itself. All waits are
jittered, so that a thousand nodes do not ask a returning agent in the same moment.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol

from crud_service.library.consul_agent import AgentProblem
from crud_service.model.ports.registrar import Describe, Registration, RegistryState

_LOOK_SECONDS = 5.0
_RETRY_SECONDS = 0.5
_MOST_RETRY_SECONDS = 4.0


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
    not with every attempt. `timeout` bounds each exchange with the agent, in seconds.
    """

    def __init__(
        self,
        agent: Agent,
        changed: Callable[[RegistryState], None],
        *,
        timeout: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._agent = agent
        self._changed = changed
        self._timeout = timeout
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
        self._task = asyncio.create_task(self._keep(describe), name="consul registrar")

    async def deregister(self) -> None:
        """Stop keeping it, and take it back from the agent if it was ever sent there."""
        await self._stop()
        sent, self._sent = self._sent, ""
        if sent:
            await self._exchange(lambda: self._agent.forget(sent), registered=False)

    async def close(self) -> None:
        """Stop keeping it, and close the connections."""
        await self._stop()
        await self._agent.close()

    async def _keep(self, describe: Describe) -> None:
        failures = 0
        while True:
            await self._exchange(lambda: self._register(describe), registered=True)
            failures = failures + 1 if self._state.problem else 0
            await self._sleep(_pause(failures))

    async def _register(self, describe: Describe) -> None:
        registration = await describe()
        # From here on the agent may have it, whatever we hear of it.
        self._sent = registration.id
        await self._agent.keep(registration)

    async def _exchange(self, exchange: Callable[[], Awaitable[None]], *, registered: bool) -> None:
        """Do one thing with the agent; afterwards the state is what came of it."""
        try:
            async with asyncio.timeout(self._timeout):
                await exchange()
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


def _kind(state: RegistryState) -> tuple[bool, bool, bool]:
    return state.registered, bool(state.problem), state.refused


def _pause(failures: int) -> float:
    """Seconds until the next look: short after a first failure, growing, jittered, never more than 5."""
    if failures == 0:
        return random.uniform(0.6, 1) * _LOOK_SECONDS  # noqa: S311 - spreads nodes, hides nothing
    return random.uniform(0.5, 1) * min(_MOST_RETRY_SECONDS, _RETRY_SECONDS * 2.0 ** min(failures - 1, 8))  # noqa: S311
