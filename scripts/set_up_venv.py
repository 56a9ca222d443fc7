"""Make or complete .venv: `set_up_venv.py run` for what the service needs, `dev` for what its checks need too.

The stamp is removed before anything changes and written last, so an interrupted set-up is started anew and
never looks complete. A file lock keeps two of them apart.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".complete"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}  # dev contains run


def main() -> int:
    """Bring .venv to the level asked for; silent when it is there already."""
    level = sys.argv[1]
    with only_one():
        stamp = read_stamp()
        if stamp.get(level) == digest(level):
            return 0
        return set_up(level, stamp)


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Wait until no other set-up works on this folder."""
    lock = ROOT / ".cache" / "set_up.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def set_up(level: str, stamp: dict[str, str]) -> int:
    """Make .venv unless it is there, install one lock file, point .venv at this folder, stamp it."""
    lock = LOCKS[level]
    packages = sum(" \\" in line and not line.startswith(" ") for line in lock.read_text().splitlines())
    python = sys.version.split()[0]
    print(f"Setting up .venv with Python {python}, once: {packages} packages of {lock.name} ...", flush=True)
    STAMP.unlink(missing_ok=True)
    if not stamp:
        venv.create(VENV, clear=True, with_pip=True, symlinks=True)
    if code := install(lock):
        print(f"Could not install {lock.name}: see pip's message above, then try again.", file=sys.stderr)
        return code
    point_at_source()
    levels = ("run", "dev") if level == "dev" else ("run",)
    write_stamp({**stamp, **identity(), **{done: digest(done) for done in levels}})
    return 0


def install(lock: Path) -> int:
    """Install exactly what the lock file says, by hash; pip's exit code."""
    pip = [VENV / "bin" / "python", "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input"]
    return subprocess.run([*pip, "install", "--require-hashes", "--no-deps", "-r", lock], check=False).returncode


def point_at_source() -> None:
    """Let .venv import crud_service from this folder: no build, nothing to install again after an edit."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (VENV / "lib" / version / "site-packages" / "crud_service.pth").write_text(f"{ROOT}\n")


def identity() -> dict[str, str]:
    """What a .venv is bound to: a moved folder or another Python needs a new one."""
    return {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "folder": str(ROOT)}


def digest(level: str) -> str:
    """The content of a level's lock file, in short."""
    return hashlib.sha256(LOCKS[level].read_bytes()).hexdigest()


def read_stamp() -> dict[str, str]:
    """What is complete in .venv; empty when it must be made anew."""
    try:
        stamp: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    usable = os.access(VENV / "bin" / "python", os.X_OK) and identity().items() <= stamp.items()
    return stamp if usable else {}


def write_stamp(stamp: dict[str, str]) -> None:
    """Put the stamp in place in one step."""
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(stamp, indent=1))
    fresh.replace(STAMP)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
