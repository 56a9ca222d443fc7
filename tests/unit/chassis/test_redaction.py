"""What may be told of a failure: words of the program, and never a value that somebody gave."""

import sqlite3
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crud_service.chassis.redaction import HIDDEN, described, redacted
from crud_service.model import requests


def program(name: str) -> str:
    """Stands for code that was running."""
    return f"the collection {name} cannot be indexed"


CODE = [program.__code__]


def test_words_of_the_running_code_are_told() -> None:
    """What stands in the code is told, and what it was given is not."""
    assert redacted(program("wombat"), CODE) == f"the collection {HIDDEN} cannot be indexed"
    assert redacted(program("wombat"), []) == f"the {HIDDEN} cannot be {HIDDEN}"


@pytest.mark.parametrize(
    ("failing", "told"),
    [
        (lambda: None.x, f"'NoneType' object has no attribute '{HIDDEN}'"),  # type: ignore[attr-defined]
        (lambda: {}["wombat"], f"'{HIDDEN}'"),
        (lambda: int("wombat"), f"invalid literal for int() with base {HIDDEN}'"),
        (lambda: [] + "a", 'can only {h} list (not "str") to list'),  # type: ignore[operator]
        (lambda: sqlite3.connect(":memory:").execute("SELECT wombat"), f"no such column: {HIDDEN}"),
    ],
    ids=["attribute", "key", "value", "type", "sqlite"],
)
def test_messages_of_the_interpreter_can_be_read(failing: Any, told: str) -> None:
    """The words that Python and SQLite say themselves stay, the values among them do not."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is, it is printed
        failing()
    assert redacted(str(raised.value), []) == told.replace("{h}", HIDDEN)


@pytest.mark.parametrize(
    "secret",
    [
        "postgres://crud:hunter2@db.internal:5432/prod",
        "sqlite:////srv/hunter2/crud.db",
        "Bearer eyJhbGciOi.hunter2.sig",
        "password=hunter2",
        "hunter2",
        "{'diary': 'hunter2 wombat'}",
        "hünter2",
        "the-hunter2",
        "int.hunter2",
    ],
)
def test_secrets_are_not_told(secret: str) -> None:
    """Whatever form a secret has, and wherever it stands."""
    for message in (secret, f"the value {secret} is invalid", f"not a table: {secret!r}", f"open({secret})"):
        told = redacted(message, CODE)
        assert not {"unter2", "wombat", "eyJ", "srv", "internal", "diary", "assword"} & _parts(told)


def _parts(text: str) -> set[str]:
    return {each for each in ("unter2", "wombat", "eyJ", "srv", "internal", "diary", "assword") if each in text}


@given(st.text())
def test_any_text_can_be_redacted(text: str) -> None:
    """Nothing fails, and only words that are known are left."""
    told = redacted(text, [])
    assert len(told) <= 500
    assert not any(each.isdigit() for each in told)


def test_a_request_is_described_without_its_values() -> None:
    """Names, types and sizes of what is not empty; of a list the first items."""
    draft = requests.RecordDraft(name="wombat", tags=("a", "b"), content={"diary": "wombat"})
    request = requests.BatchCreateRecords("collections/notes", (requests.CreateRecord(record=draft),) * 10)
    told = described(request)
    assert [(each.field, each.type, each.size) for each in told[:5]] == [
        ("parent", "string", 17),
        ("requests", "list", 10),
        ("requests[0].record.name", "string", 6),
        ("requests[0].record.content", "object", 1),
        ("requests[0].record.tags", "list", 2),
    ]
    assert {each.field.partition(".")[0] for each in told[2:]} == {"requests[0]", "requests[1]", "requests[2]"}
    text = msgspec.json.encode(told).decode()
    assert "wombat" not in text
    assert "diary" not in text


def test_a_description_is_bounded() -> None:
    """However much a request holds."""
    wide = msgspec.defstruct("Wide", [(f"f{each}", int, each + 1) for each in range(100)])
    assert len(described(wide())) == 32


@pytest.mark.parametrize(("request_", "fields"), [(b"raw", 1), ("text", 1), (None, 0), (sys, 1)])
def test_anything_can_be_described(request_: Any, fields: int) -> None:
    """Also what is no request of ours."""
    assert len(described(request_)) == fields
