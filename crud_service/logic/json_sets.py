"""Arrays of JSON values as sets: 1 equals 1.0, true does not equal 1, objects are equal whatever the order of keys."""

from collections.abc import Collection, Hashable
from typing import Any

# Their values are what tells them apart. A bool is not among them: Python takes it for a number.
_PLAIN = frozenset({str, int, float, type(None)})


class TooManyValues(Exception):
    """More values were to be compared than one change may take."""


class JsonSets:
    """Set operations that look at `most` values at most, all in all: those of both sides and all that they hold."""

    def __init__(self, most: int) -> None:
        self._left = most

    def union(self, array: list[Any], elements: Collection[Any]) -> list[Any]:
        """The array with those elements at its end that it lacks, each once. Raises TooManyValues."""
        found = list(array)
        known = set(self._identities(array))
        for element, identity in zip(elements, self._identities(elements), strict=True):
            if identity not in known:
                known.add(identity)
                found.append(element)
        return found

    def difference(self, array: list[Any], elements: Collection[Any]) -> list[Any]:
        """The array without all that equal one of the elements. Raises TooManyValues."""
        unwanted = set(self._identities(elements))
        return [each for each, identity in zip(array, self._identities(array), strict=True) if identity not in unwanted]

    def _identities(self, values: Collection[Any]) -> list[Hashable]:
        """For each value something that another value has if and only if both are equal."""
        self._left -= len(values)
        if self._left < 0:
            raise TooManyValues
        return [value if type(value) in _PLAIN else self._identity(value) for value in values]

    def _identity(self, value: Any) -> Hashable:
        if isinstance(value, dict):
            return dict, frozenset(zip(value, self._identities(value.values()), strict=True))
        if isinstance(value, list | tuple):
            return list, tuple(self._identities(value))
        return bool, value
