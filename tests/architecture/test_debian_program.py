"""Programs to test with: the one on PATH first, else the one of this machine's own Debian mirror."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ONE_LINE = """
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/keys/a.gpg] http://mirror.example/debian bookworm main
deb-src http://source.example/debian bookworm main
"""
STANZAS = """
Types: deb
URIs: https://security.example/debian-security
Suites: bookworm-security

# A comment
Types: deb
URIs: https://mirror.example/debian/
Suites: bookworm bookworm-updates
Signed-By: /keys/b.gpg
"""


@pytest.fixture
def script(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module that fetches, with an empty machine around it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(root / "scripts")
    module = importlib.import_module("debian_program")
    monkeypatch.setattr(module, "APT", tmp_path / "apt")
    monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    (tmp_path / "apt" / "sources.list.d").mkdir(parents=True)
    return module


@pytest.mark.parametrize("name", ["chromium", "consul", "promtool"])
def test_the_one_on_path_comes_first(root: Path, tmp_path: Path, name: str) -> None:
    """A program that is installed is used, and nothing is fetched."""
    program = tmp_path / name
    program.write_text("")
    program.chmod(0o755)
    command = [sys.executable, "-B", root / "scripts" / f"fetch_{name}"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{program}\n", "")


@pytest.mark.parametrize(
    ("name", "text", "source"),
    [
        ("sources.list", ONE_LINE, "[signed-by=/keys/a.gpg] http://mirror.example/debian"),
        ("sources.list.d/debian.list", ONE_LINE, "[signed-by=/keys/a.gpg] http://mirror.example/debian"),
        ("sources.list.d/debian.sources", STANZAS, "[signed-by=/keys/b.gpg] https://mirror.example/debian/"),
    ],
)
def test_the_mirror_is_this_machines_own(script: ModuleType, name: str, text: str, source: str) -> None:
    """The Debian archive is found among the package sources in either format, with the key it is signed by."""
    (script.APT / name).write_text(text)
    assert script.mirror(script.Program("tool", "tools", "suite")) == source


def test_no_mirror(script: ModuleType) -> None:
    """A machine without a Debian mirror is told to put it on PATH. Sources that apt does not read do not count."""
    (script.APT / "sources.list.d" / "debian.sources.off").write_text(STANZAS)
    with pytest.raises(script.Unavailable, match="put tool on PATH"):
        script.mirror(script.Program("tool", "tools", "suite"))


def test_no_apt(script: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    """Where it cannot be fetched the script ends with 1 and one line that says why."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert script.tell(script.Program("tool", "tools", "suite")) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "no tool: put tool on PATH; it cannot be fetched here, because there is no apt-get\n"
