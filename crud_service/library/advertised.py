"""Under which addresses others reach this node."""

import ipaddress
import re
import socket
from typing import NamedTuple

from crud_service.model.ports.registrar import Address

_WILDCARDS = {"0.0.0.0", "::", "*"}  # noqa: S104 - recognised here, not listened on
# Addresses reserved for documentation. Nothing is sent: the system only tells which of its own it would send from.
_ELSEWHERE = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
_HOST_AND_PORTS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/,]+)(?::(\d{1,5}),(\d{1,5}))?")


class Advertised(NamedTuple):
    """What an operator says about it. A port is 0 where the one that is listened on holds."""

    host: str
    grpc_port: int
    http_port: int


def read_advertised(text: str) -> Advertised:
    """Read `HOST` or `HOST:GRPC_PORT,HTTP_PORT`. Raises ValueError that says what is expected."""
    found = _HOST_AND_PORTS.fullmatch(f"[{text}]" if _is_ipv6(text) else text)
    ports = [int(port) for port in found.groups()[1:] if port] if found else []
    if not found or not all(0 < port < 65_536 for port in ports):
        raise ValueError("must be HOST or HOST:GRPC_PORT,HTTP_PORT, such as 10.0.0.5 or 10.0.0.5:50051,8080")
    host = found[1].strip("[]")
    if host in _WILDCARDS:
        raise ValueError("must be one address that others reach, not all of this machine")
    return Advertised(host, *ports) if ports else Advertised(host, 0, 0)


def advertised(setting: str | None, grpc: Address, http: Address) -> tuple[Address, Address]:
    """Where others reach gRPC and HTTP, which listen on `grpc` and `http`.

    What the setting says holds, then the host that is listened on, then this machine's primary address.
    """
    if setting is None:
        return _reachable(grpc), _reachable(http)
    host, grpc_port, http_port = read_advertised(setting)
    return Address(host, grpc_port or grpc.port), Address(host, http_port or http.port)


def primary_address() -> str:
    """The address from which this machine would reach another one; 127.0.0.1 if it has no network."""
    for family, elsewhere in _ELSEWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((elsewhere, 9))
                return str(probe.getsockname()[0])
        except OSError:
            continue
    return "127.0.0.1"


def is_loopback(host: str) -> bool:
    """Whether only this machine itself reaches a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reachable(listening: Address) -> Address:
    return Address(primary_address(), listening.port) if listening.host in _WILDCARDS else listening


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version == 6
    except ValueError:
        return False
