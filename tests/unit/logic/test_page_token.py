"""Page tokens: they open for the query that made them, and nobody else can make one."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crud_service.logic.page_token import PageTokens
from crud_service.model.errors import CrudError, Kind, Reason

TOKENS = PageTokens(b"k" * 32, 4_096)
QUERY = ("ListRecords", "", "notes", "urgent")
POSITIONS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


def assert_refused(token: str, *query: str, tokens: PageTokens = TOKENS) -> None:
    with pytest.raises(CrudError) as caught:
        tokens.open(token, *query)
    error = caught.value
    assert (error.kind, error.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN)
    assert [each.field for each in error.violations] == ["page_token"]


@given(POSITIONS, st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=4))
def test_round_trip(position: str, query: list[str]) -> None:
    """A token opens to the position it was sealed with, and can stand in a URL as it is."""
    token = TOKENS.seal(position, *query)
    assert TOKENS.open(token, *query) == position
    assert token.isascii()
    assert all(each.isalnum() or each in "-_" for each in token)


def test_no_token_is_the_first_page() -> None:
    """The empty token is the position before everything."""
    assert TOKENS.open("", *QUERY) == ""


@pytest.mark.parametrize(
    "query",
    [
        ("ListCollections", "", "notes", "urgent"),
        ("ListRecords", "acme", "notes", "urgent"),
        ("ListRecords", "", "other", "urgent"),
        ("ListRecords", "", "notes"),
        ("ListRecords", "", "notes", "urgent", "late"),
        ("ListRecords", "", "notes", "late"),
        ("ListRecords", "", "notesurgent"),
        ("ListRecords", "", "notes", "urgent", ""),
        (),
    ],
)
def test_another_query(query: tuple[str, ...]) -> None:
    """A token opens for its own operation, tenant, collection and filter only."""
    assert_refused(TOKENS.seal("id-1", *QUERY), *query)


def test_a_position_does_not_run_into_the_query() -> None:
    """Moving text between query and position does not give the same seal."""
    assert_refused(TOKENS.seal("ba", "a"), "ab")
    token = TOKENS.seal('"]x', "a")
    assert_refused(token, "a", "]x")


def test_another_key() -> None:
    """A token of another store, sealed with another key, does not open."""
    assert_refused(PageTokens(b"z" * 32, 4_096).seal("id-1", *QUERY), *QUERY)


@given(st.integers(0, 8 * (16 + 4) - 1))
def test_a_flipped_bit(bit: int) -> None:
    """Any bit changed, in the seal or in the position, makes a token worthless."""
    token = TOKENS.seal("id-1", *QUERY)
    sealed = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    sealed[bit // 8] ^= 1 << bit % 8
    assert_refused(urlsafe_b64encode(bytes(sealed)).rstrip(b"=").decode(), *QUERY)


@given(st.integers(0, 26), st.characters(max_codepoint=127))
@example(26, "B")
def test_a_changed_character(index: int, character: str) -> None:
    """Any character changed makes a token worthless, also where base64 would read the same bytes."""
    token = TOKENS.seal("id-1", *QUERY)
    assert len(token) == 27
    changed = token[:index] + character + token[index + 1 :]
    if changed != token:
        assert_refused(changed, *QUERY)


@given(st.integers(1, 26))
def test_truncated(length: int) -> None:
    """A part of a token does not open."""
    assert_refused(TOKENS.seal("id-1", *QUERY)[:length], *QUERY)


@pytest.mark.parametrize("more", ["=", "!", " ", "\n", "A", "====", "AAAA"])
def test_with_something_more(more: str) -> None:
    """A token with anything before or behind it does not open."""
    token = TOKENS.seal("id-1", *QUERY)
    assert_refused(token + more, *QUERY)
    assert_refused(more + token, *QUERY)


@given(st.text(min_size=1))
@example("ü" * 30)
@example("\ud800")
@example("\0")
@example("A" * 5_000_000)
@example(urlsafe_b64encode(b"\0" * 16 + b"id-1").decode())
@example(urlsafe_b64encode(b"\xff" * 40).decode())
def test_forged(token: str) -> None:
    """Whatever a client makes up is refused."""
    assert_refused(token, *QUERY)


def test_size_limit() -> None:
    """A token may have as many bytes as the limit says, and not one more."""
    token = TOKENS.seal("id-1", *QUERY)
    assert PageTokens(b"k" * 32, len(token)).open(token, *QUERY) == "id-1"
    assert_refused(token, *QUERY, tokens=PageTokens(b"k" * 32, len(token) - 1))


def test_same_key_opens_on_every_node() -> None:
    """Nodes that share the key open each other's tokens."""
    assert PageTokens(b"k" * 32, 4_096).open(TOKENS.seal("id-1", *QUERY), *QUERY) == "id-1"
