"""What no real agent can be made to say: the node serves, and the reason is told once."""

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest

from crud_service.testing.node import running_node
from tests.integration.api.http_client import fetch
from tests.integration.consul.agent import until
from tests.integration.consul.fake_agent import (
    Answer,
    FakeAgent,
    cut,
    echo,
    endless,
    fake_agent,
    hang,
    no_http,
    reply,
)

SOON = 6.0
ANSWERS: dict[str, tuple[Answer, str]] = {
    "500": (reply(b"rpc error making call: No cluster leader", "500 Internal Server Error"), "No cluster leader"),
    "404": (reply(b"nothing here", "404 Not Found"), "does not answer as Consul does"),
    "429": (reply(b"too many", "429 Too Many Requests"), "refuses: 429 too many"),
    "a page": (reply(b"<html>welcome</html>"), "fails: Failed to decode JSON"),
    "empty": (reply(b""), "fails: Failed to decode JSON"),
    "another JSON": (reply(b"[1, 2]"), "does not answer as Consul does"),
    "services that are none": (reply(b'{"a": null, "b": 7, "c": {"Meta": []}, "d": {"Port": {}}}'), ""),
    "bad UTF-8": (reply(b"\xff\xfe\x00"), "fails: Failed to decode JSON"),
    "deep JSON": (reply(b"[" * 100_000), ""),
    "a redirect": (reply(b"", "302 Found", "location: http://127.0.0.1:1/"), "fails"),
    "cut": (cut, "cannot be reached"),
    "no HTTP": (no_http, "cannot be reached"),
    "endless": (endless, "an answer of more than"),
    "hanging": (hang, "did not answer within 0.5 s"),
    "echo": (echo, "CRUD_CONSUL_TOKEN is refused: no: ***"),
}


def attempts(agent: FakeAgent, count: int) -> Callable[[], Awaitable[bool]]:
    """Whether the agent was asked so many times."""

    async def asked() -> bool:
        return len(agent.requests) >= count

    return asked


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_that_is_none(name: str, service: str, warnings_of) -> None:
    """However an agent answers, the node goes on serving and asking; its log says once what is wrong, on one line."""
    answer, said = ANSWERS[name]
    async with fake_agent(answer) as agent:
        settings = {"consul_address": f"127.0.0.1:{agent.port}", "consul_timeout": 0.5, "service_name": service}
        async with running_node(**settings, consul_token="token-of-the-test") as node:
            if name == "services that are none":  # it takes the registration, which is all a node can see
                await until(attempts(agent, 2), within=SOON)
                await asyncio.sleep(0.1)
                assert warnings_of() == ["consul: registered"]
                return
            await until(attempts(agent, 3), within=SOON)
            (line,) = warnings_of()
            assert said in line
            assert len(line) < 300
            assert line.isprintable()
            verbose = await fetch(node.http_port, "GET", "/readyz?verbose")
            assert verbose.status == 200
            assert len(verbose.json["warnings"]) == 1
            assert b"token-of-the-test" not in verbose.body
            assert not verbose.json["registry"]["registered"]


async def test_a_redirect_is_not_followed(service: str) -> None:
    """An agent that sends the node elsewhere does not get its token carried there."""
    async with fake_agent(reply(b"{}")) as elsewhere:
        location = f"location: http://127.0.0.1:{elsewhere.port}/"
        async with fake_agent(reply(b"", "307 Temporary Redirect", location)) as agent:
            settings = {"consul_address": f"127.0.0.1:{agent.port}", "service_name": service}
            async with running_node(**settings, consul_token="token-of-the-test"):
                await until(attempts(agent, 2), within=SOON)
        assert b"token-of-the-test" in agent.requests[0]
        assert elsewhere.requests == []


async def test_consuls_own_variables_are_not_read(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where and with what to register is said by the node's settings alone."""
    variables = {"ADDR": "https://127.0.0.1:1", "TOKEN": "token-of-somebody", "SSL": "true"}
    for name, value in variables.items():
        monkeypatch.setenv(f"CONSUL_HTTP_{name}", value)
    async with fake_agent(reply(b"{}")) as agent:
        async with running_node(consul_address=f"127.0.0.1:{agent.port}", service_name=service):
            await until(attempts(agent, 2), within=SOON)
        assert all(b"token" not in request.lower() for request in agent.requests)


async def test_an_endless_answer_takes_no_memory(service: str) -> None:
    """An answer without an end is left after some megabytes."""
    async with fake_agent(endless) as agent:
        settings = {"consul_address": f"127.0.0.1:{agent.port}", "service_name": service}
        tracemalloc.start()
        try:
            async with running_node(**settings):
                await until(attempts(agent, 3), within=SOON)
            assert tracemalloc.get_traced_memory()[1] < 32_000_000
        finally:
            tracemalloc.stop()


async def test_attempts_are_spread(service: str) -> None:
    """An agent that fails is asked again after a while that grows: no busy loop."""
    async with (
        fake_agent(reply(b"", "500 Internal Server Error")) as agent,
        running_node(consul_address=f"127.0.0.1:{agent.port}", service_name=service),
    ):
        await asyncio.sleep(3)
        assert 2 <= len(agent.requests) <= 6


async def test_a_hanging_agent_does_not_hold_the_stop(service: str) -> None:
    """A node that stops waits for its agent no longer than one exchange may take."""
    loop = asyncio.get_running_loop()
    async with fake_agent(hang) as agent:
        settings = {"consul_address": f"127.0.0.1:{agent.port}", "consul_timeout": 0.5, "service_name": service}
        async with running_node(**settings):
            await until(attempts(agent, 1), within=SOON)
            start = loop.time()
        assert loop.time() - start < 3


async def test_a_slow_agent_slows_no_call(service: str) -> None:
    """While the node waits for its agent, calls are answered as ever."""
    loop = asyncio.get_running_loop()
    async with fake_agent(hang) as agent:
        settings = {"consul_address": f"127.0.0.1:{agent.port}", "consul_timeout": 30, "service_name": service}
        async with running_node(**settings) as node:
            await until(attempts(agent, 1), within=SOON)
            start = loop.time()
            for _ in range(20):
                assert (await fetch(node.http_port, "GET", "/v1/node")).status == 200
            assert loop.time() - start < 3
            node.life_cycle.registrar._timeout = 0.1
