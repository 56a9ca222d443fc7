"""The order of a list: what it accepts, and that it refuses everything else where the mistake is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.logic.order_by import parse_order_by
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.limits import Limits
from crud_service.model.query import Field, OrderKey

LIMITS = Limits()
PRICE = Field("content", ("price",))


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", ()),
        (" \t", ()),
        ("name", (OrderKey(Field("name")),)),
        ("name asc", (OrderKey(Field("name")),)),
        ("name desc", (OrderKey(Field("name"), True),)),
        ("content.price desc, name asc", (OrderKey(PRICE, True), OrderKey(Field("name")))),
        (" content.price  desc ,name ", (OrderKey(PRICE, True), OrderKey(Field("name")))),
        ("id desc,date,path", (OrderKey(Field("id"), True), OrderKey(Field("date")), OrderKey(Field("path")))),
        ("content.`a, b`desc", (OrderKey(Field("content", ("a, b",)), True),)),
        ("content.desc desc", (OrderKey(Field("content", ("desc",)), True),)),
        ("content.a, content.a.b", (OrderKey(Field("content", ("a",))), OrderKey(Field("content", ("a", "b"))))),
        (
            "revision,version,expire_time",
            tuple(OrderKey(Field(name)) for name in ("revision", "version", "expire_time")),
        ),
    ],
)
def test_accepted(text: str, keys: tuple[OrderKey, ...]) -> None:
    """Fields with commas between them, ascending unless desc stands behind one."""
    assert parse_order_by(text, LIMITS) == keys


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        (",", 1, "expected a field"),
        ("name,", 6, "expected a field"),
        ("name, ,id", 7, "expected a field"),
        ("name id", 6, "expected a comma, asc, desc or the end"),
        ("name DESC", 6, "expected a comma"),
        ("name descending", 6, "expected a comma"),
        ("name desc asc", 11, "expected a comma"),
        ("-name", 1, "there is no field '-name'"),
        ("desc", 1, "there is no field 'desc'"),
        ("name, createTime", 7, "write create_time"),
        ("price", 1, "content.<key>"),
        ("etag", 1, "use revision"),
        ("ttl", 1, "use expire_time"),
        ("name, tags", 7, "tags have no order"),
        ("content desc", 1, "name a value below it"),
        ("tags.x", 1, "nothing below it"),
        ("content.", 9, "expected a key"),
        ("content.a[0]", 10, "expected a comma"),
        ("name, id, name desc", 11, "name stands twice"),
        ("content.a,content.`a`", 11, "content.a stands twice"),
        ("name,id,date,version", 14, "at most 3 fields"),
        ("name\0", 5, "expected a comma"),
        ("content.`\ud800`", 9, "expected a key"),
        ("name;drop table records", 5, "expected a comma"),
    ],
)
def test_refused_where_the_mistake_is(text: str, column: int, said: str) -> None:
    """Anything else is refused, with the column of the mistake and what is right there."""
    with pytest.raises(CrudError) as caught:
        parse_order_by(text, LIMITS)
    error = caught.value
    assert (error.kind, error.reason) == (Kind.INVALID_ARGUMENT, Reason.INVALID_ORDER_BY)
    assert [each.field for each in error.violations] == ["order_by"]
    assert said in error.message
    assert error.message.endswith(f"(column {column})")


def test_the_limit_follows_the_settings() -> None:
    """As many fields as the limit says."""
    assert len(parse_order_by("name,id", Limits(order_fields=2))) == 2
    with pytest.raises(CrudError, match="at most 1 fields"):
        parse_order_by("name,id", Limits(order_fields=1))


@given(
    st.lists(
        st.builds(
            OrderKey,
            st.sampled_from(["id", "name", "date", "path", "version", "create_time"]).map(Field)
            | st.lists(st.sampled_from(["a", "two words", "größe", "desc"]), min_size=1, max_size=8).map(
                lambda keys: Field("content", tuple(keys))
            ),
            st.booleans(),
        ),
        max_size=3,
        unique_by=lambda key: key.field,
    ).map(tuple)
)
def test_every_order_can_be_written_and_read(keys: tuple[OrderKey, ...]) -> None:
    """What an order is written as is read as that order."""
    text = ", ".join(f"{key.field}{' desc' if key.descending else ''}" for key in keys)
    assert parse_order_by(text, LIMITS) == keys


@given(
    st.text()
    | st.lists(st.sampled_from(["name", "content", ".", "a", "`", '"', ",", " ", "desc", "asc", "\0", "id"])).map(
        "".join
    )
)
def test_any_text_is_an_order_or_refused(text: str) -> None:
    """Whatever is sent: an order, or INVALID_ORDER_BY."""
    try:
        keys = parse_order_by(text, LIMITS)
    except CrudError as error:
        assert error.reason is Reason.INVALID_ORDER_BY  # noqa: PT017 - both outcomes are right
        error.message.encode()
        return
    assert len({key.field for key in keys}) == len(keys) <= LIMITS.order_fields
