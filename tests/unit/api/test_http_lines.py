"""Lines out of the pieces of a body."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.api.http_lines import TOO_LONG, LineSplitter

BOM = b"\xef\xbb\xbf"


def split(pieces: list[bytes], most_bytes: int = 1000) -> list[bytes | None]:
    """All lines of a body that comes in these pieces."""
    splitter = LineSplitter(most_bytes)
    return [line for piece in pieces for line in splitter.feed(piece)] + splitter.end()


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"\n\na\n\n", [b"", b"", b"a", b""]),
        (b"a\rb\n", [b"a\rb"]),
        (b"a\r\r\n", [b"a\r"]),
        (BOM + b"a\n" + BOM + b"b\n", [b"a", BOM + b"b"]),
        (BOM, [b""]),
    ],
)
def test_lines(body: bytes, lines: list[bytes]) -> None:
    """LF and CRLF end a line, the last line may have no end, and one byte order mark is skipped."""
    assert split([body]) == lines
    assert split([bytes([byte]) for byte in body]) == lines


@pytest.mark.parametrize(("end", "start"), [(b"\n", b""), (b"\r\n", b""), (b"", b""), (b"\n", BOM)])
def test_the_limit_of_a_line(end: bytes, start: bytes) -> None:
    """A line may have as many bytes as the limit says, without its end and the byte order mark, and not one more."""
    for pieces in ([start + b"x" * 10 + end], [start, b"x" * 7, b"x" * 3, end]):
        assert split(pieces, 10) == [b"x" * 10]
    for size in (11, 12, 14, 15, 100):
        for pieces in ([start + b"x" * size + end], [start, b"x" * 7, b"x" * (size - 7), end]):
            assert split(pieces, 10) == [TOO_LONG]


def test_a_line_without_end_is_not_kept() -> None:
    """Of a line that is too long nothing is held, however long it goes on; the lines behind it are as they are."""
    splitter = LineSplitter(1000)
    for _ in range(1000):
        assert splitter.feed(b"x" * 900) == []
        assert sum(map(len, splitter._parts)) <= 1010
    assert splitter.feed(b"x\ny\n") == [TOO_LONG, b"y"]


BODIES = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"bcd", BOM, b"{}", b"\xc3"]), max_size=30).map(
    b"".join
)


@given(BODIES, st.lists(st.integers(0, 60)), st.integers(1, 6))
def test_how_a_body_comes_means_nothing(body: bytes, cuts: list[int], most_bytes: int) -> None:
    """Cut anywhere, a body has the same lines: those between its LFs."""
    places = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    pieces = [body[start:stop] for start, stop in pairwise(places)]
    expected = body.removeprefix(BOM).split(b"\n")
    if not expected[-1] and body != BOM:
        expected.pop()
    plain = [line.removesuffix(b"\r") for line in expected]
    assert split(pieces, most_bytes) == [line if len(line) <= most_bytes else TOO_LONG for line in plain]
