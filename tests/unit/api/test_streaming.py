"""What both transports do with streams: backpressure, slow clients, silent clients, and encoding once for many."""

import asyncio
import gc
import json
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from crud_service.api.codec.json_writer import compile_json_writer
from crud_service.api.codec.offload import LARGE
from crud_service.api.streaming import StreamEncoder, send_all, take_all
from crud_service.model import requests
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.record import Record
from crud_service.model.requests import ChangeGroup, ChangeType, RecordChange, WatchEvent
from crud_service.model.timestamp import parse
from crud_service.v1.change_pb2 import WatchRecordsResponse

TIME = parse("2026-01-31T12:00:00Z")
WATCH = requests.WatchRecords("collections/c")
# Longer than any test takes, and so short that a test which waits for it ends soon.
PATIENT, IMPATIENT = 60.0, 0.01
SOON = 2.0


def event(content: str = "{}", token: str = "t") -> WatchEvent:
    record = Record("c", "r", "n", TIME, content, (), 7, 1, TIME, TIME)
    change = RecordChange(type=ChangeType.CREATED, record=record, path=record.path, revision=7)
    return WatchEvent(group=ChangeGroup(7, complete=True, changes=(change,)), resume_token=token)


class Replies:
    """A stream of replies that says how far it has been asked, and that it was closed."""

    def __init__(self, *replies: Any, error: Exception | None = None) -> None:
        self.asked = 0
        self.is_closed = False
        self._replies = replies
        self._error = error

    async def stream(self) -> AsyncIterator[Any]:
        try:
            for reply in self._replies:
                self.asked += 1
                yield reply
            if self._error:
                raise self._error
        finally:
            self.is_closed = True


async def test_every_reply_is_sent_in_order() -> None:
    """The next one is asked for when the one before has been taken, and not earlier."""
    replies, sent = Replies("a", "b", "c"), []

    async def send(reply: str) -> None:
        sent.append((reply, replies.asked))

    await send_all(replies.stream(), send, PATIENT)
    assert sent == [("a", 1), ("b", 2), ("c", 3)]
    assert replies.is_closed


async def test_an_error_comes_behind_the_replies() -> None:
    """What the handler ends with is what the stream ends with."""
    error, sent = CrudError(Kind.OUT_OF_RANGE, Reason.HISTORY_GONE, "gone"), []

    async def send(reply: str) -> None:
        sent.append(reply)

    with pytest.raises(CrudError) as raised:
        await send_all(Replies("a", error=error).stream(), send, PATIENT)
    assert raised.value is error
    assert sent == ["a"]


async def test_a_reader_that_takes_nothing_is_told_where_to_resume() -> None:
    """It has the token of the last reply that it took; a part of a mutation has none."""
    replies = Replies(event(token="one"), event(token=""), event(token="three"))
    sent = []

    async def send(reply: WatchEvent) -> None:
        if len(sent) == 2:
            await asyncio.Event().wait()
        sent.append(reply)

    with pytest.raises(CrudError) as raised:
        async with asyncio.timeout(SOON):
            await send_all(replies.stream(), send, IMPATIENT)
    error = raised.value
    assert (error.kind, error.reason) == (Kind.ABORTED, Reason.SLOW_READER)
    assert error.metadata == {"resumeToken": "one"}
    assert error.message == (
        "the client took nothing for 0.01 s, so the stream has ended; resume with the last resume_token that came"
    )
    assert replies.is_closed


async def test_a_reader_that_never_took_anything_has_no_token() -> None:
    """There is nothing to resume with."""

    async def send(reply: Any) -> None:
        await asyncio.Event().wait()

    with pytest.raises(CrudError) as raised:
        await send_all(Replies(event()).stream(), send, IMPATIENT)
    assert raised.value.metadata == {}
    assert raised.value.message.endswith("begin again")


@pytest.mark.parametrize("where", ["send", "handler"])
async def test_replies_are_closed_when_nobody_wants_more(where: str) -> None:
    """Wherever the stream is cancelled, its handler can clean up before the call has ended."""
    begun = asyncio.Event()
    is_closed = False

    async def hanging() -> AsyncIterator[str]:
        nonlocal is_closed
        try:
            if where == "send":
                yield "a"
            begun.set()
            await asyncio.Event().wait()
            yield "b"
        finally:
            await asyncio.sleep(0)
            is_closed = True

    async def send(reply: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(send_all(hanging(), send, PATIENT))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_closed


async def test_messages_are_taken_as_they_come() -> None:
    """All of them, to the end of the stream."""

    async def coming() -> AsyncIterator[bytes]:
        for each in (b"a", b"", b"b"):
            await asyncio.sleep(0)
            yield each

    assert [each async for each in take_all(coming(), PATIENT)] == [b"a", b"", b"b"]


async def test_a_client_that_sends_nothing_is_not_waited_for() -> None:
    """What it sent is taken; then the call ends, and says what to do."""

    async def silent() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    messages = take_all(silent(), IMPATIENT)
    assert await anext(messages) == b"a"
    with pytest.raises(CrudError) as raised:
        async with asyncio.timeout(SOON):
            await anext(messages)
    assert (raised.value.kind, raised.value.reason) == (Kind.DEADLINE_EXCEEDED, Reason.DEADLINE_EXCEEDED)
    assert "same request id" in raised.value.message


async def test_the_time_that_a_message_is_worked_on_is_not_the_client_s() -> None:
    """A store that is slow ends no stream: only waiting for the client counts."""

    async def coming() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    taken = []
    async for each in take_all(coming(), IMPATIENT):
        await asyncio.sleep(IMPATIENT * 3)
        taken.append(each)
    assert taken == [b"a", b"b"]


class Writer:
    """Prints JSON, and keeps in which thread."""

    def __init__(self) -> None:
        self.threads: list[int] = []
        self._write = compile_json_writer(WatchRecordsResponse.DESCRIPTOR)

    def __call__(self, reply: Any) -> bytes:
        self.threads.append(threading.get_ident())
        return self._write(reply)


async def test_what_many_watches_send_is_encoded_once() -> None:
    """The same event is the same bytes; an event like it is another one."""
    write, first, second = Writer(), event(), event()
    encode = StreamEncoder(write)
    found = [await encode(WATCH, each) for each in (first, first, second, first)]
    assert len(write.threads) == 2
    assert found == [found[0]] * 4
    assert json.loads(found[0])["resumeToken"] == "t"


async def test_a_shared_event_is_shown_as_the_mask_wants() -> None:
    """Watches share an event only if they want the same of it, so its mask is a part of its encoding."""
    encode = StreamEncoder(Writer())
    found = json.loads(await encode(requests.WatchRecords("collections/c", read_mask=("id",)), event()))
    assert found["group"]["changes"][0]["record"] == {"id": "r"}


async def test_bytes_live_no_longer_than_their_event() -> None:
    """Nothing is kept of an event that no watch has any more."""
    encode = StreamEncoder(Writer())
    gone, kept = event(), event()
    await encode(WATCH, gone)
    await encode(WATCH, kept)
    del gone
    gc.collect()
    assert list(encode._shared) == [kept]


async def test_other_replies_are_encoded_each_time() -> None:
    """Nobody else sends the next page of an export."""
    write = Writer()
    encode = StreamEncoder(lambda reply: write(event()))
    reply = requests.ExportRecordsReply((), 7)
    for _ in range(2):
        await encode(requests.ExportRecords(), reply)
    assert len(write.threads) == 2


async def test_a_large_event_is_encoded_once_and_off_the_event_loop() -> None:
    """Watches that want it at the same time wait for the same thread, and one that goes away does not disturb them."""
    write, large = Writer(), event(json.dumps({"text": "x" * LARGE}))
    encode = StreamEncoder(write)
    waiting = [asyncio.ensure_future(encode(WATCH, large)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    found = await asyncio.gather(*waiting[1:])
    assert len(write.threads) == 1
    assert threading.get_ident() not in write.threads
    assert found[0] is found[1]
    assert await encode(WATCH, large) is found[0]
