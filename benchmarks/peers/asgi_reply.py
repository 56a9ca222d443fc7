"""The ceiling of HTTP: an ASGI application that does nothing but send the bytes that crud-service sends.

Environment: BENCH_REPLIES, the folder with the replies.
"""

import os
from pathlib import Path
from typing import Any

_FOLDER = Path(os.environ["BENCH_REPLIES"])
_RECORD = (_FOLDER / "get.json").read_bytes()
_CREATED = (_FOLDER / "create.json").read_bytes()
_PAGE = (_FOLDER / "list.json").read_bytes()


def _start(status: int, body: bytes) -> dict[str, Any]:
    length = str(len(body)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    return {"type": "http.response.start", "status": status, "headers": headers}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer every POST as a create, `.../records` as a page, anything else as a get."""
    if scope["type"] != "http":
        return
    status, body = 200, _RECORD
    if scope["method"] == "POST":
        while (await receive()).get("more_body"):
            continue
        status, body = 201, _CREATED
    elif scope["path"].endswith("/records"):
        body = _PAGE
    await send(_start(status, body))
    await send({"type": "http.response.body", "body": body})
