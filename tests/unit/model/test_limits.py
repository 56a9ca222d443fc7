"""The limits: their defaults are part of the contract."""

import msgspec

from crud_service.model.limits import Limits


def test_defaults() -> None:
    """The defaults are those that the documents promise."""
    assert msgspec.structs.asdict(Limits()) == {
        "name_chars": 512,
        "description_chars": 4_096,
        "tags": 64,
        "tag_chars": 128,
        "content_bytes": 1_048_576,
        "content_depth": 32,
        "page_size_default": 50,
        "page_size_max": 1_000,
        "page_bytes": 2_097_152,
        "page_token_bytes": 4_096,
        "filter_bytes": 2_048,
        "filter_terms": 50,
        "filter_depth": 8,
        "order_fields": 3,
        "query_seconds": 2.0,
        "batch_records": 1_000,
        "batch_bytes": 8_388_608,
        "request_id_chars": 128,
        "collection_indexes": 16,
        "change_reason_chars": 512,
        "request_bytes": 16_777_216,
        "header_bytes": 16_384,
        "url_bytes": 16_384,
        "request_seconds": 86_400.0,
        "wait_seconds": 20.0,
        "watch_seconds": 3_600.0,
        "bookmark_seconds": 5.0,
        "stall_seconds": 15.0,
        "import_rows": 1_000,
        "idle_seconds": 60.0,
    }
