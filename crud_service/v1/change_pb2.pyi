import datetime

from crud_service.v1 import record_pb2 as _record_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import resource_pb2 as _resource_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Change(_message.Message):
    __slots__ = ("type", "record", "old_record", "ordinal", "path", "time", "actor", "reason", "request_id", "call_id", "trace_id", "code_version", "version", "collection", "revision")
    class Type(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        TYPE_UNSPECIFIED: _ClassVar[Change.Type]
        CREATED: _ClassVar[Change.Type]
        UPDATED: _ClassVar[Change.Type]
        DELETED: _ClassVar[Change.Type]
        EXPIRED: _ClassVar[Change.Type]
        ENTERED: _ClassVar[Change.Type]
        LEFT: _ClassVar[Change.Type]
        UNDELETED: _ClassVar[Change.Type]
        PURGED: _ClassVar[Change.Type]
        INITIAL: _ClassVar[Change.Type]
        COLLECTION_CREATED: _ClassVar[Change.Type]
        COLLECTION_UPDATED: _ClassVar[Change.Type]
        COLLECTION_DELETED: _ClassVar[Change.Type]
    TYPE_UNSPECIFIED: Change.Type
    CREATED: Change.Type
    UPDATED: Change.Type
    DELETED: Change.Type
    EXPIRED: Change.Type
    ENTERED: Change.Type
    LEFT: Change.Type
    UNDELETED: Change.Type
    PURGED: Change.Type
    INITIAL: Change.Type
    COLLECTION_CREATED: Change.Type
    COLLECTION_UPDATED: Change.Type
    COLLECTION_DELETED: Change.Type
    TYPE_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    OLD_RECORD_FIELD_NUMBER: _ClassVar[int]
    ORDINAL_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    CODE_VERSION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    type: Change.Type
    record: _record_pb2.Record
    old_record: _record_pb2.Record
    ordinal: int
    path: str
    time: _timestamp_pb2.Timestamp
    actor: str
    reason: str
    request_id: str
    call_id: str
    trace_id: str
    code_version: str
    version: int
    collection: _record_pb2.Collection
    revision: int
    def __init__(self, type: _Optional[_Union[Change.Type, str]] = ..., record: _Optional[_Union[_record_pb2.Record, _Mapping]] = ..., old_record: _Optional[_Union[_record_pb2.Record, _Mapping]] = ..., ordinal: _Optional[int] = ..., path: _Optional[str] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., request_id: _Optional[str] = ..., call_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., code_version: _Optional[str] = ..., version: _Optional[int] = ..., collection: _Optional[_Union[_record_pb2.Collection, _Mapping]] = ..., revision: _Optional[int] = ...) -> None: ...

class ChangeGroup(_message.Message):
    __slots__ = ("revision", "complete", "changes")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    revision: int
    complete: bool
    changes: _containers.RepeatedCompositeFieldContainer[Change]
    def __init__(self, revision: _Optional[int] = ..., complete: _Optional[bool] = ..., changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ...) -> None: ...

class WatchRecordsRequest(_message.Message):
    __slots__ = ("parent", "filter", "resume_token", "start_revision", "send_initial", "include_old", "read_mask")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    START_REVISION_FIELD_NUMBER: _ClassVar[int]
    SEND_INITIAL_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_OLD_FIELD_NUMBER: _ClassVar[int]
    READ_MASK_FIELD_NUMBER: _ClassVar[int]
    parent: str
    filter: str
    resume_token: str
    start_revision: int
    send_initial: bool
    include_old: bool
    read_mask: _field_mask_pb2.FieldMask
    def __init__(self, parent: _Optional[str] = ..., filter: _Optional[str] = ..., resume_token: _Optional[str] = ..., start_revision: _Optional[int] = ..., send_initial: _Optional[bool] = ..., include_old: _Optional[bool] = ..., read_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class WatchRecordsResponse(_message.Message):
    __slots__ = ("group", "bookmark", "initial_done", "gap", "resume_token")
    GROUP_FIELD_NUMBER: _ClassVar[int]
    BOOKMARK_FIELD_NUMBER: _ClassVar[int]
    INITIAL_DONE_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    group: ChangeGroup
    bookmark: Bookmark
    initial_done: InitialDone
    gap: Gap
    resume_token: str
    def __init__(self, group: _Optional[_Union[ChangeGroup, _Mapping]] = ..., bookmark: _Optional[_Union[Bookmark, _Mapping]] = ..., initial_done: _Optional[_Union[InitialDone, _Mapping]] = ..., gap: _Optional[_Union[Gap, _Mapping]] = ..., resume_token: _Optional[str] = ...) -> None: ...

class Bookmark(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class InitialDone(_message.Message):
    __slots__ = ("revision",)
    REVISION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    def __init__(self, revision: _Optional[int] = ...) -> None: ...

class Gap(_message.Message):
    __slots__ = ("oldest_revision",)
    OLDEST_REVISION_FIELD_NUMBER: _ClassVar[int]
    oldest_revision: int
    def __init__(self, oldest_revision: _Optional[int] = ...) -> None: ...

class ListChangesRequest(_message.Message):
    __slots__ = ("parent", "filter", "resume_token", "start_revision", "include_old", "read_mask", "page_size", "wait")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    START_REVISION_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_OLD_FIELD_NUMBER: _ClassVar[int]
    READ_MASK_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    parent: str
    filter: str
    resume_token: str
    start_revision: int
    include_old: bool
    read_mask: _field_mask_pb2.FieldMask
    page_size: int
    wait: _duration_pb2.Duration
    def __init__(self, parent: _Optional[str] = ..., filter: _Optional[str] = ..., resume_token: _Optional[str] = ..., start_revision: _Optional[int] = ..., include_old: _Optional[bool] = ..., read_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., page_size: _Optional[int] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ListChangesResponse(_message.Message):
    __slots__ = ("groups", "resume_token", "more")
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    groups: _containers.RepeatedCompositeFieldContainer[ChangeGroup]
    resume_token: str
    more: bool
    def __init__(self, groups: _Optional[_Iterable[_Union[ChangeGroup, _Mapping]]] = ..., resume_token: _Optional[str] = ..., more: _Optional[bool] = ...) -> None: ...

class ListRecordRevisionsRequest(_message.Message):
    __slots__ = ("path", "page_size", "page_token", "read_mask")
    PATH_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    READ_MASK_FIELD_NUMBER: _ClassVar[int]
    path: str
    page_size: int
    page_token: str
    read_mask: _field_mask_pb2.FieldMask
    def __init__(self, path: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., read_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class ListRecordRevisionsResponse(_message.Message):
    __slots__ = ("changes", "next_page_token")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[Change]
    next_page_token: str
    def __init__(self, changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class RollbackRecordRequest(_message.Message):
    __slots__ = ("path", "revision", "etag", "request_id", "validate_only")
    PATH_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    path: str
    revision: int
    etag: str
    request_id: str
    validate_only: bool
    def __init__(self, path: _Optional[str] = ..., revision: _Optional[int] = ..., etag: _Optional[str] = ..., request_id: _Optional[str] = ..., validate_only: _Optional[bool] = ...) -> None: ...

class DiffRecordRequest(_message.Message):
    __slots__ = ("path", "from_revision", "to_revision")
    PATH_FIELD_NUMBER: _ClassVar[int]
    FROM_REVISION_FIELD_NUMBER: _ClassVar[int]
    TO_REVISION_FIELD_NUMBER: _ClassVar[int]
    path: str
    from_revision: int
    to_revision: int
    def __init__(self, path: _Optional[str] = ..., from_revision: _Optional[int] = ..., to_revision: _Optional[int] = ...) -> None: ...

class RecordDiff(_message.Message):
    __slots__ = ("path", "from_revision", "to_revision", "changes")
    PATH_FIELD_NUMBER: _ClassVar[int]
    FROM_REVISION_FIELD_NUMBER: _ClassVar[int]
    TO_REVISION_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    path: str
    from_revision: int
    to_revision: int
    changes: _containers.RepeatedCompositeFieldContainer[FieldChange]
    def __init__(self, path: _Optional[str] = ..., from_revision: _Optional[int] = ..., to_revision: _Optional[int] = ..., changes: _Optional[_Iterable[_Union[FieldChange, _Mapping]]] = ...) -> None: ...

class FieldChange(_message.Message):
    __slots__ = ("field", "old_value", "new_value")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    OLD_VALUE_FIELD_NUMBER: _ClassVar[int]
    NEW_VALUE_FIELD_NUMBER: _ClassVar[int]
    field: str
    old_value: _struct_pb2.Value
    new_value: _struct_pb2.Value
    def __init__(self, field: _Optional[str] = ..., old_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., new_value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
