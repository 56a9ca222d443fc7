"""Which registrar a node gets, and the two that need no registry's help."""

import builtins
import sys
from typing import Any

import pytest

from crud_service.library.consul_options import ConsulOptions
from crud_service.library.consul_registrar import ConsulRegistrar
from crud_service.library.none_registrar import NoneRegistrar
from crud_service.library.registrars import open_registrar
from crud_service.library.static_registrar import StaticRegistrar
from crud_service.model.errors import StartError
from crud_service.model.ports.registrar import Registration, RegistryState


async def describe() -> Registration:
    raise AssertionError("nobody needs it")


def changed(state: RegistryState) -> None:
    raise AssertionError("nothing to tell")


async def test_choice() -> None:
    """Consul where there is an agent, static where somebody else lists the node, else none."""
    assert isinstance(open_registrar(None, changed, is_listed=False), NoneRegistrar)
    assert isinstance(open_registrar(None, changed, is_listed=True), StaticRegistrar)
    registrar = open_registrar(ConsulOptions("127.0.0.1:1"), changed, is_listed=True)
    assert isinstance(registrar, ConsulRegistrar)
    await registrar.close()


async def test_none() -> None:
    """Without a registry there is no state, and nothing happens."""
    registrar = NoneRegistrar()
    await registrar.start(describe)
    assert registrar.state is None
    await registrar.deregister()
    await registrar.close()


async def test_static() -> None:
    """A listed node counts as registered from its start until it deregisters."""
    registrar = StaticRegistrar()
    assert registrar.state == RegistryState("static", registered=False)
    await registrar.start(describe)
    assert registrar.state == RegistryState("static", registered=True)
    await registrar.deregister()
    assert registrar.state == RegistryState("static", registered=False)
    await registrar.close()


def test_a_client_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the start ends with a line that says how to get it."""
    load = builtins.__import__

    def without_consul(name: str, *arguments: Any) -> Any:
        if name.partition(".")[0] in {"consul", "aiohttp"}:
            raise ImportError(name)
        return load(name, *arguments)

    for name in [name for name in sys.modules if name.startswith("crud_service.library.consul_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without_consul)
    with pytest.raises(StartError, match=r"crud-service\[consul\]"):
        open_registrar(ConsulOptions("127.0.0.1:1"), changed, is_listed=False)
