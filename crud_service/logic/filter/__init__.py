"""The filter language: AIP-160 over the fields of a record, read into the expressions of `crud_service.model.query`.

    filter = [ all | any ]
    all    = factor { "AND" factor }
    any    = factor { "OR" factor }
    factor = ( "NOT" | "-" ) factor | "(" ( all | any ) ")" | field operator value
    operator = ":" | "=" | "!=" | "<" | "<=" | ">" | ">="

AND and OR stand side by side only with parentheses: AIP-160 binds OR tighter than AND, most other languages do not.
Bare values, functions, and terms joined by white space alone are left out; each is refused with what to write instead.
`crud_service.logic.filter.conditions` says what a term means.
"""

from crud_service.logic.filter.parser import parse_filter

__all__ = ["parse_filter"]
