"""Lines out of the pieces of a body, whatever its size: what is held is one line, and no more of it than is allowed."""

from typing import Final

TOO_LONG: Final = None
"""Stands for a line with too many bytes, whose text was dropped."""

_BOM = b"\xef\xbb\xbf"


class LineSplitter:
    """Splits what is fed to it at LF; a CR before it belongs to the line's end, and a byte order mark is skipped.

    A line has at most `most_bytes`. What follows the last LF is a line unless it is empty.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._parts: list[bytes] = []
        self._size = 0
        self._is_first = True

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that end in `data`, without their ends; TOO_LONG for each that has too many bytes."""
        first, *rest = data.split(b"\n")
        self._keep(first)
        if not rest:
            return []
        *whole, last = rest
        ended = self._end()
        self._keep(last)
        return [ended, *map(self._checked, whole)]

    def end(self) -> list[bytes | None]:
        """The last line, if no LF ends it."""
        return [self._end()] if self._size else []

    def _keep(self, part: bytes) -> None:
        """Take a part of the line that is not complete yet. One that is too long is only counted."""
        self._size += len(part)
        # The byte order mark and the CR may come on top of what is allowed.
        if self._size > self._most_bytes + len(_BOM) + 1:
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def _end(self) -> bytes | None:
        """The line that was kept until now."""
        line, size = b"".join(self._parts), self._size
        is_whole, is_first = len(line) == size, self._is_first
        self._parts, self._size, self._is_first = [], 0, False
        if not is_whole:
            return TOO_LONG
        return self._checked(line.removeprefix(_BOM) if is_first else line)

    def _checked(self, line: bytes) -> bytes | None:
        line = line.removesuffix(b"\r")
        return line if len(line) <= self._most_bytes else TOO_LONG
