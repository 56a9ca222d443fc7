"""Page tokens: they open for the query that made them, and nobody else can make one."""

import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crud_service.logic.page_token import PageTokens
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.query import SORT_CHARS, Position, Rank

TOKENS = PageTokens(b"k" * 32, 4_096)
QUERY = ("ListRecords", "", "ann", "collections/notes", "tags:urgent", "content.price desc")
PLACE = Position((Rank(3, 19.99), Rank(4, "two words")), "notes", "id-1")
LONG = Position((Rank(4, "lorem ipsum " * 42), Rank(4, "dolor sit " * 51), Rank(1)), "notes", "id-1")

UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
RANKS = st.one_of(
    st.sampled_from([Rank(0), Rank(1), Rank(2)]),
    st.builds(Rank, st.just(3), st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)),
    st.builds(Rank, st.just(4), UNICODE),
)
POSITIONS = st.builds(
    Position,
    st.lists(RANKS, max_size=3).map(tuple),
    st.text("abc019._-", max_size=128),
    st.text("abc019._-", min_size=1, max_size=128),
)


def assert_refused(token: str, *query: str, tokens: PageTokens = TOKENS) -> None:
    with pytest.raises(CrudError) as caught:
        tokens.open(token, *query)
    error = caught.value
    assert (error.kind, error.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_PAGE_TOKEN)
    assert [each.field for each in error.violations] == ["page_token"]


def assert_same(opened: Position | None, position: Position) -> None:
    """Equal, and each number of the same type and sign: 1, 1.0, true and -0.0 are told apart."""
    assert opened == position
    for one, other in zip(opened.ranks, position.ranks, strict=True):
        assert type(one.value) is type(other.value)
        if isinstance(one.value, float):
            assert math.copysign(1, one.value) == math.copysign(1, other.value)


@given(POSITIONS, st.lists(st.text(), max_size=4))
@example(LONG, [])
@example(Position((Rank(3, 1), Rank(3, 1.0), Rank(3, -0.0)), "", "a"), ["\ud800", "\0"])
@example(Position((Rank(3, 1e300), Rank(3, 5e-324), Rank(3, 2**63 - 1)), "", "a"), [])
@example(Position((Rank(4, ""), Rank(4, "\0"), Rank(4, "null")), "", "a"), [])
@example(Position((), "", "a"), [])
def test_round_trip(position: Position, query: list[str]) -> None:
    """A token opens to the position it was sealed with, and can stand in a URL as it is."""
    token = TOKENS.seal(position, *query)
    assert_same(TOKENS.open(token, *query), position)
    assert token.isascii()
    assert all(each.isalnum() or each in "-_" for each in token)


def test_no_token_is_the_first_page() -> None:
    """The empty token is no position."""
    assert TOKENS.open("", *QUERY) is None


@pytest.mark.parametrize("place", range(len(QUERY)))
@pytest.mark.parametrize("other", ["", "acme", "collections/other", "tags:late"])
def test_another_query(place: int, other: str) -> None:
    """A token opens for its own operation, tenant, caller, collection, filter and order only."""
    query = (*QUERY[:place], other, *QUERY[place + 1 :])
    if query != QUERY:
        assert_refused(TOKENS.seal(PLACE, *QUERY), *query)


def test_a_query_of_other_parts() -> None:
    """Parts that are left out, added or joined make another query."""
    token = TOKENS.seal(PLACE, *QUERY)
    for query in QUERY[:-1], (*QUERY, ""), ("".join(QUERY),), (), (QUERY[1], QUERY[0], *QUERY[2:]):
        assert_refused(token, *query)


@given(st.lists(st.text("'\"\\,() ab"), max_size=3), st.lists(st.text("'\"\\,() ab"), max_size=3))
@example(["a', 'b"], ["a", "b"])
@example(["a"], ["a", ""])
def test_no_two_queries_are_alike(one: list[str], other: list[str]) -> None:
    """Moving text from one part of a query to another does not give the same seal."""
    token = TOKENS.seal(PLACE, *one)
    if one != other:
        assert_refused(token, *other)


def test_another_key() -> None:
    """A token of another store, sealed with another key, does not open."""
    assert_refused(PageTokens(b"z" * 32, 4_096).seal(PLACE, *QUERY), *QUERY)


@pytest.mark.parametrize("position", [PLACE, LONG], ids=["plain", "deflated"])
def test_a_flipped_bit(position: Position) -> None:
    """Any bit changed, in the seal or in the position, makes a token worthless."""
    token = TOKENS.seal(position, *QUERY)
    sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for bit in range(8 * len(sealed)):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        assert_refused(urlsafe_b64encode(bytes(flipped)).rstrip(b"=").decode(), *QUERY)


@given(st.sampled_from([PLACE, LONG, Position((), "", "a")]), st.data())
def test_a_changed_character(position: Position, data: st.DataObject) -> None:
    """Any character changed makes a token worthless, also where base64 would read the same bytes."""
    token = TOKENS.seal(position, *QUERY)
    index = data.draw(st.integers(0, len(token) - 1) | st.just(len(token) - 1))
    changed = token[:index] + data.draw(st.characters(max_codepoint=127)) + token[index + 1 :]
    if changed != token:
        assert_refused(changed, *QUERY)


def test_every_other_last_character() -> None:
    """The spare bits of the last character of base64 count too."""
    for name in ("a", "ab", "abc", "abcd"):
        token = TOKENS.seal(Position((), "", name), *QUERY)
        for character in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
            if character != token[-1]:
                assert_refused(token[:-1] + character, *QUERY)


def test_truncated() -> None:
    """A part of a token does not open."""
    token = TOKENS.seal(PLACE, *QUERY)
    for length in range(1, len(token)):
        assert_refused(token[:length], *QUERY)


@pytest.mark.parametrize("more", ["=", "!", " ", "\n", "A", "====", "AAAA"])
def test_with_something_more(more: str) -> None:
    """A token with anything before or behind it does not open."""
    token = TOKENS.seal(PLACE, *QUERY)
    assert_refused(token + more, *QUERY)
    assert_refused(more + token, *QUERY)


@given(st.text(min_size=1))
@example("ü" * 30)
@example("\ud800")
@example("\0")
@example("A" * 5_000_000)
@example(urlsafe_b64encode(b"\0" * 16 + b"\0\x92\xa0\xa1a").decode())
@example(urlsafe_b64encode(b"\xff" * 40).decode())
def test_forged(token: str) -> None:
    """Whatever a client makes up is refused."""
    assert_refused(token, *QUERY)


def test_nothing_is_unpacked_before_the_seal_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forged token that would inflate without end is refused before anything inflates it."""
    unpacked: list[bytes] = []
    monkeypatch.setattr("crud_service.logic.page_token._unpacked", unpacked.append)
    bomb = urlsafe_b64decode(TOKENS.seal(LONG) + "==")
    assert_refused(urlsafe_b64encode(b"\0" * 16 + bomb[16:]).rstrip(b"=").decode(), *QUERY)
    assert unpacked == []


def test_size_limit() -> None:
    """A token may have as many bytes as the limit says, and not one more."""
    token = TOKENS.seal(PLACE, *QUERY)
    exact, less = PageTokens(b"k" * 32, len(token)), PageTokens(b"k" * 32, len(token) - 1)
    assert exact.open(exact.seal(PLACE, *QUERY), *QUERY) == PLACE
    assert_refused(token, *QUERY, tokens=less)
    with pytest.raises(CrudError) as caught:
        less.seal(PLACE, *QUERY)
    assert (caught.value.kind, caught.value.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_ORDER_BY)
    assert [each.field for each in caught.value.violations] == ["order_by"]
    assert "order by fewer fields" in caught.value.message


@pytest.mark.parametrize(
    "text", ["x" * SORT_CHARS, "lorem ipsum dolor sit amet " * 18, "größe und länge " * 32, "日本語" * 170]
)
def test_long_values_are_deflated(text: str) -> None:
    """Three sort values of full length fit into a token when they are words of any language."""
    position = Position((Rank(4, text),) * 3, "c" * 128, "i" * 128)
    token = TOKENS.seal(position, *QUERY)
    assert len(token) < 1_200
    assert TOKENS.open(token, *QUERY) == position


def test_one_value_always_fits() -> None:
    """One sort value of full length fits into a token even if nothing makes it shorter."""
    noise = Random(7)
    one, other = ("".join([chr(noise.randrange(0x10000, 0x110000)) for _ in range(SORT_CHARS)]) for _ in range(2))
    position = Position((Rank(4, one),), "c" * 128, "i" * 128)
    assert TOKENS.open(TOKENS.seal(position, *QUERY), *QUERY) == position
    with pytest.raises(CrudError, match="order by fewer fields"):
        TOKENS.seal(Position((Rank(4, one), Rank(4, other)), "c", "i"), *QUERY)


def test_same_key_opens_on_every_node() -> None:
    """Nodes that share the key open each other's tokens."""
    assert PageTokens(b"k" * 32, 4_096).open(TOKENS.seal(LONG, *QUERY), *QUERY) == LONG
