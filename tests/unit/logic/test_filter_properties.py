"""The filter language, by properties: no text breaks the parser, and every expression can be written and read."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from crud_service.logic.filter import parse_filter
from crud_service.model.errors import CrudError, Reason
from crud_service.model.limits import Limits
from crud_service.model.query import And, Compare, Comparison, Expression, Field, Has, Not, Or, Pattern, Present, Scalar
from crud_service.model.timestamp import MAX_SECONDS, MIN_SECONDS, from_unix

LIMITS = Limits()
WIDE = Limits(filter_bytes=1_000_000, filter_terms=10_000, filter_depth=50)

PIECES = st.sampled_from(
    [
        *("tags", "name", "content", "content.x", "date", "version", "delete_time", "etag", "foo", "x", "é"),
        *("AND", "OR", "NOT", "and", "-", "(", ")", ":", "=", "!=", "<", "<=", ">", ">=", "!", ".", ",", ";"),
        *('"', "'", "`", "\\", "*", "\\*", " ", "\n", "\0", "\ud800", "\U0001f600"),
        *("1", "-1.5", "1e400", "05", "9007199254740993", "true", "null", "2026-01-31", "2026-01-31T12:00:00+02:00"),
        *('"a b"', "'a'", '"pre*"', "tags:a", "name = x", "content.n > 3"),
    ]
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
SOME_TEXT = TEXTS.filter(bool)
KEYS = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters='"\\`'), min_size=1, max_size=8)
TAGS = TEXTS.map(str.strip).filter(bool)
TIMES = st.builds(from_unix, st.integers(MIN_SECONDS, MAX_SECONDS), st.integers(0, 999_999_999))
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)

TEXT_FIELDS = st.sampled_from(["id", "name", "path"]).map(Field)
INT_FIELDS = st.sampled_from(["revision", "version"]).map(Field)
TIME_FIELDS = st.sampled_from(["date", "create_time", "update_time"]).map(Field)
UNSET_TIME_FIELDS = st.sampled_from(["delete_time", "purge_time", "expire_time"]).map(Field)
VALUES = st.lists(KEYS, min_size=1, max_size=4).map(lambda keys: Field("content", tuple(keys)))
TAG_FIELD, CONTENT = st.just(Field("tags")), st.just(Field("content"))

EQUAL, ANY = st.just(Comparison.EQUAL), st.sampled_from(Comparison)
ENDS = st.sampled_from([(True, False), (False, True), (True, True)])


def patterns(fields: st.SearchStrategy[Field], texts: st.SearchStrategy[str]) -> st.SearchStrategy[Pattern]:
    return st.builds(lambda field, text, ends: Pattern(field, text, *ends), fields, texts, ENDS)


TERMS = st.one_of(
    st.builds(Compare, TEXT_FIELDS, ANY, TEXTS),
    st.builds(Compare, INT_FIELDS, ANY, st.integers(-(2**63), 2**63 - 1)),
    st.builds(Compare, TIME_FIELDS | UNSET_TIME_FIELDS, ANY, TIMES),
    st.builds(Compare, UNSET_TIME_FIELDS, EQUAL, st.none()),
    st.builds(Compare, VALUES, ANY, TEXTS | NUMBERS),
    st.builds(Compare, VALUES, EQUAL, st.booleans() | st.none()),
    st.builds(Has, VALUES, TEXTS | NUMBERS | st.booleans() | st.none()),
    st.builds(Has, CONTENT, TEXTS),
    st.builds(Has, TAG_FIELD, TAGS),
    st.builds(Present, TEXT_FIELDS | INT_FIELDS | TIME_FIELDS | UNSET_TIME_FIELDS | VALUES | CONTENT | TAG_FIELD),
    patterns(TEXT_FIELDS | VALUES, SOME_TEXT),
    patterns(TAG_FIELD, TAGS),
)


def joined(terms: list[Expression], kind: type[And | Or]) -> Expression:
    flat: list[Expression] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, kind) else (term,))
    return kind(tuple(flat))


EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        inner.filter(lambda each: not isinstance(each, Not)).map(Not),
        st.builds(joined, st.lists(inner, min_size=2, max_size=4), st.sampled_from([And, Or])),
    ),
    max_leaves=12,
)


def literal(value: Scalar) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("*", "\\*") + '"'
    return (
        {True: "true", False: "false", None: "null"}[value] if value is None or isinstance(value, bool) else repr(value)
    )


def written(expression: Expression) -> str:
    """The expression as a client would write it."""
    match expression:
        case And(terms) | Or(terms):
            join = " AND " if isinstance(expression, And) else " OR "
            return join.join(f"({written(term)})" if isinstance(term, And | Or) else written(term) for term in terms)
        case Not(Compare(field, Comparison.EQUAL, value)):
            return f"{field} != {literal(value)}"
        case Not(term):
            return f"NOT ({written(term)})" if isinstance(term, And | Or) else f"-{written(term)}"
        case Compare(field, comparison, value):
            return f"{field} {comparison.value} {literal(value)}"
        case Has(field, value):
            return f"{field}:{literal(value)}"
        case Pattern(field, text, open_start, open_end):
            inner = literal(text)[1:-1]
            return f'{field}:"{"*" * open_start}{inner}{"*" * open_end}"'
        case Present(field):
            return f"{field}:*"
    raise TypeError(expression)


def kinds_of(expression: Expression) -> list[Any]:
    """The types of all values in it, which equality of 1, 1.0 and true would hide."""
    match expression:
        case And(terms) | Or(terms):
            return [kind for term in terms for kind in kinds_of(term)]
        case Not(term):
            return kinds_of(term)
        case Compare(_, _, value) | Has(_, value):
            return [bool if isinstance(value, bool) else float if isinstance(value, int | float) else type(value)]
    return []


@given(EXPRESSIONS)
@example(Compare(Field("content", ("AND",)), Comparison.EQUAL, -0.0))
@example(Not(Not(Compare(Field("name"), Comparison.EQUAL, "\\*"))).term)
def test_every_expression_can_be_written_and_read(expression: Expression) -> None:
    """What an expression is written as is read as that expression."""
    read = parse_filter(written(expression), WIDE)
    assert read == expression
    assert read is not None
    assert kinds_of(read) == kinds_of(expression)


@given(st.text() | st.lists(PIECES, max_size=25).map("".join) | st.lists(PIECES, max_size=15).map(" ".join))
@example("tags:\\")
@example("name = '")
@example("content.`")
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    """Whatever is sent: an expression in its one form, or INVALID_FILTER at a column of the text."""
    try:
        expression = parse_filter(text, LIMITS)
    except CrudError as error:
        assert error.reason is Reason.INVALID_FILTER  # noqa: PT017 - both outcomes are right
        column = int(error.message.rpartition("(column ")[2].rstrip(")"))
        assert 1 <= column <= len(text) + 1
        error.message.encode()
        return
    if expression is None:
        assert not text.strip()
    else:
        assert_normal(expression)
        assert parse_filter(written(expression), WIDE) == expression


def assert_normal(expression: Expression) -> None:
    match expression:
        case And(terms) | Or(terms):
            assert len(terms) > 1
            for term in terms:
                assert not isinstance(term, type(expression))
                assert_normal(term)
        case Not(term):
            assert not isinstance(term, Not)
            assert_normal(term)
        case Pattern(_, text, open_start, open_end):
            assert text
            assert open_start or open_end
        case Has(Field("tags"), value):
            assert value
            assert value == str(value).strip()
