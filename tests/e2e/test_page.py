"""The page at `/` in a real browser: what is stored and what happens to it, as it happens, and nothing else."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.chromium import Chromium, Page, running_chromium
from tests.e2e.clients import curl
from tests.e2e.server_process import Server, running_server
from tests.integration.consul.agent import free_ports

pytestmark = pytest.mark.timeout(300)  # the first one may have to fetch the browser
KEPT = 300
"""How many entries the page shows at most."""
LIVE = "document.querySelector('#state').textContent === 'Live'"
ROWS = "[...document.querySelectorAll('#log li')]"


@pytest_asyncio.fixture(scope="module")
async def browser(tmp_path_factory) -> AsyncIterator[Chromium]:
    async with running_chromium(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    """A node with nothing in it."""
    async with running_server(folder=tmp_path, store="memory://") as running:
        yield running


@asynccontextmanager
async def shown(browser: Chromium, server: Server, path: str = "/") -> AsyncIterator[Page]:
    """The page of a node, live; at the end nothing has complained, and nothing was asked of anybody else."""
    async with browser.page() as page:
        await page.open(f"http://127.0.0.1:{server.http_port}{path}")
        await page.until(LIVE)
        yield page
        assert page.complaints == []
        assert [url for url in page.requests if not url.startswith(f"http://127.0.0.1:{server.http_port}/")] == []


async def create(server: Server, collection: str, record: str, **fields: Any) -> None:
    url = f"http://127.0.0.1:{server.http_port}/v1/collections/{collection}/records?recordId={record}"
    await curl(url, "-d", json.dumps(fields))


async def entries(page: Page) -> list[str]:
    """What the log shows, newest first, without times."""
    rows: list[str] = await page.evaluate(f"{ROWS}.map((row) => row.querySelector('.path')?.textContent ?? 'note')")
    return rows


def counted(collection: str, number: int) -> str:
    """Whether a collection is shown with so many records."""
    return f"document.querySelector('#collections a[href=\"#/{collection}\"] .count')?.firstChild.data === '{number:,}'"


async def test_what_is_there_is_shown(browser: Chromium, server: Server) -> None:
    """Name, version and node; collections with their counts; the last records; the log so far."""
    node = await curl(f"http://127.0.0.1:{server.http_port}/v1/node")
    for number in range(3):
        await create(server, "notes", f"n{number}", name=f"Note {number}", date=f"2026-01-0{number + 1}")
    await create(server, "orders", "o")
    async with shown(browser, server) as page:
        await page.until(counted("", 4))
        assert await page.evaluate(counted("notes", 3))
        await page.until(f"{ROWS}.length === 6")
        await page.until("document.querySelectorAll('#records .record').length === 4")
        assert node["version"] in await page.text("h1")
        assert node["nodeId"] in await page.text("#node")
        assert await page.evaluate("document.title") == node["serviceName"]
        assert await entries(page) == [
            "orders/o",
            "collection orders",
            *(f"notes/n{n}" for n in (2, 1, 0)),
            "collection notes",
        ]
        dated = "[...document.querySelectorAll('#records .path')].map((path) => path.textContent)"
        assert await page.evaluate(dated) == ["orders/o", "notes/n2", "notes/n1", "notes/n0"]
        links = await page.evaluate("[...document.querySelectorAll('header a')].map((link) => link.href)")
        for link in links:
            assert await page.evaluate(f"fetch({json.dumps(link)}).then((reply) => reply.status)") == 200
        assert {link.rpartition("/")[2] for link in links} == {
            "docs",
            "openapi.json",
            "proto.binpb",
            "metrics",
            "readyz?verbose",
        }


async def test_nothing_is_there(browser: Chromium, server: Server) -> None:
    """An empty node shows a command that creates the first record; it works as it stands, and the record appears."""
    async with shown(browser, server) as page:
        await page.until("!document.querySelector('#first').hidden")
        command = await page.text("#create")
        process = await asyncio.create_subprocess_shell(f"{command} --silent --output /dev/null --fail")
        assert await process.wait() == 0, command
        await page.until(counted("notes", 1), within=2)
        await page.until("document.querySelector('#first').hidden")
        assert "My first note" in await page.text("#records")


async def test_a_write_appears_within_a_second(browser: Chromium, server: Server) -> None:
    """A record that is written is in the log within a second, and its collection has one more."""
    await create(server, "notes", "one")
    async with shown(browser, server) as page:
        await page.until(counted("notes", 1))
        await create(server, "notes", "two", name="Second")
        await page.until(f"{ROWS}[0].textContent.includes('notes/two')", within=1)
        assert "created Second" in " ".join((await page.text("#log li")).split())
        await page.until(counted("notes", 2), within=2)
        assert await page.evaluate(counted("", 2))
        stops = "[...document.querySelectorAll('#log button')].map((button) => button.tabIndex)"
        assert await page.evaluate(stops) == [0, -1, -1], "Tab leads to the newest entry"
        await page.until("document.querySelector('#records .path').textContent === 'notes/two'", within=2)
        await page.until("document.querySelector('#news').textContent === '1 change, last: created notes/two'")


async def test_an_entry_tells_all(browser: Chromium, server: Server) -> None:
    """An entry says when, who, why and in which call it was written, and what was before and after."""
    url = f"http://127.0.0.1:{server.http_port}/v1/collections/notes/records/a"
    await create(server, "notes", "a", name="Old", content={"deep": {"same": 1, "n": 1}, "gone": "x"})
    reason = "x-change-reason: spring cleaning"
    await curl(url, "-X", "PATCH", "-H", reason, "-d", '{"name": "New", "content": {"deep": {"same": 1, "n": "1"}}}')
    async with shown(browser, server) as page:
        await page.until(f"{ROWS}.length === 3")
        await page.evaluate(f"{ROWS}[0].firstChild.click()")
        await page.until("document.querySelector('#detail .diff')")
        facts = await page.evaluate(
            "Object.fromEntries([...document.querySelectorAll('.facts div')].map((row) =>"
            " [row.firstChild.textContent, row.lastChild.textContent]))"
        )
        assert {"When", "Call", "Trace", "Code"} < set(facts)
        assert (facts["Who"], facts["Why"], facts["Revision"], facts["Version"]) == (
            "anonymous",
            "spring cleaning",
            "2, change 1",
            "2",
        )
        different = await page.evaluate(
            "[...document.querySelectorAll('.diff div')].map((row) => [...row.children].map((each) => each.innerText))"
        )
        assert sorted([" ".join(each.split()) for each in row] for row in different) == [
            ["content.deep.n", "Before 1", 'After "1"'],
            ["content.gone", 'Before "x"'],
            ["name", 'Before "Old"', 'After "New"'],
        ]


async def test_one_collection(browser: Chromium, server: Server) -> None:
    """A chosen collection has the log and the records to itself, now and later; the choice is in the address."""
    for collection in ("notes", "orders"):
        await create(server, collection, "a")
    async with shown(browser, server, "/#/notes") as page:
        await page.until(f"{ROWS}.length === 2")
        assert await entries(page) == ["notes/a", "collection notes"]
        await create(server, "orders", "b")
        await create(server, "notes", "b")
        await page.until(f"{ROWS}.length === 3")
        assert (await entries(page))[0] == "notes/b"
        await page.until(counted("orders", 2), within=2)
        await page.until("document.querySelectorAll('#records .record').length === 2")
        await page.evaluate("document.querySelector('#collections a[href=\"#/orders\"]').click()")
        await page.until(f"{ROWS}.length === 3 && {ROWS}[0].textContent.includes('orders/b')")
        assert await page.text("#collections [aria-current]") == await page.text('#collections a[href="#/orders"]')


async def test_a_pause_loses_nothing(browser: Chromium, server: Server) -> None:
    """While it is paused the log stands still and counts what is new; then that is shown."""
    async with shown(browser, server) as page:
        await page.evaluate("document.querySelector('#pause').click()")
        await create(server, "notes", "a")
        await page.until("document.querySelector('#pause').textContent === 'Go on (2 new)'")
        assert await entries(page) == []
        assert await page.text("#state") == "Paused"
        await page.evaluate("document.querySelector('#pause').click()")
        await page.until(f"{ROWS}.length === 2")
        assert await page.text("#pause") == "Pause"


async def test_a_restart(browser: Chromium, tmp_path: Path) -> None:
    """When the node is away the page says so and comes back by itself, with what it missed, and nothing twice."""
    settings = {"CRUD_HTTP_ADDRESS": f"127.0.0.1:{free_ports(1)[0]}"}
    async with running_server(folder=tmp_path, settings=settings) as first:
        await create(first, "notes", "before")
        async with browser.page() as page:
            await page.open(f"http://127.0.0.1:{first.http_port}/")
            await page.until(f"{LIVE} && {ROWS}.length === 2")
            await page.call("Network.setBlockedURLs", urls=["*records:watch*"])
            first.send(signal.SIGTERM)
            await page.until("document.querySelector('#state').textContent.startsWith('Reconnecting in ')")
            await first.ended()
            async with running_server(folder=tmp_path, settings=settings) as second:
                for number in range(3):
                    await create(second, "notes", f"missed-{number}")
                assert not await page.evaluate(LIVE)
                await page.call("Network.setBlockedURLs", urls=[])
                await page.evaluate("document.querySelector('#retry').click()")
                await page.until(LIVE)
                await create(second, "notes", "after")
                await page.until(f"{ROWS}[0].textContent.includes('notes/after')")
                missed = [f"notes/missed-{number}" for number in (2, 1, 0)]
                assert await entries(page) == ["notes/after", *missed, "notes/before", "collection notes"]
                await page.until(counted("notes", 5), within=2)
                node = await curl(f"http://127.0.0.1:{second.http_port}/v1/node")
                await page.until(f"document.querySelector('#node').textContent.includes('{node['nodeId']}')")


async def test_a_gap_is_told(browser: Chromium, tmp_path: Path) -> None:
    """When the log is another one than before, the page says that there is a gap, and starts anew."""
    settings = {"CRUD_HTTP_ADDRESS": f"127.0.0.1:{free_ports(1)[0]}"}
    async with browser.page() as page:
        async with running_server(folder=tmp_path, settings=settings, store="memory://") as first:
            await create(first, "notes", "lost")
            await page.open(f"http://127.0.0.1:{first.http_port}/")
            await page.until(f"{LIVE} && {ROWS}.length === 2")
        async with running_server(folder=tmp_path, settings=settings, store="memory://") as second:
            await create(second, "other", "a")
            await page.until(f"{LIVE} && document.querySelector('#log .note') && {ROWS}.length === 3")
            assert "There is a gap here. This is another log" in await page.text("#log .note")
            await create(second, "other", "b")
            await page.until(f"{ROWS}.length === 4")
            assert await entries(page) == ["other/b", "note", "other/a", "collection other"]
            await page.until(counted("other", 2), within=2)
            assert await page.text('#collections a[href="#/notes"]') == ""


async def test_a_storm_leaves_no_more_than_a_few_hundred_rows(
    browser: Chromium, server: Server, tmp_path: Path
) -> None:
    """After 5,000 changes the page shows the last of them, and takes hardly more memory than before."""
    lines = tmp_path / "many.jsonl"
    lines.write_text("".join(f'{{"id": "r{n}", "content": {{"n": "{"x" * 500}"}}}}\n' for n in range(5000)))
    url = f"http://127.0.0.1:{server.http_port}/v1/collections/many/records:import"
    async with shown(browser, server) as page:
        before = await heap(page)
        await curl(url, "-H", "content-type: application/x-ndjson", "--data-binary", f"@{lines}")
        await page.until(f"{ROWS}[0]?.textContent.includes('many/r4999')")
        assert len(await entries(page)) == KEPT
        await page.until(counted("many", 5000))
        # The node's own tree, and what waits to be collected, is not ours; a state of each record would be 10 MB.
        assert await heap(page) - before < 3_000_000
        assert (await page.call("Memory.getDOMCounters"))["nodes"] < 20_000


async def heap(page: Page) -> int:
    """How many bytes the scripts of a page hold on to."""
    await page.call("HeapProfiler.collectGarbage")
    used: int = (await page.call("Runtime.getHeapUsage"))["usedSize"]
    return used
