"""No registry: whoever calls the node knows where it is."""

from crud_service.model.ports.registrar import Describe, RegistryState


class NoneRegistrar:
    """Tells nobody."""

    @property
    def state(self) -> RegistryState | None:
        """There is no registry."""
        return None

    async def start(self, describe: Describe) -> None:
        """Nobody is told."""

    async def deregister(self) -> None:
        """Nobody has to forget."""

    async def close(self) -> None:
        """Nothing is held."""
