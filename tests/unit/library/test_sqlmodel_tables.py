"""The declared tables fit the model they store."""

import pytest

from crud_service.library import sqlmodel_tables as tables
from crud_service.model.change import Change
from crud_service.model.record import Collection, Record


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        (tables.RecordRow, ("tenant", *Record.__struct_fields__)),
        (tables.CollectionRow, ("tenant", *Collection.__struct_fields__)),
        (tables.ChangeRow, Change.__struct_fields__),
    ],
)
def test_columns_are_the_fields(row, fields):
    """Columns stand in the order of the model's fields, so that rows pass as they are."""
    assert tuple(tables.table(row).columns.keys()) == fields


@pytest.mark.parametrize("row", [tables.RecordRow, tables.RecordTagRow, tables.CollectionRow, tables.ChangeRow])
def test_keys_start_with_the_tenant(row):
    """No key reaches over tenants."""
    key = [column.name for column in tables.table(row).primary_key]
    assert key[0] == "tenant"
    assert key[1] == ("id" if row is tables.CollectionRow else "collection")


def test_tables_are_apart_from_others():
    """Another user of SQLModel in the same process does not see them."""
    from sqlmodel import SQLModel

    assert not set(tables.metadata().tables) & set(SQLModel.metadata.tables)
