"""The pages: served as they are, complete, and safe to open."""

import re
from html.parser import HTMLParser

import pytest

from crud_service.api.pages import load_pages

PAGES = ("/", "/docs")


class Elements(HTMLParser):
    """Collects the elements of a page with their attributes, and the text that is no element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def pages():
    return load_pages()


def test_content_types(pages):
    """Each file has the content type that a browser insists on when it must not guess."""
    assert {path: page.content_type for path, page in pages.items() if "." not in path} == {
        "/": b"text/html; charset=utf-8",
        "/docs": b"text/html; charset=utf-8",
    }
    assert pages["/static/docs.js"].content_type == b"text/javascript; charset=utf-8"
    assert pages["/static/style.css"].content_type == b"text/css; charset=utf-8"


def test_headers_forbid_everything_foreign(pages):
    """No page loads, runs or sends anything but what this node serves, and none can be framed."""
    for page in pages.values():
        headers = dict(page.headers)
        policy = headers[b"content-security-policy"].decode()
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"x-frame-options"] == b"DENY"
        assert headers[b"referrer-policy"] == b"no-referrer"


@pytest.mark.parametrize("path", PAGES)
def test_nothing_runs_inline(pages, path):
    """A page keeps the policy it is sent with: no inline script, style or handler."""
    text = pages[path].body.decode()
    assert "<style" not in text
    for tag, attributes in Elements(text).found:
        assert tag != "script" or attributes.get("src")
        assert not [name for name in attributes if name == "style" or name.startswith("on")]


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_somewhere(pages, path):
    """Each local link of a page is a page, a file or a document of the node, found also below a prefix."""
    served = {*pages, "/openapi.json", "/proto.binpb", "/metrics", "/readyz"}
    for _, attributes in Elements(pages[path].body.decode()).found:
        target = attributes.get("href") or attributes.get("src")
        if target is None or target.startswith(("data:", "#")):
            continue
        assert not re.match(r"\w+:|/", target), "an absolute link breaks behind a proxy with a prefix"
        assert "/" + target.removeprefix("./").partition("?")[0] in served


def test_imports_lead_somewhere(pages):
    """Each module that a script imports is served beside it."""
    imports = 0
    for path, page in pages.items():
        for target in re.findall(r'^import .* from "\./(.+)";$', page.body.decode(), re.MULTILINE):
            assert f"/static/{target}" in pages, f"{path} imports {target}"
            imports += 1
    assert imports >= 5


def test_works_offline(pages):
    """No file names another host; the only URL is the name of the SVG format."""
    for path, page in pages.items():
        urls = set(re.findall(r"https?://[\w.]+[\w/]*", page.body.decode()))
        assert urls <= {"http://www.w3.org/2000/svg"}, path


def test_scripts_make_no_markup_from_text(pages):
    """Scripts build elements from text nodes, so nothing the service stores can run in a page."""
    for page in pages.values():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", page.body.decode())


def test_is_small(pages):
    """The pages together stay smaller than one picture."""
    assert sum(len(page.body) for page in pages.values()) < 80_000


@pytest.mark.parametrize("path", PAGES)
def test_is_readable_for_all(pages, path):
    """A page names its language and title, fits small screens, has one main part and follows light and dark."""
    text = pages[path].body.decode()
    found = Elements(text).found
    assert ("html", {"lang": "en"}) in found
    assert re.search(r"<title>.+</title>", text)
    assert [tag for tag, _ in found].count("main") == 1
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in [each for _, each in found]
    assert b"prefers-color-scheme: dark" in pages["/static/style.css"].body
