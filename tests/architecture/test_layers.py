"""The import rules of the layers, and proof that they bite."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-logo", "--no-cache"], cwd=tree, capture_output=True, text=True, check=False
    )


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Path:
    """A copy of the package with its contracts, to be broken."""
    shutil.copytree(root / "crud_service", tmp_path / "crud_service", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    for layer in ("api", "logic", "library", "chassis"):
        (tmp_path / "crud_service" / layer).mkdir(exist_ok=True)
        (tmp_path / "crud_service" / layer / "__init__.py").touch()
    return tmp_path


def test_the_tree_keeps_every_contract(tree: Path) -> None:
    """The package as it is keeps every contract, without an installed crud_service to hide behind."""
    verdict = lint(tree)
    assert verdict.returncode == 0, verdict.stdout
    assert "0 broken" in verdict.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("model/planted.py", "import crud_service.logic", "Imports point one way"),
        ("library/planted.py", "import crud_service.logic", "Imports point one way"),
        ("library/planted.py", "import crud_service.api", "Imports point one way"),
        ("chassis/planted.py", "import crud_service.library", "Imports point one way"),
        ("stray.py", "", "Imports point one way"),
        ("logic/planted.py", "import crud_service.v1.record_pb2", "Only the edges touch generated code"),
        ("logic/planted.py", "import grpc", "Logic, model and chassis name no transport and no vendor"),
        ("model/planted.py", "import sqlalchemy.orm", "Logic, model and chassis name no transport and no vendor"),
        ("chassis/planted.py", "from google.protobuf import struct_pb2", "Logic, model and chassis name no transport"),
        ("logic/planted.py", "import crud_service.chassis", "Logic and model never mention the chassis"),
    ],
)
def test_a_forbidden_import_is_caught(tree: Path, module: str, line: str, broken: str) -> None:
    """One import against the arrows, or one module without a place, breaks the contract that says so."""
    (tree / "crud_service" / module).write_text(f'"""Planted."""\n\n{line}\n')
    verdict = lint(tree)
    assert verdict.returncode == 1, verdict.stdout
    assert any(broken in text and text.endswith("BROKEN") for text in verdict.stdout.splitlines()), verdict.stdout
