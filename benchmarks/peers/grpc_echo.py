"""The ceiling of gRPC: a bare `grpc.aio` server that does nothing but send the bytes that crud-service sends.

Environment: BENCH_REPLIES, the folder with the replies; BENCH_ADDRESS, host:port to listen on.
"""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import uvloop


def _handler(reply: bytes) -> grpc.RpcMethodHandler:
    async def answer(_request: bytes, _context: Any) -> bytes:
        return reply

    return grpc.unary_unary_rpc_method_handler(answer)


async def _serve(folder: Path, address: str) -> None:
    record = (folder / "record.binpb").read_bytes()
    methods = {"GetRecord": _handler(record), "CreateRecord": _handler(record)}
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("crud_service.v1.RecordService", methods),))
    server.add_insecure_port(address)
    await server.start()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    await server.stop(0)


if __name__ == "__main__":
    uvloop.run(_serve(Path(os.environ["BENCH_REPLIES"]), os.environ["BENCH_ADDRESS"]))
