"""The core stays lean, and the lock files say exactly what is installed."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Chosen by uvicorn when it is there: faster than its own.
NOT_IMPORTED = {"httptools"}
# Names that several distributions share: which one a module is of, the last one that fits.
SHARED = {
    "google.": "protobuf",
    "google.api.": "googleapis-common-protos",
    "google.rpc.": "googleapis-common-protos",
    "opentelemetry.": "opentelemetry-api",
    "opentelemetry.sdk.": "opentelemetry-sdk",
    "opentelemetry.exporter.otlp.proto.http.": "opentelemetry-exporter-otlp-proto-http",
}
PIN = re.compile(
    r"^([A-Za-z0-9._-]+)==(\S+)((?: ;[^\\]*)?) \\\n((?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def lean(root: Path, *bounds: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, root / "scripts" / "check_lean", *bounds]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def pins(lock: Path) -> dict[str, str]:
    """Name to version of every hashed pin of a lock file."""
    return {canonicalize_name(found[1]): found[2] for found in PIN.finditer(lock.read_text())}


def test_the_core_is_lean(root: Path) -> None:
    """The core is at most 40 packages and 110 MB installed."""
    verdict = lean(root)
    assert verdict.returncode == 0, verdict.stdout
    assert re.match(r"core: \d+ packages \(at most 40\), [\d.]+ MB \(at most 110\)\n", verdict.stdout)


@pytest.mark.parametrize("bounds", [("5", "110"), ("40", "5")])
def test_a_heavy_core_is_named(root: Path, bounds: tuple[str, str]) -> None:
    """Past either bound the check fails and lists the packages, the heaviest first."""
    verdict = lean(root, *bounds)
    assert verdict.returncode == 1
    sizes = [float(line.split()[-2]) for line in verdict.stderr.splitlines()]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) > 20


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_line_of_a_lock_is_hashed(root: Path, name: str) -> None:
    """A lock file holds hashed pins and comments only: no address, no option, no unhashed name."""
    rest = PIN.sub("", (root / name).read_text()).splitlines()
    assert [line for line in rest if line.strip() and not line.lstrip().startswith("#")] == []
    assert "://" not in (root / name).read_text()


def test_the_locks_hold_what_pyproject_asks_for(root: Path) -> None:
    """Every requirement of pyproject.toml is pinned to a version it allows, the same one in both lock files."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    core, dev = pins(root / "requirements.lock"), pins(root / "requirements-dev.lock")
    assert core.items() <= dev.items()
    asked = [(core, text) for text in project["project"]["dependencies"]]
    asked += [(dev, text) for extra in project["project"]["optional-dependencies"].values() for text in extra]
    asked += [(dev, text) for text in project["dependency-groups"]["dev"]]
    for lock, requirement in ((lock, Requirement(text)) for lock, text in asked):
        pinned = lock.get(canonicalize_name(requirement.name))
        assert pinned is not None, f"{requirement} is not locked: run `make lock`"
        assert requirement.specifier.contains(pinned), f"{requirement} is locked to {pinned}: run `make lock`"


def imported(paths: list[Path]) -> set[str]:
    """The distributions that modules import, at the top or later, generated code included."""
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    shared = {name: owner for name in names for prefix, owner in SHARED.items() if f"{name}.".startswith(prefix)}
    tops = {name.partition(".")[0] for name in names - set(shared)}
    known = packages_distributions()
    owners = {canonicalize_name(owner) for top in tops for owner in known.get(top, ())}
    return set(shared.values()) | owners - {"crud-service"}


def test_the_package_declares_what_it_imports_and_nothing_else(root: Path) -> None:
    """Every library that the package imports is a requirement of its own, and every requirement is used.

    Adapters import what belongs to the core or to their extra, `testing` the kit besides, everything else the core.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    core = names(project["dependencies"])
    extras = {extra: names(texts) for extra, texts in project["optional-dependencies"].items()}
    kit, of_adapters = extras.pop("testing"), set().union(*extras.values())
    modules = set((root / "crud_service").rglob("*.py"))
    shipped_tests = {path for path in modules if path.is_relative_to(root / "crud_service" / "testing")}
    adapters = {path for path in modules if path.is_relative_to(root / "crud_service" / "library")}
    assert imported([*modules - shipped_tests - adapters]) - core == set()
    assert imported([*adapters]) - core - of_adapters == set()
    assert (core | of_adapters) - imported([*modules - shipped_tests]) - NOT_IMPORTED == set()
    assert imported([*shipped_tests]) - core - kit == set()


def names(requirements: list[str]) -> set[str]:
    """The names of requirements, in their one spelling."""
    return {canonicalize_name(Requirement(text).name) for text in requirements}
