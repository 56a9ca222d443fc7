"""Numbers: exact or refused, and one form for one value."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.model.numbers import NotExact, from_double, from_float_text, from_int_text


@pytest.mark.parametrize("text", ["19.99", "1e23", "9007199254740994.0", "0.1", "-0.0", "5e-324", "1.0", "1E2", "0e9"])
def test_a_number_that_its_double_prints_is_accepted(text: str) -> None:
    assert float(text) == from_float_text(text)


@pytest.mark.parametrize("text", ["9007199254740994", "0", "-12", "10000000000000000", "1" + "0" * 300])
def test_a_whole_number_that_its_double_prints_is_accepted(text: str) -> None:
    assert from_int_text(text) == float(text)


@pytest.mark.parametrize(
    "text",
    [
        *("9007199254740993", "1152921504606846976", "1" + "0" * 400, "9" * 5000),
        *("1e400", "-1e400", "1e-400", "0.1000000000000000055"),
        *("1e99999999999999999999", "1e-99999999999999999999"),
    ],
)
def test_a_number_that_no_double_prints_is_refused_with_advice(text: str) -> None:
    with pytest.raises(NotExact, match="string"):
        from_float_text(text)
    if text.lstrip("-").isdigit():
        with pytest.raises(NotExact, match="string"):
            from_int_text(text)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_double_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(NotExact):
        from_double(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_double_keeps_its_value_and_its_text_is_accepted_again(value: float) -> None:
    kept = from_double(value)
    assert float(kept) == value
    assert from_float_text(repr(kept)) == kept


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True))
def test_the_rule_is_that_the_decimal_equals_what_the_double_prints(text: str) -> None:
    double = float(text)
    exact = abs(double) != float("inf") and Decimal(text) == Decimal(repr(double))
    try:
        assert from_float_text(text) == double
        accepted = True
    except NotExact:
        accepted = False
    assert accepted == exact


def test_one_and_one_point_zero_are_kept_as_one_thing() -> None:
    kept = [from_int_text("1"), from_float_text("1.0"), from_float_text("1e0"), from_double(1.0)]
    assert {repr(each) for each in kept} == {"1"}
