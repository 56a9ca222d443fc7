"""A short queue in which nobody can take the places of the others."""

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class FairQueue(Generic[T]):
    """Holds at most `most` items. Those who put them in take turns, and give way to others when it is full."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lines: dict[str, deque[T]] = {}
        self._size = 0

    def __len__(self) -> int:
        """How many items there are."""
        return self._size

    def push(self, who: str, item: T) -> T | None:
        """Put an item in. Returns the one that had to go for it, which may be the same; None if there was room.

        Who has most items gives the newest of them to one who has fewer.
        """
        displaced: T | None = None
        if self._size >= self._most:
            longest = max(self._lines, key=lambda each: len(self._lines[each]), default=who)
            if len(self._lines.get(longest, ())) <= len(self._lines.get(who, ())) + 1:
                return item
            displaced = self._lines[longest].pop()
            self._size -= 1
        self._lines.setdefault(who, deque()).append(item)
        self._size += 1
        return displaced

    def pop(self) -> T:
        """The oldest item of the one whose turn it is. Raises IndexError if there is none."""
        if not self._size:
            raise IndexError("the queue is empty")
        who = next(iter(self._lines))
        line = self._lines.pop(who)
        item = line.popleft()
        self._size -= 1
        if line:
            self._lines[who] = line  # at the end: the others are next
        return item

    def remove(self, who: str, item: T) -> None:
        """Take an item out, wherever it stands. One that is not there is no error."""
        line = self._lines.get(who, deque())
        if item in line:
            line.remove(item)
            self._size -= 1
            if not line:
                del self._lines[who]
