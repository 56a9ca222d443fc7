"""The wheel is whole: in an empty environment, with the locked requirements alone, `crud-server` serves."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

pytestmark = pytest.mark.timeout(300)
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def wheel(root: Path, sources: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a copy of the sources, so that nothing is left in the repository and nothing old gets in."""
    tree = tmp_path_factory.mktemp("tree")
    for path in sources:
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / path, tree / path)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tree / "dist", tree]
    built = subprocess.run(
        command, env=os.environ | {"CRUD_COMMIT": COMMIT}, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return next((tree / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Every file in the wheel."""
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def environment(root: Path, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an empty environment with the locked requirements and the wheel."""
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=True, symlinks=True)
    pip = [folder / "bin" / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", "install", "--no-deps"]
    subprocess.run([*pip, "--require-hashes", "-r", root / "requirements.lock"], cwd=folder, check=True)
    subprocess.run([*pip, "--no-index", wheel], cwd=folder, check=True)
    return folder / "bin"


@pytest.fixture
def server(environment: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `crud-server` with its data in a new folder, and where its banner says it answers over HTTP."""
    settings = {
        "PATH": os.environ["PATH"],
        "CRUD_HTTP_ADDRESS": "127.0.0.1:0",
        "CRUD_GRPC_ADDRESS": "127.0.0.1:0",
        "CRUD_STORE": f"sqlite:///{tmp_path}/data/crud.db",
    }
    program = environment / "crud-server"
    with subprocess.Popen(
        [program], cwd=tmp_path, env=settings, stdout=-1, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process, address(process)
        finally:
            process.kill()


def address(process: subprocess.Popen[str]) -> str:
    """The address in the banner, which appears when the node is ready."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise AssertionError(f"crud-server ended without a banner:\n{''.join(lines)}")


def call(url: str, body: object = None) -> dict[str, object]:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data, {"Content-Type": "application/json"}), timeout=5) as reply:
        answer: dict[str, object] = json.load(reply)
        return answer


def test_the_wheel_holds_the_package_and_its_main_only(names: set[str]) -> None:
    """The wheel has crud_service and crud_server on top: no `cmd` to shadow Python's own, and nothing compiled."""
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"crud_service", "crud_server"}
    assert [name for name in names if name.endswith(".pyc")] == []


def test_the_wheel_holds_every_file_of_the_package(names: set[str], sources: list[Path]) -> None:
    """Pages, migrations, descriptors, type stubs: every file of crud_service is in the wheel."""
    package = {path.as_posix() for path in sources if path.parts[0] == "crud_service"}
    assert package - names == set()
    assert any("/migrations/" in name for name in names)
    assert any("/pages/" in name for name in names)


def test_the_wheel_knows_its_commit(wheel: Path, root: Path) -> None:
    """The commit a wheel was built from is in the wheel, and only there."""
    assert zipfile.ZipFile(wheel).read("crud_service/commit.txt").decode() == f"{COMMIT}\n"
    assert not (root / "crud_service" / "commit.txt").exists()


def test_crud_server_explains_itself(environment: Path, tmp_path: Path) -> None:
    """`crud-server --help` names its flags and ends with 0."""
    shown = subprocess.run(
        [environment / "crud-server", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert shown.returncode == 0, shown.stderr
    assert "--http-address" in shown.stdout


def test_crud_server_serves_from_the_wheel(server: tuple[subprocess.Popen[str], str], tmp_path: Path) -> None:
    """A record is created and read back, the node tells the commit of its wheel, and SIGTERM ends it with 0."""
    process, base = server
    created = call(f"{base}/v1/collections/notes/records", {"name": "first", "content": {"n": 1}, "tags": ["a"]})
    assert created["name"] == "first"
    assert call(f"{base}/v1/{created['path']}") == created
    assert call(f"{base}/v1/node")["commit"] == COMMIT
    assert (tmp_path / "data" / "crud.db").is_file()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
