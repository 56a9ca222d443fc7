"""What a node leaves behind of its own life, as records that a client of the next node reads."""

import signal
from pathlib import Path

import pytest

from tests.e2e.clients import grpc_client, http_client
from tests.e2e.server_process import running_server
from tests.e2e.test_stop import held
from tests.integration.api.http_client import fetch
from tests.integration.parity.scenario import list_all

_EVENTS = "collections/system.events"
_ON = {"CRUD_NODE_EVENTS": "true"}


async def test_the_life_of_a_node(tmp_path: Path) -> None:
    """Start, change of a setting, drain and stop, in this order; one that was killed has no stop."""
    async with running_server(folder=tmp_path, settings=_ON) as server, http_client(server) as client:
        assert (await client.call("SetLogLevel", {"logLevel": "warning"})).ok
        first = (await client.call("GetNodeInfo", {})).reply["nodeId"]
        code, _, err = await server.stop()
        assert code == 0, err
    async with running_server(folder=tmp_path, settings=_ON) as server, grpc_client(server) as client:
        second = (await client.call("GetNodeInfo", {})).reply["nodeId"]
        server.send(signal.SIGKILL)
        await server.ended()
    async with running_server(folder=tmp_path) as server, grpc_client(server) as client:
        events = await list_all(client, _EVENTS)
        assert (await client.call("ListCollections", {})).reply["collections"] == []
    assert [(each["name"], each["tags"]) for each in events if each["tags"] == [first]] == [
        ("NODE_STARTED", [first]),
        ("SETTING_CHANGED", [first]),
        ("NODE_DRAINING", [first]),
        ("NODE_STOPPED", [first]),
    ]
    # What a killed node had begun to write may be there or not.
    assert {each["name"] for each in events if each["tags"] != [first]} <= {"NODE_STARTED"}
    assert {each["tags"][0] for each in events} <= {first, second}


@pytest.mark.parametrize("settings", [_ON, {}], ids=["on", "off"])
async def test_a_store_that_is_locked_keeps_no_node_from_stopping(tmp_path: Path, settings: dict[str, str]) -> None:
    """The stop event cannot be written then; the node ends in time, and with 0."""
    async with running_server(folder=tmp_path, settings=settings) as server:
        assert (await fetch(server.http_port, "GET", "/readyz")).status == 200
        with held(tmp_path / "crud.db"):
            server.send(signal.SIGTERM)
            code, _, _ = await server.ended(within=10)
    assert code == 0
