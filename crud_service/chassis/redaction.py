"""What may be told of a failure: words of the program, never values that a caller or an operator gave.

A message is a mix of both, and nothing marks which is which. So a word is kept only if the code that was running has
it, or if it is one that the interpreter and the store say themselves; all the rest becomes `***`.
"""

import re
from collections.abc import Iterator
from types import CodeType
from typing import Any

import msgspec

from crud_service.model.reports import InputField

HIDDEN = "***"
"""What stands for words that are not told."""

_MOST_CHARS = 500
_MOST_FIELDS = 32
_MOST_ITEMS = 3
_MOST_DEPTH = 6

_WORD = re.compile(r"[^\s\"'`()\[\]{}<>,;:=]+")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z_.]*[A-Za-z]|[A-Za-z]")
_HIDDEN_RUN = re.compile(rf"{re.escape(HIDDEN)}(?:[\s\"'`()\[\]{{}}<>,;:=]*{re.escape(HIDDEN)})+")
# Of messages that the interpreter and SQLite make.
_MESSAGES = """
a an and any are argument arguments as at attribute base be been bool by bytes call callable can cannot closed
coroutine could database dict disk division does error expected failed file float for format from full function
getting given got has have I/O in index int integer invalid is it item iterable itself keyword large limit list
literal locked long loop malformed maximum memory method missing more must name named no None NoneType not object
of on only or out positional range readonly recursion required response result running str string subscriptable
support syntax table takes than the to too tuple type unexpected unhashable unpack unsupported value values was
were with without write zero abc depth exceeded during while comparison calling element elements sequence key
constraint UNIQUE NULL column such near operand operands operation task event timeout timed connection refused
reset pipe broken permission denied directory open read store service way
"""
_KNOWN = frozenset(_MESSAGES.split())


def redacted(message: str, running: list[CodeType]) -> str:
    """`message` with nothing but words that are constants or names of the `running` code, or known anyway."""
    known = _KNOWN.union(*map(_words_of, running))

    def shown(match: re.Match[str]) -> str:
        word = match[0].rstrip(".!?")
        is_told = word in known and _PLAIN.fullmatch(word)
        return match[0] if is_told else HIDDEN

    text = _WORD.sub(shown, message[: 4 * _MOST_CHARS])
    return _HIDDEN_RUN.sub(HIDDEN, text)[:_MOST_CHARS]


def _words_of(code: CodeType) -> set[str]:
    """The words of the texts that stand in the code, and its names."""
    texts = [each for each in code.co_consts if isinstance(each, str)]
    words = {word.rstrip(".!?") for text in texts for word in _WORD.findall(text)}
    return words.union(code.co_names, code.co_varnames)


def described(request: Any) -> tuple[InputField, ...]:
    """The fields of a request that are not empty: names, types and sizes, never values. Bounded, however large it is.

    Keys of a content are the caller's, so they are not told either.
    """
    found: list[InputField] = []
    for each in _fields(request, "", 0):
        found.append(each)
        if len(found) == _MOST_FIELDS:
            break
    return tuple(found)


def _fields(value: Any, path: str, depth: int) -> Iterator[InputField]:
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__ if depth < _MOST_DEPTH else ():
            yield from _fields(getattr(value, name), f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, tuple | list) and any(isinstance(each, msgspec.Struct) for each in value[:1]):
        yield InputField(path, "list", len(value))
        for index, each in enumerate(value[:_MOST_ITEMS]):
            yield from _fields(each, f"{path}[{index}]", depth + 1)
    elif value is not msgspec.UNSET and value not in (None, "", (), False, 0):
        size = len(value) if isinstance(value, str | bytes | tuple | list | dict) else 0
        yield InputField(path or "request", _TYPES.get(type(value), type(value).__name__), size)


_TYPES = {str: "string", bytes: "bytes", tuple: "list", list: "list", dict: "object", bool: "boolean"}
