"""Where log lines go: one JSON object a line, or plain text on a terminal.

Lines of calls are collected and written in batches, because a write for each would cost as much as a read of the
store. Everything else, and what a level of warning or above says, is written at once. No field is longer than 8 KiB,
and no control character comes through, so that one event is one line for whoever reads or shows it.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

import msgspec

from crud_service.model.timestamp import now

_FLUSH_SECONDS = 0.05
_MOST_PENDING = 512
_MOST_BYTES = 8_192


class LogOutput(logging.Handler):
    """Writes log lines to one stream. It is the only handler of Python's logging, and takes call lines besides."""

    def __init__(self, stream: BinaryIO, *, as_text: bool) -> None:
        super().__init__()
        self._stream = stream
        self._render: Callable[[list[Any]], bytes] = _text_lines if as_text else _json_lines
        self._pending: list[Any] = []

    def call_line(self, line: msgspec.Struct) -> None:
        """Log what happened in a call, some milliseconds from now."""
        self._pending.append(line)
        if len(self._pending) == 1:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
        elif len(self._pending) >= _MOST_PENDING:
            self.flush()

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record of Python's logging; what its `extra` holds under `fields` stands as fields of the line."""
        fields = {
            "time": f"{now()[:23]}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
            **getattr(record, "fields", {}),
        }
        fields = {name: _bounded(value) for name, value in fields.items()}
        if record.exc_info:
            fields["stack"] = _end_of(logging.Formatter().formatException(record.exc_info))
        self._pending.append(fields)
        self.flush()

    def flush(self) -> None:
        """Write what is pending. A stream that is gone loses the lines, never the service."""
        pending, self._pending = self._pending, []
        with suppress(OSError, ValueError):
            self._stream.write(self._render(pending))
            self._stream.flush()


_encode_lines = msgspec.json.Encoder(enc_hook=str).encode_lines


# JSON leaves these as they are: DEL, the controls beyond ASCII, and the line breaks that are none to JSON alone.
_OTHER_CONTROLS = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")


def _json_lines(lines: list[Any]) -> bytes:
    try:
        encoded = _encode_lines(lines)
    except UnicodeEncodeError:
        # A lone surrogate in one line must not cost the others.
        encoded = _encode_lines([_fields(line) for line in lines])
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    return _OTHER_CONTROLS.sub(lambda found: b"\\u%04x" % ord(found[0].decode()), encoded)


def _text_lines(lines: list[Any]) -> bytes:
    return b"".join([_text_line(_fields(line)) for line in lines])


def _fields(line: Any) -> dict[str, Any]:
    """The fields of a line, their texts such that UTF-8 can say them."""
    fields = msgspec.to_builtins(line, enc_hook=str)
    return {name: _utf8(value) if isinstance(value, str) else value for name, value in fields.items()}


def _bounded(value: Any) -> Any:
    """A field's value, cut to what one may hold: a text, or the text of what is neither a text nor a number."""
    if value is None or isinstance(value, bool | int | float):
        return value
    text = _utf8(str(value)[:_MOST_BYTES])
    return text.encode()[:_MOST_BYTES].decode(errors="ignore")


def _end_of(stack: str) -> str:
    """The end of a stack, which says most, as long as one field may be."""
    return _utf8(stack[-_MOST_BYTES:]).encode()[-_MOST_BYTES:].decode(errors="ignore")


def _utf8(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _text_line(fields: dict[str, Any]) -> bytes:
    time, level, event = fields.pop("time"), fields.pop("level"), fields.pop("event")
    stack = fields.pop("stack", "")
    shown = "  ".join(f"{name}={value}" for name, value in fields.items())
    line = f"{time[11:23]} {level:<7} {event}  {shown}".translate(_CONTROLS)
    below = [f"    {each.translate(_CONTROLS)}" for each in stack.split("\n")] if stack else []
    return "\n".join([line, *below, ""]).encode()


# A value with a line break or an escape sequence must not look like a line of its own, or steer the terminal.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
