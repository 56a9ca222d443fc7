"""Answers of the service and of the plain one, in the same words."""

import json
from typing import Any

from msgspec import UNSET

from crud_service.model import requests
from crud_service.model.errors import CrudError
from crud_service.model.record import Collection, Record
from tests.integration.model.plain_state import NANOS, Answer, Refused, shown
from tests.integration.model.plain_values import MISSING, same


def plain(answer: Any) -> Any:
    """What the service answers, in the words of the plain one."""
    if isinstance(answer, CrudError):
        index = answer.metadata.get("index")
        return answer.kind.value, answer.reason.value, index and int(index)
    if isinstance(answer, Record):
        state = {name: getattr(answer, name) for name in answer.__struct_fields__}
        return state | {"content": json.loads(answer.content), "tags": list(answer.tags), "etag": answer.etag}
    if isinstance(answer, Collection):
        state = {name: getattr(answer, name) for name in answer.__struct_fields__}
        indexes = {index.field: index.ready for index in answer.indexes}
        times = {name: value and value // NANOS for name in ("retention", "history_age") for value in [state[name]]}
        return state | {"indexes": indexes, "etag": answer.etag} | times
    if isinstance(answer, requests.BatchRecordsReply):
        return list(map(plain, answer.records))
    if isinstance(answer, requests.TransactRecordsReply):
        return [answer.succeeded, answer.revision, [each.record and plain(each.record) for each in answer.results]]
    if isinstance(answer, requests.RecordDiff):
        changes = {each.field: (_or_missing(each.old_value), _or_missing(each.new_value)) for each in answer.changes}
        return answer.from_revision, answer.to_revision, changes
    return answer


def _or_missing(value: Any) -> Any:
    return MISSING if value is UNSET else value


def told(answer: Any) -> Any:
    """What the plain service answers, comparable to it."""
    if isinstance(answer, Refused):
        kind, reason, index = answer.said
        return kind, reason, index
    if isinstance(answer, Answer):
        return [answer.succeeded, answer.revision, list(map(shown, answer.results))]
    if isinstance(answer, tuple):
        return answer
    return list(map(shown, answer)) if isinstance(answer, list) else shown(answer)


def assert_same(actual: Any, expected: Any) -> None:
    assert same(actual, expected), f"\n  is     {actual}\n  should {expected}"
