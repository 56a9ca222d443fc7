"""The connection that a reader reads with: what it sees, and what becomes of errors."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from crud_service.library.sqlite_connection import SqliteConnection
from crud_service.model.errors import CrudError

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound="ReadConnection")


def reads(method: Callable[Concatenate[R, P], T]) -> Callable[Concatenate[R, P], T]:
    """Let no error of SQLite's through, and read with another connection after one."""

    @wraps(method)
    def guarded(self: R, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except sqlite3.Error as error:
            raise self.connection.failed(error) from error

    return guarded


class ReadConnection:
    """What all reads have in common. It belongs to one thread at a time."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self.connection = SqliteConnection(connect)
        self._shares = False

    def share_transaction_unless(self, writing: bool) -> None:
        """Let reads share one transaction for as long as nobody writes, or end that when a write begins.

        A transaction of its own costs a read two locks on the file, close to half of a point read. One that stayed open
        during writes would show old states, and keep the write-ahead log from starting over.
        """
        self._shares = not writing
        if writing and self.connection.is_open:
            with suppress(CrudError):  # the connection is let go then, and its transaction with it
                self._end_transaction()

    @reads
    def _end_transaction(self) -> None:
        self.connection.get().rollback()

    @contextmanager
    def _one_state(self) -> Iterator[sqlite3.Connection]:
        """The connection, in a transaction: all statements see the same state."""
        connection = self._connection()
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            with suppress(sqlite3.Error):  # what matters is the error under way, which lets the connection go
                connection.rollback()

    def _connection(self) -> sqlite3.Connection:
        connection = self.connection.get()
        if self._shares and not connection.in_transaction:
            connection.execute("BEGIN")
        return connection
