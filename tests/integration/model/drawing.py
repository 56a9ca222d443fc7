"""Requests about few things, so that they often meet: drawn at random, given what is stored."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from msgspec import UNSET

from crud_service.model import requests
from crud_service.model.call import Call
from crud_service.model.requests import FieldIndexDraft, FieldTransform
from crud_service.model.timestamp import Timestamp
from tests.integration.model.plain_state import DAY, NANOS, START, PlainState, State, etag
from tests.integration.model.plain_values import text_of
from tests.integration.model.queries import SCALARS, TAGS

COLLECTIONS = ["x", "y"]
IDS = ["a", "b", "c"]
_MASKS = [
    ("*",),
    ("name",),
    ("content",),
    ("content.n",),
    ("content.o.k", "content.l"),
    ("content.m.k.n", "tags"),
    ("tags", "date"),
    ("expire_time",),
    ("ttl", "name"),
    ("etag",),
    ("content", "content.n"),
]
_NAMES = [*["", "a", "ab", "B", "ü"] * 5, "a\nb"]
_DATES = [Timestamp(str(text_of(START + seconds))) for seconds in (-7 * DAY, 100, 101)]


class Drawing:
    """Draws what one step needs, all from one number."""

    def __init__(self, seed: int, state: PlainState) -> None:
        self.random = Random(seed)
        self._state = state

    def one_of(self, *values: Any) -> Any:
        return self.random.choice(values)

    def seldom(self) -> bool:
        return self.random.random() < 0.08

    def several(self, values: Sequence[Any], most: int) -> tuple[Any, ...]:
        """Some of the values, maybe one of them twice."""
        return tuple(self.random.choices(values, k=self.random.randint(0, most)))

    def some(self, **choices: Callable[[], Any]) -> dict[str, Any]:
        """Each of them or not."""
        return {name: choose() for name, choose in choices.items() if self.random.random() < 0.5}

    def call(self, request: Any) -> Call:
        """Mostly ann's and without headers."""
        call = Call("", "test", principal="bob" if self.seldom() else "ann")
        about = _about(request)
        if self.one_of(*[False] * 3, True) if about else self.seldom():
            current = etag(self._stored(about)) or '"1-1"'
            listed = self.one_of(("*",), ('"0-0"',), (current, '"0-0"'), (current,))
            call.if_match, call.if_none_match = self.one_of((listed, ()), ((), listed))
        return call

    def path(self, collection: str = "", *, deleted: bool = False) -> str:
        """Of a record that is stored, mostly, and mostly a live one unless deleted ones are asked for."""
        owners = [collection] if collection else COLLECTIONS
        stored = [key for key, each in self._state.records.items() if bool(each["delete_time"]) is deleted]
        likely = [key for key in stored if key[0] in owners]
        if not likely or self.seldom():
            likely = [(owner, record_id) for owner in owners for record_id in IDS]
        owner, record_id = self.one_of(*likely)
        return f"collections/{owner}/records/{record_id}"

    def etag(self, path: str) -> str:
        """Mostly none; else the current one, or a wrong one."""
        current = self._stored(path)
        wanted = bool(current) and self._state.collections[path.split("/")[1]]["require_etag"]
        if self.seldom():
            return self.one_of("", '"0-0"')
        return self.one_of("", *[etag(current)] * 2) if wanted else self.one_of("", "", etag(current))

    def _stored(self, path: str) -> State | None:
        """The record or collection at a path, if it is there."""
        _, collection, *record = path.split("/") if path else ("", "")
        return self._state.records.get((collection, record[1])) if record else self._state.collections.get(collection)

    def ids(self, rehearsal: bool = True) -> dict[str, Any]:
        """A request id now and then, mostly a new one; and now and then a rehearsal."""
        made = f"r{self._state.now}"
        request_id = self.one_of("", "", "", made, made, made, "r")
        return {"request_id": request_id, "validate_only": self.seldom()} if rehearsal else {"request_id": request_id}

    def draft(self, **fields: Any) -> requests.RecordDraft:
        """Some fields of a record."""
        drawn = self.some(
            name=lambda: self.one_of(*_NAMES),
            date=lambda: self.one_of(*_DATES),
            content=self.content,
            tags=lambda: self.several(TAGS, 3),
        )
        if self.seldom():
            drawn["ttl"] = self.random.randint(1, 200) * NANOS
        elif self.seldom():
            drawn["expire_time"] = self.one_of(None, Timestamp(str(text_of(START + self.random.randint(0, 400)))))
        return requests.RecordDraft(**drawn, **fields)

    def content(self) -> dict[str, Any]:
        """A content with values of any kind under a few keys."""
        return self.some(n=self.scalar, o=self.value, l=self.one_of(self.scalar, self.array), m=self.value)

    def scalar(self) -> Any:
        return self.one_of(*SCALARS)

    def array(self) -> list[Any]:
        return list(self.several(SCALARS, 3))

    def value(self) -> Any:
        inner = self.one_of(self.scalar, self.array)
        return self.one_of(self.scalar, self.array, lambda: self.some(k=inner, n=self.scalar))()

    def transform(self) -> FieldTransform:
        number, tags = self.one_of("content.n", "content.o.k"), self.several(TAGS, 2)
        array, elements = self.one_of("content.l", "content.l", "content.o.k"), tuple(self.array())
        return self.one_of(
            FieldTransform(number, increment=self.one_of(1, -2, 0.5)),
            FieldTransform(array, append=elements),
            FieldTransform(array, add_to_set=elements),
            FieldTransform(array, remove_from_set=elements),
            FieldTransform("tags", add_to_set=tags),
            FieldTransform("tags", remove_from_set=tags),
        )

    def settings(self, name: str) -> requests.CreateCollection:
        """A collection with some settings."""
        return requests.CreateCollection(requests.CollectionDraft(**self._settings()), name)

    def _settings(self) -> dict[str, Any]:
        content = FieldIndexDraft("content.n")
        return self.some(
            name=lambda: self.one_of(*_NAMES),
            description=lambda: self.one_of("", "what it is"),
            require_etag=lambda: self.one_of(True, False),
            retention=lambda: self.one_of(None, 0, 50 * NANOS, DAY * NANOS),
            indexes=lambda: self.one_of((), (FieldIndexDraft("name"), content), (content,)),
            history_age=lambda: self.one_of(None, 0, 0, 70 * NANOS, DAY * NANOS),
            history_entries=lambda: self.one_of(0, 1, 4),
        )

    def create(self, parent: str | None = None) -> requests.CreateRecord:
        owner = f"collections/{self.one_of(*COLLECTIONS)}" if parent is None else parent
        free = [each for each in IDS if (owner.removeprefix("collections/"), each) not in self._state.records]
        record_id = self.one_of(*IDS) if self.seldom() else self.one_of("", *free)
        return requests.CreateRecord(owner, self.draft(), record_id)

    def update(self, collection: str = "") -> requests.UpdateRecord:
        path = self.path(collection)
        kind = self.one_of("plain", "mask", "mask", "patch", "transform", "transform")
        draft = self.draft(path=path, etag=self.etag(path))
        mask = self.one_of(None, *_MASKS) if kind in ("mask", "transform") else None
        transforms = tuple(self.transform() for _ in range(self.one_of(1, 2))) if kind == "transform" else ()
        return requests.UpdateRecord(draft, mask, self.seldom(), transforms=transforms, merge_patch=kind == "patch")

    def delete(self, collection: str = "") -> requests.DeleteRecord:
        path = self.path(collection)
        return requests.DeleteRecord(path, self.etag(path), self.seldom())

    def revision(self, path: str) -> int:
        """Mostly one that there is, and often one of the record's own."""
        last = self._state.revision
        if self.seldom():
            return self.random.randint(-1, last + 1)
        own = [each.revision for each in self._state.log if path == f"collections/{each.collection}/records/{each.id}"]
        return self.one_of(self.random.randint(1, max(1, last)), *own)

    def rollback(self) -> requests.RollbackRecord:
        path = self.path()
        return requests.RollbackRecord(path, self.revision(path), self.etag(path))

    def life(self) -> Any:
        """A delete, undelete or purge."""
        kind = self.one_of(requests.DeleteRecord, requests.DeleteRecord, requests.UndeleteRecord, requests.PurgeRecord)
        path = self.path(deleted=kind is not requests.DeleteRecord)
        return self.delete() if kind is requests.DeleteRecord else kind(path, self.etag(path))

    def batch(self) -> Any:
        """A batch of any kind, mostly with items of its own collection."""
        owner = self.one_of("-", *COLLECTIONS)
        inside = "" if owner == "-" or self.seldom() else owner
        parent = f"collections/{inside}" if inside else None
        kind, item = self.one_of(
            (requests.BatchCreateRecords, lambda: self.create(parent)),
            (requests.BatchUpdateRecords, lambda: self.update(inside)),
            (requests.BatchDeleteRecords, lambda: self.delete(inside)),
            (requests.BatchGetRecords, lambda: self.path(inside)),
        )
        items = self._items(item, 4)
        if kind is requests.BatchGetRecords:
            return kind(f"collections/{owner}", items)
        return kind(f"collections/{owner}", items, **self.ids(rehearsal=kind is not requests.BatchDeleteRecords))

    def _items(self, item: Callable[[], Any], most: int) -> tuple[Any, ...]:
        """Items that are about different records, mostly."""
        items = [item() for _ in range(self.random.randint(0, most))]
        if self.one_of(*[False] * 4, True):
            return tuple(items)
        return tuple({_about(each) or str(index): each for index, each in enumerate(items)}.values())

    def transaction(self) -> requests.TransactRecords:
        """A few comparisons, and a few steps in each branch."""
        compare = tuple(self._compare() for _ in range(self.random.randint(0, 2)))
        then, other = self._items(self._step, 3), self._items(self._step, 2)
        return requests.TransactRecords(compare, then, other, **self.ids())

    def _compare(self) -> requests.RecordCompare:
        path = self.path()
        _, collection, _, record_id = path.split("/")
        record = self._state.records.get((collection, record_id))
        facts: list[dict[str, Any]] = [{"exists": True}, {"exists": False}, {"version": 1}, {"revision": 2}]
        if record is not None:
            facts += [{"etag": etag(record)}, {"version": record["version"]}, {"revision": record["revision"]}] * 2
        return requests.RecordCompare(path, **self.one_of(*facts))

    def _step(self) -> requests.RecordOperation:
        path, gone = self.path(), self.path(deleted=True)
        return self.one_of(
            lambda: requests.RecordOperation(create=self.create()),
            lambda: requests.RecordOperation(update=self.update()),
            lambda: requests.RecordOperation(delete=self.delete()),
            lambda: requests.RecordOperation(undelete=requests.UndeleteRecord(gone, self.etag(gone))),
            lambda: requests.RecordOperation(get=requests.GetRecord(path)),
        )()

    def collection(self) -> Any:
        """An operation on a collection."""
        name = self.one_of(*COLLECTIONS)
        path, drawn = f"collections/{name}", self._settings()
        create = requests.CreateCollection(requests.CollectionDraft(**drawn), name, **self.ids())
        draft = requests.CollectionDraft(path=path, etag=self.etag(path), **drawn)
        mask = self.one_of(None, None, None, ("*",), ("name", "retention"), ("indexes", "history_age"))
        return self.one_of(
            create,
            requests.UpdateCollection(draft, mask, self.seldom(), **self.ids()),
            requests.UpdateCollection(draft, mask, self.seldom(), **self.ids()),
            requests.DeleteCollection(
                path, self.etag(path), self.one_of(False, False, True), self.seldom(), **self.ids(rehearsal=False)
            ),
        )


def _about(item: Any) -> str:
    """The path that an item names; empty for a create without an id."""
    if isinstance(item, requests.RecordOperation):
        (item,) = (step for name in item.__struct_fields__ if (step := getattr(item, name)) is not UNSET)
    if isinstance(item, requests.CreateRecord):
        return f"{item.parent}/records/{item.record_id}" if item.record_id else ""
    if isinstance(item, requests.UpdateRecord):
        return item.record.path
    if isinstance(item, requests.UpdateCollection):
        return item.collection.path
    return item if isinstance(item, str) else getattr(item, "path", "")
