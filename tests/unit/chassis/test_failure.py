"""What an exception tells of its cause, and which failures are the same one."""

import errno
from pathlib import Path

import pytest

from crud_service.chassis.failure import described_failure, fingerprint
from crud_service.chassis.redaction import HIDDEN
from crud_service.logic.paging import page_size
from crud_service.logic.paths import record_key
from crud_service.model.errors import CrudError, Kind, Reason


def caught(work, *args) -> Exception:
    """What `work(*args)` raises."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - each test says what it looks at
        work(*args)
    return raised.value


def in_logic() -> Exception:
    """A failure that comes from a function of the service."""
    return caught(page_size, "wombat", None)


def test_the_code_line_is_ours() -> None:
    """It is the innermost line of the service, as a file from its package on."""
    told = described_failure(in_logic())
    assert (told.code_line.file, told.code_line.function) == ("crud_service/logic/paging.py", "page_size")
    source = (Path(__file__).parents[3] / told.code_line.file).read_text().splitlines()
    assert "asked < 0" in source[told.code_line.line - 1]
    assert str(told.code_line) == f"crud_service/logic/paging.py:{told.code_line.line} in page_size"
    assert told.type == "TypeError"


def test_no_path_of_the_machine_is_told() -> None:
    """Files of others are told from their package on."""
    import msgspec

    def strange():
        msgspec.json.decode(b"{")

    told = described_failure(caught(strange))
    assert told.type == "msgspec.DecodeError"
    assert all(not each.file.startswith("/") and each.file.count("/") < 6 for each in told.stack)


def test_failures_of_one_cause_are_alike() -> None:
    """Whatever their messages say, wherever they were called from, and on whatever line they were raised."""
    elsewhere = caught(page_size, [], None)
    assert fingerprint(in_logic()) == fingerprint(elsewhere)
    assert len(fingerprint(elsewhere)) == 32


def test_other_causes_differ() -> None:
    """Another type, another function or another cause makes another report."""

    def caused():
        try:
            page_size("a", None)
        except TypeError as error:
            raise TypeError("because") from error

    found = [in_logic(), caught(record_key, None, None), caught(page_size, 1, None), caught(caused)]
    assert [type(each).__name__ for each in found] == ["TypeError", "AttributeError", "AttributeError", "TypeError"]
    assert len({fingerprint(each) for each in found}) == len(found)


def test_lines_do_not_count() -> None:
    """The same function on other lines, as another version has it, has the same fingerprint."""
    found = []
    for lines in (0, 7):
        names = {"__name__": "crud_service.logic.planted"}
        exec("\n" * lines + "def work():\n raise ValueError('x')", names)
        found.append(caught(names["work"]))
    assert fingerprint(found[0]) == fingerprint(found[1])
    assert described_failure(found[0]).code_line.line + 7 == described_failure(found[1]).code_line.line


def test_causes_are_told() -> None:
    """The chain of exceptions, redacted, with the codes that the system gave."""

    def full():
        raise OSError(errno.ENOSPC, "No space left on device", "/srv/hunter2/crud.db")

    def failing():
        try:
            full()
        except OSError as error:
            raise CrudError(Kind.INTERNAL, Reason.INTERNAL, "the store failed in an unexpected way") from error

    told = described_failure(caught(failing))
    assert told.message == "the store failed in an unexpected way"
    (cause,) = told.causes
    assert cause.type == "OSError"
    assert cause.message.startswith("ENOSPC: ")
    assert "srv" not in cause.message
    assert HIDDEN in cause.message


def test_a_stack_is_bounded() -> None:
    """Of a long one the innermost calls are kept."""

    def deep(left):
        return deep(left - 1) if left else page_size("a", None)

    told = described_failure(caught(deep, 200))
    assert len(told.stack) == 32
    assert told.stack[-1].function == "page_size"


def test_an_exception_that_cannot_be_printed() -> None:
    """It is reported all the same."""

    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    def failing():
        raise Silent

    told = described_failure(caught(failing))
    assert told.message == ""
    assert told.type.endswith("Silent")


def test_an_exception_that_was_never_raised() -> None:
    """It has no place, and a fingerprint nevertheless."""
    told = described_failure(ValueError("never raised"))
    assert (told.code_line.file, told.stack) == ("", ())
    assert len(fingerprint(ValueError())) == 32
