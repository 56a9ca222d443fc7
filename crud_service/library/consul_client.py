"""py-consul over a connection of our own, which trusts the agent with neither its time nor its size."""

import ssl
from collections.abc import Callable
from typing import Any

import aiohttp
from consul import ConsulException
from consul.aio import Consul
from consul.base import HTTPClient, Response

from crud_service.library.consul_options import ConsulOptions, read_consul_address
from crud_service.model.errors import StartError

_MOST_BYTES = 4_194_304
_MOST_CONNECTIONS = 2
_Callback = Callable[[Response], Any]
_Parameters = list[tuple[str, Any]] | None


class ConsulClient(Consul):  # type: ignore[misc] # py-consul ships no types
    """py-consul's client for one agent. Settings decide, not the CONSUL_ variables of the environment.

    Raises StartError when the files for TLS cannot be used.
    """

    def __init__(self, options: ConsulOptions) -> None:
        scheme, host, port = read_consul_address(options.address)
        self._options = options
        super().__init__(host=host, port=port, scheme=scheme)
        self.token = options.token or None

    def http_connect(self, host: str, port: int, scheme: str, verify: Any = True, cert: Any = None) -> HTTPClient:
        """Called by py-consul once, to make what it sends with."""
        return BoundedHttp(
            host, port, scheme, token=self._options.token, tls=_tls(self._options) if scheme == "https" else None
        )


class BoundedHttp(HTTPClient):  # type: ignore[misc] # py-consul ships no types
    """Follows no redirect, which would carry the token elsewhere, and reads no endless answer.

    Whoever awaits an answer bounds the time.
    """

    def __init__(self, host: str, port: int, scheme: str, *, token: str, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port, scheme)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_MOST_CONNECTIONS, ssl=tls or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            # py-consul sends the token with most requests, but not with all that need one.
            headers={"X-Consul-Token": token} if token else None,
        )

    async def get(
        self, callback: _Callback, path: str, params: _Parameters = None, headers: Any = None, raw: bool = False
    ) -> Any:
        """Ask for something."""
        return callback(await self._send("GET", self.uri(path, params), headers, b""))

    async def put(
        self, callback: _Callback, path: str, params: _Parameters = None, data: str | bytes = "", headers: Any = None
    ) -> Any:
        """Change something."""
        return callback(await self._send("PUT", self.uri(path, params), headers, data))

    async def post(
        self, callback: _Callback, path: str, params: _Parameters = None, data: str | bytes = "", headers: Any = None
    ) -> Any:
        """Make something."""
        return callback(await self._send("POST", self.uri(path, params), headers, data))

    async def delete(
        self, callback: _Callback, path: str, params: _Parameters = None, data: str | bytes = "", headers: Any = None
    ) -> Any:
        """Remove something."""
        return callback(await self._send("DELETE", self.uri(path, params), headers, data))

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def _send(self, verb: str, uri: str, headers: Any, data: str | bytes) -> Response:
        async with self._session.request(verb, uri, headers=headers, data=data, allow_redirects=False) as answer:
            body = bytearray()
            async for part in answer.content.iter_any():
                body += part
                if len(body) > _MOST_BYTES:
                    raise ConsulException(f"an answer of more than {_MOST_BYTES} bytes")
            return Response(answer.status, answer.headers, body.decode(errors="replace"))


def _tls(options: ConsulOptions) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=options.ca_file or None)
        if options.cert_file:
            context.load_cert_chain(options.cert_file, options.key_file or None)
    except (OSError, ValueError) as cause:
        files = ", ".join(filter(None, (options.ca_file, options.cert_file, options.key_file)))
        raise StartError(f"the TLS files for Consul cannot be used ({files}): {cause}") from cause
    return context
