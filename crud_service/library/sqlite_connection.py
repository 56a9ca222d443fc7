"""A connection that mends itself: opened when it is needed, let go after an error."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress

from crud_service.library.sqlite_errors import translate
from crud_service.model.errors import CrudError


class SqliteConnection:
    """One connection of one thread at a time. `connect` opens another one; it may raise CrudError."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None

    def get(self) -> sqlite3.Connection:
        """The connection, opened if there is none. Raises CrudError or sqlite3.Error."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def interrupt(self) -> None:
        """End the statement that runs now, if there is one, with an error. From any thread."""
        connection = self._connection
        if connection is not None:
            with suppress(sqlite3.ProgrammingError):  # it is let go at this moment
                connection.interrupt()

    def failed(self, error: sqlite3.Error) -> CrudError:
        """Let the connection go, so that the next call starts afresh; the answer to raise `from error`."""
        self.close()
        return translate(error)

    def close(self) -> None:
        """Let the connection go; the next `get` opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
