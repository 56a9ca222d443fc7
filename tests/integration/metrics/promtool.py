"""Prometheus' own checker of metrics and rules."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def promtool(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run it in the repository's folder, with a text to read. Without one: a failure in CI, a skip elsewhere."""
    found = _fetched()
    if found.returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(found.stderr.strip())
    command = [found.stdout.strip(), *arguments]
    return subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False)


@cache
def _fetched() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", ROOT / "scripts" / "fetch_promtool"]
    return subprocess.run(command, capture_output=True, text=True, check=False)
