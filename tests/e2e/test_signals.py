"""A drain and a SIGHUP, at a real process."""

import asyncio
import json
import signal
from pathlib import Path

from tests.e2e.server_process import Server, running_server
from tests.integration.api.http_client import fetch


async def logged_level(server: Server) -> str:
    level: str = (await fetch(server.http_port, "GET", "/v1/node")).json["logLevel"]
    return level


async def until_level(server: Server, level: str) -> None:
    async with asyncio.timeout(10):
        while await logged_level(server) != level:  # noqa: ASYNC110 - nothing tells of it but the node's own answer
            await asyncio.sleep(0.01)


async def test_a_drained_node_runs_until_it_is_told_to_end(tmp_path: Path) -> None:
    """A drain does not end the process, which answers on; SIGTERM then ends it without another wait, as a first one."""
    settings = {"CRUD_ADVERTISE_ADDRESS": "127.0.0.1", "CRUD_DRAIN_WAIT": "0.2"}
    async with running_server(folder=tmp_path, settings=settings) as server:
        assert (await fetch(server.http_port, "POST", "/v1/node:drain", b"{}")).json["draining"] is True
        await asyncio.sleep(0.5)
        assert (await fetch(server.http_port, "GET", "/readyz")).status == 503
        assert (await fetch(server.http_port, "POST", "/v1/collections/a/records", b"{}")).status == 201
        assert server.process.returncode is None
        code, _, err = await server.stop()
    assert code == 0
    assert "Traceback" not in err


async def test_hang_up(tmp_path: Path) -> None:
    """SIGHUP takes the log level from the settings file as it is now, over one that was set by a call."""
    file = tmp_path / "crud.toml"
    file.write_text('log_level = "info"\n')
    async with running_server(folder=tmp_path) as server:
        assert await logged_level(server) == "info"
        file.write_text('log_level = "debug"\nlimit_tags = 3\n')
        server.send(signal.SIGHUP)
        await until_level(server, "debug")
        await fetch(server.http_port, "POST", "/v1/node:setLogLevel", b'{"logLevel": "error"}')
        file.write_text('log_level = "warning"\n')
        server.send(signal.SIGHUP)
        await until_level(server, "warning")
        code, _, err = await server.stop()
    assert code == 0
    events = [json.loads(line)["event"] for line in err.splitlines()]
    assert "the log level is debug; it was info" in events
    assert "changed settings that count from the next start on: limit_tags" in events


async def test_a_signal_at_once(tmp_path: Path) -> None:
    """A server that is told to stop the moment that it says it is ready stops as at any other time."""
    async with running_server(folder=tmp_path) as server:
        code, _, err = await server.stop()
    assert (code, err) == (0, "")
    assert not (tmp_path / "crud.db-wal").exists()
