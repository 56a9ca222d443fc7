"""One Consul agent, as far as a node needs it: it holds the node's registration, or says why not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from consul import ACLDisabled, ACLPermissionDenied, ConsulException
from consul.exceptions import BadRequest, ClientError

from crud_service.library.consul_client import ConsulClient
from crud_service.library.consul_options import ConsulOptions
from crud_service.library.consul_service import ConsulService, consul_service
from crud_service.model.ports.registrar import Registration

_MOST_CHARS = 200


class AgentProblem(Exception):
    """The agent did not do what was asked. The message is one line without secrets."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused
        """Whether it answered and refused, so that trying again alone will not help."""


class ConsulAgent:
    """Speaks to one agent. Methods raise AgentProblem, and let no error of a vendor's through."""

    def __init__(self, options: ConsulOptions) -> None:
        self._options = options
        self._client = ConsulClient(options)

    async def keep(self, registration: Registration) -> None:
        """Have the agent hold this registration; changes nothing when it does already."""
        service = consul_service(registration, self._options)
        async with self._asking():
            await self._check_datacenter()
            held = await self._client.agent.services(filter_expr=f'Service == "{service.name}"')
            if not isinstance(held, dict):
                raise AgentProblem("the agent does not answer as Consul does")
            if service.is_kept(held.get(service.service_id)):
                return
            await self._register(service)
            for other, kept in held.items():
                if service.replaces(kept):
                    await self._drop(other)

    async def forget(self, service_id: str) -> None:
        """Have the agent drop a registration; well when it has none."""
        async with self._asking():
            await self._drop(service_id)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def _register(self, service: ConsulService) -> None:
        taken = await self._client.agent.service.register(**service._asdict(), replace_existing_checks=True)
        if not taken:
            raise AgentProblem("the agent does not take registrations")

    async def _drop(self, service_id: str) -> None:
        try:
            await self._client.agent.service.deregister(service_id)
        except ConsulException as error:
            if "Unknown service" not in str(error):
                raise

    async def _check_datacenter(self) -> None:
        """A node that was meant for another datacenter must not serve this one's callers."""
        if not self._options.datacenter:
            return
        itself: Any = await self._client.agent.self()
        config = itself.get("Config") if isinstance(itself, dict) else None
        found = config.get("Datacenter") if isinstance(config, dict) else None
        if found != self._options.datacenter:
            wanted = self._options.datacenter
            raise AgentProblem(f"the agent is of datacenter {str(found)[:64]!r}, not {wanted!r}", refused=True)

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Turn what can go wrong into one line."""
        try:
            yield
        except (ACLPermissionDenied, ACLDisabled) as cause:
            said = self._clean(cause)
            advice = "CRUD_CONSUL_TOKEN is refused" if self._options.token else "CRUD_CONSUL_TOKEN must be set"
            raise AgentProblem(f"{advice}: {said}", refused=True) from cause
        except (BadRequest, ClientError) as cause:
            raise AgentProblem(f"the agent refuses: {self._clean(cause)}", refused=True) from cause
        except ConsulException as cause:
            raise AgentProblem(f"the agent fails: {self._clean(cause)}") from cause
        except (aiohttp.ClientError, OSError, ValueError) as cause:
            raise AgentProblem(f"the agent cannot be reached: {self._clean(cause)}") from cause

    def _clean(self, error: Exception) -> str:
        """What an error says, bounded, in one line and without the token, which a bad agent may echo."""
        said = " ".join((str(error) or type(error).__name__).split())
        if self._options.token:
            said = said.replace(self._options.token, "***")
        return "".join(char if char.isprintable() else "?" for char in said[:_MOST_CHARS])
