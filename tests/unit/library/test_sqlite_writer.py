"""How the rows of a group are divided over statements."""

import pytest

from crud_service.library import sqlite_writer
from crud_service.library.sqlite_compile import BulkStatement


class Recorder:
    """A connection that remembers how many rows each statement had."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def execute(self, text: str, values: list[str]) -> None:
        assert int(text) == len(values)
        self.sizes.append(len(values))


@pytest.mark.parametrize(
    ("lengths", "sizes"),
    [
        ([500] * 200, [64, 64, 64, 8]),
        ([4_096] * 130, [64, 64, 2]),
        ([4_097] * 65, [32, 32, 1]),
        ([262_144, 1, 1], [1, 1, 1]),
        ([1_000_000, 1], [1, 1]),
        ([], []),
    ],
)
def test_a_statement_holds_a_bounded_text(lengths, sizes) -> None:
    """The driver keeps the last values of a statement: it has as many rows as bound that, however many there are."""
    connection = Recorder()
    rows = [("x" * length,) for length in lengths]
    sqlite_writer._run(connection, BulkStatement(str), rows, large=0)
    assert connection.sizes == sizes
