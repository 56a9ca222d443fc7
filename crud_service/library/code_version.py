"""Which code runs: its version, and the commit it was built from."""

import os
from importlib import resources
from pathlib import Path

import crud_service


def version() -> str:
    """The version of the package."""
    return crud_service.__version__


def commit() -> str:
    """The commit of the code: of the environment (`CRUD_COMMIT`), of the wheel, or of the checkout; or empty."""
    return os.environ.get("CRUD_COMMIT", "") or _of_wheel() or _of_checkout(Path(__file__).resolve().parents[2])


def _of_wheel() -> str:
    packaged = resources.files("crud_service") / "commit.txt"
    return packaged.read_text().strip() if packaged.is_file() else ""


def _of_checkout(root: Path) -> str:
    """The commit that HEAD points to, read from the files of git: a node needs no git installed."""
    git = root / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        reference = head.removeprefix("ref: ")
        if (git / reference).is_file():
            return (git / reference).read_text().strip()
        packed = (git / "packed-refs").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split()[0] for line in packed if line.endswith(f" {reference}")), "")
