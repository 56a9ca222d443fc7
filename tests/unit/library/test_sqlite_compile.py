"""Statements for many rows."""

from crud_service.library.sqlite_compile import BulkStatement


def test_pieces():
    """Rows are split into powers of two, all of them once and in order."""
    compiled = []

    def text_for(rows):
        compiled.append(rows)
        return f"{rows} rows"

    statement = BulkStatement(text_for)
    rows = [(number, -number) for number in range(151)]
    for _ in range(2):
        pieces = list(statement.pieces(rows))
        assert [text for text, _ in pieces] == ["64 rows", "64 rows", "16 rows", "4 rows", "2 rows", "1 rows"]
        assert [value for _, values in pieces for value in values] == [value for row in rows for value in row]
    assert compiled == [64, 16, 4, 2, 1]


def test_pieces_one_by_one():
    """Large rows are taken one by one."""
    statement = BulkStatement(lambda rows: f"{rows} rows")
    assert list(statement.pieces([("a",), ("b",)], most=1)) == [("1 rows", ["a"]), ("1 rows", ["b"])]
    assert list(statement.pieces([])) == []
