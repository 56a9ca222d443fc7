"""What a filter and an order are once they are parsed: the expression tree that logic hands to every store.

`crud_service.model.matching` says in code what each node means. There are two truth values: a comparison with a value
that is missing or of another type is false, and `Not` turns it around.
"""

import re
from enum import StrEnum

import msgspec

SORT_CHARS = 512
"""Text sorts by this many characters, which is also what page tokens and indexes hold of it."""


# The name or a key: in backticks, or plain up to the next dot.
_PARTS = re.compile(r"(?:^|\.)(?:`([^`]*)`|([^.`]*))")


class Field(msgspec.Struct, frozen=True):
    """What a filter, an order, an index or a mask names: a field of the record, or a value below its content."""

    name: str
    """The field's name in the proto, such as `date`; `content` if there are keys."""
    keys: tuple[str, ...] = ()
    """The keys of the objects on the way from the content down to the value."""

    def __str__(self) -> str:
        """The field as a client writes it: `content.address.city`, unusual keys in backticks."""
        return ".".join((self.name, *(key if _is_plain(key) else f"`{key}`" for key in self.keys)))


def field_of(text: str) -> Field:
    """The field that `str` wrote as `text`."""
    name, *keys = [quoted or plain for quoted, plain in _PARTS.findall(text)]
    return Field(name, tuple(keys))


class Comparison(StrEnum):
    """How a value is compared. `!=` is `Not` around `=`."""

    EQUAL = "="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


Scalar = str | int | float | bool | None
"""What a filter compares with. A time is its canonical text (`Timestamp`); None is null, which is also missing."""


class Compare(msgspec.Struct, frozen=True, tag=True):
    """The field's value stands in this relation to `value`, which is of the field's type."""

    field: Field
    comparison: Comparison
    value: Scalar


class Pattern(msgspec.Struct, frozen=True, tag=True):
    """The field is a text, or holds one (tags, arrays), that starts with `text`, ends with it or contains it.

    `open_start` allows more text before, `open_end` after it; at least one of them is on, and `text` is not empty.
    """

    field: Field
    text: str
    open_start: bool
    open_end: bool


class Has(msgspec.Struct, frozen=True, tag=True):
    """The field holds `value`: a tag of the tags; in content an element of an array, a key of an object, or the value
    itself.
    """

    field: Field
    value: Scalar


class Present(msgspec.Struct, frozen=True, tag=True):
    """The field has a value: not missing and not null; for tags, at least one."""

    field: Field


class Not(msgspec.Struct, frozen=True, tag=True):
    """`term` does not hold."""

    term: "Expression"


class And(msgspec.Struct, frozen=True, tag=True):
    """All of at least two terms hold."""

    terms: tuple["Expression", ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    """At least one of at least two terms holds."""

    terms: tuple["Expression", ...]


Expression = Compare | Pattern | Has | Present | Not | And | Or
"""A filter. None, where a filter may be absent, holds for every record."""


class OrderKey(msgspec.Struct, frozen=True):
    """One field of an order."""

    field: Field
    descending: bool = False


class Rank(msgspec.Struct, frozen=True):
    """Where a value stands in an order: first by `rank`, then by `value` among its like.

    Missing, null, arrays and objects 0, false 1, true 2, numbers 3, texts and times 4. `value` is None for the ranks
    below 3, a number for 3, and for 4 a text of at most `SORT_CHARS` characters.
    """

    rank: int
    value: str | int | float | None = None


class Position(msgspec.Struct, frozen=True):
    """The place of one record in an order: its ranks by the order's keys, then its collection and id."""

    ranks: tuple[Rank, ...]
    collection: str
    id: str


class RecordQuery(msgspec.Struct, frozen=True):
    """Which records, in which order, and how many of them.

    Records follow each other by the keys of `order`, then by collection, then by id, both ascending.
    """

    tenant: str
    collection: str | None
    """None is all collections."""
    where: Expression | None = None
    order: tuple[OrderKey, ...] = ()
    after: Position | None = None
    """Only records that come after this place; it has as many ranks as the order has keys."""
    show_deleted: bool = False
    """Deleted records too, among the live ones."""
    limit: int = 50
    weight_limit: int = 2_097_152
    """The page ends before the record that would take the sum of `Record.weight` past this, but never empty."""
    seconds: float = 2.0
    """How long the store may search."""
    at: int = 0
    """The revision to show: records as they were then, without those that were purged since; 0 is now."""


class RecordCount(msgspec.Struct, frozen=True):
    """How many records a query finds."""

    count: int
    estimated: bool = False
    """Whether the number was extrapolated."""


def _is_plain(key: str) -> bool:
    return bool(key) and key.replace("_", "a").replace("-", "a").isalnum()
