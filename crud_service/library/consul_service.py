"""How a node looks in Consul: one service instance, its tags and meta, and the checks that Consul makes of it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from consul import Check

from crud_service.library.consul_options import ConsulOptions
from crud_service.model.ports.registrar import Address, Registration

_MOST_META_BYTES = 512  # Consul refuses a longer value
_MORE = "..."


class ConsulService(NamedTuple):
    """What the agent's register call takes. Address and port are those of gRPC."""

    name: str
    service_id: str
    address: str
    port: int
    tags: list[str]
    meta: dict[str, str]
    tagged_addresses: dict[str, dict[str, Any]]
    check: dict[str, Any]
    extra_checks: list[dict[str, Any]]

    def is_kept(self, kept: Any) -> bool:
        """Whether what an agent holds under this id is this. Tags follow from meta."""
        return isinstance(kept, dict) and (kept.get("Address"), kept.get("Port"), kept.get("Meta")) == (
            self.address,
            self.port,
            self.meta,
        )

    def replaces(self, kept: Any) -> bool:
        """Whether what an agent holds is an earlier node at this one's address, which has ended without a word.

        Consul would take it for alive, because its checks reach this node. Node ids grow with time.
        """
        meta = kept.get("Meta") if isinstance(kept, dict) else None
        if not isinstance(meta, dict) or (kept.get("Address"), kept.get("Port")) != (self.address, self.port):
            return False
        return "" < str(meta.get("node_id", "")) < self.meta["node_id"]


def consul_service(registration: Registration, options: ConsulOptions) -> ConsulService:
    """A registration in Consul's terms."""
    node, grpc, http = registration.node, registration.grpc, registration.http
    listed = _fitting(registration.collections, more=registration.more_collections)
    meta = {
        "node_id": node.node_id,
        "version": node.version,
        "commit": node.commit,
        "store": node.store,
        "grpc_address": str(grpc),
        "http_address": str(http),
        "capabilities": ",".join(_fitting(node.capabilities)),
        "collections": ",".join(listed),
    }
    tags = ["grpc", "http", f"version-{node.version}"]
    tags += [f"capability-{name}" for name in _fitting(node.capabilities) if name != _MORE]
    tags += [f"collection-{name}" for name in listed if name != _MORE]
    checks = _checks(registration, options)
    return ConsulService(
        node.service_name,
        registration.id,
        grpc.host,
        grpc.port,
        tags,
        {key: value for key, value in meta.items() if value},
        {"grpc": _tagged(grpc), "http": _tagged(http)},
        checks[0],
        checks[1:],
    )


def _checks(registration: Registration, options: ConsulOptions) -> list[dict[str, Any]]:
    """gRPC health and HTTP readiness.

    They begin as passing: only a node that serves registers, and one that registers again must not be missed until
    its first check.
    """
    when = {
        "interval": f"{options.check_interval:g}s",
        "timeout": f"{options.check_timeout:g}s",
        "deregister": f"{options.deregister_after:g}s",
    }
    checks = {
        "gRPC health": Check.grpc(str(registration.grpc), **when),
        "HTTP readiness": Check.http(f"http://{registration.http}/readyz", **when),
    }
    return [
        check | {"name": name, "checkid": f"service:{registration.id}:{name.split()[0].lower()}", "status": "passing"}
        for name, check in checks.items()
    ]


def _tagged(address: Address) -> dict[str, Any]:
    return {"address": address.host, "port": address.port}


def _fitting(names: Iterable[str], *, more: bool = False) -> list[str]:
    """As many names as one value of meta holds, separated by commas, and `...` last if that is not all."""
    kept, size = [], len(_MORE)
    for name in names:
        size += len(name.encode()) + 1
        if size > _MOST_META_BYTES:
            more = True
            break
        kept.append(name)
    return [*kept, _MORE] if more else kept
