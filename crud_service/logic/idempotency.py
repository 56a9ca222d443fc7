"""Requests that may be sent twice and are carried out once (AIP-155).

The store keeps a request in the transaction of its mutation. It does not keep the answer: that is built again from the
entries that the mutation left in the change log.
"""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from msgspec.structs import replace

from crud_service.logic.keyed_lock import KeyedLock
from crud_service.model.call import Call
from crud_service.model.change import Change, RequestKey, StoredRequest
from crud_service.model.duration import SECOND
from crud_service.model.errors import CrudError, Kind, Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.ports.record_store import RecordStore, RequestRepeated
from crud_service.model.record import Collection, CollectionKey, Record, RecordKey, tombstone, unset_collection
from crud_service.model.timestamp import Timestamp, later

State = Record | Collection


class Reference(msgspec.Struct, frozen=True):
    """A state that the request found and did not change: whose it is, and of which revision (0: there was none)."""

    collection: str
    id: str
    revision: int


class Outcome(msgspec.Struct, frozen=True):
    """How to give an answer again: each result is the place of a write in the mutation, a state that was found, or
    nothing.
    """

    results: list[int | Reference | None]
    succeeded: bool = True
    summary: str = ""
    """The answer instead of results, for a request whose answer holds no states."""


class Answer(msgspec.Struct, frozen=True):
    """What a request did: a state for each of its results, and the revision of what it wrote, 0 for nothing."""

    results: list[Any]
    revision: int
    succeeded: bool = True
    summary: str = ""
    """What it was told as, if it is not told by its results."""


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Outcome).decode


class Idempotency:
    """Carries out each request once."""

    def __init__(self, store: RecordStore, limits: Limits, clock: Callable[[], Timestamp]) -> None:
        self._store = store
        self._limits = limits
        self._clock = clock
        self._locks = KeyedLock()

    async def once(
        self, call: Call, request: Any, carry_out: Callable[[StoredRequest | None], Awaitable[Answer]]
    ) -> Answer:
        """The answer of `carry_out(ticket)`, or the one of the first time if the request was carried out before.

        The ticket goes into the mutation, with the outcome filled in; it is None if the request has no id. If that id
        belongs to another request: ALREADY_EXISTS (`REQUEST_ID_REUSED`). A request that failed may be sent again.

        The parts of a larger request share its id, and are told apart by their `part`.
        """
        if not request.request_id:
            return await carry_out(None)
        ticket = self._ticket(call, request)
        async with self._locks.hold(ticket.key):
            if stored := await self._store.get_request(ticket.key, self._clock()):
                return await self._repeat(ticket, stored)
            try:
                return await carry_out(ticket)
            except RequestRepeated as repeated:
                return await self._repeat(ticket, repeated.stored)
            except CrudError:
                # Its twin on another node may have been faster, and be the very reason of the failure.
                if stored := await self._store.get_request(ticket.key, self._clock()):
                    return await self._repeat(ticket, stored)
                raise

    def _ticket(self, call: Call, request: Any) -> StoredRequest:
        part = getattr(request, "part", "")
        request_id = f"{request.request_id}/{part}" if part else request.request_id
        key = RequestKey(call.tenant, call.principal, request_id)
        told = (call.operation, replace(request, request_id=""), call.if_match, call.if_none_match)
        return StoredRequest(
            key, _fingerprint(told), "", later(self._clock(), int(self._limits.request_seconds * SECOND))
        )

    async def _repeat(self, ticket: StoredRequest, stored: StoredRequest) -> Answer:
        if stored.fingerprint != ticket.fingerprint:
            message = f"request_id {ticket.key.id} belongs to another request; take a new one for a new request"
            raise CrudError(Kind.ALREADY_EXISTS, Reason.REQUEST_ID_REUSED, message)
        outcome = _decode(stored.outcome)
        if outcome.summary:
            return Answer([], stored.revision, outcome.succeeded, outcome.summary)
        written = await self._written(stored.revision)
        found = await self._found(ticket.key.tenant, [each for each in outcome.results if isinstance(each, Reference)])
        results = [written[each] if isinstance(each, int) else each and found[each] for each in outcome.results]
        return Answer(results, stored.revision, outcome.succeeded)

    async def _written(self, revision: int) -> list[State]:
        """The states of a mutation's writes. Collections that were made on the way are none."""
        changes = await self._store.read_mutation(revision) if revision else ()
        return [_state(change) for change in [each for each in changes if each.id] or changes]

    async def _found(self, tenant: str, references: Sequence[Reference]) -> dict[Reference, State]:
        """The states that were found and not changed; each mutation is read once, however many of them are its."""
        found = {each: absent(tenant, each.collection, each.id) for each in references}
        for revision in {each.revision for each in references if each.revision}:
            for change in await self._store.read_mutation(revision):
                reference = Reference(change.collection, change.id, revision)
                if reference in found:
                    found[reference] = _state(change)
        return found


def absent(tenant: str, collection: str, record_id: str) -> State:
    """What stands in an answer for a record, or with no `record_id` a collection, that is not there."""
    if not record_id:
        return unset_collection(CollectionKey(tenant, collection))
    return tombstone(RecordKey(tenant, collection, record_id), 0, 0)


def encode_outcome(outcome: Outcome) -> str:
    """The outcome as a store keeps it."""
    return _encode(outcome).decode()


def _fingerprint(told: object) -> str:
    """Tells what was told from anything else. Raises INVALID_ARGUMENT for what nothing can be done with anyway."""
    try:
        return sha256(_encode(told)).hexdigest()
    except UnicodeEncodeError:
        raise invalid("", "the request holds a lone surrogate", Reason.INVALID_TEXT) from None
    except RecursionError:
        raise invalid("", "the request is nested too deeply", Reason.CONTENT_TOO_DEEP) from None


def _state(change: Change) -> State:
    return change.record if change.id else change.collection_state
