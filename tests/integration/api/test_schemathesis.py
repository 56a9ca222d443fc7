"""Schemathesis over the OpenAPI document of a running node, with all its checks: no failure, whatever is sent."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crud_service.testing.node import running_node
from tests.integration.api.fuzz.formats import FORMATS
from tests.integration.api.http_client import fetch

_CONFIG = "tests/integration/api/fuzz/schemathesis.toml"
_SHORT = ("--generation-deterministic", "--max-examples=3")
_FULL = ("--seed=1", "--max-examples=200")
# What they change, in this process too, is no matter of one request: a node that drains is not ready any more.
_NOT_COMMANDS = ("--exclude-path-regex=^/v1/node:",)
_STANDARD = {"date", "date-time", "int32"}


@pytest.mark.proof
@pytest.mark.timeout(900)
async def test_no_request_surprises_the_service(proof: bool, root: Path, tmp_path: Path) -> None:
    """What fits the document is accepted, what does not is refused, and every answer is one that the document has."""
    async with running_node(store=f"sqlite:///{tmp_path}/crud.db", log_level="error") as node:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", f"--config-file={_CONFIG}", "--no-color"),
            *("run", f"http://127.0.0.1:{node.http_port}/openapi.json", *_NOT_COMMANDS, *(_FULL if proof else _SHORT)),
            cwd=root,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, output.decode()


async def test_every_format_has_values() -> None:
    """No format of the document is filled with any text, and none that it does not have is prepared in vain."""
    async with running_node(log_level="error") as node:
        document = (await fetch(node.http_port, "GET", "/openapi.json")).json
    assert set(_formats(document)) - _STANDARD == set(FORMATS)


def _formats(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("format"), str):
            yield value["format"]
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from _formats(each)
