"""Setting up .venv: once, whole or not at all, and clear about what is missing."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def made() -> list[str]:
    """What a set-up did."""
    return []


@pytest.fixture
def set_up(root: Path, tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """scripts/set_up_venv.py for a folder of its own, where making and installing only take notes."""
    spec = importlib.util.spec_from_file_location("set_up_venv", root / "scripts" / "set_up_venv.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    folder = tmp_path / ".venv"
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", folder)
    monkeypatch.setattr(module, "STAMP", folder / ".complete")
    monkeypatch.setattr(module, "LOCKS", {"run": tmp_path / "run.lock", "dev": tmp_path / "dev.lock"})
    (tmp_path / "run.lock").write_text("one==1 \\\n")
    (tmp_path / "dev.lock").write_text("one==1 \\\ntwo==2 \\\n")

    def create(venv: Path, **_: object) -> None:
        made.append("venv")
        (venv / "bin").mkdir(parents=True, exist_ok=True)
        (venv / "bin" / "python").touch(mode=0o755)
        (venv / "lib" / f"python3.{sys.version_info.minor}" / "site-packages").mkdir(parents=True, exist_ok=True)

    def install(lock: Path) -> int:
        made.append(lock.name)
        return 0

    monkeypatch.setattr(module.venv, "create", create)
    monkeypatch.setattr(module, "install", install)
    return module


def run(set_up: ModuleType, level: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["set_up_venv.py", level])
    return int(set_up.main())


def test_a_set_up_is_done_once(
    set_up: ModuleType, made: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first run says what it installs; the second does nothing and says nothing."""
    assert run(set_up, "run", monkeypatch) == 0
    assert "1 packages of run.lock" in capsys.readouterr().out
    assert run(set_up, "run", monkeypatch) == 0
    assert capsys.readouterr().out == ""
    assert made == ["venv", "run.lock"]


def test_dev_contains_run(set_up: ModuleType, made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests need contains what the service needs: after `make test`, `make run` installs nothing."""
    run(set_up, "dev", monkeypatch)
    run(set_up, "run", monkeypatch)
    assert made == ["venv", "dev.lock"]


def test_a_changed_lock_is_installed_into_the_same_venv(
    set_up: ModuleType, made: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A new lock file is installed again, without making .venv anew."""
    run(set_up, "run", monkeypatch)
    (tmp_path / "run.lock").write_text("one==2 \\\n")
    run(set_up, "run", monkeypatch)
    assert made == ["venv", "run.lock", "run.lock"]


def test_an_interrupted_set_up_starts_anew(
    set_up: ModuleType, made: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A set-up that died while installing leaves no stamp: the next one makes .venv anew."""
    run(set_up, "run", monkeypatch)
    (tmp_path / "run.lock").write_text("one==2 \\\n")
    with monkeypatch.context() as patch:
        patch.setattr(set_up, "install", lambda lock: 1)
        assert run(set_up, "run", monkeypatch) == 1
    assert run(set_up, "run", monkeypatch) == 0
    assert made == ["venv", "run.lock", "venv", "run.lock"]


def test_a_moved_folder_gets_a_new_venv(
    set_up: ModuleType, made: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A .venv made for another folder is not used."""
    run(set_up, "run", monkeypatch)
    stamp = tmp_path / ".venv" / ".complete"
    stamp.write_text(stamp.read_text().replace(str(tmp_path), "elsewhere"))
    run(set_up, "run", monkeypatch)
    assert made == ["venv", "run.lock"] * 2


def test_an_old_python_gets_one_line(root: Path, tmp_path: Path) -> None:
    """A Python that cannot run the service is told so in one line that names what is needed and what was found."""
    old = tmp_path / "python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2\nexit 1\n')
    old.chmod(0o755)
    command = [root / "scripts" / "set_up", "run"]
    environment = os.environ | {"PYTHON": str(old)}
    verdict = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert verdict.returncode == 2
    assert verdict.stdout == ""
    assert len(verdict.stderr.splitlines()) == 1
    assert "needs Python 3.11 or newer" in verdict.stderr
    assert verdict.stderr.endswith("found: Python 3.9.2\n")
