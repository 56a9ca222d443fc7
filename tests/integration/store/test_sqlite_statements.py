"""The statements of the SQLite store go by an index: no read or write walks through a table."""

import sqlite3
from contextlib import closing

import pytest

from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.library.sqlite_write_statements import WriteStatements
from crud_service.library.sqlmodel_tables import metadata

TABLES = set(metadata().tables)
READS, WRITES = ReadStatements(), WriteStatements()
LOG = READS.log
LOG_KEY = "sqlite_autoindex_changes_1"
RECORD_KEY = "records USING INDEX sqlite_autoindex_records_1 (tenant=? AND collection=? AND id=?)"
COLLECTION_KEY = "collections USING INDEX sqlite_autoindex_collections_1 (tenant=? AND id=?)"
VALUE_KEY = "tenant=? AND collection=? AND field=? AND rank=? AND number=? AND text=? AND id=?"


def bulk(statement, rows, width):
    """The text of a bulk statement for `rows` rows of `width` values."""
    ((text, _),) = statement.pieces([("",) * width] * rows)
    return text


@pytest.mark.parametrize(
    ("text", "searches"),
    [
        (READS.get_record, [RECORD_KEY]),
        (READS.get_collection, [COLLECTION_KEY]),
        (READS.list_collections, ["collections USING INDEX sqlite_autoindex_collections_1 (tenant=? AND id>?)"]),
        (LOG.read_log, ["changes USING INDEX changes_in_order (revision>?)"]),
        (LOG.read_tenant, ["changes USING INDEX changes_in_order (revision>?)"]),
        (LOG.read_collection, [f"changes USING INDEX {LOG_KEY} (tenant=? AND collection=? AND revision>?)"]),
        (LOG.read_mutation, ["changes USING INDEX changes_in_order (revision=?)"]),
        (LOG.has_changed, [f"changes USING INDEX {LOG_KEY} (tenant=? AND collection=? AND revision>?)"]),
        (LOG.has_tenant_changed, ["changes USING INDEX changes_in_order (revision>?)"]),
        (
            bulk(LOG.states_at, 64, 5),
            [
                "changes USING INTEGER PRIMARY KEY (rowid=?)",
                "changes USING INDEX changes_of_record (tenant=? AND collection=? AND id=? AND revision<?)",
            ],
        ),
        (
            LOG.read_history,
            ["changes USING INDEX changes_of_record (tenant=? AND collection=? AND id=? AND revision<?)"],
        ),
        (LOG.next_logged, [f"changes USING INDEX {LOG_KEY} ((tenant,collection)>(?,?))"]),
        (LOG.collection_floor, ["log_floors USING PRIMARY KEY (tenant=? AND collection=?)"]),
        (LOG.tenant_floor, ["log_floors USING INDEX log_floors_of_tenant (tenant=?)"]),
        (LOG.log_floor, ["log_floors USING INDEX log_floors_by_revision"]),
        (
            LOG.passed,
            [
                f"entry USING INDEX {LOG_KEY} (tenant=? AND collection=? AND revision>?)",
                "prior USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
                "earlier USING INDEX changes_of_record (tenant=? AND collection=? AND id=? AND revision<?)",
            ],
        ),
        (LOG.surplus, [f"changes USING INDEX {LOG_KEY} (tenant=? AND collection=?)"]),
        (
            LOG.oldest,
            [f"changes USING INDEX {LOG_KEY} (tenant=? AND collection=? AND (revision,ordinal)<(?,?))"],
        ),
        (READS.expired_records, ["records USING INDEX records_by_expire_time (expire_time<?)"]),
        (READS.purgeable_records, ["records USING INDEX records_by_purge_time (purge_time<?)"]),
        (READS.get_request, ["requests USING PRIMARY KEY (tenant=? AND principal=? AND id=?)"]),
        (WRITES.has_live, ["records USING INDEX records_by_date (tenant=? AND collection=?)"]),
        (WRITES.live_records, ["records USING INDEX records_live (tenant=? AND collection=? AND id>?)"]),
        (bulk(WRITES.load_records, 64, 3), [RECORD_KEY]),
        (bulk(WRITES.load_collections, 2, 2), [COLLECTION_KEY]),
        (bulk(WRITES.load_requests, 2, 3), ["requests USING PRIMARY KEY (tenant=? AND principal=? AND id=?)"]),
        (bulk(WRITES.delete_records, 2, 3), [RECORD_KEY] * 2),
        (bulk(WRITES.delete_collections, 2, 2), [COLLECTION_KEY] * 2),
        (
            bulk(WRITES.remove_tags, 2, 4),
            ["record_tags USING PRIMARY KEY (tenant=? AND collection=? AND tag=? AND id=?)"] * 2,
        ),
        (bulk(WRITES.remove_values, 64, 7), [f"record_index USING PRIMARY KEY ({VALUE_KEY})"] * 64),
        (WRITES.drop_index, ["record_index USING PRIMARY KEY (tenant=? AND collection=? AND field=?)"]),
        (WRITES.drop_collection[0], ["records USING INDEX sqlite_autoindex_records_1 (tenant=? AND collection=?)"]),
        (WRITES.drop_collection[1], ["record_tags USING INDEX record_tags_by_date (tenant=? AND collection=?)"]),
        (WRITES.drop_collection[2], ["record_index USING PRIMARY KEY (tenant=? AND collection=?)"]),
        (
            bulk(WRITES.erase_states, 64, 3),
            ["changes USING INDEX changes_of_record (tenant=? AND collection=? AND id=?)"] * 64,
        ),
        (
            bulk(WRITES.remove_changes, 64, 4),
            [f"changes USING INDEX {LOG_KEY} (tenant=? AND collection=? AND revision=? AND ordinal=?)"] * 64,
        ),
        (
            WRITES.remove_changes_through,
            [f"changes USING INDEX {LOG_KEY} (tenant=? AND collection=? AND (revision,ordinal)<(?,?))"],
        ),
        (WRITES.erase_all_states, ["changes USING INDEX changes_of_record (tenant=? AND collection=? AND id>?)"]),
        (
            WRITES.forget_requests,
            [
                "requests USING PRIMARY KEY (tenant=? AND principal=? AND id=?)",
                "requests USING INDEX requests_by_expire_time (expire_time<?)",
            ],
        ),
    ],
)
def test_searches(empty_file, text, searches):
    """Each table is searched by the key meant for it, and the result needs no sorting."""
    with closing(sqlite3.connect(empty_file)) as file:
        plan = [row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {text}", [""] * text.count("?"))]
    found = [step.removeprefix("SEARCH ").replace("COVERING ", "") for step in plan if step.startswith("SEARCH")]
    assert found == searches
    assert not [step for step in plan if step.startswith("SCAN") and step.split()[1] in TABLES]
    assert not [step for step in plan if "TEMP B-TREE" in step]
