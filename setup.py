"""What pyproject.toml cannot say: which folders are packages, and the commit a wheel was built from."""

import os
import subprocess
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py


def commit() -> str:
    """The commit of the source tree: CRUD_COMMIT, else git's answer, else nothing."""
    asked = os.environ.get("CRUD_COMMIT")
    if asked is not None:
        return asked
    command = ["git", "-C", str(Path(__file__).resolve().parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


class BuildWithCommit(build_py):
    """Write crud_service/commit.txt into the wheel, never into the source tree."""

    def run(self) -> None:
        """Build as always, then add the commit."""
        super().run()
        if not self.editable_mode:
            Path(self.build_lib, "crud_service", "commit.txt").write_text(commit() + "\n", encoding="ascii")


setup(
    packages=["crud_server", *find_packages(include=["crud_service", "crud_service.*"])],
    cmdclass={"build_py": BuildWithCommit},
)
