"""The requests and replies of the operations, named and shaped like the messages of the proto.

An operation `GetRecord` takes `requests.GetRecord`; its fields have the names of `GetRecordRequest`, with an underscore
behind those that are words of Python (`else_`). The codecs in `api` are compiled from the proto's descriptors and
fill these types by those names: a message `XRequest` or `X` is the type `X` here, or else `XDraft`. Every field has its
empty value as default, as in the proto; the members of a oneof are UNSET. Logic says which must not be empty.
"""

from crud_service.model.requests.batches import (
    BatchCreateRecords,
    BatchDeleteRecords,
    BatchGetRecords,
    BatchRecordsReply,
    BatchUpdateRecords,
    OperationResult,
    RecordCompare,
    RecordOperation,
    TransactRecords,
    TransactRecordsReply,
)
from crud_service.model.requests.collections import (
    CreateCollection,
    DeleteCollection,
    GetCollection,
    GetNodeInfo,
    ListCollections,
    ListCollectionsReply,
    UpdateCollection,
)
from crud_service.model.requests.drafts import CollectionDraft, FieldIndexDraft, RecordDraft
from crud_service.model.requests.records import (
    CountRecords,
    CountRecordsReply,
    CreateRecord,
    DeleteRecord,
    FieldTransform,
    GetRecord,
    ListRecords,
    ListRecordsReply,
    PurgeRecord,
    UndeleteRecord,
    UpdateRecord,
)

__all__ = [
    "BatchCreateRecords",
    "BatchDeleteRecords",
    "BatchGetRecords",
    "BatchRecordsReply",
    "BatchUpdateRecords",
    "CollectionDraft",
    "CountRecords",
    "CountRecordsReply",
    "CreateCollection",
    "CreateRecord",
    "DeleteCollection",
    "DeleteRecord",
    "FieldIndexDraft",
    "FieldTransform",
    "GetCollection",
    "GetNodeInfo",
    "GetRecord",
    "ListCollections",
    "ListCollectionsReply",
    "ListRecords",
    "ListRecordsReply",
    "OperationResult",
    "PurgeRecord",
    "RecordCompare",
    "RecordDraft",
    "RecordOperation",
    "TransactRecords",
    "TransactRecordsReply",
    "UndeleteRecord",
    "UpdateCollection",
    "UpdateRecord",
]
