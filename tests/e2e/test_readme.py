"""The README tells the truth: its examples run, what it shows is what comes."""

import re
from pathlib import Path

import pytest

from crud_service.library.banner import banner
from crud_service.library.code_version import version
from crud_service.model.ports.registrar import Address
from tests.e2e.documents import ROOT, blocks, run_examples, same_output, served, table

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def readme() -> str:
    """The text of the README."""
    return (ROOT / "README.md").read_text()


def test_the_examples_run_and_show_what_comes(readme: str, tmp_path: Path) -> None:
    """A reader who follows the README from top to bottom, on a new store, sees what the README shows."""
    with served(tmp_path) as addresses:
        assert run_examples(tmp_path, readme, addresses) == []


def test_the_banner_is_the_one_of_the_code(readme: str) -> None:
    """The banner in the README is what a node prints, but for the folder it runs in."""
    shown = next(block for block in blocks(readme) if "is ready" in block.text)
    http, grpc = Address("127.0.0.1", 8080), Address("127.0.0.1", 50051)
    data = Path("/srv/crud-service/data/crud.db")
    assert same_output(shown, banner(f"crud-service {version()}", http=http, grpc=grpc, data=data))


def test_the_two_commands_exist(readme: str) -> None:
    """Every `make` target that the README names is in the Makefile."""
    named = set(re.findall(r"\bmake (\w+)", readme.replace("make a client", "")))
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "test"} <= named <= targets


def test_the_table_of_the_record_has_every_field(readme: str) -> None:
    """The table has the fields of the message Record, in their order."""
    from crud_service.v1.record_pb2 import Record

    shown = [name.strip("` ") for row in table(readme, "The record") for name in row[0].split(",")]
    assert shown == [field.name for field in Record.DESCRIPTOR.fields]


def test_the_readme_gives_no_figures_of_speed(readme: str) -> None:
    """Figures are in benchmarks/RESULTS.md, where one command measures them; prose grows old."""
    assert re.findall(r"\d+ ?(?:ms|µs|us|rps|req/s|x faster|calls? a second)\b", readme) == []
