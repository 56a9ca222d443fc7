"""Imports: any number of rows, stored in order, chunk by chunk."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from crud_service.logic.batches import refuse_batch_preconditions
from crud_service.logic.bulk.chunks import Chunk, Chunker
from crud_service.logic.bulk.options import Options, read_options
from crud_service.logic.bulk.pipeline import Pipeline
from crud_service.logic.bulk.progress import Progress
from crud_service.logic.bulk.storing import ChunkStore, Turn
from crud_service.logic.mutator import Mutator
from crud_service.logic.system_collections import check_writable
from crud_service.logic.writer import Writer
from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Reason, not_found
from crud_service.model.limits import Limits
from crud_service.model.ports.record_store import RecordStore
from crud_service.model.requests.bulk import ImportRow

# How many rows are taken in one go, so that other calls are served in between.
_AT_ONCE = 128

Messages = AsyncIterator[requests.ImportRecords]


class Importing:
    """Serves ImportRecords."""

    def __init__(
        self, store: RecordStore, writer: Writer, mutator: Mutator, limits: Limits, *, new_id: Callable[[], str]
    ) -> None:
        self._store = store
        self._writer = writer
        self._mutator = mutator
        self._limits = limits
        self._new_id = new_id

    async def import_records(self, call: Call, messages: Messages) -> requests.ImportRecordsReply:
        """Store the rows of all messages; the first one says how.

        Rows are stored in order, in chunks of so many rows and bytes of content, each of them one mutation; a chunk
        ends early before a row whose record is in it already. The error that ends an import has in its metadata
        `resumeRow`, from which on nothing was stored, `importedCount`, and `row` if it is about one.

        With a request id, a chunk that an earlier attempt has stored is not stored again. It must hold the same rows:
        otherwise ALREADY_EXISTS (`REQUEST_ID_REUSED`).
        """
        first = await anext(messages, requests.ImportRecords())
        options = await self._options(call, first)
        chunker = Chunker(call, options, self._limits, self._new_id)
        creates = self._writer.creates_collections
        chunks = ChunkStore(call, options, self._store, self._mutator, creates_collections=creates)
        return await _Run(chunker, chunks, Progress(options.start_row)).finish(first, messages)

    async def _options(self, call: Call, first: requests.ImportRecords) -> Options:
        refuse_batch_preconditions(call)
        options = read_options(call, first)
        self._writer.check(call, options.request_id)
        parent = options.parent
        if parent:
            check_writable(call, parent.id)
        if parent and not self._writer.creates_collections and await self._store.get_collection(parent) is None:
            raise not_found(Reason.COLLECTION_NOT_FOUND, f"collection {parent.id} does not exist; create it first")
        return options


class _Run:
    """One import."""

    def __init__(self, chunker: Chunker, chunks: ChunkStore, progress: Progress) -> None:
        self._chunker = chunker
        self._chunks = chunks
        self._progress = progress
        self._pipeline = Pipeline(self._store)

    async def finish(self, first: requests.ImportRecords, messages: Messages) -> requests.ImportRecordsReply:
        """Take all rows, store them, and tell what became of them."""
        try:
            await self._take(first.records)
            cut = await self._take_all(messages)
            if cut is None:
                await self._put(self._chunker.rest())
            await self._pipeline.finish()
            if cut is not None:
                raise cut
        except CrudError as error:
            raise self._progress.ended(error) from error
        finally:
            await self._pipeline.cancel()
        return self._progress.reply(self._chunker.count)

    async def _take_all(self, messages: Messages) -> CrudError | None:
        """Take the rows that come. Returns why there are no more, if that is an error."""
        while True:
            try:
                message = await anext(messages, None)
            except CrudError as error:
                return error
            if message is None:
                return None
            await self._take(message.records)

    async def _take(self, items: Sequence[ImportRow]) -> None:
        for count, item in enumerate(items, 1):
            await self._put(self._chunker.add(item))
            if count % _AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _put(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            await self._pipeline.put(chunk)

    async def _store(self, chunk: Chunk, turn: Turn) -> None:
        summary, revision = await self._chunks.store(chunk, turn)
        await turn()  # a chunk with nothing to commit has not waited
        self._progress.add(chunk, summary, revision)
