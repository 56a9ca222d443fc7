"""Each fault that the guide for operators lists is made at a real node, and seen where the guide says."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.documents import ROOT, table
from tests.e2e.faults import FAULTS, FAULTS_AT_START, PLANTED, Faulty, mounted
from tests.e2e.server_process import failed_start, running_server
from tests.integration.api.http_client import fetch
from tests.integration.metrics.scrape import scrape

_GUIDE = (ROOT / "docs" / "how-to" / "operate.md").read_text()
_LOOK = 0.1
"""Seconds between two looks of the node at its probes."""


class Row(NamedTuple):
    """What the guide says of a fault."""

    metric: str
    labels: dict[str, str]
    rises: bool
    line: str
    """A part of the line of the log."""
    probe: str
    """`name status` of a probe; empty if none sees it."""


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of a table of the guide, by fault."""
    return {name: cells for name, *cells in table(_GUIDE, heading)}


def row(name: str) -> Row:
    """What the guide says of a fault."""
    metric, line, probe, advice = (each.replace("`", "") for each in rows("Faults")[name])
    assert advice
    found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (rises|falls)", metric)
    assert found, metric
    labels = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
    return Row(found[1], labels, found[3] == "rises", line, probe)


def test_the_guide_lists_what_is_made() -> None:
    """Each fault of the guide is made here, and each that is made is in the guide."""
    assert list(rows("Faults")) == list(FAULTS)
    assert list(rows("Faults at the start")) == list(FAULTS_AT_START)


@pytest.mark.parametrize("name", FAULTS)
async def test_a_fault_is_seen(name: str, tmp_path: Path) -> None:
    """The metric moves and a probe fails as the guide says, its line is in the log once, and the node goes on."""
    made, told = FAULTS[name], row(name)
    (tmp_path / "sitecustomize.py").write_text(PLANTED)
    (data := tmp_path / "data").mkdir()
    settings = {"PYTHONPATH": str(tmp_path), "CRUD_HEALTH_INTERVAL": str(_LOOK), **made.settings}
    with mounted(data, "size=8m") if made.needs_mount else nullcontext():
        async with running_server(folder=data, settings=settings) as server:
            node = Faulty(server, data)
            before = await measured(node, told)
            async with made.fault(node):
                await until(lambda: is_seen(node, told, before))
                await asyncio.sleep(3 * _LOOK)  # what is told at each look would be told again
            await until(lambda: takes_writes(node))
            code, _, err = await server.stop()
    assert code == 0
    lines = err.splitlines()
    if told.line:
        assert len([line for line in lines if told.line in line]) == node.lines, err
    assert [line for line in lines if '"level":"error"' in line and not (told.line and told.line in line)] == []


@pytest.mark.parametrize("name", FAULTS_AT_START)
async def test_a_fault_at_the_start_is_seen(name: str, tmp_path: Path) -> None:
    """The node does not start: one line says what the guide says, and the exit code is 2."""
    said, advice = (each.replace("`", "") for each in rows("Faults at the start")[name])
    assert advice
    (data := tmp_path / "data").mkdir()
    settings = {"CRUD_STORE": f"sqlite:///{data}/crud.db", "CRUD_HTTP_ADDRESS": "127.0.0.1:0"}
    async with FAULTS_AT_START[name](data):
        code, out, err = await failed_start(folder=tmp_path, settings=settings | {"CRUD_GRPC_ADDRESS": "127.0.0.1:0"})
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert said in err
    assert f"{data}/crud.db" in err


async def measured(node: Faulty, told: Row) -> float:
    """The metric now; of a distribution its sum."""
    found = await scrape(node.server.http_port)
    is_histogram = found.types[told.metric] == "histogram"
    value = found.value(f"{told.metric}_sum" if is_histogram else told.metric, **told.labels)
    assert value is not None, told
    return value


async def is_seen(node: Faulty, told: Row, before: float) -> bool:
    """Whether the metric went where the guide says, and the probe says what it says."""
    now = await measured(node, told)
    gone = now - before if told.rises else before - now
    # Seconds add up all the time, so these have to be many.
    if gone <= (0.3 if told.metric.endswith("_seconds") else 0):
        return False
    verbose = (await fetch(node.server.http_port, "GET", "/readyz?verbose")).json
    return not told.probe or told.probe in {f"{each['name']} {each['status']}" for each in verbose["probes"]}


async def takes_writes(node: Faulty) -> bool:
    """Whether the node goes on, as it must once the fault is over."""
    return await node.create() == 201


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Ask the node until it is so."""
    async with asyncio.timeout(20):
        while not await is_so():  # noqa: ASYNC110 - nothing tells of it but the node's own answers
            await asyncio.sleep(0.02)
