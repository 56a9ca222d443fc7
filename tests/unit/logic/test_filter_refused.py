"""The filter language: what is refused, and that the answer says where and what to write instead."""

import time
from contextlib import suppress

import pytest

from crud_service.logic.filter import parse_filter
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.query import And, Field, Has

LIMITS = Limits()


def refusal(text: str, limits: Limits = LIMITS) -> str:
    with pytest.raises(CrudError) as caught:
        parse_filter(text, limits)
    error = caught.value
    assert (error.kind, error.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_FILTER)
    assert [each.field for each in error.violations] == ["filter"]
    assert len(error.message) < 500
    error.message.encode()
    return error.message


MISTAKES = [
    # bare values, functions, joins by white space
    ("urgent", 7, "expected one of : = != < <= > >= behind 'urgent'"),
    ("a b", 3, "such as name = x or tags:x"),
    ('"urgent"', 1, "needs a field and an operator"),
    ("'urgent'", 1, "needs a field and an operator"),
    ("10", 3, "expected one of :"),
    ("*", 1, "expected a field"),
    ("f(x)", 1, "there are no functions"),
    ("content.size(1) > 2", 1, "there are no functions"),
    ("tags:a tags:b", 8, "join terms with AND"),
    ("name = two words", 12, "a value of several words stands in quotes"),
    ("tags:a,tags:b", 7, "expected AND, OR or the end"),
    ("tags:(a b)", 6, "terms joined by OR"),
    # operators
    ("tags", 5, "expected one of :"),
    ("tags ~ x", 6, "expected one of :"),
    ("name == x", 7, "expected a value"),
    ("name <> x", 7, "expected a value"),
    ("name =! x", 7, "expected a value"),
    ("name ! x", 6, "expected one of :"),
    ("name = a = b", 10, "expected AND, OR or the end"),
    ("tags:a:b", 7, "expected AND, OR or the end"),
    ("tags = x", 6, "write tags:x"),
    ("tags=", 5, "tags take : alone"),
    ("tags != x", 6, "NOT tags:x"),
    ("tags >= x", 6, "tags take : alone"),
    ("content = x", 9, "content itself takes : alone"),
    ("content > 5", 9, "compares a value below it"),
    # joins
    ("tags:a AND tags:b OR tags:c", 19, "need parentheses"),
    ("tags:a OR tags:b OR tags:c AND tags:d", 28, "need parentheses"),
    ("tags:a AND (tags:b OR tags:c AND tags:d)", 30, "need parentheses"),
    ("tags:a and tags:b", 8, "in capitals"),
    ("tags:a Or tags:b", 8, "in capitals"),
    ("not tags:a", 1, "NOT in capitals"),
    ("tags:a AND not tags:b", 12, "NOT in capitals"),
    ("tags:a && tags:b", 8, "expected AND, OR or the end"),
    ("!tags:a", 1, "expected a field"),
    ("NOTtags:a", 1, "there is no field 'NOTtags'"),
    ("tags:a ANDtags:b", 8, "expected AND, OR or the end"),
    ("tags:a OR-tags:b", 8, "expected AND, OR or the end"),
    ("tags:a AND", 11, "expected a field"),
    ("tags:a AND ", 12, "expected a field"),
    ("tags:a AND AND tags:b", 12, "expected a term"),
    ("tags:a OR OR tags:b", 11, "expected a term"),
    ("AND tags:a", 1, "expected a term"),
    ("NOT", 4, "expected a field"),
    ("-", 2, "expected a field"),
    ("tags:a NOT tags:b", 8, "expected AND, OR or the end"),
    ("tags:a -tags:b", 8, "expected AND, OR or the end"),
    # parentheses
    ("(tags:a", 8, "the ) for the ( in column 1"),
    ("tags:x AND ((tags:a OR tags:b) ", 32, "the ) for the ( in column 12"),
    ("(tags:a tags:b)", 9, "the ( in column 1"),
    ("tags:a)", 7, "there is no ( for this )"),
    ("()", 2, "expected a field"),
    ("(tags:a))", 9, "there is no ("),
    ("(tags:a)(tags:b)", 9, "expected AND, OR or the end"),
    # fields
    ("price > 5", 1, "content.<key> for a value of the content"),
    ("Name = x", 1, "write name"),
    ("createTime > 2026-01-01", 1, "write create_time"),
    ("etag = x", 1, "use revision"),
    ("tags:a AND ttl > 5", 12, "use expire_time"),
    ("tags.x:y", 1, "tags has nothing below it"),
    ("tags:a AND user.name = x", 12, "there is no field 'user'"),
    ("content. = 1", 9, "expected a key"),
    ("content.a[0] = 1", 10, "expected one of :"),
    ("content.`a = 1", 9, "expected a key"),
    ("content" + ".k" * 9 + " = 1", 24, "at most 8 keys"),
    ("content." + "k" * 129 + " = 1", 9, "1 to 128 characters"),
    # values
    ("name =", 7, "expected a value"),
    ("name = ", 8, "expected a value"),
    ("name = ) AND", 8, "expected a value"),
    ("name = AND", 8, 'as a value it stands in quotes, "AND"'),
    ("tags: OR", 7, 'in quotes, "OR"'),
    ("tags:NOT", 6, 'in quotes, "NOT"'),
    ('name = "open', 8, "never closed"),
    ('name = "open\\"', 8, "never closed"),
    ("name = 'open\"", 8, "never closed"),
    ('name = "a\\"b\\q"', 13, "there is no such escape"),
    ('name = "\\u0041"', 9, "there is no such escape"),
    ("name = O'Brien", 9, "' stands only within quotes"),
    ("name = a\\*", 9, "\\ stands only within quotes"),
    ('tags:a"b"', 7, '" stands only within quotes'),
    ("tags:`a`", 6, "expected a value"),
    # wildcards
    ("name = a*b", 8, "at the start or the end"),
    ('name = "***"', 8, "at the start or the end"),
    ('tags:"a*b*"', 6, "at the start or the end"),
    ("content.x != *a*b", 14, "at the start or the end"),
    ("name < a*", 8, "goes with =, != and :"),
    ("content.x >= *", 14, "goes with =, != and :"),
    ("content:a*", 9, "is a wildcard"),
    # tags
    ('tags:""', 6, "a tag is not empty"),
    ('tags:" \t"', 6, "NOT tags:*"),
    # numbers, times and content
    ("version = x", 11, "a whole number of 64 bits"),
    ("version = 1.0", 11, "a whole number of 64 bits"),
    ("version = 1e3", 11, "a whole number of 64 bits"),
    ("version = null", 11, "a whole number of 64 bits"),
    ("version = true", 11, "a whole number of 64 bits"),
    ('version = ""', 11, "a whole number of 64 bits"),
    ("version = 1*", 11, "a whole number of 64 bits"),
    ("version = ٣", 11, "a whole number of 64 bits"),
    (f"revision = {2**63}", 12, "a whole number of 64 bits"),
    (f"revision = {-(2**63) - 1}", 12, "a whole number of 64 bits"),
    ("revision = " + "9" * 1_000, 12, "a whole number of 64 bits"),
    ("date > yesterday", 8, "a time looks like 2026-01-31T12:00:00Z"),
    ("date > 2026-02-30", 8, "no date of the calendar"),
    ("date > 2026-01-31T12:00:00", 8, "a time looks like"),
    ("date > 2026-01-31T25:00:00Z", 8, "a time looks like"),
    ("date > 2026", 8, "a time looks like"),
    ("date = 2026-01-*", 8, "a time looks like"),
    ("date = *", 8, "a time looks like"),
    ("date > true", 8, "a time looks like"),
    ("date > 0001-01-01T00:00:00+01:00", 8, "the years 1 to 9999"),
    ("date = null", 8, "date is never null"),
    ("update_time != null", 16, "update_time is never null"),
    ("delete_time > null", 15, "null has no order"),
    ('delete_time = "null"', 15, "a time looks like"),
    ("content.x > true", 13, "true has no order"),
    ("content.x <= false", 14, "false has no order"),
    ("content.x < null", 13, "null has no order"),
    ("content.x = True", 13, 'write true, or "True"'),
    ("content.x = NULL", 13, "write null"),
    ("content.x = 9007199254740993", 13, "is not exact as a 64-bit float"),
    ("content.x > 0.1000000000000000055511151231257827", 13, "is not exact"),
    ("content.x = 1e400", 13, "is not exact"),
    ("content.x = 1e99999999999999999999", 13, "is not exact"),
    ("content.x = 05", 13, "no number of JSON"),
    ("content.x = .5", 13, "no number of JSON"),
    ("content.x = 5.", 13, "no number of JSON"),
    ("content.x = +5", 13, "no number of JSON"),
    # characters that no text may hold
    ('tags:"a\0b"', 8, "U+0000"),
    ("tags:a\0", 7, "U+0000"),
    ("name = \ud800", 8, "lone surrogates"),
    ("tags:a AND content.`\udfff` = 1", 21, "lone surrogates"),
]


@pytest.mark.parametrize(("text", "column", "said"), MISTAKES, ids=[text[:30] for text, _, _ in MISTAKES])
def test_a_mistake(text: str, column: int, said: str) -> None:
    """The answer names the column, and says what was expected or what to write instead."""
    message = refusal(text)
    assert said in message
    assert message.endswith(f"(column {column})")


def test_byte_limit() -> None:
    """A filter may have as many bytes as the limit says, not characters, and not one more."""
    rest = LIMITS.filter_bytes - len("tags:")
    assert parse_filter("tags:" + "x" * rest, LIMITS) == Has(Field("tags"), "x" * rest)
    for text in "x" * (rest + 1), "ä" * (rest // 2 + 1), "x" * 5_000_000, "\ud800" * 1_000:
        assert "longer than 2048 bytes" in refusal("tags:" + text)
    assert "longer than 2048 bytes" in refusal(" " * 2_049)


def test_term_limit() -> None:
    """A filter may have as many terms as the limit says; the same one twice counts twice."""
    terms = [f"tags:t{number:02d}" for number in range(LIMITS.filter_terms)]
    accepted = parse_filter(" AND ".join(terms), LIMITS)
    assert isinstance(accepted, And)
    assert len(accepted.terms) == LIMITS.filter_terms
    message = refusal(" OR ".join([*terms, terms[0]]))
    assert "at most 50 terms" in message
    assert message.endswith(f"(column {len(' OR '.join(terms)) + 5})")
    assert "at most 2 terms" in refusal("tags:a AND (tags:b AND tags:c)", Limits(filter_terms=2))


@pytest.mark.parametrize(("opening", "closing"), [("(", ")"), ("NOT ", ""), ("-", ""), ("NOT(", ")"), ("-(", ")")])
def test_depth_limit(opening: str, closing: str) -> None:
    """Parentheses and negations may stand around a term as deep as the limit says."""
    levels = LIMITS.filter_depth // (2 if len(opening.strip()) > 1 and closing else 1)
    parse_filter(opening * levels + "tags:a" + closing * levels, LIMITS)
    for many in levels + 1, 600:
        assert "at most 8 levels" in refusal((opening * many + "tags:a")[:2_000])


def test_depth_is_of_one_term() -> None:
    """Groups beside each other do not count together."""
    group = "(" * LIMITS.filter_depth + "tags:a" + ")" * LIMITS.filter_depth
    assert parse_filter(f"{group} AND {group} AND -tags:b", LIMITS) is not None


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2_048,
        "-" * 2_048,
        "NOT " * 512,
        '"' * 2_048,
        'name = "' + "\\" * 2_039,
        'name = "' + "\\*" * 1_019,
        "content" + "." * 2_041,
        "content.`" + "a" * 2_039,
        "content.x = " + "1" * 2_036,
        "content.x = " + "1" * 2_034 + "x",
        "content.x = 1." + "1" * 2_033 + "x",
        "content.x = 1e" + "1" * 2_033 + "x",
        "content.x = 2026-01-01T" + ":" * 2_025,
        "name = " + "*" * 2_041,
        " " * 2_047 + "x",
        ("tags:a" + " " * 30 + "AND ") * 51,
        "AND" * 682,
    ],
)
def test_nothing_takes_long(text: str) -> None:
    """Text made to be slow to read is read, or refused, as fast as any other."""
    started = time.perf_counter()
    with suppress(CrudError):
        parse_filter(text, LIMITS)
    assert time.perf_counter() - started < 1
