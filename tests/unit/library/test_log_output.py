"""Where log lines go: whole, one event each, whatever their values hold."""

import asyncio
import io
import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from crud_service.chassis.action_log import ActionLine
from crud_service.library.log_output import LogOutput

NASTY = 'a\nb\r\n{"level":"error"}\x1b[31mred\x00\x7f\x9b\u2028"quoted"\\'
TIME = "2026-01-31T12:34:56.789Z"


class Stream(io.BytesIO):
    """Remembers each write, and tells when one has happened."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.written = asyncio.Event()

    def write(self, data: Any) -> int:
        if data:
            self.writes.append(bytes(data))
            self.written.set()
        return super().write(data)


def call_of(resource: str = "collections/notes", **fields: Any) -> ActionLine:
    return ActionLine(TIME, "info", "call", "GetRecord", "grpc", "OK", 1.5, "ann", resource=resource, **fields)


def record_of(message: str, *arguments: object, level: int = logging.WARNING, **more: Any) -> logging.LogRecord:
    record = logging.LogRecord("crud_service", level, __file__, 1, message, arguments, more.pop("exc_info", None))
    record.__dict__.update(more)
    return record


def stack_of(message: str) -> dict[str, Any]:
    """Keyword arguments for `record_of` with an exception that was really raised."""

    def fail() -> None:
        raise LookupError(message)

    try:
        fail()
    except LookupError as error:
        return {"exc_info": (type(error), error, error.__traceback__)}


def lines_of(stream: Stream) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().split(b"\n")[:-1]]


@pytest.fixture
def stream() -> Stream:
    return Stream()


@pytest.fixture
def output(stream: Stream) -> LogOutput:
    return LogOutput(stream, as_text=False)


@pytest.fixture
def text(stream: Stream) -> LogOutput:
    return LogOutput(stream, as_text=True)


async def test_a_call_is_one_json_object(stream, output) -> None:
    """A call's line is a JSON object with its fields, in their order, ending in a line break."""
    output.call_line(call_of(call_id="c1"))
    output.flush()
    assert stream.getvalue().endswith(b"}\n")
    (line,) = lines_of(stream)
    assert list(line)[:3] == ["time", "level", "event"]
    assert line == {
        "time": TIME,
        "level": "info",
        "event": "call",
        "operation": "GetRecord",
        "transport": "grpc",
        "outcome": "OK",
        "ms": 1.5,
        "principal": "ann",
        "resource": "collections/notes",
        "call_id": "c1",
    }


def test_a_log_record_is_one_json_object(stream, output) -> None:
    """What Python's logging sends is written at once, with its arguments and its own fields, and the time of now."""
    before = datetime.now(UTC)
    output.handle(record_of("stopped after %d s", 3, fields={"report": "r1"}))
    (line,) = lines_of(stream)
    age = datetime.fromisoformat(line.pop("time")) - before
    assert -0.001 <= age.total_seconds() < 30
    assert line == {"level": "warning", "event": "stopped after 3 s", "logger": "crud_service", "report": "r1"}


async def test_nothing_breaks_out_of_a_json_line(stream, output) -> None:
    """Line breaks, escape sequences and forged JSON stay inside of their value: one event, one line."""
    output.call_line(call_of(resource=NASTY))
    output.emit(record_of(NASTY, fields={"x": NASTY}))
    lines = stream.getvalue().split(b"\n")
    assert len(lines) == 3
    assert not any(byte < 0x20 for line in lines for byte in line)
    assert [each.get("resource") or each["x"] for each in lines_of(stream)] == [NASTY, NASTY]


async def test_nothing_breaks_out_of_a_text_line(stream, text) -> None:
    """On a terminal too: controls are shown as escapes, so no value starts a line or steers the terminal."""
    text.call_line(call_of(resource=NASTY))
    text.emit(record_of(NASTY, fields={"x": NASTY}))
    shown = stream.getvalue().decode()
    assert shown.count("\n") == 2
    assert not any(each in shown for each in "\r\x1b\x00\x7f\x9b")
    assert r"a\x0ab\x0d\x0a{" in shown
    assert r"\x1b[31mred" in shown


@pytest.mark.parametrize("as_text", [False, True])
async def test_a_lone_surrogate_costs_no_line(stream, as_text) -> None:
    """Text that UTF-8 cannot say is shown as an escape, and the lines around it are written as ever."""
    output = LogOutput(stream, as_text=as_text)
    output.call_line(call_of("collections/before"))
    output.call_line(call_of("collections/\ud800"))
    output.call_line(call_of("collections/after"))
    output.emit(record_of("odd \udcff", fields={"x": "\udfff"}))
    shown = stream.getvalue().decode()
    assert shown.count("\n") == 4
    for part in ("collections/before", "ud800", "collections/after", "odd", "udcff", "udfff"):
        assert part in shown


@pytest.mark.parametrize("as_text", [False, True])
def test_any_field_can_be_written(stream, as_text) -> None:
    """A field of a type that JSON does not know is written as its text."""
    LogOutput(stream, as_text=as_text).emit(record_of("x", fields={"kind": LookupError("odd"), "n": 1, "f": None}))
    assert b"odd" in stream.getvalue()


async def test_no_control_comes_through(stream, output) -> None:
    """All controls are escaped in JSON too, those beyond ASCII and the line breaks of Unicode among them."""
    controls = "".join(map(chr, (*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029)))
    output.call_line(call_of(resource=f"é{controls}ü"))
    output.emit(record_of(f"{controls}\ud800"))
    shown = stream.getvalue().decode()
    assert shown.count("\n") == 2
    assert not set(controls) & set(shown.replace("\n", ""))
    assert lines_of(stream)[0]["resource"] == f"é{controls}ü"


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("letter", ["a", "é", "\U0001f642", "\ud800"])
def test_no_field_is_longer_than_8_kibibytes(stream, as_text, letter) -> None:
    """Whatever stands in a field, in whatever alphabet, it is cut to so many bytes; numbers stay numbers."""
    fields = {"x": letter * 20_000, "y": [letter * 20_000], "n": 10**30, "f": 0.5, "b": True, "z": None}
    LogOutput(stream, as_text=as_text).emit(record_of(letter * 20_000, fields=fields))
    assert len(stream.getvalue()) < 6 * 8_192 + 300  # JSON doubles a backslash
    if not as_text:
        (line,) = lines_of(stream)
        assert all(len(line[name].encode()) <= 8_192 for name in ("event", "x", "y"))
        assert len(line["x"].encode()) > 8_192 - 8
        assert (line["n"], line["f"], line["b"], line["z"]) == (10**30, 0.5, True, None)


@pytest.mark.parametrize("as_text", [False, True])
def test_huge_texts_are_cut(stream, as_text) -> None:
    """A message of a million characters, or a stack of them, is cut to about 8 KiB; of a stack the end is kept."""
    output = LogOutput(stream, as_text=as_text)
    output.emit(record_of("m" * 1_000_000, **stack_of("s" * 1_000_000 + " the end")))
    assert len(stream.getvalue()) < 20_000
    assert b"the end" in stream.getvalue()


async def test_call_lines_are_collected(stream, output) -> None:
    """Lines of calls are written together, some milliseconds later, in their order, without anybody asking."""
    for number in range(10):
        output.call_line(call_of(f"collections/{number}"))
    assert stream.writes == []
    async with asyncio.timeout(10):
        await stream.written.wait()
    assert len(stream.writes) == 1
    assert [line["resource"] for line in lines_of(stream)] == [f"collections/{number}" for number in range(10)]


async def test_each_batch_is_written(stream, output) -> None:
    """Lines that come after a batch was written are written as well."""
    for number in range(3):
        stream.written.clear()
        output.call_line(call_of(f"collections/{number}"))
        async with asyncio.timeout(10):
            await stream.written.wait()
    assert [line["resource"] for line in lines_of(stream)] == [f"collections/{number}" for number in range(3)]


async def test_a_full_batch_does_not_wait(stream, output) -> None:
    """Many lines at once are written before the time is up: what is pending stays bounded."""
    for _ in range(1_200):
        output.call_line(call_of())
    assert len(lines_of(stream)) == 1_024
    output.flush()
    assert len(lines_of(stream)) == 1_200


async def test_other_lines_do_not_wait_and_keep_the_order(stream, output) -> None:
    """A record of logging is written at once, after the calls that came before it."""
    output.call_line(call_of())
    output.emit(record_of("on fire", level=logging.ERROR))
    assert [line["event"] for line in lines_of(stream)] == ["call", "on fire"]


async def test_the_text_form(stream, text) -> None:
    """On a terminal a line has the time of day, level, event and its fields by name."""
    text.call_line(call_of())
    text.emit(record_of("low on disk", fields={"free": "1 MiB"}))
    call, warning = stream.getvalue().decode().splitlines()
    assert call.startswith("12:34:56.789 info    call  operation=GetRecord  transport=grpc  outcome=OK  ms=1.5")
    assert warning[13:] == "warning low on disk  logger=crud_service  free=1 MiB"


def test_an_exception_has_its_stack(stream, output) -> None:
    """An exception is one JSON line that holds its whole stack."""
    output.emit(record_of("failed", **stack_of("no such thing")))
    (line,) = lines_of(stream)
    assert line["event"] == "failed"
    assert line["stack"].startswith("Traceback (most recent call last):\n")
    assert line["stack"].endswith("LookupError: no such thing")
    assert "in stack_of" in line["stack"]


def test_an_exception_in_text(stream, text) -> None:
    """On a terminal the stack stands below its line, set in, and steers nothing."""
    text.emit(record_of("failed", **stack_of("no\nsuch \x1b[31m thing")))
    first, *below = stream.getvalue().decode().split("\n")[:-1]
    assert first.endswith("warning failed  logger=crud_service")
    assert below[0] == "    Traceback (most recent call last):"
    assert below[-2:] == ["    LookupError: no", r"    such \x1b[31m thing"]
    assert all(line.startswith("    ") for line in below)


class Broken(io.BytesIO):
    """A stream whose reader has gone, or whose disk is full."""

    def write(self, data: Any) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


async def test_a_stream_that_is_gone() -> None:
    """A closed or broken stream loses lines but never raises into the service."""
    closed = io.BytesIO()
    closed.close()
    for stream in (closed, Broken()):
        output = LogOutput(stream, as_text=False)
        output.call_line(call_of())
        output.flush()
        output.emit(record_of("x"))
        output.flush()


def test_as_the_handler_of_logging(stream, output) -> None:
    """Attached to a logger it takes what passes the level, with the stack of an exception."""
    logger = logging.Logger("crud_service.test", logging.INFO)  # noqa: LOG001 - one that nobody else will get
    logger.addHandler(output)
    logger.debug("too quiet")
    logger.info("one")
    logger.error("failed", **stack_of("two"))
    assert [(line["event"], line["level"]) for line in lines_of(stream)] == [("one", "info"), ("failed", "error")]
    assert "LookupError: two" in lines_of(stream)[1]["stack"]
