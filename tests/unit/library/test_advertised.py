"""Under which addresses a node says it is reached."""

import ipaddress
import socket

import pytest

from crud_service.library.advertised import advertised, is_loopback, primary_address, read_advertised
from crud_service.model.ports.registrar import Address

GRPC, HTTP = Address("127.0.0.1", 50051), Address("127.0.0.1", 8080)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("10.0.0.5", ("10.0.0.5", 0, 0)),
        ("node-1.example", ("node-1.example", 0, 0)),
        ("10.0.0.5:31051,31080", ("10.0.0.5", 31051, 31080)),
        ("fd00::5", ("fd00::5", 0, 0)),
        ("[fd00::5]:31051,31080", ("fd00::5", 31051, 31080)),
    ],
)
def test_read(text: str, read: tuple[str, int, int]) -> None:
    """A host, with the two ports or without."""
    assert read_advertised(text) == read


@pytest.mark.parametrize(
    "text",
    ["", "host:1", "host:1,", "host:0,1", "host:1,70000", "a b", "http://host", "0.0.0.0", "::", "[::]:1,2", "*"],
)
def test_refused(text: str) -> None:
    """What others cannot reach, and one port of two, is refused."""
    with pytest.raises(ValueError, match="must be "):
        read_advertised(text)


def test_what_the_setting_says_holds() -> None:
    """The setting's host goes before the one that is listened on; its ports too, if it has some."""
    assert advertised("10.0.0.5", GRPC, HTTP) == (Address("10.0.0.5", 50051), Address("10.0.0.5", 8080))
    assert advertised("10.0.0.5:1,2", GRPC, HTTP) == (Address("10.0.0.5", 1), Address("10.0.0.5", 2))


def test_each_transport_for_itself() -> None:
    """Without a setting each transport is reached where it listens."""
    other = Address("10.0.0.6", 8080)
    assert advertised(None, GRPC, other) == (GRPC, other)


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::", "*"])
def test_listening_everywhere(everywhere: str) -> None:
    """What listens on all addresses is reached at the primary one."""
    grpc, http = advertised(None, Address(everywhere, 50051), HTTP)
    assert grpc == Address(primary_address(), 50051)
    assert http == HTTP


def test_primary_address() -> None:
    """It is an address of this machine, of the kind that can be listened on."""
    address = ipaddress.ip_address(primary_address())
    assert not address.is_unspecified
    with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6) as listening:
        listening.bind((str(address), 0))


def test_a_machine_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing leads elsewhere, it is the loopback address."""

    def unreachable(*arguments: object) -> None:
        raise OSError

    class Cut(socket.socket):
        connect = unreachable

    monkeypatch.setattr(socket, "socket", Cut)
    assert primary_address() == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("127.0.0.2", True), ("::1", True), ("localhost", True), ("10.0.0.5", False), ("h", False)],
)
def test_is_loopback(host: str, only_here: bool) -> None:
    """Addresses that only this machine reaches are told from others."""
    assert is_loopback(host) == only_here


def test_address_as_text() -> None:
    """An IPv6 address stands in brackets."""
    assert str(Address("10.0.0.5", 1)) == "10.0.0.5:1"
    assert str(Address("fd00::5", 1)) == "[fd00::5]:1"
