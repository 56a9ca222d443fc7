"""The statements of the SQLite store go by an index: no read or write walks through a table."""

import sqlite3
from contextlib import closing

import pytest

from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.library.sqlite_write_statements import WriteStatements

READS, WRITES = ReadStatements(), WriteStatements()


def bulk(statement, rows, width):
    """The text of a bulk statement for `rows` rows of `width` values."""
    ((text, _),) = statement.pieces([("",) * width] * rows)
    return text


@pytest.mark.parametrize(
    ("text", "searches"),
    [
        (READS.get_record, ["records USING INDEX sqlite_autoindex_records_1 (tenant=? AND collection=? AND id=?)"]),
        (READS.list_records, ["records USING INDEX records_live (tenant=? AND collection=? AND id>?)"]),
        (
            READS.list_tagged(2),
            [
                "first USING PRIMARY KEY (tenant=? AND collection=? AND tag=? AND id>?)",
                "other_1 USING PRIMARY KEY (tenant=? AND collection=? AND tag=? AND id=?)",
                "records USING INDEX sqlite_autoindex_records_1 (tenant=? AND collection=? AND id=?)",
            ],
        ),
        (READS.count_tag, ["record_tags USING PRIMARY KEY (tenant=? AND collection=? AND tag=? AND id>?)"]),
        (READS.get_collection, ["collections USING INDEX sqlite_autoindex_collections_1 (tenant=? AND id=?)"]),
        (READS.list_collections, ["collections USING INDEX sqlite_autoindex_collections_1 (tenant=? AND id>?)"]),
        (READS.read_log, ["changes USING INDEX changes_in_order (revision>?)"]),
        (READS.read_mutation, ["changes USING INDEX changes_in_order (revision=?)"]),
        (WRITES.has_live, ["records USING INDEX records_live (tenant=? AND collection=?)"]),
        (
            bulk(WRITES.load_records, 64, 3),
            ["records USING INDEX sqlite_autoindex_records_1 (tenant=? AND collection=? AND id=?)"],
        ),
        (
            bulk(WRITES.load_collections, 2, 2),
            ["collections USING INDEX sqlite_autoindex_collections_1 (tenant=? AND id=?)"],
        ),
        (
            bulk(WRITES.remove_tags, 2, 4),
            ["record_tags USING PRIMARY KEY (tenant=? AND collection=? AND tag=? AND id=?)"] * 2,
        ),
        (WRITES.drop_records, ["records USING INDEX sqlite_autoindex_records_1 (tenant=? AND collection=?)"]),
        (WRITES.drop_tags, ["record_tags USING PRIMARY KEY (tenant=? AND collection=?)"]),
    ],
)
def test_searches(empty_file, text, searches):
    """Each table is searched by the key meant for it, and the result needs no sorting."""
    with closing(sqlite3.connect(empty_file)) as file:
        plan = [row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {text}", [""] * text.count("?"))]
    assert [step.removeprefix("SEARCH ") for step in plan if step.startswith("SEARCH")] == searches
    assert not [step for step in plan if "TEMP B-TREE" in step]
