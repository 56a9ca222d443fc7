"""Requests and replies about collections, and about the node."""

import msgspec

from crud_service.model.record import Collection
from crud_service.model.requests.drafts import CollectionDraft


class CreateCollection(msgspec.Struct, frozen=True):
    """Create a collection with the id `collection_id` or `collection.id`."""

    collection: CollectionDraft = CollectionDraft()
    collection_id: str = ""
    request_id: str = ""
    validate_only: bool = False


class GetCollection(msgspec.Struct, frozen=True):
    """Read the collection at `path`."""

    path: str = ""


class ListCollections(msgspec.Struct, frozen=True):
    """Read one page of the collections."""

    page_size: int = 0
    page_token: str = ""


class ListCollectionsReply(msgspec.Struct, frozen=True):
    """One page of collections; `next_page_token` is empty on the last."""

    collections: tuple[Collection, ...]
    next_page_token: str = ""


class UpdateCollection(msgspec.Struct, frozen=True):
    """Change the fields in `update_mask` (the present ones if None) of the collection at `collection.path`."""

    collection: CollectionDraft = CollectionDraft()
    update_mask: tuple[str, ...] | None = None
    allow_missing: bool = False
    request_id: str = ""
    validate_only: bool = False


class DeleteCollection(msgspec.Struct, frozen=True):
    """Delete the collection at `path`, if `etag` is empty or its current one; with `force`, its records too."""

    path: str = ""
    etag: str = ""
    force: bool = False
    allow_missing: bool = False
    request_id: str = ""
