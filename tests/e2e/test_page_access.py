"""The page at `/` for everybody: by keyboard, by ear, in the dark, on a small screen; safe whoever writes."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import pytest_asyncio

from tests.e2e.chromium import Chromium, Page, running_chromium
from tests.e2e.server_process import Server, running_server

pytestmark = pytest.mark.timeout(300)  # the first one may have to fetch the browser
HOSTILE = "<img src=x onerror=hacked=1>\u202e\u05d0</b>"
MEGABYTE = 1_000_000
# The contrast of each text with what is behind it, of those that are shown (WCAG 2.2, 1.4.3).
CONTRASTS = """(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = (color) => rgba(color).slice(0, 3).map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => { const color = getComputedStyle(element).backgroundColor;
    return rgba(color)[3] === 255 ? color : element.parentElement ? behind(element.parentElement) : "white"; };
  const found = {};
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
    if (!own || !element.checkVisibility()) continue;
    const both = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
    found[`${element.tagName}.${element.className} ${own.slice(0, 20)}`] = (both[0] + 0.05) / (both[1] + 0.05);
  }
  return found;
})()"""
FOCUS = """(() => {
  const { activeElement: element } = document;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const isVisible = outlineStyle !== "none" && outlineWidth !== "0px";
  return [element.id || element.className || element.getAttribute("href"), isVisible];
})()"""


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory) -> AsyncIterator[Server]:
    """A node with records of two collections, one of them hostile."""
    async with running_server(folder=tmp_path_factory.mktemp("node"), store="memory://") as running:
        for collection, record in (("notes", {"name": "Milk", "tags": ["food"]}), ("orders", {"name": ""})):
            write(running, collection, "a", record)
        write(running, "notes", "hostile", {"name": HOSTILE, "tags": [HOSTILE], "content": {HOSTILE: "x" * MEGABYTE}})
        yield running


@pytest_asyncio.fixture(scope="module")
async def browser(tmp_path_factory) -> AsyncIterator[Chromium]:
    async with running_chromium(tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest_asyncio.fixture
async def page(browser: Chromium, server: Server) -> AsyncIterator[Page]:
    """The page, with all that it shows in it; at the end nothing has complained."""
    async with browser.page() as opened:
        await ready(opened, server)
        yield opened
        assert opened.complaints == []


def write(server: Server, collection: str, record: str, fields: dict[str, object]) -> None:
    url = f"http://127.0.0.1:{server.http_port}/v1/collections/{collection}/records?recordId={record}"
    with urlopen(Request(url, json.dumps(fields).encode()), timeout=10):
        pass


async def ready(page: Page, server: Server) -> None:
    await page.open(f"http://127.0.0.1:{server.http_port}/")
    await page.until("document.querySelectorAll('#log .entry').length === 5")
    await page.until("document.querySelectorAll('#records .record').length === 3")
    await page.until("document.querySelectorAll('#collections .count').length === 3")


async def test_by_keyboard(page: Page) -> None:
    """Tab goes through everything in its order, each with a visible focus; the log is one stop, arrows move in it."""
    stops = []
    for _ in range(14):
        await page.press("Tab")
        stop, is_visible = await page.evaluate(FOCUS)
        assert is_visible, stop
        stops.append(stop)
    documents = ["docs", "openapi.json", "proto.binpb", "metrics", "readyz?verbose"]
    assert stops == ["skip", *documents, "#/", "#/notes", "#/orders", "pause", "entry", *["record"] * 3]
    for _ in range(3):
        await page.press("Tab", shift=True)
    newest = await page.evaluate("document.activeElement.textContent")
    await page.press("End")
    oldest = await page.evaluate("document.activeElement.textContent")
    assert ("hostile" in newest, "collection notes" in oldest) == (True, True)
    await page.press("Home")
    await page.press("ArrowDown")
    await page.press("ArrowUp")
    assert await page.evaluate("document.activeElement.textContent") == newest


async def test_the_dialog_by_keyboard(page: Page) -> None:
    """Enter opens an entry, the focus goes into the dialog and stays there, Escape brings it back to the entry."""
    await page.evaluate("document.querySelector('#log .entry').focus()")
    await page.press("ArrowDown")
    await page.press("Enter")
    await page.until("document.querySelector('#detail .facts')")
    assert await page.evaluate("document.activeElement.id") == "detail-title"
    for _ in range(4):
        await page.press("Tab")
        assert await page.evaluate(
            "document.querySelector('#detail').contains(document.activeElement) "
            "|| document.activeElement === document.body"
        )
    await page.press("Escape")
    await page.until("!document.querySelector('#detail').open")
    assert "orders/a" in await page.evaluate("document.activeElement.textContent")


async def test_skip_to_the_log(page: Page) -> None:
    """The first link leads to the log, past everything else."""
    await page.press("Tab")
    await page.press("Enter")
    await page.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "entry"
    assert await page.text("#log-of") == ""


async def test_by_ear(page: Page) -> None:
    """Every control has a name, every part is a landmark with a name, and the state is told when it changes."""
    found = await page.accessible()
    controls = [(role, name) for role, name in found if role in {"button", "link", "textbox", "combobox", "checkbox"}]
    assert [role for role, name in controls if not name.strip()] == []
    assert {("button", "Pause"), ("link", "notes 2 records"), ("link", "orders 1 record")} < set(controls)
    assert next(name for role, name in controls if role == "button" and "created" in name).endswith("notes/hostile")
    landmarks = {"banner", "main", "navigation", "region"}
    assert sorted(each for each in found if each[0] in landmarks) == [
        ("banner", ""),
        ("main", ""),
        ("navigation", "Collections"),
        ("navigation", "Documents"),
        ("region", "Last records"),
        ("region", "Log"),
    ]
    headings = [name for role, name in found if role == "heading"]
    assert headings[0].startswith("crud-service")
    assert headings[1:] == ["Collections", "Log", "Last records"]
    assert ("list", "Log") in found
    assert ("status", "") in found
    assert await page.evaluate("document.querySelector('#news').getAttribute('aria-live')") == "polite"
    assert await page.evaluate("document.querySelectorAll('#collections [aria-current=true]').length") == 1


async def test_the_dialog_by_ear(page: Page) -> None:
    """The dialog has a name, and what changed is told in words."""
    await page.evaluate("document.querySelectorAll('#log .entry')[1].click()")
    await page.until("document.querySelector('#detail .diff')")
    found = await page.accessible()
    assert ("dialog", "orders/a created") in found
    assert {("button", "Close"), ("heading", "What changed")} < set(found)
    assert "After" in await page.text(".diff")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_in_either_scheme(browser: Chromium, server: Server, scheme: str) -> None:
    """The page is light or dark as the reader wants it, and every text of it stands out from what is behind it."""
    async with browser.page(prefers_color_scheme=scheme) as page:
        await ready(page, server)
        for _ in range(2):
            contrasts = await page.evaluate(CONTRASTS)
            assert len(contrasts) > 10
            assert {text: ratio for text, ratio in contrasts.items() if ratio < 4.5} == {}
            await page.evaluate("document.querySelector('#log .entry').click()")
            await page.until("document.querySelector('#detail .diff')")
        background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        is_light = sum(map(int, background.removeprefix("rgb(").removesuffix(")").split(","))) > 3 * 128
        assert is_light == (scheme == "light")


@pytest.mark.parametrize(("motion", "name"), [("reduce", "none"), ("no-preference", "arrive")])
async def test_without_motion(browser: Chromium, server: Server, motion: str, name: str) -> None:
    """New entries are set off by a movement, unless the reader wants none."""
    async with browser.page(prefers_reduced_motion=motion) as page:
        await ready(page, server)
        assert await page.evaluate("getComputedStyle(document.querySelector('#log li')).animationName") == name


@pytest.mark.parametrize("width", [320, 800, 2560])
async def test_on_any_screen(page: Page, width: int) -> None:
    """Nothing is cut off or has to be scrolled sideways, in the page and in the dialog."""
    await page.resize(width, 700)
    await page.evaluate("document.querySelector('#log .entry').click()")
    await page.until("document.querySelector('#detail .diff')")
    wider = (
        "[...document.querySelectorAll('html, dialog, .panel')]"
        ".filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.className || each.tagName)"
    )
    assert await page.evaluate(wider) == []
    assert await page.evaluate("document.documentElement.scrollWidth") == width


async def test_hostile_texts(page: Page) -> None:
    """Markup, marks that turn the direction of a text, and a text of a million characters are shown, not obeyed."""
    written = HOSTILE.replace("\u202e", "\\u202e")
    assert written in await page.evaluate("document.querySelector('#log .what bdi').textContent")
    for open_it in ("#log .entry", "#records .record[data-path$=hostile]"):
        await page.evaluate(f"document.querySelector({json.dumps(open_it)}).click()")
        await page.until("document.querySelector('#detail dl')")
        told = await page.evaluate("document.querySelector('#detail').textContent")
        assert written in told
        assert "\u202e" not in told
        assert "x" * 300 in told
        assert len(told) < 30_000
        assert "characters)" in told
        await page.press("Escape")
        await page.until("!document.querySelector('#detail').open")
    assert await page.evaluate("document.querySelectorAll('main img, main script, dialog img').length") == 0
    assert await page.evaluate("typeof hacked") == "undefined"


async def test_without_scripts(browser: Chromium, server: Server) -> None:
    """Without JavaScript the page says what works instead, and its links are there."""
    async with browser.page() as page:
        await page.call("Emulation.setScriptExecutionDisabled", value=True)
        await page.call("Page.navigate", url=f"http://127.0.0.1:{server.http_port}/")
        while not (links := [name for role, name in await page.accessible() if role == "link"]):
            pass
        assert links[-5:] == ["Documentation", "OpenAPI", "Proto", "Metrics", "Readiness"]
        said = " ".join(name for role, name in await page.accessible() if role == "StaticText")
        assert "need JavaScript" in said
        assert "curl -N ADDRESS/v1/" in said
        assert "Pause" not in said


async def test_screenshots_can_be_taken(page: Page, tmp_path: Path) -> None:
    """What is tested is drawn: a picture of the page is no empty one."""
    picture = await page.screenshot()
    (tmp_path / "page.png").write_bytes(picture)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000
