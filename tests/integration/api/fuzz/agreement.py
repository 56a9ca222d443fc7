"""What must agree within one request, which no schema can say: makes a generated request agree with itself."""

from decimal import Decimal
from typing import Any

Json = Any

# The greatest whole number up to which a double holds each.
_EXACT = 2**53
_ALL = "-"
_STEPS = ("create", "update", "delete", "undelete", "get")


def agreeing_body(body: dict[str, Any], path: dict[str, Any], operation: str) -> dict[str, Any]:
    """The body with numbers that are exact, without ids that the path has, and with each record in one item only."""
    body, collection = exact(body), path.get("collection", _ALL)
    if operation.startswith("PATCH "):
        body = _without_names(body)
    if isinstance(body.get("record"), dict):
        body["record"] = _without_names(body["record"])
    if isinstance(body.get("indexes"), list):
        body["indexes"] = list({index["field"]: index for index in body["indexes"]}.values())
    if isinstance(body.get("paths"), list):
        body["paths"] = agreeing_paths(body["paths"], collection)
    if isinstance(body.get("requests"), list):
        kind = "create" if operation.endswith("Create") else "change"
        body["requests"] = _each_once([_item(kind, item, collection) for item in body["requests"]])
    for branch in ("then", "else"):
        if isinstance(body.get(branch), list):
            body[branch] = _each_once([_step(step) for step in body[branch]])
    return body


def agreeing_paths(paths: list[Any], collection: str) -> list[Any]:
    """The paths, within the collection."""
    return [_within(each, collection) for each in paths]


def exact(value: Json) -> Json:
    """The value with numbers that are what a double prints."""
    if isinstance(value, dict):
        return {key: exact(each) for key, each in value.items()}
    if isinstance(value, list):
        return [exact(each) for each in value]
    is_large = isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT
    return int(Decimal(repr(float(value)))) if is_large else value


def _step(step: dict[str, Any]) -> tuple[str, Json]:
    """A step of a transaction, below its name, and the path of its record."""
    kind = next(name for name in _STEPS if name in step)
    path, item = _item(kind, step[kind], _ALL)
    return path, {kind: item}


def _item(kind: str, item: dict[str, Any], collection: str) -> tuple[str, Json]:
    """One item, which is about a record of the collection, and the path of that record."""
    if kind == "create":
        parent = item.get("parent") or "collections/notes" if collection == _ALL else f"collections/{collection}"
        record = item.get("record") or {}
        if item.get("recordId"):
            item = {**item, "record": _without_names(record)}
        record_id = item.get("recordId") or record.get("id")
        return f"{parent}/records/{record_id}" if record_id else "", {**item, "parent": parent}
    if "record" in item:
        path = _within(item["record"]["path"], collection)
        return path, {**item, "record": {**_without_names(item["record"]), "path": path}}
    path = _within(item["path"], collection)
    return path, {**item, "path": path}


def _each_once(items: list[tuple[str, Json]]) -> list[Json]:
    """The items but those about a record that an earlier one is about; a new record is another one each time."""
    seen = {""}
    found = []
    for path, item in items:
        if not path or path not in seen:
            found.append(item)
        seen.add(path)
    return found


def _within(path: Any, collection: str) -> Any:
    parts = path.split("/") if isinstance(path, str) else []
    return path if collection == _ALL or len(parts) != 4 else "/".join(["collections", collection, *parts[2:]])


def _without_names(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in resource.items() if name not in {"id", "path"}}
