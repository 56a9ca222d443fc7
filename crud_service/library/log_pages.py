"""Where a read of the change log ends: rules that every adapter shares."""

from collections.abc import Iterable

from crud_service.model.change import Change


def whole_mutations(entries: Iterable[Change], limit: int, weight_limit: int) -> tuple[Change, ...]:
    """The first of `entries`, which stand together by revision: as many whole mutations as `limit` entries, and states
    of `weight_limit` characters, hold, but at least one. Takes one entry more than it needs at most.
    """
    taken: list[Change] = []
    whole = weight = 0
    for entry in entries:
        if taken and entry.revision != taken[-1].revision:
            whole = len(taken)
        weight += len(entry.state)
        if whole and (len(taken) >= limit or weight > weight_limit):
            return tuple(taken[:whole])
        taken.append(entry)
    return tuple(taken)
