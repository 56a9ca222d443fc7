"""So many calls a second for each principal, and no more: a bucket of tokens for each, of which a call takes one."""

from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any

import msgspec

from crud_service.chassis.rate_rules import EACH_COLLECTION, RateRule
from crud_service.model.call import Call, Handler, Middleware
from crud_service.model.errors import CrudError, Kind, Reason

# Buckets that a rule keeps; those that are full again tell nothing, and are thrown away first.
_MOST_BUCKETS = 10_000

RulesOf = Callable[[Call], Sequence["Limiter"]]
"""Which limiters a call has to pass."""


def rate_limit(limiters_of: RulesOf, clock: Callable[[], float] = monotonic) -> Middleware:
    """Middleware that refuses (`RATE_LIMITED`) a call for which one of its limiters has no token.

    A call that is refused takes no token anywhere. `clock` counts seconds.
    """

    def wrap(handler: Handler) -> Handler:
        async def limited(call: Call, request: Any) -> Any:
            buckets, now = [], clock()
            for limiter in limiters_of(call):
                bucket = limiter.bucket_of(call, now)
                if bucket.tokens < 1:
                    raise _limited(limiter.rule, (1 - bucket.tokens) / limiter.rule.rate)
                buckets.append(bucket)
            for bucket in buckets:
                bucket.tokens -= 1
            return await handler(call, request)

        return limited

    return wrap


class Limiter:
    """The buckets of one rule."""

    def __init__(self, rule: RateRule) -> None:
        self.rule = rule
        self._is_for_each = rule.scope == EACH_COLLECTION
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def bucket_of(self, call: Call, now: float) -> "_Bucket":
        """The bucket that a call takes from, with what it holds now."""
        rule, buckets = self.rule, self._buckets
        key = (call.principal, collection_of(call) if self._is_for_each else "")
        bucket = buckets.get(key)
        if bucket is None:
            if len(buckets) >= _MOST_BUCKETS:
                _forget(buckets, now - rule.burst / rule.rate)
            bucket = buckets[key] = _Bucket(rule.burst, now)
        bucket.tokens = min(rule.burst, bucket.tokens + (now - bucket.at) * rule.rate)
        bucket.at = now
        return bucket


def by_operation(rules: Sequence[RateRule], classes: Mapping[str, str]) -> RulesOf:
    """The limiters of rules without a scope, on an operation, or on a class; `classes` has that of each operation.

    Raises ValueError for a rule on something else.
    """
    for rule in rules:
        if rule.scope not in ("", *classes, *classes.values()):
            raise ValueError(f"there is no operation and no class of operations {rule.scope}")
    limiters = [Limiter(rule) for rule in rules]
    found = {
        operation: tuple(each for each in limiters if each.rule.scope in ("", operation, name))
        for operation, name in classes.items()
    }
    return lambda call: found.get(call.operation, ())


def by_collection(rules: Sequence[RateRule]) -> RulesOf:
    """The limiters of rules on collections, for calls whose `resource` is known."""
    named = {rule.scope: (Limiter(rule),) for rule in rules}
    each = named.pop(EACH_COLLECTION, ())

    def limiters_of(call: Call) -> Sequence[Limiter]:
        collection = collection_of(call)
        return (*named.get(collection, ()), *each) if collection else ()

    return limiters_of


def collection_of(call: Call) -> str:
    """The path of the collection that a call is about; empty if it is about none, or about several."""
    first, _, rest = call.resource.partition("/")
    name = rest.partition("/")[0]
    return f"{first}/{name}" if first == "collections" and name not in ("", "-") else ""


class _Bucket(msgspec.Struct):
    tokens: float
    at: float
    """When it held so many."""


def _forget(buckets: dict[tuple[str, str], _Bucket], full_since: float) -> None:
    """Throw away what is full by now, and if nothing is, the oldest."""
    for key in [each for each, bucket in buckets.items() if bucket.at <= full_since]:
        del buckets[key]
    if len(buckets) >= _MOST_BUCKETS:
        del buckets[next(iter(buckets))]


def _limited(rule: RateRule, seconds: float) -> CrudError:
    what = f" of {rule.scope}" if rule.scope else ""
    message = f"more than {rule.rate:g} calls{what} a second; nothing was stored; wait, then send fewer"
    return CrudError(Kind.RESOURCE_EXHAUSTED, Reason.RATE_LIMITED, message, retry_after=seconds)
