"""How to reach a Consul agent, and what it shall do. Knows nothing of the Consul client, which is loaded when used."""

import re

import msgspec

_ADDRESS = re.compile(r"(?:(https?)://)?(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]/@]+)(?::(\d{1,5}))?/?")
_DEFAULT_PORT = {"http": 8500, "https": 8501}


class ConsulOptions(msgspec.Struct, frozen=True):
    """The settings of one node about Consul. Times are in seconds."""

    address: str
    """As `read_consul_address` takes it."""
    token: str = ""
    datacenter: str = ""
    """The datacenter that the agent must be of; empty for any."""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    timeout: float = 2.0
    """How long one exchange with the agent may take."""
    check_interval: float = 2.0
    check_timeout: float = 2.0
    deregister_after: float = 60.0
    """How long a node may be critical until Consul forgets it; Consul makes less than a minute a minute."""

    def __repr__(self) -> str:
        """Without the token."""
        return f"ConsulOptions({self.address!r})"


def read_consul_address(text: str) -> tuple[str, str, int]:
    """Scheme, host and port of `HOST`, `HOST:PORT` or either behind `http://` or `https://`.

    The port is Consul's usual one if none is given. Raises ValueError that says what is expected.
    """
    found = _ADDRESS.fullmatch(text)
    scheme = (found[1] or "http") if found else "http"
    port = int(found[3] or _DEFAULT_PORT[scheme]) if found else 0
    if not found or not 0 < port < 65_536:
        raise ValueError("must be HOST:PORT, http://HOST:PORT or https://HOST:PORT, such as 127.0.0.1:8500")
    return scheme, found[2], port
