"""What every test stands on: an environment that does not leak in, and the place and list of the sources."""

import os
import subprocess
from pathlib import Path

import pytest

# The shipped suites assert too, and should say as much when they fail.
pytest.register_assert_rewrite("crud_service.testing")

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Forget the settings of the person who runs the tests; only CRUD_PROOF speaks to the tests themselves."""
    for name in [name for name in os.environ if name.startswith("CRUD_") and name != "CRUD_PROOF"]:
        del os.environ[name]


@pytest.fixture(scope="session")
def proof() -> bool:
    """Whether the fault suites run with their full counts (`make proof`) or in short form (`make test`)."""
    return os.environ.get("CRUD_PROOF") == "1"


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def sources() -> list[Path]:
    """Every file that belongs to the project - committed, or new and not ignored - relative to `root`."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in sorted(listed.split("\0")) if name and (ROOT / name).is_file()]
