"""The data file of a SQLite store: where it is, who owns it, and how to connect to it.

One process owns a data file. The lock is on the file beside it, `<file>.lock`, which names the owner's pid; the
system releases it when the process ends, however it ends.
"""

import fcntl
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from crud_service.library.sqlite_errors import primary_code
from crud_service.model.errors import CrudError, Kind, Reason, StartError

# Pages of 4 KiB in the write-ahead log before they are moved into the file: more makes random ids cheaper (the same
# page is moved once), less makes recovery shorter. 16 MiB recover in well under a second.
_CHECKPOINT_PAGES = 4_000
_WRITER_CACHE_KIB = 8_192
# Pages that reads keep: enough for the inner pages of an index over millions of records and the leaves in use.
_READER_CACHE_KIB = 16_384
_LONG_READER_CACHE_KIB = 2_048


class SqliteFile:
    """One data file. `synchronous` is SQLite's own word; `busy_seconds` bounds a wait for a foreign lock."""

    def __init__(self, path: Path, synchronous: str, busy_seconds: float) -> None:
        # Resolved, so that the lock lies beside the real file whichever link leads there.
        self.path = path.resolve()
        self._synchronous = synchronous
        self._busy_seconds = busy_seconds
        self._lock: int | None = None

    def acquire(self) -> None:
        """Own the file, making its folder if it is missing. Raises StartError with the way out."""
        try:
            self._lock = self._acquire()
        except OSError as cause:
            raise StartError(
                f"the data file {self.path} cannot be written ({cause.strerror}); "
                "make its folder writable or choose another path"
            ) from cause

    def release(self) -> None:
        """Let another process own the file. Doing it twice does nothing."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def connect_first(self) -> sqlite3.Connection:
        """The first connection: creates the file if there is none, and changes nothing in it. Raises StartError."""
        try:
            return self._connect("rwc", self._busy_seconds)
        except sqlite3.Error as error:
            raise self.start_error(error) from error

    def switch_to_wal(self, connection: sqlite3.Connection) -> None:
        """Let readers and the writer work side by side; the file remembers it. Raises StartError."""
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.Error as error:
            raise self.start_error(error) from error
        if mode != "wal":
            raise StartError(f"the file system of {self.path} cannot hold a write-ahead log; choose a local disk")

    def connect_writer(self) -> sqlite3.Connection:
        """A connection for the writer. Raises CrudError; never makes a new file."""
        connection = self._reconnect(self._busy_seconds)
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
        return connection

    def connect_reader(self) -> sqlite3.Connection:
        """A connection that cannot write. It hardly ever waits: with WAL readers need no lock of the writer's."""
        return self._connect_reading(_READER_CACHE_KIB)

    def connect_long_reader(self) -> sqlite3.Connection:
        """The same for long reads, which seldom see a page twice."""
        return self._connect_reading(_LONG_READER_CACHE_KIB)

    def start_error(self, error: sqlite3.Error) -> StartError:
        """What `error` means to who starts the node."""
        path = self.path
        match primary_code(error):
            case sqlite3.SQLITE_NOTADB:
                return StartError(f"{path} is no SQLite database; choose another path or move that file away")
            case sqlite3.SQLITE_CORRUPT:
                return StartError(f"the data file {path} is damaged ({error}); restore it from a backup")
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
                return StartError(f"the data file {path} is locked by another program; end that program first")
            case sqlite3.SQLITE_FULL:
                return StartError(f"the disk of the data file {path} is full; free some space or choose another path")
        return StartError(f"the data file {path} cannot be used ({error}); check its disk and its permissions")

    def _acquire(self) -> int:
        path = self.path
        if path.is_dir():
            raise StartError(f"the data file {path} is a folder; name a file in it, such as {path / 'crud.db'}")
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._own(lock)
        except BaseException:
            os.close(lock)
            raise
        return lock

    def _own(self, lock: int) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            owner = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
            raise StartError(
                f"the data file {self.path} is in use by the process with pid {owner}; "
                "stop that one or choose another path"
            ) from cause
        if self.path.exists() and not os.access(self.path, os.R_OK | os.W_OK):
            raise StartError(f"the data file {self.path} cannot be read and written; change its permissions")
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)

    def _connect_reading(self, cache_kib: int) -> sqlite3.Connection:
        connection = self._reconnect(min(self._busy_seconds, 0.1))
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _reconnect(self, busy_seconds: float) -> sqlite3.Connection:
        if self._lock is None:
            raise CrudError(Kind.UNAVAILABLE, Reason.SHUTTING_DOWN, "the store is closed; try another node")
        return self._connect("rw", busy_seconds)

    def _connect(self, mode: str, busy_seconds: float) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(self.path))}?mode={mode}",
            uri=True,
            timeout=busy_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
