"""What a person sees when a node is ready."""

from pathlib import Path

from crud_service.model.ports.registrar import Address

_ANYWHERE = ("0.0.0.0", "::", "*")  # noqa: S104 - compared with, not bound to


def banner(name: str, *, http: Address, grpc: Address, data: Path | None) -> str:
    """What a person needs to know after the start, in at most eight lines. `data` is None for a store in memory."""
    url = f"http://{_reachable(http)}"
    return "\n".join(
        (
            f"{name} is ready",
            f"  HTTP  {url}",
            f"  gRPC  {_reachable(grpc)}",
            f"  Docs  {url}/docs",
            f"  Data  {data or 'memory only, gone when the server stops'}",
            "  Auth  none: whoever reaches these addresses may read and write everything",
            f"""  Try   curl {url}/v1/collections/notes/records -d '{{"name": "hello"}}'""",
            "  Stop  Ctrl-C (a second time to stop at once)",
        )
    )


def _reachable(address: Address) -> Address:
    """An address that a client on this machine can use."""
    return Address("127.0.0.1", address.port) if address.host in _ANYWHERE else address
