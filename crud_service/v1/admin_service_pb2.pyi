import datetime

from google.api import annotations_pb2 as _annotations_pb2
from google.api import client_pb2 as _client_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import resource_pb2 as _resource_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetNodeInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DrainNodeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetLogLevelRequest(_message.Message):
    __slots__ = ("log_level",)
    LOG_LEVEL_FIELD_NUMBER: _ClassVar[int]
    log_level: str
    def __init__(self, log_level: _Optional[str] = ...) -> None: ...

class NodeInfo(_message.Message):
    __slots__ = ("node_id", "service_name", "version", "commit", "capabilities", "store", "start_time", "log_level", "draining")
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    SERVICE_NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    STORE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    LOG_LEVEL_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    node_id: str
    service_name: str
    version: str
    commit: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    store: str
    start_time: _timestamp_pb2.Timestamp
    log_level: str
    draining: bool
    def __init__(self, node_id: _Optional[str] = ..., service_name: _Optional[str] = ..., version: _Optional[str] = ..., commit: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ..., store: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., log_level: _Optional[str] = ..., draining: _Optional[bool] = ...) -> None: ...

class ListErrorReportsRequest(_message.Message):
    __slots__ = ("operation", "version", "page_size", "page_token")
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    operation: str
    version: str
    page_size: int
    page_token: str
    def __init__(self, operation: _Optional[str] = ..., version: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListErrorReportsResponse(_message.Message):
    __slots__ = ("error_reports", "next_page_token")
    ERROR_REPORTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    error_reports: _containers.RepeatedCompositeFieldContainer[ErrorReport]
    next_page_token: str
    def __init__(self, error_reports: _Optional[_Iterable[_Union[ErrorReport, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetErrorReportRequest(_message.Message):
    __slots__ = ("path",)
    PATH_FIELD_NUMBER: _ClassVar[int]
    path: str
    def __init__(self, path: _Optional[str] = ...) -> None: ...

class ErrorReport(_message.Message):
    __slots__ = ("path", "id", "link", "type", "message", "causes", "code_line", "stack", "operation", "count", "first_seen_time", "first_seen_version", "last_seen_time", "last_seen_version", "occurrences", "etag")
    PATH_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    LINK_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CAUSES_FIELD_NUMBER: _ClassVar[int]
    CODE_LINE_FIELD_NUMBER: _ClassVar[int]
    STACK_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEEN_VERSION_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_VERSION_FIELD_NUMBER: _ClassVar[int]
    OCCURRENCES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    path: str
    id: str
    link: str
    type: str
    message: str
    causes: _containers.RepeatedCompositeFieldContainer[ErrorCause]
    code_line: CodeLine
    stack: _containers.RepeatedCompositeFieldContainer[CodeLine]
    operation: str
    count: int
    first_seen_time: _timestamp_pb2.Timestamp
    first_seen_version: str
    last_seen_time: _timestamp_pb2.Timestamp
    last_seen_version: str
    occurrences: _containers.RepeatedCompositeFieldContainer[ErrorOccurrence]
    etag: str
    def __init__(self, path: _Optional[str] = ..., id: _Optional[str] = ..., link: _Optional[str] = ..., type: _Optional[str] = ..., message: _Optional[str] = ..., causes: _Optional[_Iterable[_Union[ErrorCause, _Mapping]]] = ..., code_line: _Optional[_Union[CodeLine, _Mapping]] = ..., stack: _Optional[_Iterable[_Union[CodeLine, _Mapping]]] = ..., operation: _Optional[str] = ..., count: _Optional[int] = ..., first_seen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., first_seen_version: _Optional[str] = ..., last_seen_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_seen_version: _Optional[str] = ..., occurrences: _Optional[_Iterable[_Union[ErrorOccurrence, _Mapping]]] = ..., etag: _Optional[str] = ...) -> None: ...

class ErrorCause(_message.Message):
    __slots__ = ("type", "message")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    type: str
    message: str
    def __init__(self, type: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class CodeLine(_message.Message):
    __slots__ = ("file", "line", "function")
    FILE_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    FUNCTION_FIELD_NUMBER: _ClassVar[int]
    file: str
    line: int
    function: str
    def __init__(self, file: _Optional[str] = ..., line: _Optional[int] = ..., function: _Optional[str] = ...) -> None: ...

class ErrorOccurrence(_message.Message):
    __slots__ = ("time", "operation", "transport", "principal", "resource", "call_id", "trace_id", "node_id", "version", "commit", "build", "input", "recent_calls")
    TIME_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    TRANSPORT_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    NODE_ID_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    COMMIT_FIELD_NUMBER: _ClassVar[int]
    BUILD_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    RECENT_CALLS_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    operation: str
    transport: str
    principal: str
    resource: str
    call_id: str
    trace_id: str
    node_id: str
    version: str
    commit: str
    build: str
    input: _containers.RepeatedCompositeFieldContainer[InputField]
    recent_calls: _containers.RepeatedCompositeFieldContainer[RecentCall]
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., operation: _Optional[str] = ..., transport: _Optional[str] = ..., principal: _Optional[str] = ..., resource: _Optional[str] = ..., call_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., node_id: _Optional[str] = ..., version: _Optional[str] = ..., commit: _Optional[str] = ..., build: _Optional[str] = ..., input: _Optional[_Iterable[_Union[InputField, _Mapping]]] = ..., recent_calls: _Optional[_Iterable[_Union[RecentCall, _Mapping]]] = ...) -> None: ...

class InputField(_message.Message):
    __slots__ = ("field", "type", "size")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    field: str
    type: str
    size: int
    def __init__(self, field: _Optional[str] = ..., type: _Optional[str] = ..., size: _Optional[int] = ...) -> None: ...

class RecentCall(_message.Message):
    __slots__ = ("time", "operation", "resource", "outcome", "call_id")
    TIME_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    time: _timestamp_pb2.Timestamp
    operation: str
    resource: str
    outcome: str
    call_id: str
    def __init__(self, time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., operation: _Optional[str] = ..., resource: _Optional[str] = ..., outcome: _Optional[str] = ..., call_id: _Optional[str] = ...) -> None: ...
