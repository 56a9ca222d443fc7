"""So many calls a second for each principal, and no more: a bucket of tokens each, of which a call takes one."""

from collections.abc import Callable
from time import monotonic
from typing import Any

import msgspec

from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError, Kind, Reason

# Buckets that are kept; those that are full again tell nothing, and are thrown away first.
_MOST_BUCKETS = 10_000


def rate_limit(rate: float, burst: int, clock: Callable[[], float] = monotonic) -> Middleware:
    """Middleware that refuses (`RATE_LIMITED`) what a principal sends above `rate` calls a second.

    After a pause it may send `burst` calls at once.
    """
    buckets: dict[str, _Bucket] = {}

    def bucket_of(principal: str, now: float) -> _Bucket:
        bucket = buckets.get(principal)
        if bucket is None:
            if len(buckets) >= _MOST_BUCKETS:
                _forget(buckets, now - burst / rate)
            bucket = buckets[principal] = _Bucket(burst, now)
        return bucket

    def wrap(handler: Handler) -> Handler:
        async def limited(call: Call, request: Any) -> Any:
            now = clock()
            bucket = bucket_of(call.principal, now)
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
            bucket.at = now
            if bucket.tokens < 1:
                raise _limited(rate, (1 - bucket.tokens) / rate)
            bucket.tokens -= 1
            return await handler(call, request)

        return limited

    return wrap


class _Bucket(msgspec.Struct):
    tokens: float
    at: float
    """When it held so many."""


def _forget(buckets: dict[str, _Bucket], full_since: float) -> None:
    """Throw away what is full by now, and if nothing is, the oldest."""
    for principal in [each for each, bucket in buckets.items() if bucket.at <= full_since]:
        del buckets[principal]
    if len(buckets) >= _MOST_BUCKETS:
        del buckets[next(iter(buckets))]


def _limited(rate: float, seconds: float) -> CrudError:
    message = f"more than {rate:g} calls a second; nothing was stored; wait, then send fewer"
    return CrudError(Kind.RESOURCE_EXHAUSTED, Reason.RATE_LIMITED, message, retry_after=seconds)
