"""Reading and running the documents: their fenced blocks, what a block shows as output, their links and tables.

A block in `sh` or `python` is an example and is run. A block in `json` or `text` right after it is the output it must
have. A block in `toml` is a settings file. Any other block says why it is not run: `<!-- not executed: reason -->`
stands on the line before it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
HTTP_ADDRESS, GRPC_ADDRESS = "127.0.0.1:8080", "127.0.0.1:50051"
"""Where the documents say a node listens. A run replaces them by where one does."""

_FENCE = re.compile(r"^```(\w*)[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"<!-- not executed: (\S.*) -->\s*\Z")
_RUN, _OUTPUT = {"sh", "python"}, {"json", "text"}
# What differs from run to run. A time with decimals is one that the node made; those of the examples have none.
_VOLATILE = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r'"[0-9a-f]+-[0-9a-f]{8}"'), "<etag>"),
    (re.compile(r"\b[0-9a-f]{40}\b"), "<commit>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<call or trace>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z"), "<time>"),
    (re.compile(r"(?<![\d.])\d+\.\d+\.\d+(?!\.?\d)"), "<version>"),
)
_VOLATILE_KEYS = {"commit", "nextPageToken"}
_MARK = "@@ block "


class Block(NamedTuple):
    """One fenced block of a document."""

    line: int
    language: str
    text: str
    marker: str
    """Why it is not run; empty if nothing says so."""
    follows: bool
    """Whether only empty lines part it from the block before."""


class Example(NamedTuple):
    """A block that is run, and the output it shows; None if it shows none."""

    block: Block
    output: Block | None


def documents() -> list[Path]:
    """The README and every page of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a document, in their order."""
    found: list[Block] = []
    end = 0
    for match in _FENCE.finditer(text):
        between = text[end : match.start()]
        marker = _MARKER.search(between)
        line = text.count("\n", 0, match.start()) + 1
        reason = marker[1] if marker else ""
        found.append(Block(line, match[1], match[2], reason, bool(found) and not between.strip()))
        end = match.end()
    return found


def examples(text: str) -> list[Example]:
    """The blocks that are run, each with its output."""
    found: list[Example] = []
    previous: Block | None = None
    for block in blocks(text):
        if block.language in _RUN and not block.marker:
            found.append(Example(block, None))
        elif _is_output(block, previous):
            found[-1] = Example(found[-1].block, block)
        previous = block
    return found


def unaccounted(text: str) -> list[Block]:
    """The blocks that are neither run, nor output, nor settings, nor say why not."""
    found = blocks(text)
    return [
        block
        for block, previous in zip(found, [None, *found], strict=False)
        if not block.marker and block.language not in {*_RUN, "toml"} and not _is_output(block, previous)
    ]


def _is_output(block: Block, previous: Block | None) -> bool:
    runs = previous is not None and previous.language in _RUN and not previous.marker
    return runs and block.follows and block.language in _OUTPUT


@contextmanager
def served(folder: Path, *, events: bool = False) -> Iterator[dict[str, str]]:
    """A node that runs as a user would start it, in `folder`; where it listens, by what the documents call it.

    Without its own `events`, as docs/README.md says, so that revisions begin at 1.
    """
    if shutil.which("curl") is None and not os.environ.get("CI"):
        pytest.skip("the examples need curl")
    for name in ("cmd", "crud_service", "proto"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    settings = {} if events else {"CRUD_NODE_EVENTS": "false"}
    command = [sys.executable, "cmd/server", "--http-address", "127.0.0.1:0", "--grpc-address", "127.0.0.1:0"]
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(
            command, cwd=folder, env=_environment() | settings, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            yield _addresses(process, folder / "server.log")
        finally:
            process.terminate()
            process.wait(timeout=30)


def _addresses(process: subprocess.Popen[str], log: Path) -> dict[str, str]:
    """Read the banner, which is complete when the node is ready."""
    assert process.stdout is not None
    banner = ""
    for line in process.stdout:
        banner += line
        if "Stop" in line:
            found = re.findall(r"^  (?:HTTP  http://|gRPC  )(\S+)$", banner, re.MULTILINE)
            return dict(zip((HTTP_ADDRESS, GRPC_ADDRESS), found, strict=True))
    raise AssertionError(f"the node ended without a banner:\n{banner}{log.read_text()}")


def run_examples(folder: Path, text: str, addresses: Mapping[str, str], seconds: float = 120) -> list[str]:
    """Run all examples of a document in one shell, in order; what is wrong, one entry for each block.

    What has not ended after so many seconds is ended then.
    """
    given = examples(text)
    script = "exec 2>&1\n" + "".join(
        _script(folder, number, example.block, addresses) for number, example in enumerate(given)
    )
    printed = _run(folder, script, seconds)
    shown = [part.partition("\n")[2] for part in printed.split(_MARK)[1:]]
    wrong = []
    for (block, output), actual in zip(given, shown, strict=False):
        body, _, code = actual.partition("@@ exit ")
        for written, real in addresses.items():
            body = body.replace(real, written)
        if code.strip() != "0":
            wrong.append(f"line {block.line} ends with {code.strip() or 'its time'}:\n{block.text}{body}")
        elif output and not same_output(output, body):
            wrong.append(f"line {output.line} shows\n{output.text}\nbut it is\n{body}")
    if len(shown) != len(given):
        wrong.append(f"only {len(shown)} of {len(given)} examples ran:\n{printed}")
    return wrong


def _run(folder: Path, script: str, seconds: float) -> str:
    """What a script has printed when it ended, or when its time was over."""
    command = ["bash", "-c", script]
    try:
        return subprocess.run(
            command, cwd=folder, env=_environment(), stdout=subprocess.PIPE, text=True, timeout=seconds, check=False
        ).stdout
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode()


def _script(folder: Path, number: int, block: Block, addresses: Mapping[str, str]) -> str:
    code = block.text
    for written, real in addresses.items():
        code = code.replace(written, real)
    if block.language == "python":
        (folder / f"example_{number}.py").write_text(code)
        code = f".venv/bin/python example_{number}.py\n"
    return f"printf '{_MARK}{number}\\n'\n{code}printf '\\n@@ exit %s\\n' $?\n"


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
    }


def same_output(shown: Block, actual: str) -> bool:
    """Whether a block shows this output: as JSON if it says so, else line by line, `...` standing for any lines."""
    if shown.language == "json":
        return _as_json(shown.text) == _as_json(actual)
    pattern = "".join(r"(?:.*\n)*" if line == "..." else re.escape(line) + r"\s*\n" for line in _lines(shown.text))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(actual))) is not None


def _lines(text: str) -> list[str]:
    return [masked(line.rstrip()) for line in text.strip().splitlines()]


def _as_json(text: str) -> list[Any]:
    """The JSON values that stand in a text one after the other, without what differs from run to run."""
    decoder, values, rest = json.JSONDecoder(), [], text.strip()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except json.JSONDecodeError:
            return [text]
        values.append(_masked_value(value))
        rest = rest[end:].strip()
    return values


def _masked_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: "<any>" if key in _VOLATILE_KEYS and each else _masked_value(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked_value(each) for each in value]
    return masked(value) if isinstance(value, str) else value


def masked(text: str) -> str:
    """A text with a name in the place of everything that differs from run to run."""
    for pattern, name in _VOLATILE:
        text = pattern.sub(name, text)
    return text


def table(text: str, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head; the cells without their backticks."""
    section = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section, f"there is no heading {heading!r}"
    rows = [line for line in section[1].splitlines() if line.startswith("|")]
    assert len(rows) > 2, f"there is no table below {heading!r}"
    return [[cell.strip(" `") for cell in row.split("|")[1:-1]] for row in rows[2:]]


def anchors(text: str) -> set[str]:
    """What a link may name after `#`: the headings, as the usual renderers spell them."""
    prose = _FENCE.sub("", text)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(text: str) -> list[str]:
    """The targets of the links of a document."""
    return re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", text))
