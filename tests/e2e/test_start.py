"""A server starts fast and quietly, or says in one line why it does not."""

import asyncio
import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.clients import grpc_client, http_client
from tests.e2e.server_process import READY_WITHIN, failed_start, launch, running_server
from tests.integration.api.http_client import fetch

FREE = {"CRUD_HTTP_ADDRESS": "127.0.0.1:0", "CRUD_GRPC_ADDRESS": "127.0.0.1:0", "CRUD_STORE": "memory://"}


def _check_one_line(ended: tuple[int, str, str], *named: str, code: int = 2) -> None:
    """Nothing on stdout, one line on stderr that names what was wrong, and the exit code."""
    exit_code, out, err = ended
    assert exit_code == code, err
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("crud-server: ")
    for each in named:
        assert each in err


@pytest.fixture
def occupied() -> Iterator[int]:
    """A port of this machine that somebody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


async def test_start_to_ready(tmp_path: Path, record_property) -> None:
    """The first start, which makes the data file, and the second one are ready in time, quiet, and say how to go on."""
    for turn in ("first", "second"):
        async with running_server(folder=tmp_path) as server:
            record_property(f"seconds to ready, {turn} start", round(server.seconds, 2))
            print(f"{turn} start to ready: {server.seconds:.2f} s")  # noqa: T201 - the bar is a number to look at
            assert server.seconds <= READY_WITHIN
            assert (await fetch(server.http_port, "GET", "/readyz")).status == 200
            assert len(server.banner) <= 8
            text = "\n".join(server.banner)
            for part in (
                str(tmp_path / "crud.db"),
                f"http://127.0.0.1:{server.http_port}/docs",
                "curl http",
                "Ctrl-C",
                "none",
            ):
                assert part in text
            code, out, err = await server.stop()
            assert code == 0
            assert out == ""
            # One line of the one call; no library says anything.
            assert [line for line in err.splitlines() if '"event":"call"' not in line] == []


async def test_the_curl_of_the_banner_works(tmp_path: Path) -> None:
    """The command that the banner shows can be copied."""
    async with running_server(folder=tmp_path) as server:
        command = next(line for line in server.banner if line.startswith("  Try"))
        process = await asyncio.create_subprocess_shell(
            command.split(maxsplit=1)[1] + " --silent --fail", stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        assert b'"name":"hello"' in out


async def test_memory_store(tmp_path: Path) -> None:
    """`memory://` serves without a file, and says that nothing will be left."""
    async with running_server(folder=tmp_path, store="memory://") as server:
        assert "memory" in "\n".join(server.banner)
        async with http_client(server) as http, grpc_client(server) as over_grpc:
            created = await http.call("CreateRecord", {"parent": "collections/a", "record": {"name": "a"}})
            assert (await over_grpc.call("GetRecord", {"path": created.reply["path"]})).reply == created.reply
        assert (await server.stop())[0] == 0
    assert _files(tmp_path) == []


async def test_settings_in_their_order(tmp_path: Path) -> None:
    """A flag goes before the environment, the environment before the file."""
    (tmp_path / "crud.toml").write_text('service_name = "of-file"\nlimit_tags = 3\nlimit_name_chars = 3\n')
    settings = {"CRUD_SERVICE_NAME": "of-environment", "CRUD_LIMIT_TAGS": "2"}
    flags = ("--service-name", "of-flag")
    async with (
        running_server(*flags, folder=tmp_path, settings=settings) as server,
        http_client(server) as http,
    ):
        assert (await http.call("GetNodeInfo", {})).reply["serviceName"] == "of-flag"
        for record, taken in (
            ({"tags": ["a", "b", "c"]}, False),
            ({"name": "four"}, False),
            ({"name": "abc", "tags": ["a", "b"]}, True),
        ):
            outcome = await http.call("CreateRecord", {"parent": "collections/a", "record": record})
            assert outcome.ok == taken


@pytest.mark.parametrize("transport", ["HTTP", "gRPC"])
async def test_port_in_use(tmp_path: Path, occupied: int, transport: str) -> None:
    """A port in use is named in one line, for either transport."""
    address = f"127.0.0.1:{occupied}"
    settings = FREE | {f"CRUD_{transport.upper()}_ADDRESS": address}
    _check_one_line(await failed_start(folder=tmp_path, settings=settings), transport, address)


async def test_ports_of_another_server(tmp_path: Path) -> None:
    """A second server on the gRPC port of the first one is refused: they do not share it in silence."""
    async with running_server(folder=tmp_path, store="memory://") as server:
        settings = FREE | {"CRUD_GRPC_ADDRESS": f"127.0.0.1:{server.grpc_port}"}
        _check_one_line(await failed_start(folder=tmp_path, settings=settings), f"127.0.0.1:{server.grpc_port}")


async def test_address_of_another_machine(tmp_path: Path) -> None:
    """An address that is not of this machine is named in one line, for either transport."""
    for variable in ("CRUD_HTTP_ADDRESS", "CRUD_GRPC_ADDRESS"):
        settings = FREE | {variable: "192.0.2.1:8080"}
        _check_one_line(await failed_start(folder=tmp_path, settings=settings), "192.0.2.1:8080")


async def test_data_file_in_use(tmp_path: Path) -> None:
    """A data file in use by another process is named with that process, which goes on."""
    async with running_server(folder=tmp_path) as server:
        settings = FREE | {"CRUD_STORE": f"sqlite:///{tmp_path}/crud.db"}
        _check_one_line(await failed_start(folder=tmp_path, settings=settings), str(server.pid), "crud.db")
        assert (await fetch(server.http_port, "GET", "/readyz")).status == 200


async def test_file_that_is_no_database(tmp_path: Path) -> None:
    """A file that is no database is refused and left as it is."""
    file = tmp_path / "notes.txt"
    file.write_text("my notes\n" * 1_000)
    settings = FREE | {"CRUD_STORE": f"sqlite:///{file}"}
    _check_one_line(await failed_start(folder=tmp_path, settings=settings), str(file))
    assert file.read_text() == "my notes\n" * 1_000


async def test_database_of_somebody_else(tmp_path: Path) -> None:
    """A database that is not of this service is refused in one line, or taken without touching its tables."""
    file = tmp_path / "other.db"
    connection = sqlite3.connect(file)
    connection.execute("create table mine (value text)")
    connection.execute("insert into mine values ('kept')")
    connection.commit()
    connection.close()
    settings = FREE | {"CRUD_STORE": f"sqlite:///{file}"}
    process = await launch(folder=tmp_path, settings=settings)
    assert process.stdout
    started = await process.stdout.readline()
    if started:
        process.terminate()
    _, err = await process.communicate()
    assert b"Traceback" not in err
    connection = sqlite3.connect(file)
    assert connection.execute("select value from mine").fetchall() == [("kept",)]
    connection.close()


async def test_damaged_file(tmp_path: Path) -> None:
    """A data file that is damaged is refused in one line and never made anew."""
    async with running_server(folder=tmp_path) as server:
        await server.stop()
    file = tmp_path / "crud.db"
    damaged = b"not a database, not any more" + file.read_bytes()[28:]
    file.write_bytes(damaged)
    settings = FREE | {"CRUD_STORE": f"sqlite:///{file}"}
    _check_one_line(await failed_start(folder=tmp_path, settings=settings), str(file))
    assert file.read_bytes() == damaged


async def test_folder_as_data_file(tmp_path: Path) -> None:
    """A folder is no data file."""
    settings = FREE | {"CRUD_STORE": f"sqlite:///{tmp_path}"}
    _check_one_line(await failed_start(folder=tmp_path, settings=settings), str(tmp_path))


async def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that cannot be made or written is named, with the way out."""
    (tmp_path / "file").write_text("")
    folders = [tmp_path / "file" / "below", Path("/proc/no-such-folder")]
    if os.geteuid() != 0:
        (tmp_path / "closed").mkdir(mode=0o500)
        folders.append(tmp_path / "closed")
    for folder in folders:
        settings = FREE | {"CRUD_STORE": f"sqlite:///{folder}/crud.db"}
        _check_one_line(await failed_start(folder=tmp_path, settings=settings), str(folder))


WRONG_FLAGS = {
    "an unknown flag": (["--prot", "1"], "--prot"),
    "an address without a port": (["--http-address", "localhost"], "--http-address"),
    "a port out of range": (["--grpc-address", "127.0.0.1:65536"], "--grpc-address"),
    "a store nobody knows": (["--store", "mysql://a"], "--store"),
    "a store without a file": (["--store", "sqlite:///"], "--store"),
    "a level nobody knows": (["--log-level", "loud"], "--log-level"),
    "a limit that is none": (["--limit-tags", "many"], "--limit-tags"),
    "a limit of zero": (["--limit-name-chars", "0"], "--limit-name-chars"),
    "more levels than gRPC can carry": (["--limit-content-depth", "33"], "--limit-content-depth"),
    "a file that is not there": (["--config", "nowhere.toml"], "nowhere.toml"),
    "a flag without its value": (["--store"], "--store"),
    "an argument": (["serve"], "serve"),
}


@pytest.mark.parametrize(("arguments", "named"), WRONG_FLAGS.values(), ids=WRONG_FLAGS)
async def test_wrong_flag(tmp_path: Path, arguments: list[str], named: str) -> None:
    """A wrong flag is named in one line."""
    _check_one_line(await failed_start(*arguments, folder=tmp_path, settings=FREE), named)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CRUD_LIMIT_TAGS", "-1"),
        ("CRUD_STORE", "redis://"),
        ("CRUD_HTTP_ADRESS", "127.0.0.1:1"),
        ("CRUD_AUTO_MIGRATE", "perhaps"),
    ],
)
async def test_wrong_variable(tmp_path: Path, variable: str, value: str) -> None:
    """A wrong or misspelt variable is named in one line."""
    _check_one_line(await failed_start(folder=tmp_path, settings=FREE | {variable: value}), variable)


@pytest.mark.parametrize(
    "line", ["limit_tags = 'many'", "colour = 'blue'", "store = 5", "[http]\nport = 1", "limit_tags = ", "\x00"]
)
async def test_wrong_file(tmp_path: Path, line: str) -> None:
    """A wrong line in the settings file is named in one line, with the file."""
    (tmp_path / "crud.toml").write_text(line)
    _check_one_line(await failed_start(folder=tmp_path, settings={}), "crud.toml")


async def test_help_and_version(tmp_path: Path) -> None:
    """`--help` lists every setting, `--version` says the version, and neither starts anything."""
    code, out, err = await failed_start("--help", folder=tmp_path)
    assert (code, err) == (0, "")
    for named in ("--http-address", "CRUD_STORE", "--limit-content-bytes"):
        assert named in out
    code, out, err = await failed_start("--version", folder=tmp_path)
    assert (code, err) == (0, "")
    assert out.startswith("crud-server ")


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir())
