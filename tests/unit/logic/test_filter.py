"""The filter language: what each filter means."""

import pytest

from crud_service.logic.filter import parse_filter
from crud_service.model.limits import Limits
from crud_service.model.query import And, Compare, Comparison, Expression, Field, Has, Not, Or, Pattern, Present, Scalar

LIMITS = Limits()
NAME, TAGS, DATE, CONTENT = Field("name"), Field("tags"), Field("date"), Field("content")
X = Field("content", ("x",))
A, B, C = Has(TAGS, "a"), Has(TAGS, "b"), Has(TAGS, "c")
MIDNIGHT = "2026-01-31T00:00:00.000000000Z"


def equal(field: Field, value: Scalar) -> Compare:
    return Compare(field, Comparison.EQUAL, value)


def parse(text: str) -> Expression | None:
    return parse_filter(text, LIMITS)


@pytest.mark.parametrize("text", ["", " ", "\t\r\n\N{NO-BREAK SPACE}"])
def test_nothing(text: str) -> None:
    """A filter of white space asks for nothing."""
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("tags:a AND tags:b", And((A, B))),
        ("tags:a OR tags:b OR tags:c", Or((A, B, C))),
        ("NOT tags:a", Not(A)),
        ("-tags:a", Not(A)),
        ("NOT -tags:a", A),
        ("NOT NOT NOT tags:a", Not(A)),
        ("(tags:a)", A),
        ("((tags:a) AND (((tags:b))))", And((A, B))),
        ("(tags:a AND tags:b) AND tags:c", And((A, B, C))),
        ("tags:a AND (tags:b AND tags:c)", And((A, B, C))),
        ("tags:a OR (tags:b OR tags:c)", Or((A, B, C))),
        ("(tags:a AND tags:b) OR tags:c", Or((And((A, B)), C))),
        ("tags:a AND (tags:b OR tags:c)", And((A, Or((B, C))))),
        ("NOT (tags:a OR tags:b) AND tags:c", And((Not(Or((A, B))), C))),
        ("NOT(tags:a)AND(tags:b)", And((Not(A), B))),
        ("-(tags:a AND tags:b)", Not(And((A, B)))),
        ("NOT tags:a AND tags:b", And((Not(A), B))),
        ('tags:"a"AND tags:b', And((A, B))),
        ("\n tags : a \t AND\ntags:\n b ", And((A, B))),
        ("tags:a AND tags:a", And((A, A))),
    ],
)
def test_joins(text: str, expression: Expression) -> None:
    """Terms are joined by AND or OR, turned around by NOT or -, and grouped by parentheses."""
    assert parse(text) == expression


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("urgent", "urgent"),
        ("a-b_c.d/e@f#g%h+i;j~k[l]{m}|n&o?p$q^r", "a-b_c.d/e@f#g%h+i;j~k[l]{m}|n&o?p$q^r"),
        ("größe", "größe"),
        ("\U0001f600", "\U0001f600"),
        ('"two words"', "two words"),
        ("'two words'", "two words"),
        ('""', ""),
        (r'"say \"hi\""', 'say "hi"'),
        (r"'it\'s \"it\"'", 'it\'s "it"'),
        ('"it\'s"', "it's"),
        ("'say \"hi\"'", 'say "hi"'),
        (r'"back\\slash"', r"back\slash"),
        (r'"a\nb\tc\rd"', "a\nb\tc\rd"),
        ('"a\nb"', "a\nb"),
        (r'"\*"', "*"),
        (r'"a\*b"', "a*b"),
        (r'"\\\*"', r"\*"),
        ('"AND"', "AND"),
        ("AND2", "AND2"),
        ("NOTHING", "NOTHING"),
        ("name", "name"),
        ("content.x", "content.x"),
        ("10", "10"),
        ("-10", "-10"),
        ("9007199254740993", "9007199254740993"),
        ("true", "true"),
        ("null", "null"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T12:00:00+02:00"),
        ("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.5Z"),
    ],
)
def test_literals_of_texts(text: str, value: str) -> None:
    """A field of text is compared with text, whatever the literal looks like; quotes and escapes are taken off."""
    for name in "name", "id", "path":
        assert parse(f"{name} = {text}") == equal(Field(name), value)
        assert parse(f"{name}:{text}") == equal(Field(name), value)
        assert parse(f"{name}!={text}AND tags:a" if text[-1] in "\"'" else f"{name} != {text} AND tags:a") == And(
            (Not(equal(Field(name), value)), A)
        )


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
def test_ordered_comparisons(operator: str) -> None:
    """Texts, numbers and times are compared by order, with white space around the operator or without."""
    comparison = Comparison(operator)
    for text, field, value in [
        ("name{}m", NAME, "m"),
        ('id {} ""', Field("id"), ""),
        ("version{}3", Field("version"), 3),
        ("revision {}-1", Field("revision"), -1),
        ("date{}2026-01-31", DATE, MIDNIGHT),
        ('delete_time {} "2026-01-31"', Field("delete_time"), MIDNIGHT),
        ("content.x{}-2.5", X, -2.5),
        ("content.x {} m", X, "m"),
        ('content.x {} "1"', X, "1"),
    ]:
        assert parse(text.format(operator)) == Compare(field, comparison, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-0", 0),
        ("10", 10),
        ("1.0", 1),
        ("1e3", 1000),
        ("19.99", 19.99),
        ("-1.5E+3", -1500),
        ("9007199254740992", 2**53),
        ("1e300", 1e300),
        ("true", True),
        ("false", False),
        ("null", None),
        ('"10"', "10"),
        ('"true"', "true"),
        ('"null"', "null"),
        ("'1.5'", "1.5"),
        ("done", "done"),
        ("trueish", "trueish"),
        ("10kg", "10kg"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("-x", "-x"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T12:00:00+02:00", "2026-01-31T12:00:00+02:00"),
        ('"05"', "05"),
    ],
)
def test_literals_of_content(text: str, value: Scalar) -> None:
    """In content a bare number, true, false or null is that value, and anything else is a text."""
    for written, expected in [
        (f"content.x = {text}", equal(X, value)),
        (f"content.x != {text}", Not(equal(X, value))),
        (f"content.x:{text}", Has(X, value)),
    ]:
        parsed = parse(written)
        assert parsed == expected
        actual = parsed.term if isinstance(parsed, Not) else parsed
        assert isinstance(actual, Compare | Has)
        assert isinstance(actual.value, type(value))


def test_content_itself() -> None:
    """The content as a whole is asked for its keys, which are texts."""
    assert parse("content:price") == Has(CONTENT, "price")
    assert parse('content:"two words"') == Has(CONTENT, "two words")
    assert parse("content:10") == Has(CONTENT, "10")
    assert parse("content:*") == Present(CONTENT)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-31", MIDNIGHT),
        ('"2026-01-31"', MIDNIGHT),
        ("2026-01-31T00:00:00Z", MIDNIGHT),
        ("2026-01-31t00:00:00z", MIDNIGHT),
        ("2026-01-31T02:00:00+02:00", MIDNIGHT),
        ("2026-01-30T22:30:00-01:30", MIDNIGHT),
        ('"2026-01-31T00:00:00.000000001Z"', "2026-01-31T00:00:00.000000001Z"),
        ("0001-01-01", "0001-01-01T00:00:00.000000000Z"),
    ],
)
def test_literals_of_times(text: str, value: str) -> None:
    """Times are RFC 3339 or dates, quoted or not, and mean the same instant in every notation."""
    for name in "date", "create_time", "update_time", "delete_time", "purge_time", "expire_time":
        assert parse(f"{name} = {text} AND tags:a") == And((equal(Field(name), value), A))
        assert parse(f"({name}:{text})") == equal(Field(name), value)


@pytest.mark.parametrize("name", ["delete_time", "purge_time", "expire_time"])
def test_times_that_may_be_unset(name: str) -> None:
    """null is a time that is not set, for those that need not be."""
    assert parse(f"{name} = null") == equal(Field(name), None)
    assert parse(f"{name} != null") == Not(equal(Field(name), None))
    assert parse(f"{name}:*") == Present(Field(name))


@pytest.mark.parametrize(("text", "value"), [("0", 0), ('"7"', 7), ("-1", -1), (str(2**63 - 1), 2**63 - 1)])
def test_literals_of_numbers(text: str, value: int) -> None:
    """Versions and revisions are whole numbers of 64 bits, quoted or not, as JSON has them."""
    assert parse(f"version = {text}") == equal(Field("version"), value)
    assert parse(f"revision:{text}") == equal(Field("revision"), value)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("pre*", ("pre", False, True)),
        ("*post", ("post", True, False)),
        ("*mid*", ("mid", True, True)),
        ('"two wor*"', ("two wor", False, True)),
        (r'"\**"', ("*", False, True)),
        (r'"a\*b*"', ("a*b", False, True)),
        ("5*", ("5", False, True)),
        ("*-*", ("-", True, True)),
    ],
)
def test_wildcards(text: str, pattern: tuple[str, bool, bool]) -> None:
    """A star at an end of a text stands for any text there."""
    for field in NAME, Field("id"), Field("path"), X:
        assert parse(f"{field} = {text}") == Pattern(field, *pattern)
        assert parse(f"{field}:{text}") == Pattern(field, *pattern)
        assert parse(f"{field} != {text}") == Not(Pattern(field, *pattern))
    assert parse(f"tags:{text}") == Pattern(TAGS, *pattern)


@pytest.mark.parametrize("star", ["*", '"*"', "'*'", "**"])
def test_nothing_but_a_wildcard(star: str) -> None:
    """A star alone asks for any value."""
    assert parse(f"tags:{star}") == Present(TAGS)
    for field in NAME, X:
        assert parse(f"{field}:{star}") == parse(f"{field} = {star}") == Present(field)
        assert parse(f"{field} != {star}") == Not(Present(field))


def test_a_star_for_any_field() -> None:
    """`:*` asks of any field whether it has a value."""
    for name in "id", "date", "version", "revision", "create_time":
        assert parse(f"{name}:*") == Present(Field(name))


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("urgent", "urgent"),
        ('"two words"', "two words"),
        ('"  trimmed\t"', "trimmed"),
        ('"a:b=c(d),e"', "a:b=c(d),e"),
        ("10", "10"),
        ("null", "null"),
        ("tags", "tags"),
        (r'"\*"', "*"),
    ],
)
def test_tags(text: str, tag: str) -> None:
    """A tag is a text, trimmed as tags are when they are stored."""
    assert parse(f"tags:{text}") == Has(TAGS, tag)


def test_wildcards_in_tags() -> None:
    """White space between a wildcard and the text counts, that around both does not."""
    assert parse('tags:" proj *"') == Pattern(TAGS, "proj ", False, True)
    assert parse('tags:" * "') == Present(TAGS)


def test_keys_in_quotes() -> None:
    """Keys of any characters are named in backticks or double quotes."""
    assert parse("content.`a b`.c = 1") == equal(Field("content", ("a b", "c")), 1)
    assert parse('content."a.b":x') == Has(Field("content", ("a.b",)), "x")
    assert parse("-content.AND:x") == Not(Has(Field("content", ("AND",)), "x"))
