"""Generated code is what proto/ gives now."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet


def check(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, root / "scripts" / "generate", "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Path:
    """A copy of what generation reads and writes, to be made stale."""
    for folder in ("proto", "scripts", "crud_service/v1"):
        shutil.copytree(root / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_committed_code_is_fresh(root: Path) -> None:
    """Generating anew gives every committed file byte for byte, the descriptor set included."""
    verdict = check(root)
    assert verdict.returncode == 0, verdict.stderr


@pytest.mark.parametrize("name", ["record_pb2.py", "record_service_pb2_grpc.py", "descriptors.binpb"])
def test_a_stale_file_is_named(tree: Path, name: str) -> None:
    """A generated file that was edited by hand is named with the way out."""
    generated = tree / "crud_service" / "v1" / name
    generated.write_bytes(generated.read_bytes() + b"\n")
    verdict = check(tree)
    assert verdict.returncode == 1
    assert f"crud_service/v1/{name} is not what proto/ gives now: run `make generate`" in verdict.stderr


def test_a_left_over_file_is_named(tree: Path) -> None:
    """A generated file whose proto is gone is named too."""
    (tree / "crud_service" / "v1" / "gone_pb2.py").write_text("")
    assert "gone_pb2.py" in check(tree).stderr


def test_descriptors_stand_alone_and_keep_our_comments(root: Path) -> None:
    """The descriptor set holds every import, and comments of our own files only."""
    files = FileDescriptorSet.FromString((root / "crud_service/v1/descriptors.binpb").read_bytes()).file
    names = {file.name for file in files}
    assert all(set(file.dependency) <= names for file in files)
    commented = {file.name for file in files if file.HasField("source_code_info")}
    assert commented == {name for name in names if name.startswith("crud_service/v1/")}
    assert commented
