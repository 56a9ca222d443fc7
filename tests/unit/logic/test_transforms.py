"""Field transforms: increment, append, add to set, remove from set."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from crud_service.logic.transforms import MOST_TRANSFORMS, apply_transforms
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.model.query import Field
from crud_service.model.record import Record
from crud_service.model.requests import FieldTransform
from crud_service.model.timestamp import from_unix

MADE = from_unix(1_800_000_000)
STORED = Record("notes", "a", "name", MADE, "{}", ("x", "y"), 7, 3, MADE, MADE)


def changed(content: str, *transforms: FieldTransform) -> Any:
    """The content after the transforms."""
    after = apply_transforms(replace(STORED, content=content), transforms)
    assert replace(after, content=STORED.content) == STORED
    return msgspec.json.decode(after.content)


def tags_after(**operation: Any) -> tuple[str, ...]:
    return apply_transforms(STORED, (FieldTransform("tags", **operation),)).tags


def test_no_transforms() -> None:
    """Without transforms the record stays the very same."""
    assert apply_transforms(STORED, ()) is STORED


@pytest.mark.parametrize(
    ("content", "increment", "expected"),
    [
        ('{"n":1}', 2, "3"),
        ('{"n":1}', -2, "-1"),
        ("{}", 5, "5"),
        ('{"n":0.5}', 0.5, "1"),
        ('{"n":1}', 0.5, "1.5"),
        ('{"n":0.1}', 0.2, "0.30000000000000004"),
        ('{"n":1}', 1.0, "2"),
        ('{"n":9007199254740991}', 1, "9007199254740992"),
        ('{"n":9007199254740992}', 2, "9007199254740994"),
        ('{"n":9999999999999998}', 2, "1e16"),
        ('{"n":1e16}', -2, "9999999999999998"),
        ('{"n":1e16}', 1e16, "2e16"),
        ('{"n":0}', -0.0, "0"),
    ],
)
def test_increment(content, increment, expected) -> None:
    """Numbers are added as a content keeps them: whole ones as integers, a missing one as 0."""
    after = apply_transforms(replace(STORED, content=content), (FieldTransform("content.n", increment=increment),))
    assert after.content == f'{{"n":{expected}}}'


@pytest.mark.parametrize(
    ("content", "increment", "told"),
    [
        ('{"n":9007199254740992}', 1, "not exact"),
        ('{"n":-9007199254740992}', -1, "not exact"),
        ('{"n":9007199254740992}', 1.0, "not exact"),
        ('{"n":1e16}', 1, "not exact"),
        ('{"n":1e308}', 1e308, "too large"),
        ('{"n":1.5e308}', 1.5e308, "too large"),
        ('{"n":1}', float("inf"), "not a finite number"),
        ('{"n":1}', float("nan"), "not a finite number"),
        ('{"n":0.5}', float("-inf"), "not a finite number"),
    ],
)
def test_increments_that_lose(refused, content, increment, told) -> None:
    """A sum that no double holds exactly, or that is not finite, is refused rather than rounded."""
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_TRANSFORM, "transforms[0].increment") as caught:
        changed(content, FieldTransform("content.n", increment=increment))
    assert told in caught.value.message


def test_arrays() -> None:
    """Append adds at the end, add_to_set what is not there yet, remove_from_set takes all equal ones out."""
    stored = '{"l":[1,"a",1]}'
    assert changed(stored, FieldTransform("content.l", append=(1, [2]))) == {"l": [1, "a", 1, 1, [2]]}
    assert changed(stored, FieldTransform("content.l", add_to_set=(1, "b", "b"))) == {"l": [1, "a", 1, "b"]}
    assert changed(stored, FieldTransform("content.l", remove_from_set=(1, 9))) == {"l": ["a"]}


@pytest.mark.parametrize(
    ("operation", "expected"),
    [({"append": (1,)}, [1]), ({"add_to_set": (1, 1)}, [1]), ({"remove_from_set": (1,)}, [])],
)
def test_a_missing_array(operation, expected) -> None:
    """A missing array counts as empty, and the objects on the way to it are made."""
    assert changed("{}", FieldTransform("content.a.`b c`.l", **operation)) == {"a": {"b c": {"l": expected}}}


def test_equality_is_that_of_json() -> None:
    """1 is 1.0, true is not 1, null is not false, and it is the same inside of arrays and objects."""
    add = FieldTransform("content.l", add_to_set=(1.0, True, False, None, "", {"b": [1.0], "a": True}, [True]))
    stored = '{"l":[1,0,{"a":true,"b":[1]},[1]]}'
    assert changed(stored, add) == {"l": [1, 0, {"a": True, "b": [1]}, [1], True, False, None, "", [True]]}
    remove = FieldTransform("content.l", remove_from_set=(True, None, [], {}))
    assert changed('{"l":[1,true,false,null,0,[],{},[[]]]}', remove) == {"l": [1, False, 0, [[]]]}


def test_one_after_the_other() -> None:
    """Transforms see what those before them did."""
    steps = (
        FieldTransform("content.n", increment=2),
        FieldTransform("content.n", increment=3),
        FieldTransform("content.l", append=(1, 2)),
        FieldTransform("content.l", remove_from_set=(1,)),
    )
    assert changed('{"n":1}', *steps) == {"n": 6, "l": [2]}


def test_tags() -> None:
    """Tags take both operations on sets, trimmed and sorted as always."""
    assert tags_after(add_to_set=("b", " x ", "b")) == ("b", "x", "y")
    assert tags_after(remove_from_set=(" y ", "none")) == ("x",)
    assert tags_after(remove_from_set=()) == ("x", "y")
    as_written = replace(STORED, content='{ "n" : 1.0 }')
    after = apply_transforms(as_written, (FieldTransform("tags", add_to_set=("z",)),))
    assert after == replace(as_written, tags=("x", "y", "z"))


@pytest.mark.parametrize(
    ("transform", "field", "told"),
    [
        (FieldTransform("", increment=1), "transforms[1].field", "is missing"),
        (FieldTransform("content", append=(1,)), "transforms[1].field", "content.<path>"),
        (FieldTransform("name", append=(1,)), "transforms[1].field", "content.<path>"),
        (FieldTransform("revision", increment=1), "transforms[1].field", "content.<path>"),
        (FieldTransform("content.", increment=1), "transforms[1].field", "expected a key"),
        (FieldTransform("\ud800", increment=1), "transforms[1].field", "expected a field"),
        (FieldTransform("x" * 100_000, increment=1), "transforms[1].field", "xxx"),
        (FieldTransform("content.n"), "transforms[1]", "has 0 operations"),
        (FieldTransform("content.n", increment=1, append=(1,)), "transforms[1]", "has 2 operations"),
        (FieldTransform("content.s", increment=1), "transforms[1].field", "is a string; increment needs a number"),
        (FieldTransform("content.t", increment=1), "transforms[1].field", "is a boolean"),
        (FieldTransform("content.z", increment=1), "transforms[1].field", "is null"),
        (FieldTransform("content.o", append=(1,)), "transforms[1].field", "is an object; append needs an array"),
        (FieldTransform("content.n", add_to_set=(1,)), "transforms[1].field", "is a number; add_to_set needs"),
        (FieldTransform("content.z", remove_from_set=()), "transforms[1].field", "is null; remove_from_set needs"),
        (FieldTransform("content.n.x", increment=1), "transforms[1].field", "content.n, which is a number, not"),
        (FieldTransform("content.l.x", append=(1,)), "transforms[1].field", "content.l, which is an array, not"),
        (FieldTransform("tags", increment=1), "transforms[1].field", "not increment"),
        (FieldTransform("tags", append=("z",)), "transforms[1].field", "not append"),
        (FieldTransform("tags", add_to_set=("z", 1)), "transforms[1].add_to_set[1]", "is a number"),
        (FieldTransform("tags", remove_from_set=(None,)), "transforms[1].remove_from_set[0]", "is null"),
    ],
)
def test_what_cannot_be_done(refused, transform, field, told) -> None:
    """A transform that cannot be done is named by its place, with what is there; nothing is half done."""
    stored = '{"n":1,"s":"x","t":true,"z":null,"o":{},"l":[]}'
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_TRANSFORM, field) as caught:
        changed(stored, FieldTransform("content.n", increment=1), transform)
    assert told in caught.value.message
    assert len(caught.value.message.encode()) < 400


def test_too_many(refused) -> None:
    """An update has at most 100 transforms."""
    one = FieldTransform("content.n", increment=1)
    assert changed("{}", *[one] * MOST_TRANSFORMS) == {"n": 100}
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_TRANSFORM, "transforms"):
        changed("{}", *[one] * (MOST_TRANSFORMS + 1))


def test_too_much_to_compare(refused) -> None:
    """One operation on the largest set is fine; many of them at once would keep the node busy, and are refused."""
    stored = msgspec.json.encode({"l": [[]] * 300_000}).decode()
    add = FieldTransform("content.l", add_to_set=(1,))
    assert len(changed(stored, add)["l"]) == 300_001
    with refused(Kind.INVALID_ARGUMENT, Reason.INVALID_TRANSFORM, "transforms[3]"):
        changed(stored, *[add] * 100)


def test_elements_nested_too_deeply() -> None:
    """An element deeper than any content is refused, not an error of ours."""
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for operation in ("append", "add_to_set", "remove_from_set"):
        with pytest.raises(CrudError) as caught:
            changed('{"l":[]}', FieldTransform("content.l", **{operation: (deep,)}))
        assert caught.value.kind is Kind.INVALID_ARGUMENT


def test_the_request_is_left_alone() -> None:
    """The same transforms can be applied again: what they hold is not touched."""
    step = FieldTransform("content.l", append=([1],))
    more = FieldTransform("content.l", append=(2,))
    assert changed("{}", step, more) == changed("{}", step, more) == {"l": [[1], 2]}


KEYS = st.text("ab. ", min_size=1, max_size=3)


@given(st.lists(st.integers(-(2**50), 2**50), max_size=6), st.lists(KEYS, min_size=1, max_size=3))
def test_increments_add_up(steps, path) -> None:
    """Whole increments add up exactly, wherever the number stands."""
    field = str(Field("content", tuple(path)))
    content = changed("{}", *[FieldTransform(field, increment=step) for step in steps])
    for key in path if steps else ():
        content = content[key]
    assert content == (sum(steps) if steps else {})
