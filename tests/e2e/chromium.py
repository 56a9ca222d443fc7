"""A real Chromium without a window, driven by its DevTools protocol, and never left behind."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import pytest

from tests.e2e.server_process import ROOT

PATIENCE = 15.0
_FLAGS = (
    "--headless",
    "--remote-debugging-port=0",
    "--no-sandbox",  # the pages are our own, and many machines that build do not let it make one
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
)
_KEYS = {"Enter": 13, "Escape": 27, "Tab": 9, "ArrowDown": 40, "ArrowUp": 38, "Home": 36, "End": 35}
_TEXTS = {"Enter": "\r"}


def chromium_program() -> str:
    """The path of Chromium. Without one: a failure in CI, a skip with the reason elsewhere."""
    done = _fetched()
    if done.returncode:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(done.stderr.strip())
    return done.stdout.strip()


class Chromium:
    """A browser that runs, and the one connection to it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}
        self._count = 0

    async def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """One command, and its result. AssertionError when the browser refuses it."""
        self._count += 1
        reply = self._replies[self._count] = asyncio.get_running_loop().create_future()
        message = {"id": self._count, "method": method, "params": parameters}
        await self._socket.send_json(message | ({"sessionId": session} if session else {}))
        answer = await asyncio.wait_for(reply, PATIENCE)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    async def listen(self) -> None:
        """Hand out what the browser says, until it is closed."""
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                self._replies.pop(told["id"]).set_result(told)
            elif page := self._pages.get(told.get("sessionId", "")):
                page.hear(told["method"], told["params"])

    @asynccontextmanager
    async def page(self, **media: str) -> AsyncIterator["Page"]:
        """An empty page in a context of its own, 1280 x 800, with media features such as `prefers_color_scheme`."""
        context = (await self.call("Target.createBrowserContext"))["browserContextId"]
        target = await self.call("Target.createTarget", url="about:blank", browserContextId=context)
        attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = self._pages[attached["sessionId"]] = Page(self, attached["sessionId"])
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            await page.call(f"{domain}.enable")
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        await page.call("Emulation.setEmulatedMedia", features=features)
        await page.resize(1280, 800)
        try:
            yield page
        finally:
            await self.call("Target.disposeBrowserContext", browserContextId=context)


class Page:
    """One page."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser = browser
        self._session = session
        self.complaints: list[str] = []
        """What the console had to complain about, and errors that nobody has caught."""
        self.logged: list[str] = []
        """What its scripts have written to the console."""
        self.requests: list[str] = []
        """The addresses that have been asked for."""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command to this page."""
        return await self._browser.call(method, self._session, **parameters)

    def hear(self, method: str, told: dict[str, Any]) -> None:
        """Take down an event."""
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(told["exceptionDetails"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in {"error", "warning"}:
            self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        elif method == "Runtime.consoleAPICalled":
            text = " ".join(str(argument.get("value", argument)) for argument in told["args"])
            (self.logged if told["type"] == "log" else self.complaints).append(text)

    async def open(self, url: str) -> None:
        """Go there; returns when its scripts have run once."""
        await self.call("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def resize(self, width: int, height: int) -> None:
        """Give it another size, in CSS pixels."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression, of a promise what it comes to. AssertionError when it throws."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, f"{expression}: {answer['exceptionDetails']}"
        return answer["result"].get("value")

    async def until(self, expression: str, within: float = PATIENCE) -> None:
        """Wait until an expression holds."""
        end = monotonic() + within
        while not await self.evaluate(f"Boolean({expression})"):
            assert monotonic() < end, f"not within {within} s: {expression}\n{await self.text('body')}"
            await asyncio.sleep(0.02)

    async def text(self, selector: str) -> str:
        """The text of the first such element as it is shown; empty if there is none."""
        found: str = await self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")
        return found

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key and let it go."""
        code = {"key": key, "code": key, "windowsVirtualKeyCode": _KEYS[key], "modifiers": 8 if shift else 0}
        text = {"text": _TEXTS[key]} if key in _TEXTS else {}
        await self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **code, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **code)

    async def accessible(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader would meet, in its order."""
        nodes = (await self.call("Accessibility.getFullAXTree"))["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]

    async def screenshot(self) -> bytes:
        """What it looks like, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot"))["data"])


@asynccontextmanager
async def running_chromium(folder: Path) -> AsyncIterator[Chromium]:
    """A browser with its profile in `folder`. It is killed at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        chromium_program(),
        *_FLAGS,
        f"--user-data-dir={folder}",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr
        url = await asyncio.wait_for(_address(process.stderr), PATIENCE)
        draining = asyncio.create_task(_drain(process.stderr))
        async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
            browser = Chromium(socket)
            listening = asyncio.create_task(browser.listen())
            try:
                yield browser
            finally:
                listening.cancel()
        process.kill()
        await draining
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _address(stderr: asyncio.StreamReader) -> str:
    said = ""
    while line := (await stderr.readline()).decode(errors="replace"):
        said += line
        if found := re.search(r"DevTools listening on (ws://\S+)", line):
            return found[1]
    raise AssertionError(f"Chromium ended:\n{said}")


async def _drain(stderr: asyncio.StreamReader) -> None:
    """Read what nobody wants, so that the browser does not wait for it to be read."""
    while await stderr.read(1 << 16):
        pass


@cache
def _fetched() -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "scripts" / "fetch_chromium"]
    return subprocess.run(command, capture_output=True, text=True, check=False)
