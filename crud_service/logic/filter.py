"""The filter of a list: terms `tags:x` joined by AND, a part of the filter language of AIP-160."""

import re
from typing import NoReturn

from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.limits import Limits

_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>[^\s:"()<>=!,]+)|(?P<sign>.))', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# The words that AIP-160 gives a meaning of their own; as a tag they are quoted.
_RESERVED = {"AND", "OR", "NOT", "*"}
_forbidden_in_tag = re.compile(r"[\x00\ud800-\udfff]").search


def parse_filter(text: str, limits: Limits) -> tuple[str, ...]:
    """The tags that every record must have, each once, sorted.

    Raises INVALID_ARGUMENT (`INVALID_FILTER`) that names the column of the mistake, from 1.
    """
    if len(text.encode(errors="surrogatepass")) > limits.filter_bytes:
        raise _error(f"is longer than {limits.filter_bytes} bytes")
    tokens = _Tokens(text)
    if tokens.at_end():
        return ()
    tags = [_term(tokens)]
    while not tokens.at_end():
        tokens.take_word("AND")
        tags.append(_term(tokens))
    if len(tags) > limits.filter_terms:
        raise _error(f"has {len(tags)} terms; at most {limits.filter_terms} are allowed")
    return tuple(sorted(set(tags)))


def _term(tokens: "_Tokens") -> str:
    tokens.take_word("tags")
    tokens.take_sign(":")
    return tokens.take_value()


class _Tokens:
    """The tokens of a filter, taken one after the other."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._start = self._position = 0

    def at_end(self) -> bool:
        return not self._text[self._position :].strip()

    def take_word(self, word: str) -> None:
        if self._next("word") != word:
            self._expected(word)

    def take_sign(self, sign: str) -> None:
        if self._next("sign") != sign:
            self._expected(f"'{sign}'")

    def take_value(self) -> str:
        word = self._next("word")
        value = (word or _ESCAPE.sub(r"\1", self._next("text")[1:-1])).strip()
        if not value or word in _RESERVED or _forbidden_in_tag(value):
            self._expected('a tag, such as urgent or "two words"')
        return value

    def _next(self, kind: str) -> str:
        """The next token if it is of this kind, else the empty string and nothing is taken."""
        match = _TOKEN.match(self._text, self._position)
        if match is None or match.lastgroup != kind:
            self._start = self._position
            return ""
        self._start, self._position = match.start(kind), match.end()
        return match[kind]

    def _expected(self, what: str) -> NoReturn:
        rest = self._text[self._start :]
        column = self._start + len(rest) - len(rest.lstrip()) + 1
        raise _error(f'expected {what} at column {column}; a filter here is tags:x AND tags:"two words"')


def _error(message: str) -> CrudError:
    return invalid("filter", message, Reason.INVALID_FILTER)
