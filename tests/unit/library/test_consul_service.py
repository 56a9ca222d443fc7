"""How a node looks in Consul, within what Consul takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.library.consul_options import ConsulOptions
from crud_service.library.consul_service import ConsulService, consul_service
from crud_service.model.ports.registrar import Address, Registration
from crud_service.model.record import NodeInfo
from crud_service.model.timestamp import now

OPTIONS = ConsulOptions("127.0.0.1:8500", token="planted", check_interval=1.5, check_timeout=0.5, deregister_after=90.0)
IDS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,127}", fullmatch=True)


def service(
    node_id: str = "node-5",
    host: str = "10.0.0.5",
    capabilities: tuple[str, ...] = (),
    collections: tuple[str, ...] = (),
    more: bool = False,
) -> ConsulService:
    node = NodeInfo(node_id, "orders", "1.2.3", "abc", capabilities, "sqlite", now())
    registration = Registration(node, Address(host, 50051), Address(host, 8080), collections, more)
    return consul_service(registration, OPTIONS)


def held(made: ConsulService) -> dict[str, object]:
    """What an agent answers about it."""
    return {"ID": made.service_id, "Address": made.address, "Port": made.port, "Meta": dict(made.meta)}


def test_addresses() -> None:
    """Address and port are gRPC's; tagged addresses and meta have both, an IPv6 one in brackets where it is a text."""
    made = service(host="fd00::5")
    assert (made.address, made.port) == ("fd00::5", 50051)
    assert made.tagged_addresses == {
        "grpc": {"address": "fd00::5", "port": 50051},
        "http": {"address": "fd00::5", "port": 8080},
    }
    assert (made.meta["grpc_address"], made.meta["http_address"]) == ("[fd00::5]:50051", "[fd00::5]:8080")


def test_tags_and_meta() -> None:
    """What a node can do and holds is listed in meta, and is a tag each."""
    made = service(capabilities=("history", "search"), collections=("notes", "orders"))
    assert made.meta["capabilities"] == "history,search"
    assert made.meta["collections"] == "notes,orders"
    assert made.tags == [
        "grpc",
        "http",
        "version-1.2.3",
        "capability-history",
        "capability-search",
        "collection-notes",
        "collection-orders",
    ]


def test_more_than_is_listed() -> None:
    """A list that is not complete says so, and the sign of it is no tag."""
    made = service(collections=("notes",), more=True)
    assert made.meta["collections"] == "notes,..."
    assert made.tags[-1] == "collection-notes"


@given(st.lists(IDS, unique=True, max_size=40), st.lists(IDS, unique=True, max_size=40))
def test_consul_takes_it(collections: list[str], capabilities: list[str]) -> None:
    """Whatever the collections, no value of meta is longer than Consul's 512, and what is listed are whole names."""
    made = service(collections=tuple(collections), capabilities=tuple(capabilities))
    assert len(made.meta) <= 64
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,128}", key) and 0 < len(made.meta[key]) <= 512 for key in made.meta)
    listed = made.meta.get("collections", "").split(",")
    assert set(listed) - {"...", ""} <= set(collections)
    assert ("..." in listed) == (len(set(listed) - {"...", ""}) < len(collections))


def test_checks() -> None:
    """gRPC health and HTTP readiness at the advertised addresses, in Consul's units, passing to begin with."""
    made = service()
    checks = [made.check, *made.extra_checks]
    assert [(check.get("grpc"), check.get("http")) for check in checks] == [
        ("10.0.0.5:50051", None),
        (None, "http://10.0.0.5:8080/readyz"),
    ]
    assert len({check["checkid"] for check in checks}) == 2
    for check in checks:
        assert (check["interval"], check["timeout"]) == ("1.5s", "0.5s")
        assert check["DeregisterCriticalServiceAfter"] == "90s"
        assert check["status"] == "passing"


def test_no_secret() -> None:
    """The token is nowhere in what is registered, nor in what the options look like."""
    assert "planted" not in repr(service())
    assert "planted" not in repr(OPTIONS)
    assert "planted" not in str(OPTIONS)


def test_is_kept() -> None:
    """What was registered is recognised; what has changed since is not."""
    made = service(collections=("notes",))
    assert made.is_kept(held(made))
    assert not made.is_kept(held(service(collections=("notes", "orders"))))
    assert not made.is_kept(held(made) | {"Port": 1})


@pytest.mark.parametrize("kept", [None, 7, "text", [], {}, {"Meta": None}, {"Meta": []}, {"Port": {}}])
def test_what_no_agent_holds(kept: object) -> None:
    """An answer of another shape is neither this node nor an earlier one."""
    assert not service().is_kept(kept)
    assert not service().replaces(kept)


def test_replaces() -> None:
    """An earlier node at the same address is replaced; a later one, or one somewhere else, is not."""
    made = service("node-5")
    assert made.replaces(held(service("node-4")))
    assert not made.replaces(held(made))
    assert not made.replaces(held(service("node-6")))
    assert not made.replaces(held(service("node-4", host="10.0.0.6")))
    assert not made.replaces(held(service("node-4")) | {"Meta": {}})
