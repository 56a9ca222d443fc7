"""Which code runs: its version and the commit it was built from."""

import re
import subprocess
from pathlib import Path

import pytest

import crud_service
from crud_service.library import code_version
from crud_service.library.code_version import commit, version

HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like a checkout whose HEAD is the branch main."""
    heads = tmp_path / ".git" / "refs" / "heads"
    heads.mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (heads / "main").write_text(f"{HASH}\n")
    return tmp_path


def test_version() -> None:
    """The version is that of the package."""
    assert version() == crud_service.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", version())


def test_the_environment_comes_first(monkeypatch) -> None:
    """CRUD_COMMIT says what a build without git or wheel cannot know."""
    monkeypatch.setenv("CRUD_COMMIT", "abc123")
    assert commit() == "abc123"


def test_the_wheel_comes_before_the_checkout(monkeypatch, tmp_path) -> None:
    """A commit that was packaged into the wheel is the answer; without one the checkout is asked."""
    monkeypatch.setattr(code_version.resources, "files", lambda _: tmp_path)
    monkeypatch.setattr(code_version, "_of_checkout", lambda _: "of the checkout")
    assert commit() == "of the checkout"
    (tmp_path / "commit.txt").write_text(f"{HASH}\n")
    assert commit() == HASH


def test_this_checkout(root) -> None:
    """In the project's own checkout the commit is the one git names."""
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False)
    if asked.returncode:
        pytest.skip("these sources are no git checkout")
    assert code_version._of_checkout(root) == asked.stdout.strip()


def test_a_branch(checkout) -> None:
    """HEAD names a branch, whose file has the commit."""
    assert code_version._of_checkout(checkout) == HASH


def test_a_packed_branch(checkout) -> None:
    """A branch may be kept among the packed ones; one that merely ends alike is not it."""
    (checkout / ".git" / "refs" / "heads" / "main").unlink()
    packed = (
        f"# pack-refs with: peeled\n{'f' * 40} refs/remotes/x/refs/heads/mainly\n{HASH} refs/heads/main\n^{'e' * 40}\n"
    )
    (checkout / ".git" / "packed-refs").write_text(packed)
    assert code_version._of_checkout(checkout) == HASH


def test_a_detached_head(checkout) -> None:
    """HEAD may name the commit itself."""
    (checkout / ".git" / "HEAD").write_text(f"{HASH}\n")
    assert code_version._of_checkout(checkout) == HASH


@pytest.mark.parametrize("spoil", ["no git", "no branch", "not packed", "a file"])
def test_nothing_to_find(checkout, spoil) -> None:
    """Where no commit can be found the answer is empty, never an error."""
    git = checkout / ".git"
    (git / "refs" / "heads" / "main").unlink()
    if spoil == "no git":
        (git / "HEAD").unlink()
    elif spoil == "not packed":
        (git / "packed-refs").write_text(f"{HASH} refs/heads/other\n")
    elif spoil == "a file":
        (git / "HEAD").unlink()
        (git / "HEAD").mkdir()
    assert code_version._of_checkout(checkout) == ""
