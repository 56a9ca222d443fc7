"""Which URL reaches which operation: the `google.api.http` annotations of the proto, compiled into a router.

The same rules make the routes of the HTTP server and the paths of the OpenAPI document.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, Generic, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec
from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import MethodDescriptor

Payload = TypeVar("Payload")

_VERBS = ("get", "put", "post", "delete", "patch")
_ANY = "*"


class HttpRule(msgspec.Struct, frozen=True):
    """One way to call a method over HTTP."""

    verb: str
    """In upper case: `GET`."""
    template: str
    """As the proto has it: `/v1/{path=collections/*/records/*}:undelete`."""
    segments: tuple[str, ...]
    """The path between its slashes, `*` for a part of the variable: `("v1", "collections", "*", "records", "*")`."""
    span: tuple[int, int]
    """Which segments the variable takes, as a slice; empty without a variable."""
    path_field: str
    """The request field that the variable fills, maybe nested (`record.path`); empty without a variable."""
    body: str
    """The request field that the body fills; `*` is all that the path leaves over, empty is no body."""
    custom_verb: str = ""
    """What follows the colon: `undelete`."""

    @property
    def creates(self) -> bool:
        """Whether success is a new resource: status 201 and its `Location`."""
        return self.verb == "POST" and not self.custom_verb


def http_rules(method: MethodDescriptor) -> tuple[HttpRule, ...]:
    """The rules of a method: its main one, then its additional bindings; none if it is not served over HTTP.

    Raises ValueError for a template that the router does not serve: `**`, two variables, a custom HTTP method.
    """
    options = method.GetOptions()
    if not options.HasExtension(annotations_pb2.http):
        return ()
    rule = options.Extensions[annotations_pb2.http]
    return tuple(_parse(each) for each in (rule, *rule.additional_bindings))


def _parse(rule: http_pb2.HttpRule) -> HttpRule:
    pattern = rule.WhichOneof("pattern")
    if pattern not in _VERBS:
        raise ValueError(f"an http rule needs one of {', '.join(_VERBS)}, not {pattern}")
    template = getattr(rule, pattern)
    before, variable, after = _split(template)
    field, _, inner = variable.partition("=")
    flat, _, custom_verb = (before + (inner or _ANY if variable else "") + after).partition(":")
    segments = tuple(flat[1:].split("/"))
    start = before.count("/") - 1
    span = (start, start + 1 + inner.count("/")) if variable else (0, 0)
    _check(template, segments, span, custom_verb)
    return HttpRule(pattern.upper(), template, segments, span, field, rule.body, custom_verb)


def _split(template: str) -> tuple[str, str, str]:
    """The template as the text before its variable, the variable, and the text after it."""
    before, _, rest = template.partition("{")
    variable, _, after = rest.partition("}")
    return before, variable, after


def _check(template: str, segments: tuple[str, ...], span: tuple[int, int], custom_verb: str) -> None:
    wild = {index for index, segment in enumerate(segments) if segment == _ANY}
    literals = [*(segment for segment in segments if segment != _ANY), custom_verb or "none"]
    plain = all(text and not set(text) & set("{}*:/") for text in literals)
    if not template.startswith("/") or not plain or not wild <= set(range(*span)):
        raise ValueError(f"{template}: a path has one variable at most, and only '*' within it")


class Miss(msgspec.Struct, frozen=True):
    """No route: the path is unknown, or it is known for other HTTP methods."""

    allowed: tuple[str, ...] = ()
    """The methods the path is served with; empty for an unknown path."""


_Route = tuple[Payload, slice]
"""What is called, and the slice of the path that its variable takes: all around the variable is literal text."""

_Shape = tuple[Callable[[Sequence[bytes]], Any], dict[tuple[Any, bytes], dict[str, _Route[Payload]]]]
"""Picks the literal parts of a path; with the custom verb they are the key to the routes by HTTP method."""


class Router(Generic[Payload]):
    """Finds what serves a path by two dictionary look-ups; no regular expression, no back-tracking."""

    def __init__(self, routes: Iterable[tuple[HttpRule, Payload]]) -> None:
        """Compile the routes. Raises ValueError when two of them have the same method and path."""
        shapes: dict[int, dict[tuple[int, ...], _Shape[Payload]]] = {}
        for rule, payload in routes:
            # A path starts with a slash, so its first part is the empty text before it.
            parts = (b"", *(segment.encode() for segment in rule.segments))
            literals = tuple(index for index, part in enumerate(parts) if part != _ANY.encode())
            getter = itemgetter(*literals)
            shape = shapes.setdefault(len(parts), {}).setdefault(literals, (getter, {}))
            verbs = shape[1].setdefault((getter(parts), rule.custom_verb.encode()), {})
            if rule.verb in verbs:
                raise ValueError(f"two routes for {rule.verb} {rule.template}")
            verbs[rule.verb] = (payload, _slice(rule))
        # More literals first: a route that names a segment wins over one that takes any.
        self._shapes = {
            count: tuple(found[literals] for literals in sorted(found, key=len, reverse=True))
            for count, found in shapes.items()
        }

    def match(self, verb: str, path: bytes) -> tuple[Payload, str] | Miss:
        """What serves `verb` on `path`, with the value of the path's variable (empty if it has none).

        `path` is the raw path as it was sent, without the query. In the variable `%XX` is decoded, but for `%2F`,
        which stays as it is: a slash in a value makes no segment. An empty segment matches nothing, and neither
        does a value that is not UTF-8.
        """
        if b"//" in path or path[-1:] == b"/":
            return Miss()
        parts = path.split(b"/")
        verbs = self._custom(parts) if b":" in path else None
        if verbs is None:
            verbs = self._find(parts, b"")
        if verbs is None:
            return Miss()
        route = verbs.get(verb)
        if route is None:
            return Miss(tuple(sorted(verbs)))
        payload, variable = route
        value = path[variable]
        try:
            return payload, (_decode(value) if b"%" in value else value.decode())
        except UnicodeDecodeError:
            return Miss()

    def _find(self, parts: list[bytes], custom_verb: bytes) -> dict[str, _Route[Payload]] | None:
        for literals, routes in self._shapes.get(len(parts), ()):
            verbs = routes.get((literals(parts), custom_verb))
            if verbs is not None:
                return verbs
        return None

    def _custom(self, parts: list[bytes]) -> dict[str, _Route[Payload]] | None:
        """The routes of a path that ends with `last:verb`; None if there is no such custom verb."""
        last, _, custom_verb = parts[-1].rpartition(b":")
        return self._find([*parts[:-1], last], custom_verb) if last and custom_verb else None


def _slice(rule: HttpRule) -> slice:
    start, stop = rule.span
    if start == stop:
        return slice(0, 0)
    before = sum(len(segment) + 1 for segment in rule.segments[:start]) + 1
    after = sum(len(segment) + 1 for segment in (*rule.segments[stop:], *filter(None, [rule.custom_verb])))
    return slice(before, -after or None)


def _decode(value: bytes) -> str:
    kept = value.replace(b"%2F", b"%252F").replace(b"%2f", b"%252f")
    return unquote_to_bytes(kept).decode()
