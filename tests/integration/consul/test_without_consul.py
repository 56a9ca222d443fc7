"""Nodes that are found in another way, or not at all."""

import asyncio

from crud_service.testing.node import running_node
from tests.integration.api.http_client import fetch


async def test_no_registry() -> None:
    """A node in no registry is ready, and has nothing to say about one."""
    async with running_node() as node:
        assert (await fetch(node.http_port, "GET", "/readyz")).json == {"status": "ready"}
        verbose = (await fetch(node.http_port, "GET", "/readyz?verbose")).json
        assert (verbose["status"], verbose["warnings"], "registry" in verbose) == ("ready", [], False)


async def test_a_node_that_others_list() -> None:
    """With an address to advertise and no agent, the node counts as registered while it serves."""
    async with running_node(advertise_address="10.0.0.5") as node:
        verbose = (await fetch(node.http_port, "GET", "/readyz?verbose=1")).json
        assert verbose["registry"] == {"kind": "static", "registered": True}


async def test_the_wait_is_for_clients_of_a_registry() -> None:
    """At its end a node that is listed answers for a while more; one that is not ends at once."""
    for settings, waits in (({"advertise_address": "10.0.0.5"}, True), ({}, False)):
        async with running_node(**settings, drain_wait=0.5) as node:
            loop = asyncio.get_running_loop()
            node.life_cycle.stop()
            start = loop.time()
            running = asyncio.create_task(node.run())
            if waits:
                while node._health.is_ready:  # noqa: ASYNC110 - nothing tells of it but the node's own answer
                    await asyncio.sleep(0)
                assert (await fetch(node.http_port, "GET", "/readyz")).status == 503
                assert (await fetch(node.http_port, "GET", "/v1/node")).status == 200
            await running
            assert (loop.time() - start >= 0.5) == waits
