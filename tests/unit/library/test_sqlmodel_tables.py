"""The declared tables fit the model they store."""

import pytest

from crud_service.library import sqlmodel_tables as tables
from crud_service.model.change import Change, RequestKey, StoredRequest
from crud_service.model.record import Collection, Record


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        (tables.RecordRow, ("tenant", *Record.__struct_fields__)),
        (tables.CollectionRow, ("tenant", *Collection.__struct_fields__)),
        (tables.ChangeRow, Change.__struct_fields__),
        (tables.RequestRow, (*RequestKey._fields, *StoredRequest.__struct_fields__[1:])),
    ],
)
def test_columns_are_the_fields(row, fields):
    """Columns stand in the order of the model's fields, so that rows pass as they are."""
    assert tuple(tables.table(row).columns.keys()) == fields


@pytest.mark.parametrize(
    ("row", "second"),
    [
        (tables.RecordRow, "collection"),
        (tables.RecordTagRow, "collection"),
        (tables.RecordIndexRow, "collection"),
        (tables.ChangeRow, "collection"),
        (tables.CollectionRow, "id"),
        (tables.RequestRow, "principal"),
    ],
)
def test_keys_start_with_the_tenant(row, second):
    """No key reaches over tenants."""
    key = [column.name for column in tables.table(row).primary_key]
    assert key[:2] == ["tenant", second]


def test_tables_are_apart_from_others():
    """Another user of SQLModel in the same process does not see them."""
    from sqlmodel import SQLModel

    assert not set(tables.metadata().tables) & set(SQLModel.metadata.tables)
