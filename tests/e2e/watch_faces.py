"""The ways to follow the log from outside, as the same messages: gRPC, Server-Sent Events, lines of JSON, a list."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from typing import Any, NamedTuple

import grpc.aio
from google.rpc import error_details_pb2, status_pb2

from crud_service.v1 import change_pb2
from tests.e2e.clients import grpc_client, http_client
from tests.e2e.server_process import Server
from tests.integration.api.http_client import HttpConnection, request_bytes
from tests.integration.parity.messages import to_message
from tests.integration.parity.methods import METHODS, Json, split

_MOST_UNREAD = 65_536
"""Bytes that a client takes before it reads them: so few that a server soon has to wait for it."""


class Told(NamedTuple):
    """What a change says, as far as it is compared. Each write gives its record another name."""

    revision: int
    ordinal: int
    type: str
    path: str
    version: int
    name: str
    old_name: str


class Message(NamedTuple):
    """One message of a watch, or a page of a list of changes."""

    event: str
    """`group`, `bookmark`, `initialDone` or `gap`."""
    revision: int
    """Up to which it tells."""
    changes: list[Told]
    token: str


class Ended(Exception):
    """A watch has ended with an error: its reason, empty where the connection was lost without a word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def follow(server: Server, face: str, request: Json, headers: Json) -> AsyncIterator[Message]:
    """The messages of a watch, or of a list of changes that is called again and again. Raises Ended."""
    faces = {"grpc": _grpc, "sse": _sse, "ndjson": _lines, "list": _list, "list-grpc": _list_grpc}
    async with aclosing(faces[face](server, request, headers)) as messages:
        async for message in messages:
            yield message


async def _grpc(server: Server, request: Json, headers: Json) -> AsyncIterator[Message]:
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.http2.bdp_probe", 0)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{server.grpc_port}", options=options) as channel:
        stream = channel.unary_stream(
            "/crud_service.v1.RecordService/WatchRecords",
            response_deserializer=change_pb2.WatchRecordsResponse.FromString,
        )
        call = stream(to_message(request, change_pb2.WatchRecordsRequest()).SerializeToString())
        try:
            async for reply in call:
                yield _message_of_reply(reply)
        except grpc.aio.AioRpcError as error:
            raise Ended(_reason(error)) from error
        finally:
            call.cancel()


def _reason(error: grpc.aio.AioRpcError) -> str:
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    info = error_details_pb2.ErrorInfo()
    if details:
        status_pb2.Status.FromString(details).details[0].Unpack(info)
    return info.reason


def _message_of_reply(reply: change_pb2.WatchRecordsResponse) -> Message:
    event = reply.WhichOneof("event")
    changes = [
        Told(
            change.revision,
            change.ordinal,
            change_pb2.Change.Type.Name(change.type),
            change.path,
            change.version,
            change.record.name,
            change.old_record.name,
        )
        for change in reply.group.changes
    ]
    revision = 0 if event == "gap" else getattr(reply, event).revision
    return Message(event.replace("_done", "Done"), revision, changes, reply.resume_token)


async def _sse(server: Server, request: Json, headers: Json) -> AsyncIterator[Message]:
    async with _streamed(server, request, headers | {"accept": "text/event-stream"}, b"\n\n") as blocks:
        async for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n"))
            if "data" in fields:
                message = _message(json.loads(fields["data"]))
                assert fields.get("id", "") == message.token
                yield message


async def _lines(server: Server, request: Json, headers: Json) -> AsyncIterator[Message]:
    async with _streamed(server, request, headers | {"accept": "application/x-ndjson"}, b"\n") as lines:
        async for line in lines:
            yield _message(json.loads(line))


@asynccontextmanager
async def _streamed(
    server: Server, request: Json, headers: Json, separator: bytes
) -> AsyncIterator[AsyncIterator[bytes]]:
    """The pieces of a watch's reply."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _MOST_UNREAD)
    opened.setblocking(False)
    connection: HttpConnection | None = None
    try:
        await asyncio.get_running_loop().sock_connect(opened, ("127.0.0.1", server.http_port))
        connection = HttpConnection(*await asyncio.open_connection(sock=opened, limit=_MOST_UNREAD))
        target, _ = split(METHODS["WatchRecords"].rules[0], request)
        await connection.send(request_bytes("GET", target, None, headers))
        async with aclosing(_pieces(connection, separator)) as pieces:
            yield pieces
    except (OSError, EOFError) as error:
        raise Ended("") from error
    finally:
        if connection is None:
            opened.close()
        else:
            connection.writer.transport.abort()


async def _pieces(connection: HttpConnection, separator: bytes) -> AsyncIterator[bytes]:
    """What comes before each separator, of a chunked reply."""
    head = (await connection.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    if not head.startswith("http/1.1 200 "):
        size = int(head.partition("content-length: ")[2].partition("\r")[0])
        raise Ended(_refusal(json.loads(await connection.reader.readexactly(size))))
    unread = b""
    while size := int(await connection.reader.readuntil(b"\r\n"), 16):
        *pieces, unread = (unread + (await connection.reader.readexactly(size + 2))[:-2]).split(separator)
        for piece in pieces:
            yield piece
    assert unread == b"", "the last event is not complete"


def _message(read: Json) -> Message:
    if "error" in read:
        raise Ended(_refusal(read))
    token = read.pop("resumeToken", "")
    ((event, value),) = read.items()
    return Message(event, int(value.get("revision", 0)), list(told(value.get("changes", ()))), token)


def _refusal(read: Json) -> str:
    return read["error"]["details"][0]["reason"]


def told(changes: Iterable[Json]) -> Iterable[Told]:
    """The changes of a group in JSON."""
    for change in changes:
        yield Told(
            int(change["revision"]),
            int(change["ordinal"]),
            change["type"],
            change["path"],
            int(change["version"]),
            (change.get("record") or {}).get("name", ""),
            (change.get("oldRecord") or {}).get("name", ""),
        )


async def _list(server: Server, request: Json, headers: Json) -> AsyncIterator[Message]:
    async with http_client(server) as client, aclosing(_listed(client, request)) as pages:
        async for page in pages:
            yield page


async def _list_grpc(server: Server, request: Json, headers: Json) -> AsyncIterator[Message]:
    async with grpc_client(server) as client, aclosing(_listed(client, request)) as pages:
        async for page in pages:
            yield page


async def _listed(client: Any, request: Json) -> AsyncIterator[Message]:
    """One page after the other, each as soon as there is one."""
    while True:
        try:
            outcome = await client.call("ListChanges", {"wait": "1s"} | request)
        except (OSError, EOFError) as error:
            raise Ended("") from error
        if not outcome.ok:
            raise Ended(outcome.reason)
        groups, token = outcome.reply["groups"], outcome.reply["resumeToken"]
        changes = [each for group in groups for each in told(group["changes"])]
        yield Message("page", changes[-1].revision if changes else 0, changes, token)
        first = {"startRevision", "resumeToken"}
        request = {name: value for name, value in request.items() if name not in first} | {"resumeToken": token}
