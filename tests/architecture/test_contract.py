"""The gate around proto/: a change that would break a client is caught."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    author = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    return subprocess.run(command, cwd=tree, env=os.environ | author, capture_output=True, text=True, check=False)


def check_breaking(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(tree, sys.executable, "scripts/check_breaking", *arguments)


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Path:
    """A repository of its own with the contract committed once, released as v1.0."""
    for name in ("proto", "scripts"):
        shutil.copytree(root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "buf.yaml", tmp_path)
    git = ["git", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]
    done = [
        run(tmp_path, sys.executable, "scripts/generate", "--links"),
        run(tmp_path, "git", "init", "-q"),
        run(tmp_path, "git", "add", "buf.yaml", "proto"),
        run(tmp_path, *git, "commit", "-qm", "contract"),
        run(tmp_path, "git", "tag", "v1.0"),
    ]
    assert [step.stderr for step in done if step.returncode] == []
    return tmp_path


def change(tree: Path, before: str, after: str) -> None:
    proto = tree / "proto" / "crud_service" / "v1" / "record.proto"
    assert before in proto.read_text()
    proto.write_text(proto.read_text().replace(before, after, 1))


def test_a_broken_contract_is_caught(tree: Path) -> None:
    """A field with another type is named, compared with the latest release."""
    change(tree, "string name = 2", "bytes name = 2")
    verdict = check_breaking(tree)
    assert verdict.returncode != 0
    assert "compared with v1.0" in verdict.stdout
    assert 'changed type from "string" to "bytes"' in verdict.stdout


def test_a_new_field_breaks_nothing(tree: Path) -> None:
    """Adding to the contract is fine."""
    change(tree, "message Record {", "message Record {\n  string planted = 99;")
    assert check_breaking(tree).returncode == 0


def test_a_wanted_break_can_be_let_through(tree: Path) -> None:
    """`none` compares with nothing, and says so."""
    change(tree, "string name = 2", "bytes name = 2")
    verdict = check_breaking(tree, "none")
    assert verdict.returncode == 0
    assert "no earlier state" in verdict.stdout
