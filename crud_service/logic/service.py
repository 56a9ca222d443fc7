"""All operations on records and collections, by the names they have in the proto."""

from collections.abc import Callable

import msgspec

from crud_service.logic.batches import Batches
from crud_service.logic.bulk import Exporting, Importing
from crud_service.logic.changes import ChangeList, LogTail, Watching
from crud_service.logic.collections import Collections
from crud_service.logic.history import History
from crud_service.logic.idempotency import Idempotency
from crud_service.logic.mutator import Mutator
from crud_service.logic.page_token import PageTokens
from crud_service.logic.reading import Reading
from crud_service.logic.records import Records
from crud_service.logic.transactions import Transactions
from crud_service.logic.writer import Writer
from crud_service.model.call import Handler, StreamHandler
from crud_service.model.limits import Limits
from crud_service.model.ports.record_hooks import RecordHooks
from crud_service.model.ports.record_store import RecordStore


class Parts(msgspec.Struct, frozen=True):
    """What logic is made of: its collaborators, given by who composes a node."""

    store: RecordStore
    writer: Writer
    hooks: RecordHooks
    tokens: PageTokens
    tail: LogTail
    limits: Limits
    new_id: Callable[[], str]
    collections_changed: Callable[[], None]
    """Called when a collection was changed and has indexes to build, so that maintenance looks at it soon."""


def operations(parts: Parts) -> dict[str, Handler | StreamHandler]:
    """What serves each operation. A name here is a method of the proto and a type in `model.requests`."""
    store, limits, new_id = parts.store, parts.limits, parts.new_id
    mutator = Mutator(parts.writer, Idempotency(store, limits, parts.writer.now))
    reading = Reading(store, parts.hooks, parts.tokens, limits)
    records = Records(store, mutator, reading, new_id=new_id)
    batches = Batches(store, mutator, reading, limits, new_id=new_id)
    transactions = Transactions(store, mutator, reading, limits, new_id=new_id)
    importing = Importing(store, parts.writer, mutator, limits, new_id=new_id)
    exporting = Exporting(store, reading, limits)
    history = History(store, mutator, reading, parts.tokens, limits)
    collections = Collections(store, mutator, parts.tokens, limits, changed=parts.collections_changed)
    watching = Watching(store, parts.tail, reading, parts.tokens, limits)
    changes = ChangeList(store, parts.tail, reading, parts.tokens, limits)

    return {
        "CreateRecord": records.create,
        "GetRecord": reading.get,
        "ListRecords": reading.list,
        "CountRecords": reading.count,
        "UpdateRecord": records.update,
        "DeleteRecord": records.delete,
        "UndeleteRecord": records.undelete,
        "PurgeRecord": records.purge,
        "BatchGetRecords": reading.batch_get,
        "BatchCreateRecords": batches.create,
        "BatchUpdateRecords": batches.update,
        "BatchDeleteRecords": batches.delete,
        "TransactRecords": transactions.transact,
        "ImportRecords": importing.import_records,
        "ExportRecords": exporting.export_records,
        "ListRecordRevisions": history.list,
        "RollbackRecord": history.rollback,
        "DiffRecord": history.diff,
        "WatchRecords": watching.watch,
        "ListChanges": changes.list,
        "CreateCollection": collections.create,
        "GetCollection": collections.get,
        "ListCollections": collections.list,
        "UpdateCollection": collections.update,
        "DeleteCollection": collections.delete,
    }
