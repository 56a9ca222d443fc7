"""How the terms of a filter are joined. Reads from left to right, each character once."""

from crud_service.logic.fields import filter_field, shown
from crud_service.logic.filter.conditions import check_operator, condition, negated
from crud_service.logic.filter.scanner import Scanner, mistake
from crud_service.model.errors import CrudError, Reason, invalid
from crud_service.model.limits import Limits
from crud_service.model.query import And, Expression, Field, Or

_JOINS = {"and", "or", "not"}


def parse_filter(text: str, limits: Limits) -> Expression | None:
    """The expression that `text` says; None if there is nothing but white space.

    An And or Or holds no further one of its own kind, a Not no Not. Raises INVALID_ARGUMENT (`INVALID_FILTER`) about
    `filter` that names the column of the mistake, from 1, and what was expected there; also when the text is longer,
    has more terms or is nested deeper than the limits allow.
    """
    if len(text) > limits.filter_bytes or len(text.encode(errors="surrogatepass")) > limits.filter_bytes:
        raise invalid("filter", f"is longer than {limits.filter_bytes} bytes", Reason.INVALID_FILTER)
    return _Parser(text, limits).whole()


class _Parser:
    def __init__(self, text: str, limits: Limits) -> None:
        self._scanner = Scanner(text)
        self._limits = limits
        self._terms = 0

    def whole(self) -> Expression | None:
        if self._scanner.at_end():
            return None
        expression = self._joined(0)
        if not self._scanner.at_end():
            raise self._unexpected("expected AND, OR or the end")
        return expression

    def _joined(self, depth: int) -> Expression:
        """Factors with AND between all of them, or OR between all of them."""
        terms = [self._factor(depth)]
        first = join = self._scanner.take_keyword("AND", "OR")
        while join:
            terms.append(self._factor(depth))
            offset = self._scanner.offset
            join = self._scanner.take_keyword("AND", "OR")
            if join and join != first:
                raise mistake("AND and OR side by side need parentheses, such as (a AND b) OR c", offset)
        if not first:
            return terms[0]
        return And(_flat(terms, And)) if first == "AND" else Or(_flat(terms, Or))

    def _factor(self, depth: int) -> Expression:
        offset = self._scanner.offset
        if self._scanner.take_keyword("NOT") or self._scanner.take("-"):
            return negated(self._factor(self._deeper(depth, offset)))
        if self._scanner.take("("):
            inner = self._joined(self._deeper(depth, offset))
            if not self._scanner.take(")"):
                raise self._unexpected(f"expected AND, OR or the ) for the ( in column {offset + 1}")
            return inner
        return self._term()

    def _deeper(self, depth: int, offset: int) -> int:
        if depth == self._limits.filter_depth:
            raise mistake(f"at most {depth} levels of parentheses and NOT are allowed", offset)
        return depth + 1

    def _term(self) -> Expression:
        scanner, offset = self._scanner, self._scanner.offset
        self._terms += 1
        if self._terms > self._limits.filter_terms:
            raise mistake(f"at most {self._limits.filter_terms} terms are allowed", offset)
        if scanner.next_is('"') or scanner.next_is("'"):
            raise mistake('a value needs a field and an operator before it, such as name = "x" or tags:"x"', offset)
        field = scanner.take_field()
        operator_offset = scanner.offset
        operator = scanner.take_operator()
        if not operator:
            raise self._no_operator(field, offset)
        try:
            field_type = filter_field(field)
        except ValueError as cause:
            raise mistake(str(cause), offset) from cause
        check_operator(field, field_type, operator, operator_offset)
        return condition(field, field_type, operator, scanner.take_literal())

    def _no_operator(self, field: Field, offset: int) -> CrudError:
        word = str(field)
        if word.lower() in _JOINS:
            return mistake("expected a term" if word.isupper() else f"expected {word.upper()} in capitals", offset)
        if self._scanner.next_is("("):
            return mistake(f"there are no functions; {shown(word)} is called like one", offset)
        example = "write a field, an operator and a value, such as name = x or tags:x"
        return mistake(f"expected one of : = != < <= > >= behind {shown(word)}; {example}", self._scanner.offset)

    def _unexpected(self, expected: str) -> CrudError:
        scanner = self._scanner
        if scanner.at_end():
            return mistake(expected, scanner.offset)
        if scanner.next_is(")"):
            return mistake("there is no ( for this )", scanner.offset)
        word = scanner.next_word()
        if word.lower() in _JOINS:
            return mistake(f"{expected}; they are written in capitals", scanner.offset)
        hint = "join terms with AND; a value of several words stands in quotes"
        return mistake(f"{expected}, not {shown(word)}; {hint}", scanner.offset)


def _flat(terms: list[Expression], kind: type[And | Or]) -> tuple[Expression, ...]:
    """The terms, with those of the same kind replaced by what they join."""
    flat: list[Expression] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, kind) else (term,))
    return tuple(flat)
