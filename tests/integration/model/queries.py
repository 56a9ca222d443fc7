"""Filters and orders: each as the text that is sent, with what it means in Python."""

from collections.abc import Callable
from random import Random
from typing import Any

from tests.integration.model.plain_values import MISSING, at, is_number, order_of, same, text_of

Record = dict[str, Any]
Term = tuple[str, Callable[[Record], bool]]

NUMBERS = [-3, 0, 1, 2.5]
TEXTS = ["a", "ab", "b", "1", "true", "ü"]
SCALARS = [None, *[True, False, 0, 1] * 3, *NUMBERS, *TEXTS]
TAGS = ["t1", "t2", "two words"]
_PATHS = [("n",), ("n",), ("o", "k"), ("o",), ("l",), ("m",)]
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def _path(keys: tuple[str, ...]) -> str:
    return ".".join(("content", *keys))


def _tag(tag: str) -> Term:
    return f'tags:"{tag}"', lambda record: tag in record["tags"]


def _number(keys: tuple[str, ...], sign: str, number: float) -> Term:
    def holds(record: Record) -> bool:
        value = at(record["content"], keys)
        return is_number(value) and COMPARISONS[sign](value, number)

    return f"{_path(keys)} {sign} {number}", holds


def _text(keys: tuple[str, ...], sign: str, text: str) -> Term:
    def holds(record: Record) -> bool:
        value = at(record["content"], keys)
        return isinstance(value, str) and COMPARISONS[sign](value, text)

    return f'{_path(keys)} {sign} "{text}"', holds


def _equal(keys: tuple[str, ...], value: Any, negated: bool) -> Term:
    def holds(record: Record) -> bool:
        found = at(record["content"], keys)
        equal = found is MISSING or found is None if value is None else found is not MISSING and same(found, value)
        return equal is not negated

    shown = {None: "null", True: "true", False: "false"}.get(value) if not is_number(value) else str(value)
    literal = f'"{value}"' if isinstance(value, str) else shown
    return f"{_path(keys)} {'!=' if negated else '='} {literal}", holds


def _has(keys: tuple[str, ...], value: Any) -> Term:
    def holds(record: Record) -> bool:
        found = at(record["content"], keys)
        if isinstance(found, list):
            return any(same(each, value) for each in found)
        if isinstance(found, dict):
            return isinstance(value, str) and value in found
        return found is not MISSING and same(found, value)

    return f"{_path(keys)}:" + (f'"{value}"' if isinstance(value, str) else str(value)), holds


def _starts(keys: tuple[str, ...], text: str) -> Term:
    def holds(record: Record) -> bool:
        found = at(record["content"], keys)
        found = found if isinstance(found, list) else [found]
        return any(isinstance(each, str) and each.startswith(text) for each in found)

    return f'{_path(keys)} = "{text}*"', holds


def _present(keys: tuple[str, ...]) -> Term:
    return f"{_path(keys)}:*", lambda record: at(record["content"], keys) not in (MISSING, None)


def _name(sign: str, text: str) -> Term:
    return f'name {sign} "{text}"', lambda record: COMPARISONS[sign](record["name"], text)


def _own(name: str, text: str) -> Term:
    return f'{name} = "{text}"', lambda record: record[name] == text


def _version(sign: str, version: int) -> Term:
    return f"version {sign} {version}", lambda record: COMPARISONS[sign](record["version"], version)


def _unset(name: str, negated: bool) -> Term:
    return f"{name} {'!=' if negated else '='} null", lambda record: (record[name] is None) is not negated


def _time(name: str, sign: str, seconds: int) -> Term:
    def holds(record: Record) -> bool:
        return record[name] is not None and COMPARISONS[sign](record[name], seconds)

    return f"{name} {sign} {text_of(seconds)}", holds


def _term(rng: Random) -> Term:
    keys, sign = rng.choice(_PATHS), rng.choice(list(COMPARISONS))
    terms: list[Callable[[], Term]] = [
        lambda: _tag(rng.choice(TAGS)),
        lambda: _number(keys, sign, rng.choice(NUMBERS)),
        lambda: _text(keys, sign, rng.choice(TEXTS)),
        lambda: _equal(keys, rng.choice(SCALARS), rng.random() < 0.5),
        lambda: _equal(keys, rng.choice(SCALARS), rng.random() < 0.5),
        lambda: _has(keys, rng.choice([*NUMBERS, *TEXTS, "k"])),
        lambda: _starts(keys, rng.choice(["a", "ü"])),
        lambda: _present(keys),
        lambda: _name(sign, rng.choice(TEXTS)),
        lambda: _own(rng.choice(["id", "name"]), rng.choice(TEXTS)),
        lambda: _version(sign, rng.randrange(4)),
        lambda: _unset(rng.choice(["delete_time", "purge_time", "expire_time"]), rng.random() < 0.5),
        lambda: _time(rng.choice(["date", "expire_time"]), sign, 1_800_000_100),
    ]
    return rng.choice(terms)()


def _not(term: Term) -> Term:
    return f"NOT ({term[0]})", lambda record: not term[1](record)


def _and(one: Term, other: Term) -> Term:
    return f"({one[0]} AND {other[0]})", lambda record: one[1](record) and other[1](record)


def _or(one: Term, other: Term) -> Term:
    return f"({one[0]} OR {other[0]})", lambda record: one[1](record) or other[1](record)


def draw_filter(rng: Random, depth: int = 2) -> Term:
    """A filter with what it means."""
    if not depth or rng.random() < 0.4:
        return _term(rng)
    inner = [draw_filter(rng, depth - 1) for _ in range(2)]
    return rng.choice([lambda: _not(inner[0]), lambda: _and(*inner), lambda: _or(*inner)])()


ALL: Term = ("", lambda record: True)
"""No filter."""

_FIELDS = ["content.n", "content.o.k", "content.l", "name", "date", "version", "update_time", "expire_time", "id"]


def draw_order(rng: Random) -> list[tuple[str, bool]]:
    """An order as fields, each with whether it descends."""
    return [(field, rng.random() < 0.5) for field in rng.sample(_FIELDS, rng.randrange(3))]


def order_text(order: list[tuple[str, bool]]) -> str:
    """The order as it is sent."""
    return ", ".join(f"{field} desc" if descending else field for field, descending in order)


def in_order(records: list[Record], order: list[tuple[str, bool]]) -> list[Record]:
    """The records, sorted: by the last key first, as a stable sort allows; ties by collection and id."""
    result = sorted(records, key=lambda record: (record["collection"], record["id"]))
    for field, descending in reversed(order):
        name, *keys = field.split(".")
        result.sort(key=lambda record: order_of(at(record[name], keys)), reverse=descending)
    return result
