"""What every source file of the repository has in common."""

import re
from pathlib import Path

import pytest

# Not the contract: a service is read as a whole, with its messages in the order of its methods.
PROGRAMS = {".py", ".html", ".css", ".js", ".c", ".sh", ""}
GENERATED = ("crud_service/v1/", "LICENSE")
INDEX_HOSTS = [
    ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("golang", "org"))
]
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|Users|home/\w+)/\w")


@pytest.fixture(scope="module")
def texts(root: Path, sources: list[Path]) -> dict[str, str]:
    """The text of every file that is text."""
    return {path.as_posix(): (root / path).read_text() for path in sources if path.suffix not in {".binpb", ".png"}}


def test_a_file_holds_one_idea(texts: dict[str, str]) -> None:
    """No source file is longer than 300 lines."""
    written = {name: text for name, text in texts.items() if not name.startswith(GENERATED)}
    long = {name: text.count("\n") for name, text in written.items() if Path(name).suffix in PROGRAMS}
    assert {name: lines for name, lines in long.items() if lines > 300} == {}


def test_no_file_names_a_package_index(texts: dict[str, str]) -> None:
    """Where packages come from is the machine's own business: no file names an index."""
    assert [(name, host) for name, text in texts.items() for host in INDEX_HOSTS if host in text] == []


def test_no_file_names_a_path_of_one_machine(texts: dict[str, str]) -> None:
    """No file speaks of the folders of the machine it was written on."""
    assert {name: found[0] for name, text in texts.items() if (found := MACHINE_PATH.search(text))} == {}
