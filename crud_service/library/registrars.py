"""Which registrar a node gets."""

from collections.abc import Callable

from crud_service.library.consul_options import ConsulOptions
from crud_service.library.none_registrar import NoneRegistrar
from crud_service.library.static_registrar import StaticRegistrar
from crud_service.model.errors import StartError
from crud_service.model.ports.registrar import Registrar, RegistryState


def open_registrar(
    consul: ConsulOptions | None, changed: Callable[[RegistryState], None], *, is_listed: bool
) -> Registrar:
    """Consul's if there are options for it; else a static one if somebody else lists the node; else none.

    `changed` is told when the node becomes registered and when it is not any more. Raises StartError when the Consul
    client is not installed or its TLS files cannot be used.
    """
    if consul is None:
        return StaticRegistrar() if is_listed else NoneRegistrar()
    try:
        from crud_service.library.consul_agent import ConsulAgent
        from crud_service.library.consul_registrar import ConsulRegistrar
    except ImportError as cause:
        raise StartError("CRUD_CONSUL_ADDRESS needs the extra: pip install 'crud-service[consul]'") from cause
    return ConsulRegistrar(ConsulAgent(consul), changed, timeout=consul.timeout)
