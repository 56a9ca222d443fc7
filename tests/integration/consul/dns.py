"""One question to a DNS server, as a resolver would ask it."""

import asyncio
import socket
import struct
from typing import NamedTuple

TYPES = {"A": 1, "SRV": 33}


class DnsAnswer(NamedTuple):
    """One record of an answer; what its type does not have is empty."""

    address: str = ""
    port: int = 0


async def ask(port: int, name: str, kind: str) -> list[DnsAnswer]:
    """The records of one type that a server on this machine has for a name."""
    return await asyncio.to_thread(_ask, port, name, TYPES[kind])


def _ask(port: int, name: str, kind: int) -> list[DnsAnswer]:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(10)
        asking.sendto(question, ("127.0.0.1", port))
        return _read(asking.recv(65_535), len(question), kind)


def _read(message: bytes, position: int, kind: int) -> list[DnsAnswer]:
    """The records of the answer section, which begins behind the question."""
    (count,) = struct.unpack_from("!H", message, 6)
    found = []
    for _ in range(count):
        position = _behind_name(message, position)
        record_kind, _, _, size = struct.unpack_from("!2HIH", message, position)
        data = message[position + 10 : position + 10 + size]
        position += 10 + size
        if record_kind == kind:
            found.append(_answer(kind, data))
    return found


def _answer(kind: int, data: bytes) -> DnsAnswer:
    if kind == TYPES["A"]:
        return DnsAnswer(address=socket.inet_ntoa(data))
    return DnsAnswer(port=struct.unpack_from("!H", data, 4)[0])


def _behind_name(message: bytes, position: int) -> int:
    while (length := message[position]) and length < 0xC0:
        position += length + 1
    return position + (2 if length else 1)
