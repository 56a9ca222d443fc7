"""What an exception tells of its cause: where it came from, and which failures are the same one."""

import errno
from collections.abc import Iterator
from hashlib import sha256
from pathlib import PurePath
from types import FrameType, TracebackType
from typing import NamedTuple

from crud_service.chassis.redaction import redacted
from crud_service.model.reports import Cause, CodeLine

_PACKAGE = "crud_service"
# What surrounds every call alike, and differs by transport and settings: it tells failures apart that have one cause.
_AROUND = (f"{_PACKAGE}.chassis", f"{_PACKAGE}.api")
_MOST_FRAMES = 32
_MOST_CAUSES = 4


class _Frame(NamedTuple):
    frame: FrameType
    line: int

    @property
    def module(self) -> str:
        return str(self.frame.f_globals.get("__name__", ""))

    @property
    def is_ours(self) -> bool:
        return self.module.partition(".")[0] == _PACKAGE

    @property
    def function(self) -> str:
        return self.frame.f_code.co_qualname

    @property
    def code_line(self) -> CodeLine:
        return CodeLine(_file(self.frame.f_code.co_filename), self.line, self.function)


class Failure(NamedTuple):
    """An exception, as far as it may be told: no values, no locals, no paths of the machine."""

    type: str
    message: str
    causes: tuple[Cause, ...]
    code_line: CodeLine
    """The innermost line of ours; the innermost of all if there is none of ours."""
    stack: tuple[CodeLine, ...]
    """The innermost calls, of those the outermost first."""


_NOWHERE = CodeLine("", 0, "")


def fingerprint(error: BaseException) -> str:
    """32 hex digits that failures of one cause have in common: types of exceptions and our functions, without lines.

    So it outlives a release that moves code within a file.
    """
    words: list[str] = []
    for each in _chain(error):
        told = _telling(list(_frames(each.__traceback__)))
        words += [_type(each), *[f"{frame.module}:{frame.function}" for frame in told]]
    return sha256("\n".join(words).encode()).hexdigest()[:32]


def described_failure(error: BaseException) -> Failure:
    """What is told of an exception."""
    chain = _chain(error)
    # The frames of a cause begin where it was caught, so they go on from those of what it led to.
    frames = [frame for each in chain for frame in _frames(each.__traceback__)]
    ours = [frame for frame in frames if frame.is_ours]
    innermost = _telling(frames)[-1:]
    causes = tuple([Cause(_type(each), _message(each, ours)) for each in chain[1:]])
    return Failure(
        _type(error),
        _message(error, ours),
        causes,
        innermost[0].code_line if innermost else _NOWHERE,
        tuple([frame.code_line for frame in frames[-_MOST_FRAMES:]]),
    )


def _chain(error: BaseException) -> list[BaseException]:
    """The exception and what caused it, the cause last."""
    chain = [error]
    while len(chain) <= _MOST_CAUSES:
        last = chain[-1]
        cause = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if cause is None or cause in chain:
            break
        chain.append(cause)
    return chain


def _frames(traceback: TracebackType | None) -> Iterator[_Frame]:
    while traceback is not None:
        yield _Frame(traceback.tb_frame, traceback.tb_lineno)
        traceback = traceback.tb_next


def _telling(frames: list[_Frame]) -> list[_Frame]:
    """The frames that tell one cause from another: ours, without what surrounds every call unless it is what failed."""
    ours = [frame for frame in frames if frame.is_ours]
    inner = [frame for frame in ours if not frame.module.startswith(_AROUND) or frame is frames[-1]]
    return inner or ours[-1:] or frames[-1:]


def _type(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException, ours: list[_Frame]) -> str:
    """The message, redacted, behind the code that the system or the store gave to the error."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - whatever an exception does to print itself, the one to report is the first
        text = ""
    number = error.errno if isinstance(error, OSError) else None
    code = getattr(error, "sqlite_errorname", "") or errno.errorcode.get(number or 0, "")
    told = redacted(text, [frame.frame.f_code for frame in ours])
    return ": ".join([part for part in (code if isinstance(code, str) else "", told) if part])


def _file(name: str) -> str:
    """The file from its package on."""
    parts = PurePath(name).parts
    for start in (_PACKAGE, "site-packages"):
        if start in parts:
            place = len(parts) - 1 - parts[::-1].index(start)
            return "/".join(parts[place + (start != _PACKAGE) :])
    return "/".join(parts[-2:])
