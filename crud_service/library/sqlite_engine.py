"""What runs while a SQLite store is open."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from crud_service.library.group_commit import GroupCommit
from crud_service.library.log_signal import LogSignal
from crud_service.library.sqlite_file import SqliteFile
from crud_service.library.sqlite_read_statements import ReadStatements
from crud_service.library.sqlite_reader import SqliteReader
from crud_service.library.sqlite_reader_pool import ReaderPool
from crud_service.library.sqlite_writer import SqliteWriter

T = TypeVar("T")


class Engine:
    """The writer with its thread, a reader for the loop, and the reader threads."""

    def __init__(self, file: SqliteFile, reader_threads: int, search_threads: int) -> None:
        statements = ReadStatements()
        self.reader = SqliteReader(file.connect_reader, statements)
        self.writer = SqliteWriter(file.connect_writer, statements)
        self.signal = LogSignal(self.reader.last_revision())
        self.commits = GroupCommit(self.writer.write, self.signal.committed, self.reader.share_transaction_unless)
        self.reader.share_transaction_unless(False)
        self.readers = ReaderPool("store-reader", reader_threads, file.connect_long_reader, statements)
        self.searchers = ReaderPool("store-searcher", search_threads, file.connect_long_reader, statements)

    async def in_writer(self, write: Callable[[SqliteWriter], T]) -> T:
        """`write(writer)` in the writer's thread, between two groups of mutations."""
        return await self.commits.run(lambda: write(self.writer))

    async def close(self) -> None:
        """Finish what was accepted and close every connection, the writer's last: it tidies the write-ahead log."""
        await self.commits.close()
        self.signal.close()
        await self.readers.close()
        await self.searchers.close()
        self.reader.connection.close()
        await asyncio.to_thread(self.writer.close)
