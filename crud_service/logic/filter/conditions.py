r"""What one term of a filter means: a field, an operator and a literal become a condition.

- `!=` is NOT `=`; `field:*` is: it has a value.
- id, name, path: any literal is a text, so `name = 10` finds "10". Texts are ordered by code point.
- revision, version: whole numbers of 64 bits. The times: RFC 3339 or YYYY-MM-DD, and null for those that may be unset.
- content: a word that is a JSON number, true, false or null is that value, any other literal a text. `:` also looks
  into arrays for an element and into objects for a key. On the content itself `:` asks for a key.
- tags: only `:`, trimmed as the tags themselves are.
- A `*` at the start or the end of a text is a wildcard for `=`, `!=` and `:`; nothing but `*` asks for a value of any
  kind, for `=` too. In quotes, `\*` is a star.
"""

import re
from collections.abc import Callable

from crud_service.logic.fields import NULLABLE, FieldType, shown
from crud_service.logic.filter.scanner import WILDCARD, Literal, mistake
from crud_service.model.errors import CrudError
from crud_service.model.numbers import NotExact, from_float_text, from_int_text
from crud_service.model.query import Compare, Comparison, Expression, Field, Has, Not, Pattern, Present, Scalar
from crud_service.model.timestamp import parse

_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
# What a person may mean as a number, although JSON knows no such form: 05, .5, 5., +5.
_LIKE_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,19}", re.ASCII)
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


def check_operator(field: Field, field_type: FieldType, operator: str, offset: int) -> None:
    """Raise INVALID_ARGUMENT about what stands at `offset` unless the operator suits the field."""
    if operator == ":":
        return
    if field_type is FieldType.TAGS:
        raise mistake(f"tags take : alone, not {operator}: write tags:x, or NOT tags:x", offset)
    if field_type is FieldType.CONTENT and not field.keys:
        message = f"content itself takes : alone, to ask for a key; {operator} compares a value below it"
        raise mistake(message, offset)


def condition(field: Field, field_type: FieldType, operator: str, literal: Literal) -> Expression:
    """What a term states, given an operator that suits the field. Raises INVALID_ARGUMENT if the literal does not."""
    if operator == "!=":
        return negated(condition(field, field_type, "=", literal))
    if operator == ":" and literal.text == WILDCARD:
        return Present(field)
    return _OF_TYPE[field_type](field, operator, literal)


def negated(expression: Expression) -> Expression:
    """The opposite; that of a Not is what it negates."""
    return expression.term if isinstance(expression, Not) else Not(expression)


def _of_tags(field: Field, operator: str, literal: Literal) -> Expression:
    literal = literal._replace(text=literal.text.strip())
    if not literal.text:
        raise mistake("a tag is not empty; for records without tags write NOT tags:*", literal.offset)
    return _pattern(field, literal) or Has(field, literal.text)


def _of_text(field: Field, operator: str, literal: Literal) -> Expression:
    if operator in (":", "="):
        return _pattern(field, literal) or Compare(field, Comparison.EQUAL, literal.text)
    return Compare(field, Comparison(operator), _plain(literal))


def _of_int(field: Field, operator: str, literal: Literal) -> Expression:
    value = int(literal.text) if _WHOLE.fullmatch(literal.text) else None
    if value is None or not _SMALLEST <= value <= _LARGEST:
        raise mistake(f"expected a whole number of 64 bits, as {field} is one", literal.offset)
    return Compare(field, _comparison(operator), value)


def _of_time(field: Field, operator: str, literal: Literal) -> Expression:
    if literal.text == "null" and not literal.quoted:
        if field.name not in NULLABLE:
            raise mistake(f"{field} is never null", literal.offset)
        if operator not in (":", "="):
            raise _no_order("null", literal)
        return Compare(field, Comparison.EQUAL, None)
    try:
        return Compare(field, _comparison(operator), parse(literal.text))
    except ValueError as cause:
        raise mistake(str(cause), literal.offset) from cause


def _of_content(field: Field, operator: str, literal: Literal) -> Expression:
    if not field.keys:
        return Has(field, _plain(literal))
    value = _json_value(literal)
    if operator in (":", "="):
        if isinstance(value, str) and (pattern := _pattern(field, literal)):
            return pattern
        return Has(field, value) if operator == ":" else Compare(field, Comparison.EQUAL, value)
    if value is None or isinstance(value, bool):
        raise _no_order(literal.text, literal)
    return Compare(field, Comparison(operator), _plain(literal) if isinstance(value, str) else value)


_OF_TYPE: dict[FieldType, Callable[[Field, str, Literal], Expression]] = {
    FieldType.TEXT: _of_text,
    FieldType.INT: _of_int,
    FieldType.TIME: _of_time,
    FieldType.CONTENT: _of_content,
    FieldType.TAGS: _of_tags,
}


def _comparison(operator: str) -> Comparison:
    return Comparison.EQUAL if operator == ":" else Comparison(operator)


def _pattern(field: Field, literal: Literal) -> Pattern | Present | None:
    """What the wildcards of a literal ask for; None if it has none."""
    behind = literal.text.removeprefix(WILDCARD)
    text = behind.removesuffix(WILDCARD)
    if WILDCARD in text:
        raise mistake('a * stands at the start or the end of a value; one that is part of it is "\\*"', literal.offset)
    if text == literal.text:
        return None
    return Pattern(field, text, behind != literal.text, text != behind) if text else Present(field)


def _plain(literal: Literal) -> str:
    if WILDCARD in literal.text:
        message = 'a * is a wildcard, which goes with =, != and : and a text; one that is part of it is "\\*"'
        raise mistake(message, literal.offset)
    return literal.text


def _json_value(literal: Literal) -> Scalar:
    """The value that a literal is in JSON, if it is a word that JSON knows, else its text."""
    text = literal.text
    if literal.quoted:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if number := _NUMBER.fullmatch(text):
        try:
            return from_float_text(text) if number.lastindex else from_int_text(text)
        except NotExact as cause:
            raise mistake(str(cause), literal.offset) from cause
    if text.lower() in _WORDS:
        raise mistake(f'write {text.lower()}, or "{text}" for the text', literal.offset)
    if _LIKE_NUMBER.fullmatch(text):
        raise mistake(f"{shown(text)} is no number of JSON; a text stands in quotes", literal.offset)
    return text


def _no_order(value: str, literal: Literal) -> CrudError:
    return mistake(f"{value} has no order; compare it with = or !=", literal.offset)
