"""Proof that the tables by which queries find records hold exactly the rows that the records ask for."""

import sqlite3
from contextlib import closing

from crud_service.library.index_rows import rows_of
from crud_service.library.sqlite_rows import collection_of, record_of
from crud_service.model.record import RecordKey


def assert_indexes_match(path):
    """Each live record, and nothing else, is in `record_tags` and in each ready index; one that is being built holds
    no row of another kind.
    """
    with closing(sqlite3.connect(path)) as file:
        live = [(row[0], record_of(row[1:])) for row in file.execute("SELECT * FROM records WHERE delete_time IS NULL")]
        collections = {row[:2]: collection_of(row[1:]) for row in file.execute("SELECT * FROM collections")}
        tags = file.execute("SELECT tenant, collection, tag, id, date FROM record_tags").fetchall()
        values = file.execute("SELECT * FROM record_index").fetchall()
    wanted = [(tenant, each.collection, tag, each.id, each.date) for tenant, each in live for tag in each.tags]
    assert sorted(tags) == sorted(wanted)
    entered, ready = set(), set()
    for tenant, each in live:
        indexes = collections[tenant, each.collection].indexes
        key = RecordKey(tenant, each.collection, each.id)
        entered |= set(rows_of(key, each, [index.field for index in indexes]))
        ready |= set(rows_of(key, each, [index.field for index in indexes if index.ready]))
    assert ready <= set(values) <= entered
