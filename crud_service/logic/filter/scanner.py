"""The words of a filter, taken one after the other. What comes next decides how it is read: a colon ends a field, but
stands within a time.
"""

import re
from typing import NamedTuple

from crud_service.logic.fields import PathError, scan_path
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.query import Field

WILDCARD = "\0"
"""What a wildcard has become in the text of a literal. It stands for nothing else: no filter may hold U+0000."""

_SPACE = re.compile(r"\s*")
_FORBIDDEN = re.compile(r"[\x00\ud800-\udfff]")
_KEYWORD = re.compile(r"(?:AND|OR|NOT)(?![\w.-])")
_OPERATOR = re.compile(r"<=|>=|!=|[:=<>]")
_TIME = r"\d{4}-\d\d-\d\d[Tt][\d:.+-]*"
_WORD = re.compile(rf"(?:{_TIME})?[^\s:\"'`()<>=!,\\]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"|' r"'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)|\*", re.DOTALL)
_ESCAPED = {'"': '"', "'": "'", "\\": "\\", "*": "*", "n": "\n", "r": "\r", "t": "\t"}


class Literal(NamedTuple):
    """A value as it stands in a filter."""

    text: str
    """Without quotes and escapes, its wildcards as `WILDCARD`."""
    quoted: bool
    offset: int
    """Where it begins, from 0."""


class Scanner:
    """Reads a filter from left to right. Each `take` passes over white space first."""

    def __init__(self, text: str) -> None:
        if found := _FORBIDDEN.search(text):
            raise mistake("U+0000 and lone surrogates are no text", found.start())
        self._text = text
        self.offset = 0
        """Of what comes next, from 0."""
        self._skip(0)

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self.offset == len(self._text)

    def next_is(self, piece: str) -> bool:
        """Whether `piece` comes next."""
        return self._text.startswith(piece, self.offset)

    def take(self, piece: str) -> bool:
        """Pass over `piece` if it comes next."""
        if found := self.next_is(piece):
            self._skip(self.offset + len(piece))
        return found

    def take_keyword(self, *wanted: str) -> str:
        """Pass over one of the `wanted` words if it comes next as a whole, and return it, else the empty string."""
        found = _KEYWORD.match(self._text, self.offset)
        if found is None or found[0] not in wanted:
            return ""
        self._skip(found.end())
        return found[0]

    def take_field(self) -> Field:
        """The path that comes next. Raises INVALID_ARGUMENT if there is none."""
        try:
            field, end = scan_path(self._text, self.offset)
        except PathError as cause:
            raise mistake(cause.message, cause.offset) from cause
        self._skip(end)
        return field

    def take_operator(self) -> str:
        """The operator that comes next; the empty string if there is none."""
        found = _OPERATOR.match(self._text, self.offset)
        if found is None:
            return ""
        self._skip(found.end())
        return found[0]

    def take_literal(self) -> Literal:
        """The value that comes next. Raises INVALID_ARGUMENT if there is none."""
        start = self.offset
        if self._text.startswith(('"', "'"), start):
            return self._take_quoted()
        found = _WORD.match(self._text, start)
        word = found[0] if found else ""
        if not word or _KEYWORD.fullmatch(word):
            raise self._no_value(word)
        end = start + len(word)
        if self._text.startswith(("\\", "`", '"', "'"), end):
            raise mistake(f'{self._text[end]} stands only within quotes: write the value as "..."', end)
        self._skip(end)
        return Literal(word.replace("*", WILDCARD), False, start)

    def next_word(self) -> str:
        """What comes next, up to white space. There must be something."""
        return self._text[self.offset :].split(maxsplit=1)[0]

    def _take_quoted(self) -> Literal:
        start = self.offset
        found = _QUOTED.match(self._text, start)
        if found is None:
            raise mistake("this quote is never closed", start)
        inner = found.start(found.lastindex or 0)

        def unescape(escape: re.Match[str]) -> str:
            if escape[0] == "*":
                return WILDCARD
            if escape[1] not in _ESCAPED:
                raise mistake(
                    "there is no such escape; there are \\\" \\' \\\\ \\* \\n \\r \\t", inner + escape.start()
                )
            return _ESCAPED[escape[1]]

        text = _ESCAPE.sub(unescape, found[found.lastindex or 0])
        self._skip(found.end())
        return Literal(text, True, start)

    def _no_value(self, word: str) -> CrudError:
        if word:
            return mistake(
                f'expected a value, but {word} joins terms; as a value it stands in quotes, "{word}"', self.offset
            )
        if self.next_is("("):
            return mistake("expected a value; write a list of values as terms joined by OR", self.offset)
        return mistake('expected a value, such as urgent, 10 or "two words"', self.offset)

    def _skip(self, offset: int) -> None:
        space = _SPACE.match(self._text, offset)
        self.offset = space.end() if space else offset


def mistake(message: str, offset: int) -> CrudError:
    """INVALID_ARGUMENT (`INVALID_FILTER`) about what stands at `offset`."""
    return invalid("filter", f"{message} (column {offset + 1})", Reason.INVALID_FILTER)
