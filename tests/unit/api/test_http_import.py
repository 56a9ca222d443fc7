"""Imports over HTTP, around a handler of the test's: rows, bad lines, bodies of any size, clients that stop."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import repeat
from typing import Any

import pytest

from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.requests import ImportRecords, ImportRecordsReply, RecordDraft
from tests.unit.api.asgi import Asgi

IMPORT = "/v1/collections/c/records:import"


class Importer:
    """A handler that keeps what it is given."""

    def __init__(self) -> None:
        self.messages: list[ImportRecords] = []

    async def __call__(self, call: Call, messages: AsyncIterator[ImportRecords]) -> ImportRecordsReply:
        async for message in messages:
            self.messages.append(message)
        return ImportRecordsReply(row_count=len(self.rows))

    @property
    def rows(self) -> list[Any]:
        """All rows, in their order."""
        return [row for message in self.messages for row in message.records]


def reasons(rows: list[Any]) -> list[Any]:
    """Errors by their reasons, drafts by their names."""
    return [row.reason if isinstance(row, CrudError) else row and row.name for row in rows]


async def test_lines_are_rows() -> None:
    """Each line is a record; an empty one is counted, and the last one needs no end."""
    importer = Importer()
    body = b'{"name":"a","content":{"n":19.99}}\r\n\n  \n{"id":"x","etag":"\\"1-2\\"","tags":["t"]}'
    answer = await Asgi(importer).send("POST", IMPORT, body)
    assert (answer.status, answer.json["rowCount"]) == (200, "4")
    first, *blank, last = importer.rows
    assert first == RecordDraft(name="a", content={"n": 19.99})
    assert blank == [None, None]
    assert (last.id, last.tags) == ("x", ("t",))


async def test_what_the_query_says() -> None:
    """The fields beside the records come from the query and stand in the first message, though there be no rows."""
    importer = Importer()
    query = "?onError=skip&ifExists=replace&startRow=3"
    answer = await Asgi(importer).send("POST", IMPORT + query, b"", {"idempotency-key": "k"})
    assert answer.status == 200
    assert importer.messages == [ImportRecords("collections/c", (), "skip", "replace", "k", 3)]
    await Asgi(importer).send("POST", IMPORT + query, b"{}\n" * 1000)
    assert importer.messages[1].on_error == "skip"
    assert {message.on_error for message in importer.messages[2:]} == {""}


@pytest.mark.parametrize(
    ("target", "headers", "status", "reason"),
    [
        (IMPORT + "?records=1", {}, 400, "UNKNOWN_FIELD"),
        (IMPORT + "?startRow=x", {}, 400, "INVALID_FIELD"),
        (IMPORT + "?requestId=a", {"idempotency-key": "b"}, 400, "INVALID_REQUEST_ID"),
        (IMPORT, {"origin": "http://elsewhere", "content-type": "text/plain"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (IMPORT, {"origin": "http://elsewhere"}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
async def test_requests_that_are_refused(target: str, headers: dict[str, str], status: int, reason: str) -> None:
    """What is wrong with the request itself is said before anything of its body is read."""
    importer = Importer()
    answer = await Asgi(importer).send("POST", target, [b"{}", b"{}"], headers)
    assert (answer.status, answer.reason, importer.messages) == (status, reason, [])
    assert answer.headers["connection"] == "close"  # nobody reads the rest of the body


@pytest.mark.parametrize("declared", ["application/x-ndjson", "application/jsonl; charset=utf-8", "application/json"])
async def test_a_page_of_another_site(declared: str) -> None:
    """It may import what it declares."""
    headers = {"origin": "http://elsewhere", "content-type": declared}
    assert (await Asgi(Importer()).send("POST", IMPORT, b"{}", headers)).status == 200


@pytest.mark.parametrize(
    ("line", "reason", "message"),
    [
        (
            b"{",
            Reason.MALFORMED_REQUEST,
            "the line is not JSON: Expecting property name enclosed in double quotes at column 2",
        ),
        (b"[]", Reason.MALFORMED_REQUEST, "the line is not a JSON object"),
        (b"{} {}", Reason.MALFORMED_REQUEST, "the line is not JSON: Extra data at column 4"),
        (b'{"name":"\xff"}', Reason.INVALID_TEXT, "the line is not UTF-8 at byte 10"),
        (b'{"content":{"a":{"b":1,"b":2}}}', Reason.DUPLICATE_KEY, "content.a.b: the key stands twice in its object"),
        (b'{"content":{"a":NaN}}', Reason.NUMBER_NOT_EXACT, "content.a: NaN is not a finite number"),
        (b'{"content":{"a":9007199254740993}}', Reason.NUMBER_NOT_EXACT, "content.a: "),
        (b'{"expireTime":"never"}', Reason.INVALID_FIELD, "expire_time: "),
        (b'{"nam":"a"}', Reason.UNKNOWN_FIELD, "nam: is no field here"),
        (
            b'{"content":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
            Reason.CONTENT_TOO_DEEP,
            "the line is nested too deeply",
        ),
        (b"{" + b" " * 200_000 + b"}", Reason.REQUEST_TOO_LARGE, "the line has more than"),
    ],
)
async def test_a_bad_line_is_its_own_row(line: bytes, reason: Reason, message: str) -> None:
    """A line that is no record is an error in its place, about that line, and the lines around it are rows."""
    importer = Importer()
    limits = Limits(request_bytes=199_999 if reason is Reason.REQUEST_TOO_LARGE else 1_048_576)
    answer = await Asgi(importer, limits).send("POST", IMPORT, b'{"name":"a"}\n' + line + b'\n{"name":"b"}\n')
    assert answer.status == 200
    assert reasons(importer.rows) == ["a", reason, "b"]
    assert importer.rows[1].message.startswith(message)


async def test_an_error_ends_the_import() -> None:
    """What logic refuses is the reply; the connection ends, because the body goes on."""

    async def refuse(call: Call, messages: AsyncIterator[ImportRecords]) -> None:
        await anext(messages)
        raise invalid("", "row 17 is refused")

    answer = await Asgi(refuse).send("POST", IMPORT, [b"{}\n" * 300, b"{}\n" * 300, b"{}\n"])
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    answer = await Asgi(refuse).send("POST", IMPORT, b"{}\n")
    assert (answer.status, answer.headers.get("connection")) == (400, None)


async def test_a_client_that_goes_away() -> None:
    """The handler learns that the body is not whole; it gets the rows that came before."""
    importer = Importer()
    asgi = Asgi(importer)
    asgi.gone.set()
    answer = await asgi.send("POST", IMPORT, b"{}\n" * 200, ends=False)
    assert (answer.status, answer.reason) == (499, "CANCELLED")
    assert len(importer.rows) == 200


async def test_a_client_that_sends_nothing() -> None:
    """The wait for the next bytes has an end; that for the whole body has none."""
    importer = Importer()
    answer = await Asgi(importer, Limits(idle_seconds=0.05)).send("POST", IMPORT, b"{}\n" * 200, ends=False)
    assert (answer.status, answer.reason) == (504, "DEADLINE_EXCEEDED")
    assert len(importer.rows) == 200


async def test_reading_goes_on_while_rows_are_stored() -> None:
    """While a message is being stored the next one is read, and no more than that."""
    counts: list[int] = []
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        while read < 6:
            read += 1
            yield b"{}\n" * 200

    async def store(call: Call, messages: AsyncIterator[ImportRecords]) -> ImportRecordsReply:
        async for _ in messages:
            for _ in range(50):
                await asyncio.sleep(0)
            counts.append(read)
        return ImportRecordsReply()

    await Asgi(store).send("POST", IMPORT, pieces())
    # The application without a server looks one piece ahead itself.
    assert counts == [3, 4, 5, 6, 6, 6, 6]


async def test_many_bytes_are_read_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are served while a lot is being read; for a little the way to a thread would be too long."""
    to_thread, read = asyncio.to_thread, []

    async def spy(work: Callable[[], Any]) -> Any:
        read.append(await to_thread(work))
        return read[-1]

    monkeypatch.setattr(asyncio, "to_thread", spy)
    importer, line = Importer(), json.dumps({"content": {"text": "x" * 1000}}).encode() + b"\n"
    await Asgi(importer).send("POST", IMPORT, line * 50)
    assert (len(importer.rows), read) == (50, [])
    await Asgi(importer).send("POST", IMPORT, line * 100)
    assert (len(importer.rows), len(read[0])) == (150, 100)


async def test_any_number_of_rows() -> None:
    """A hundred thousand lines go through in the memory of a few."""
    piece = b'{"name":"a name","content":{"text":"a few words, as many as a note has"}}\n' * 800

    async def count(call: Call, messages: AsyncIterator[ImportRecords]) -> ImportRecordsReply:
        rows = 0
        async for message in messages:
            rows += len(message.records)
        return ImportRecordsReply(row_count=rows)

    tracemalloc.start()
    answer = await Asgi(count).send("POST", IMPORT, repeat(piece, 125))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.json["rowCount"] == "100000"
    assert most < 4_000_000


async def test_a_line_that_never_ends() -> None:
    """It is one bad row, and takes no memory."""
    importer = Importer()
    tracemalloc.start()
    answer = await Asgi(importer, Limits(request_bytes=100_000)).send("POST", IMPORT, repeat(b"x" * 60_000, 500))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (answer.status, reasons(importer.rows)) == (200, ["REQUEST_TOO_LARGE"])
    assert most < 6_000_000  # of 30,000,000
