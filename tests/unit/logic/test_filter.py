"""The filter of a list: what it accepts, and that it refuses everything else where the mistake is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crud_service.logic.filter import parse_filter
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits

LIMITS = Limits()


def refusal(text: str, limits: Limits = LIMITS) -> CrudError:
    with pytest.raises(CrudError) as caught:
        parse_filter(text, limits)
    error = caught.value
    assert (error.kind, error.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_FILTER)
    assert [each.field for each in error.violations] == ["filter"]
    return error


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", ()),
        ("  \t\n ", ()),
        ("tags:urgent", ("urgent",)),
        ("  tags : urgent  ", ("urgent",)),
        ("tags:b AND tags:a", ("a", "b")),
        ("tags:a AND tags:b AND tags:a", ("a", "b")),
        ("tags:a\nAND\ttags:b", ("a", "b")),
        ('tags:"two words"', ("two words",)),
        ('tags:"two words"AND tags:b', ("b", "two words")),
        (r'tags:"say \"hi\""', ('say "hi"',)),
        (r'tags:"back\\slash"', (r"back\slash",)),
        ('tags:" trimmed "', ("trimmed",)),
        ('tags:"a:b=c(d),e"', ("a:b=c(d),e",)),
        ('tags:"AND"', ("AND",)),
        ('tags:"*"', ("*",)),
        ("tags:größe", ("größe",)),
        ("tags:\U0001f600", ("\U0001f600",)),
        ("tags:a-b_c.d/e", ("a-b_c.d/e",)),
        ("tags:tags", ("tags",)),
        ("tags:AND2", ("AND2",)),
    ],
)
def test_accepted(text: str, tags: tuple[str, ...]) -> None:
    """Terms `tags:x` joined by AND give the tags, each once, sorted."""
    assert parse_filter(text, LIMITS) == tags


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("urgent", 1),
        ("  name:x", 3),
        ("tags", 5),
        ("tags urgent", 6),
        ("tags=urgent", 5),
        ("tags!=urgent", 5),
        ("tags<a", 5),
        ("tags>=a", 5),
        ("tags.x:y", 1),
        ("TAGS:x", 1),
        ("tags:", 6),
        ("tags: AND", 7),
        ("tags:OR", 6),
        ("tags:NOT", 6),
        ("tags:*", 6),
        ('tags:""', 6),
        ('tags:"  "', 6),
        ('tags:"open', 6),
        ('tags:"a\\', 6),
        ("tags:=x", 6),
        ("tags:a=b", 7),
        ("tags:a:b", 7),
        ("tags:a tags:b", 8),
        ("tags:a,tags:b", 7),
        ("tags:a and tags:b", 8),
        ("tags:a OR tags:b", 8),
        ("tags:a AND", 11),
        ("tags:a AND AND tags:b", 12),
        ("AND tags:a", 1),
        ("NOT tags:a", 1),
        ("-tags:a", 1),
        ("(tags:a)", 1),
        ("tags:(a b)", 6),
        ("tags:a AND (tags:b)", 12),
        ('tags:a AND name = "x"', 12),
        ("tags:a AND content.x > 3", 12),
        ('tags:"a\0b"', 6),
        ("tags:\ud800", 6),
        ('tags:a AND tags:"\udfff"', 17),
    ],
)
def test_refused_where_the_mistake_is(text: str, column: int) -> None:
    """Anything else is refused, with the column of the mistake and what a filter looks like."""
    message = refusal(text).message
    assert f"at column {column};" in message
    assert 'tags:x AND tags:"two words"' in message


def test_byte_limit() -> None:
    """A filter may have as many bytes as the limit says, not characters, and not one more."""
    rest = LIMITS.filter_bytes - len("tags:")
    assert parse_filter("tags:" + "x" * rest, LIMITS) == ("x" * rest,)
    assert "longer than 2048 bytes" in refusal("tags:" + "x" * (rest + 1)).message
    assert "longer than 2048 bytes" in refusal("tags:" + "ä" * (rest // 2 + 1)).message
    assert "longer than 2048 bytes" in refusal("tags:" + "x" * 1_000_000).message
    assert "longer than 2048 bytes" in refusal("tags:" + "\ud800" * 1_000).message


def test_term_limit() -> None:
    """A filter may have as many terms as the limit says; the same one twice counts twice."""
    terms = [f"tags:t{number:02d}" for number in range(LIMITS.filter_terms)]
    assert len(parse_filter(" AND ".join(terms), LIMITS)) == LIMITS.filter_terms
    assert "51 terms; at most 50" in refusal(" AND ".join([*terms, terms[0]])).message
    assert parse_filter("tags:a AND tags:b", Limits(filter_terms=2)) == ("a", "b")
    refusal("tags:a AND tags:b AND tags:c", Limits(filter_terms=2))


PIECES = st.sampled_from(
    ["tags", ":", "AND", "OR", "NOT", "(", ")", '"', "\\", "=", "<", "x", " ", "*", "\0", "-", ","]
)


@given(st.text() | st.lists(PIECES, max_size=20).map("".join))
@example("tags:\\")
def test_any_text_gives_tags_or_a_refusal(text: str) -> None:
    """Whatever is sent: tags that are sorted, unique, trimmed and not empty, or INVALID_FILTER."""
    try:
        tags = parse_filter(text, LIMITS)
    except CrudError as error:
        assert error.reason is Reason.INVALID_FILTER  # noqa: PT017 - both outcomes are right
        return
    assert isinstance(tags, tuple)
    assert list(tags) == sorted(set(tags))
    assert all(tag and tag == tag.strip() for tag in tags)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
        .map(str.strip)
        .filter(bool),
        min_size=1,
        max_size=5,
    )
)
def test_every_tag_can_be_asked_for(tags: list[str]) -> None:
    """Quoted, with quotes and backslashes escaped, any tag that can be stored can be filtered by."""
    quoted = [f'tags:"{tag}"' for tag in (tag.replace("\\", "\\\\").replace('"', '\\"') for tag in tags)]
    assert parse_filter(" AND ".join(quoted), LIMITS) == tuple(sorted(set(tags)))
