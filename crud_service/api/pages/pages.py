"""Loads the pages and what they need, keyed by the URL path they are served under."""

from importlib import resources
from pathlib import PurePath

import msgspec

_PATHS = {"index.html": "/", "docs.html": "/docs"}
"""Where the pages live; every other file is served below /static."""

_CONTENT_TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
}

# Nothing is loaded from elsewhere, nothing runs inline, no other site may frame a page.
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


class Page(msgspec.Struct, frozen=True):
    """A file as it is served."""

    content_type: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = _HEADERS
    """Beside the content type: the security headers, as ASGI takes them."""


def load_pages() -> dict[str, Page]:
    """All pages and their files, by URL path: `/`, `/docs`, `/static/docs.js`, ..."""
    files = (resources.files(__package__) / "static").iterdir()
    return {
        _PATHS.get(file.name, f"/static/{file.name}"): Page(
            _CONTENT_TYPES[PurePath(file.name).suffix], file.read_bytes()
        )
        for file in files
    }
