"""The port through which a node is found: it tells a registry of services where it is, and keeps telling.

A registry helps clients to find the node. It is never needed to serve: no method waits for it longer than a bounded
time, and none raises because it is away, slow or wrong.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from crud_service.model.record import NodeInfo


class Address(msgspec.Struct, frozen=True):
    """Where others reach one transport of a node."""

    host: str
    """A name or an IP address, an IPv6 one without brackets."""
    port: int

    def __str__(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Registration(msgspec.Struct, frozen=True):
    """What the registry shall know of a node."""

    node: NodeInfo
    grpc: Address
    http: Address
    collections: tuple[str, ...] = ()
    """Ids of collections, in order: those of the node's store, or the first of many."""
    more_collections: bool = False
    """Whether the store has others besides."""

    @property
    def id(self) -> str:
        """Tells this node from all others of its service, earlier ones at the same address included."""
        return f"{self.node.service_name}-{self.node.node_id}"


class RegistryState(msgspec.Struct, frozen=True):
    """What is known about a node's place in the registry."""

    registry: str
    """The kind of registry: `consul`, `static`."""
    registered: bool
    """Whether the registry has confirmed the registration, the last time it was asked."""
    problem: str = ""
    """Why not, in one line without secrets; empty while all is well."""
    refused: bool = False
    """Whether the registry answered and refused, so that somebody has to change something."""


Describe = Callable[[], Awaitable[Registration]]
"""The registration as it is now. Its id and addresses never change; the rest may."""


class Registrar(Protocol):
    """Registers one node."""

    @property
    def state(self) -> RegistryState | None:
        """What is known now; None if there is no registry."""

    async def start(self, describe: Describe) -> None:
        """Have the node registered soon, and keep it so until `deregister`. Does not wait for the registry.

        The registry follows when `describe` tells something new, and gets the registration again when it lost it.
        """

    async def deregister(self) -> None:
        """Have nobody sent here any more. Returns when the registry has confirmed it, or after a bounded time.

        Deregistering twice, or without a start, does nothing.
        """

    async def close(self) -> None:
        """Let go of everything. Does not deregister. Closing twice does nothing."""
