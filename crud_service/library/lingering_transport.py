"""Closing a connection so that the last answer on it arrives.

A socket that is closed while the client still sends resets the connection, and the client never sees why its request
was refused. So the sending side ends first, and what still comes is dropped until the client closes, though not for
long (RFC 9112 section 9.6).
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

_LINGER_SECONDS = 2
# The system's own lingering: on, for no time.
_AT_ONCE = struct.pack("ii", 1, 0)


class LingeringTransport:
    """A transport that lingers when it is closed while `is_unread()`: the client may be sending a request still."""

    def __init__(self, transport: asyncio.Transport, is_unread: Callable[[], bool]) -> None:
        self._transport = transport
        self._is_unread = is_unread
        self.write = transport.write
        self.lingering = False
        """Whether what comes is to be dropped."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self.lingering or self._transport.is_closing()

    def close(self) -> None:
        """Send what is to be sent, then close; at once if nothing more of a request is to come."""
        if self._is_unread() and not self.is_closing():
            self.linger()
        elif not self.lingering or self._transport.is_closing():
            self._transport.close()

    def reset(self) -> None:
        """Close at once, and drop what has not arrived: the client sees an error, and the system keeps nothing."""
        connection = self._transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()

    def linger(self) -> None:
        """Send what is to be sent, then wait for the client to close, but at most two seconds."""
        self.lingering = True
        self._transport.write_eof()
        self._transport.resume_reading()
        asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._transport.abort)
