"""Every limit of the contract, with its default. Settings may change each (`CRUD_LIMIT_...`)."""

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """What one request may hold. Past a limit nothing is stored and the caller is told which one it was."""

    name_chars: int = 512
    description_chars: int = 4_096
    tags: int = 64
    tag_chars: int = 128
    content_bytes: int = 1_048_576
    """Of the content as compact JSON. Its protobuf form may be three times as large."""
    content_depth: int = 32
    page_size_default: int = 50
    page_size_max: int = 1_000
    page_bytes: int = 2_097_152
    page_token_bytes: int = 4_096
    filter_bytes: int = 2_048
    filter_terms: int = 50
    filter_depth: int = 8
    """Of parentheses and negations around a term."""
    order_fields: int = 3
    query_seconds: float = 2.0
    """How long a store may search for one page or count."""
    batch_records: int = 1_000
    batch_bytes: int = 8_388_608
    request_id_chars: int = 128
    collection_indexes: int = 16
    change_reason_chars: int = 512
    request_bytes: int = 16_777_216
    header_bytes: int = 16_384
    url_bytes: int = 16_384
    request_seconds: float = 86_400.0
    """For how long a request id is remembered; no history younger than that is compacted."""
    wait_seconds: float = 20.0
    """How long a list of changes may wait for one."""
    watch_seconds: float = 3_600.0
    """How long a watch goes on before it must be resumed."""
    bookmark_seconds: float = 5.0
    """How long a watch is silent at most."""
    stall_seconds: float = 15.0
    """How long a stream waits for its client to take, or to send, a message."""
    import_rows: int = 1_000
    """Rows of an import that are stored at once."""
    idle_seconds: float = 60.0
    """How long an import waits for its client's next rows."""
