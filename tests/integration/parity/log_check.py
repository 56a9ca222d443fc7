"""Whether the log of a scenario tells what its calls did, and nothing else."""

import json
from collections.abc import Sequence

from crud_service.model.change import Change
from crud_service.model.timestamp import now, to_unix
from tests.integration.parity.transports import Json, Outcome

_READS = ("Get", "List", "Count", "BatchGet", "Diff")
_CLOCK_PATIENCE = 120


def check_log(changes: Sequence[Change], requests: Sequence[Json], outcomes: Sequence[Outcome], base: int) -> None:
    """Each accepted write is one mutation in the log, in order, under the ids its caller got; nothing else is, but for
    what the node does on its own.
    """
    order = [(each.revision, each.ordinal) for each in changes]
    assert order == sorted(set(order))
    revisions = list(dict.fromkeys(each.revision for each in changes))
    assert revisions == list(range(base + 1, base + 1 + len(revisions)))
    written = _written(requests, outcomes)
    by_callers = [each for each in changes if each.actor != "system"]
    by_revision = dict(zip(dict.fromkeys(each.revision for each in by_callers), written, strict=True))
    clock = to_unix(now())[0]
    for change in changes:
        if change.actor != "system":
            outcome = by_revision[change.revision]
            assert (change.call_id, change.trace_id) == (outcome.call_id, outcome.trace_id)
        assert abs(to_unix(change.time)[0] - clock) < _CLOCK_PATIENCE
        assert change.code_version


def _written(requests: Sequence[Json], outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes of the calls that must have changed something."""
    found: list[Outcome] = []
    known: set[str] = set()
    for request, outcome in zip(requests, outcomes, strict=True):
        if not outcome.ok or outcome.operation.startswith(_READS) or request.get("validateOnly"):
            continue
        request_id = request.get("requestId", "")
        if (request_id and request_id in known) or not _has_changed(request, outcome, found):
            continue
        known.add(request_id)
        found.append(outcome)
    return found


def _has_changed(request: Json, outcome: Outcome, before: list[Outcome]) -> bool:
    """Whether an accepted write had anything to do: a transaction may have none, and neither has the delete of what
    is not there any more.
    """
    if outcome.operation in ("TransactRecords", "DeleteCollection"):
        return bool(outcome.reply["revision"] != "0")
    if outcome.reply.get("records") == []:
        return False
    if '"allowMissing": true' not in json.dumps(request):
        return True
    return any(_is_new(each, before) for each in outcome.reply.get("records", [outcome.reply]))


def _is_new(resource: Json, before: list[Outcome]) -> bool:
    revision = resource["revision"]
    return revision != "0" and all(f'"revision": "{revision}"' not in json.dumps(each.reply) for each in before)
