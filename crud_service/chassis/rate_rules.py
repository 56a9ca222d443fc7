"""What an operator may say about rates: so many calls a second, of all kinds, of one kind, or on one collection."""

import re

import msgspec

_RULE = re.compile(
    r"(?P<scope>[A-Za-z]+|collections/(?:\*|[a-z0-9][a-z0-9._-]{0,127}))"
    r"=(?P<rate>\d{1,9}(?:\.\d{1,9})?)(?:/(?P<burst>\d{1,9}))?"
)
_COLLECTIONS = "collections/"
EACH_COLLECTION = "collections/*"


class RateRule(msgspec.Struct, frozen=True):
    """So many calls a second for each principal."""

    scope: str
    """`read`, `list`, `write`, `batch` or `admin`; the name of an operation; `collections/ID`; or `collections/*` for
    each collection by itself. Empty for every call.
    """
    rate: float
    """Calls a second, above zero."""
    burst: int
    """Calls at once after a pause."""

    @property
    def is_on_collections(self) -> bool:
        """Whether it is on collections, whatever is done with them."""
        return self.scope.startswith(_COLLECTIONS)


def read_rate_rules(text: str) -> tuple[RateRule, ...]:
    """The rules of `write=50/100, collections/invoices=20`: scope, rate and, after a slash, burst.

    Without a burst it is what the rate gives in two seconds, at least one. Raises ValueError that says what is wrong.
    """
    rules = tuple(_read(each.strip()) for each in text.split(",") if each.strip())
    scopes = [rule.scope for rule in rules]
    twice = next((scope for scope in scopes if scopes.count(scope) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} has two rates")
    return rules


def _read(text: str) -> RateRule:
    found = _RULE.fullmatch(text)
    rate = float(found["rate"]) if found else 0.0
    burst = int(found["burst"] or max(1, rate * 2)) if found else 0
    if not found or rate <= 0 or burst < 1:
        raise ValueError(
            f"{text[:64]!r} is no rate: it must be SCOPE=RATE or SCOPE=RATE/BURST, both above zero, such as "
            "write=50/100; a scope is read, list, write, batch, admin, an operation, collections/ID or collections/*"
        )
    return RateRule(found["scope"], rate, burst)
