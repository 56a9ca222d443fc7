"""Importing does no work and brings no library before it is used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Runs in a process of its own: imports, then tells what came along and what was done on the way.
PROGRAM = """
import json, sys
done = []
def listen(event, arguments):
    # urllib3, which the Consul client brings, tries so whether there is IPv6.
    if event == "socket.bind" and arguments[1] == ("::1", 0):
        return
    if event in {"socket.connect", "socket.bind", "subprocess.Popen", "sqlite3.connect", "os.mkdir", "os.remove"}:
        done.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        done.append(f"{event} {arguments[0]}")
sys.dont_write_bytecode = True
sys.addaudithook(listen)
import importlib, threading
for name in sys.argv[1:]:
    importlib.import_module(name)
threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
print(json.dumps({"modules": sorted(sys.modules), "done": done + threads}))
"""


def imported(root: Path, *names: str) -> dict[str, list[str]]:
    command = [sys.executable, "-c", PROGRAM, *names]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def modules(root: Path, *packages: str) -> list[str]:
    files = [path for package in packages for path in (root / "crud_service").glob(package)]
    dotted = [".".join(path.relative_to(root).with_suffix("").parts) for path in files]
    return sorted(name.removesuffix(".__init__") for name in dotted if "migrations" not in name)


@pytest.mark.parametrize("layer", ["model", "logic", "chassis"])
def test_the_inner_layers_bring_no_transport_and_no_store(root: Path, layer: str) -> None:
    """Importing every module of model, logic or chassis loads neither a transport nor a database library."""
    names = modules(root, f"{layer}/**/*.py")
    assert names
    loaded = {name.partition(".")[0] for name in imported(root, *names)["modules"]}
    heavy = {
        "alembic",
        "consul",
        "google",
        "grpc",
        "opentelemetry",
        "pluggy",
        "prometheus_client",
        "sqlalchemy",
        "sqlite3",
        "sqlmodel",
        "uvicorn",
    }
    assert loaded & heavy == set()


def test_bootstrap_imports_adapters_when_they_are_used(root: Path) -> None:
    """Settings and bootstrap load no library that only some nodes need, nor one for tests: they cost time to load."""
    loaded = {
        name.partition(".")[0] for name in imported(root, *modules(root, "settings.py", "bootstrap/*.py"))["modules"]
    }
    assert "crud_service" in loaded
    late = {"alembic", "consul", "aiohttp", "sqlite3", "prometheus_client", "opentelemetry", "requests", "pytest"}
    late |= {"hypothesis", "grpc_tools"}
    assert loaded & late == set()


def test_importing_does_no_work(root: Path) -> None:
    """Importing the whole package opens no socket, writes no file and starts no process or thread."""
    assert imported(root, *modules(root, "**/*.py"))["done"] == []
