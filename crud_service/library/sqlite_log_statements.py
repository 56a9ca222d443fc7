"""What the change log of a SQLite store is read with, declared from the tables."""

from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, column, func, literal_column, or_, select, tuple_, values

from crud_service.library.sqlite_compile import BulkStatement, is_after, is_value, to_text, up_to
from crud_service.library.sqlmodel_tables import ChangeRow, LogFloorRow, table
from crud_service.model.change import ChangeKind


class LogStatements:
    """The texts, each compiled on first use. Entries are rows of Change's fields."""

    def __init__(self) -> None:
        self._changes = table(ChangeRow)
        self._floors = table(LogFloorRow)

    @cached_property
    def read_log(self) -> str:
        """(after) -> the entries of all tenants that follow."""
        return to_text(self._following(select(*self._changes.c)))

    @cached_property
    def read_tenant(self) -> str:
        """(after, tenant) -> those of one tenant."""
        return to_text(self._following(select(*self._changes.c)).where(self._of_tenant()))

    @cached_property
    def read_collection(self) -> str:
        """(tenant, collection, after) -> those of one collection."""
        return to_text(self._following(select(*self._changes.c).where(self._of_collection())))

    @cached_property
    def read_mutation(self) -> str:
        """(revision) -> its entries."""
        changes = self._changes
        return to_text(select(*changes.c).where(is_value(changes.c.revision)).order_by(changes.c.ordinal))

    @cached_property
    def has_changed(self) -> str:
        """(tenant, collection, after) -> a row if an entry of the collection follows."""
        changed: Select[Any] = select(literal_column("1")).where(
            self._of_collection(), is_after(self._changes.c.revision)
        )
        return to_text(_first(changed))

    @cached_property
    def has_tenant_changed(self) -> str:
        """(after, tenant) -> a row if an entry of the tenant follows."""
        changed: Select[Any] = select(literal_column("1")).select_from(self._changes)
        return to_text(_first(changed.where(is_after(self._changes.c.revision), self._of_tenant())))

    @cached_property
    def states_at(self) -> BulkStatement:
        """Rows (place, tenant, collection, id, revision) -> place, and the last entry of that record up to there."""
        changes, key = self._changes, ("tenant", "collection", "id")

        def text_for(rows: int) -> str:
            names = ("place", *key, "revision")
            wanted = values(*map(column, names)).data([("",) * len(names)] * rows).cte("wanted")
            of_record = [changes.c[name] == wanted.c[name] for name in key]
            last = self._latest(select(literal_column("rowid")).select_from(changes)).where(
                *of_record, changes.c.revision <= wanted.c.revision
            )
            found = literal_column("changes.rowid") == _first(last).correlate(wanted).scalar_subquery()
            return to_text(select(wanted.c.place, *changes.c).select_from(wanted).join(changes, found))

        return BulkStatement(text_for)

    @cached_property
    def read_history(self) -> str:
        """(tenant, collection, id, below) -> the entries of a record, the last one first, without erased states."""
        changes = self._changes
        told = or_(changes.c.state != literal_column("''"), changes.c.kind == _text(ChangeKind.RECORD_PURGED))
        below = changes.c.revision < bindparam(None)
        return to_text(
            self._latest(select(*changes.c)).where(self._of_collection(), is_value(changes.c.id), below, told)
        )

    @cached_property
    def next_logged(self) -> str:
        """(tenant, collection) -> the same of the next collection that has entries."""
        key = (self._changes.c.tenant, self._changes.c.collection)
        following = select(*key).where(tuple_(*key) > tuple_(bindparam(None), bindparam(None)))
        return to_text(_first(following.order_by(*key)))

    @cached_property
    def passed(self) -> str:
        """(tenant, collection, after) -> of each entry that follows revision, ordinal, kind and time, and of the one it
        superseded revision, ordinal and the characters of its state; null if there is none.
        """
        entry, prior, earlier = (self._changes.alias(name) for name in ("entry", "prior", "earlier"))
        last: Select[Any] = select(literal_column("earlier.rowid")).select_from(earlier)
        last = last.where(*[earlier.c[name] == entry.c[name] for name in ("tenant", "collection", "id")])
        last = last.where(tuple_(earlier.c.revision, earlier.c.ordinal) < tuple_(entry.c.revision, entry.c.ordinal))
        last = _first(last.order_by(earlier.c.revision.desc(), earlier.c.ordinal.desc())).correlate(entry)
        places = (entry.c.revision, entry.c.ordinal, entry.c.kind, entry.c.time)
        found = select(*places, prior.c.revision, prior.c.ordinal, func.length(prior.c.state)).select_from(
            entry.outerjoin(prior, literal_column("prior.rowid") == last.scalar_subquery())
        )
        of_collection = (is_value(entry.c.tenant), is_value(entry.c.collection), is_after(entry.c.revision))
        return to_text(found.where(*of_collection).order_by(entry.c.revision, entry.c.ordinal))

    @cached_property
    def surplus(self) -> str:
        """(tenant, collection, most) -> revision and ordinal of the last entry before the latest `most`."""
        places = (self._changes.c.revision, self._changes.c.ordinal)
        last = self._latest(select(*places).where(self._of_collection()))
        return to_text(last.limit(literal_column("1")).offset(bindparam(None)))

    @cached_property
    def oldest(self) -> str:
        """(tenant, collection, revision, ordinal, limit) -> the same of the first entries up to a place."""
        place = tuple_(self._changes.c.revision, self._changes.c.ordinal)
        first = select(*place).where(self._of_collection(), place <= tuple_(bindparam(None), bindparam(None)))
        return to_text(up_to(first.order_by(*place)))

    @cached_property
    def collection_floor(self) -> str:
        """(tenant, collection) -> its floor, if it has one."""
        floors = self._floors
        return to_text(select(floors.c.revision).where(is_value(floors.c.tenant), is_value(floors.c.collection)))

    @cached_property
    def tenant_floor(self) -> str:
        """(tenant) -> the greatest floor; null if there is none."""
        return to_text(select(func.max(self._floors.c.revision)).where(is_value(self._floors.c.tenant)))

    @cached_property
    def log_floor(self) -> str:
        """() -> the greatest floor of all tenants; null if there is none."""
        return to_text(select(func.max(self._floors.c.revision)))

    def _following(self, entries: Select[Any]) -> Select[Any]:
        changes = self._changes
        return entries.where(is_after(changes.c.revision)).order_by(changes.c.revision, changes.c.ordinal)

    def _latest(self, entries: Select[Any]) -> Select[Any]:
        changes = self._changes
        return entries.order_by(changes.c.revision.desc(), changes.c.ordinal.desc())

    def _of_tenant(self) -> ColumnElement[bool]:
        # The plus keeps SQLite on the index in the order of the log: it would rather sort all entries of the tenant.
        return is_value(literal_column("+changes.tenant"))

    def _of_collection(self) -> ColumnElement[bool]:
        return and_(is_value(self._changes.c.tenant), is_value(self._changes.c.collection))


def _first(statement: Select[Any]) -> Select[Any]:
    """`... LIMIT 1`."""
    return statement.limit(literal_column("1")).offset(literal_column("0"))


def _text(word: str) -> ColumnElement[str]:
    return literal_column(f"'{word}'")
