"""The reader of a watch that the documents give works in a browser, as it stands there."""

import json
import signal
from pathlib import Path

import pytest

from tests.e2e.chromium import PATIENCE, Page, running_chromium
from tests.e2e.clients import curl
from tests.e2e.documents import ROOT, blocks
from tests.e2e.server_process import Server, running_server
from tests.integration.consul.agent import free_ports, until

pytestmark = pytest.mark.timeout(300)  # the first one may have to fetch the browser
READER, USE, SHOWN = (
    block.text for block in blocks((ROOT / "docs" / "how-to" / "watch-from-a-browser.md").read_text())
)


async def create(server: Server, record: str) -> None:
    await curl(f"http://127.0.0.1:{server.http_port}/v1/collections/notes/records?recordId={record}", "-d", "{}")


async def said(page: Page, lines: list[str]) -> None:
    """Wait until the console has so many lines, and see that they are these."""

    async def are_there() -> bool:
        return len(page.logged) >= len(lines)

    await until(are_there, within=PATIENCE)
    assert page.logged == lines


async def test_the_reader_of_the_documents(tmp_path: Path) -> None:
    """It tells what is in the log and what comes, goes on by itself after the node was killed, and misses nothing."""
    settings = {"CRUD_HTTP_ADDRESS": f"127.0.0.1:{free_ports(1)[0]}"}
    async with running_chromium(tmp_path / "profile") as browser, browser.page() as page:
        async with running_server(folder=tmp_path, settings=settings) as server:
            await create(server, "milk")
            await page.open(f"http://127.0.0.1:{server.http_port}/version")
            await page.evaluate(f"{READER}; (async () => {{ {USE} }})(); 0")
            lines = SHOWN.splitlines()
            await said(page, lines)
            await create(server, "bread")
            lines.append("CREATED collections/notes/records/bread")
            await said(page, lines)
            server.send(signal.SIGKILL)
        async with running_server(folder=tmp_path, settings=settings) as server:
            for record in ("eggs", "flour"):
                await create(server, record)
                lines.append(f"CREATED collections/notes/records/{record}")
            await said(page, lines)


async def test_an_error_that_stays_is_thrown(tmp_path: Path) -> None:
    """A token of another log ends it with the error that the node gives."""
    async with (
        running_server(folder=tmp_path, store="memory://") as server,
        running_chromium(tmp_path / "profile") as browser,
        browser.page() as page,
    ):
        await page.open(f"http://127.0.0.1:{server.http_port}/version")
        use = 'watch("/v1/collections/-/records:watch", "AAAA").next().catch((error) => error.message)'
        error = json.loads(await page.evaluate(f"{READER}; {use}"))["error"]
        assert error["details"][0]["reason"] == "INVALID_RESUME_TOKEN"
