"""A program to test with: the one on PATH, else Debian's, fetched once into .cache.

Needs apt-get and dpkg, and a Debian mirror among the machine's own package sources. Nothing is installed and nothing
of the system is touched: lists, download and program stay below .cache.
"""

import fcntl
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CACHE = Path(__file__).resolve().parent.parent / ".cache"
APT = Path("/etc/apt")
PATIENCE = 200


class Unavailable(Exception):
    """There is none to be had here, in one line."""


class Program(NamedTuple):
    """A program of /usr/bin of a Debian package."""

    name: str
    package: str
    suite: str
    """The release of Debian to take it from."""


def tell(program: Program) -> int:
    """Print where the program is, and return 0; else one line on stderr that says why there is none, and 1."""
    try:
        print(shutil.which(program.name) or fetched(program))
    except Unavailable as reason:
        print(f"no {program.name}: {reason}", file=sys.stderr)
        return 1
    return 0


def fetched(program: Program) -> Path:
    """The program below .cache, fetched unless it is there. Several processes may ask at once."""
    folder = CACHE / program.name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = folder / program.name
        if not path.exists():
            fetch(program, path)
        return path


def fetch(program: Program, path: Path) -> None:
    """Download the package, unpack it, and move the program to its place last."""
    for command in ("apt-get", "dpkg"):
        if shutil.which(command) is None:
            raise Unavailable(f"{_advice(program)}, because there is no {command}")
    work = path.parent / "work"
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "tree"):
        (work / folder).mkdir(parents=True)
    options = apt_options(program, work)
    run(work, "apt-get", *options, "update")
    run(work, "apt-get", *options, "download", program.package)
    package = next(work.glob(f"{program.package}_*.deb"), None)
    if package is None:
        raise Unavailable("apt-get downloaded nothing")
    run(work, "dpkg", "-x", package.name, "tree")
    (work / "tree" / "usr" / "bin" / program.name).rename(path)
    shutil.rmtree(work)


def apt_options(program: Program, work: Path) -> list[str]:
    """Let apt see one source only, and write below `work` only."""
    (work / "sources.list").write_text(f"deb {mirror(program)} {program.suite} main\n")
    settings = {
        "Dir::Etc::sourcelist": work / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::Lists": work / "lists",
        "Dir::Cache": work / "cache",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",  # another user could not write here
        "APT::Update::Error-Mode": "any",
    }
    return ["-qq", *(f"-o{name}={value}" for name, value in settings.items())]


def mirror(program: Program) -> str:
    """The Debian mirror of this machine, with its options, as a one-line source has them before the suite."""
    texts = [path.read_text(errors="replace") for path in (APT / "sources.list", *sources_folder()) if path.is_file()]
    for uri, signed_by in (found for text in texts for found in (*one_line(text), *stanzas(text))):
        if uri.rstrip("/").endswith("/debian"):
            return f"[signed-by={signed_by}] {uri}" if signed_by else uri
    raise Unavailable(f"{_advice(program)}, because no package source is a Debian mirror")


def sources_folder() -> list[Path]:
    """The files that apt itself would read."""
    return [path for path in sorted((APT / "sources.list.d").glob("*")) if path.suffix in {".list", ".sources"}]


def one_line(text: str) -> Iterator[tuple[str, str]]:
    """Address and keyring of each `deb [options] address suite component` line."""
    for options, uri in re.findall(r"^deb\s+(?:\[([^\]]*)\]\s+)?(\S+://\S+)", text, re.MULTILINE):
        signed_by = re.search(r"signed-by=(\S+)", options)
        yield uri, signed_by[1] if signed_by else ""


def stanzas(text: str) -> Iterator[tuple[str, str]]:
    """Address and keyring of each stanza of a .sources file."""
    for stanza in re.split(r"\n\s*\n", text):
        fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.*?)[ \t]*$", stanza, re.MULTILINE))
        signed_by = fields.get("Signed-By", "")
        for uri in fields.get("URIs", "").split():
            yield uri, signed_by if signed_by.startswith("/") else ""


def run(work: Path, *command: str) -> None:
    """Run a command in a folder; its last words are the reason when it fails."""
    try:
        done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} did not end within {PATIENCE} s") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["nothing"]
        raise Unavailable(f"{command[0]} failed with {done.returncode}: {said[-1]}")


def _advice(program: Program) -> str:
    return f"put {program.name} on PATH; it cannot be fetched here"
