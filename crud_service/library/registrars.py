"""Which registrar a node gets."""

from collections.abc import Callable

from crud_service.library.consul_options import ConsulOptions
from crud_service.library.none_registrar import NoneRegistrar
from crud_service.library.static_registrar import StaticRegistrar
from crud_service.model.errors import StartError
from crud_service.model.ports.background import Run, run_alone
from crud_service.model.ports.outgoing import OpenOutgoing, call_once
from crud_service.model.ports.registrar import Registrar, RegistryState


def open_registrar(
    consul: ConsulOptions | None,
    changed: Callable[[RegistryState], None],
    *,
    is_listed: bool,
    outgoing: OpenOutgoing = lambda name, is_unwell: call_once,
    run: Run = run_alone,
) -> Registrar:
    """Consul's if there are options for it; else a static one if somebody else lists the node; else none.

    `changed` is told when the node becomes registered and when it is not any more; `outgoing` gives what calls the
    registry, and `run` keeps the node registered in the background. Raises StartError when the Consul
    client is not installed or its TLS files cannot be used.
    """
    if consul is None:
        return StaticRegistrar() if is_listed else NoneRegistrar()
    try:
        from crud_service.library.consul_agent import ConsulAgent
        from crud_service.library.consul_registrar import ConsulRegistrar, is_unwell
    except ImportError as cause:
        raise StartError("CRUD_CONSUL_ADDRESS needs the extra: pip install 'crud-service[consul]'") from cause
    agent = ConsulAgent(consul)
    return ConsulRegistrar(agent, changed, timeout=consul.timeout, outgoing=outgoing("consul", is_unwell), run=run)
