"""A registry that somebody else keeps: a list of addresses, the table of a load balancer, DNS.

The node says where it is reached and tells nobody. Its readiness is what takes it out of rotation, so it gives those
who watch it time to notice before it stops.
"""

from crud_service.model.ports.registrar import Describe, RegistryState


class StaticRegistrar:
    """Takes the node as registered for as long as it serves."""

    def __init__(self) -> None:
        self._registered = False

    @property
    def state(self) -> RegistryState | None:
        """Registered from start to deregistration."""
        return RegistryState("static", self._registered)

    async def start(self, describe: Describe) -> None:
        """The list has the node already."""
        self._registered = True

    async def deregister(self) -> None:
        """Those who keep the list see that the node is not ready."""
        self._registered = False

    async def close(self) -> None:
        """Nothing is held."""
