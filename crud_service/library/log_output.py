"""Where log lines go: one JSON object a line, or plain text on a terminal.

Lines of calls are collected and written in batches, because a write for each would cost as much as a read of the
store. Everything else, and what a level of warning or above says, is written at once.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO

import msgspec

from crud_service.model.timestamp import now

_FLUSH_SECONDS = 0.05
_MOST_PENDING = 512
_MOST_CHARS = 8_192


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
            "event": record.getMessage()[:_MOST_CHARS],
            "logger": record.name,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            fields["stack"] = logging.Formatter().formatException(record.exc_info)[-_MOST_CHARS:]
        self._pending.append(fields)
        self.flush()

    def flush(self) -> None:
        """Write what is pending. A stream that is gone loses the lines, never the service."""
        pending, self._pending = self._pending, []
        with suppress(OSError, ValueError):
            self._stream.write(self._render(pending))
            self._stream.flush()


_encode_lines = msgspec.json.Encoder(enc_hook=str).encode_lines


def _json_lines(lines: list[Any]) -> bytes:
    try:
        return _encode_lines(lines)
    except UnicodeEncodeError:
        # A lone surrogate in one line must not cost the others.
        return _encode_lines([_fields(line) for line in lines])


def _text_lines(lines: list[Any]) -> bytes:
    return b"".join([_text_line(_fields(line)) for line in lines])


def _fields(line: Any) -> dict[str, Any]:
    """The fields of a line, their texts such that UTF-8 can say them."""
    fields = msgspec.to_builtins(line, enc_hook=str)
    return {name: _utf8(value) if isinstance(value, str) else value for name, value in fields.items()}


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
