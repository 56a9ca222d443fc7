"""The documents tell the truth: examples run, links lead somewhere, tables say what the code says."""

import asyncio
import json
import re
import tomllib
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from crud_service.api.http_rules import HttpRule, http_rules
from crud_service.api.operations import FILES
from crud_service.api.status import STATUS, http_status
from crud_service.chassis.action_log import ActionLine, ActionLog, LeftOutLine, Sampling
from crud_service.chassis.health import Health
from crud_service.model.call import Call
from crud_service.model.errors import CrudError, Kind, Reason, not_found
from crud_service.model.limits import Limits
from crud_service.settings import Settings
from tests.e2e.documents import (
    ROOT,
    anchors,
    blocks,
    documents,
    examples,
    links,
    run_examples,
    served,
    table,
    unaccounted,
)

pytestmark = pytest.mark.timeout(180)
DOCUMENTS = {path.relative_to(ROOT).as_posix(): path for path in documents()}
WITH_EXAMPLES = [name for name, path in DOCUMENTS.items() if name != "README.md" and examples(path.read_text())]
METHODS = [method for file in FILES for service in file.services_by_name.values() for method in service.methods]


def page(name: str) -> str:
    """The text of one page of docs/."""
    return (ROOT / "docs" / name).read_text()


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_run_and_show_what_comes(name: str, tmp_path: Path) -> None:
    """A reader who follows a page from top to bottom, on a new store, sees what the page shows."""
    with served(tmp_path, events=name.endswith("node-events.md")) as addresses:
        assert run_examples(tmp_path, DOCUMENTS[name].read_text(), addresses) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_block_runs_or_says_why_not(name: str) -> None:
    """Every fenced block is run, is the output of one that is, is a settings file, or carries its reason."""
    found = unaccounted(DOCUMENTS[name].read_text())
    assert [f"line {block.line}: {block.language}" for block in found] == []


def test_settings_files_are_accepted() -> None:
    """Every TOML example is a settings file that a node would start with."""
    files = [
        block.text for path in DOCUMENTS.values() for block in blocks(path.read_text()) if block.language == "toml"
    ]
    assert len(files) >= 2
    for file in files:
        assert Settings(**tomllib.loads(file))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name: str) -> None:
    """A link inside of the repository names a file that is there, and a heading that is in it."""
    wrong = []
    for link in links(DOCUMENTS[name].read_text()):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (DOCUMENTS[name].parent / file).resolve() if file else DOCUMENTS[name]
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            wrong.append(link)
    assert wrong == []


def test_every_page_is_in_the_index() -> None:
    """The index of the documentation links every page."""
    listed = {
        (ROOT / "docs" / link.partition("#")[0]).resolve() for link in links(page("README.md")) if "://" not in link
    }
    pages = {path.resolve() for name, path in DOCUMENTS.items() if name not in {"README.md", "docs/README.md"}}
    assert pages - listed == set()


def test_variables_are_settings() -> None:
    """Every CRUD_ variable that a document names is one that the service reads."""
    known = {f"CRUD_{name.upper()}" for name in Settings.model_fields} | {"CRUD_CONFIG", "CRUD_COMMIT"}
    mistyped = {"CRUD_HTTP_ADRESS"}  # shown with the message that it gets
    named = {word for path in DOCUMENTS.values() for word in re.findall(r"\bCRUD_[A-Z_]*[A-Z]\b", path.read_text())}
    assert named - known - mistyped == set()


def test_settings_are_those_of_the_code() -> None:
    """The list has every setting, in order, with its default and its description."""
    expected = [[name, shown(field.default), field.description] for name, field in Settings.model_fields.items()]
    assert table(page("reference/settings.md"), "List") == expected


def test_choices_are_those_of_the_code() -> None:
    """The table of choices has every setting that takes one of several words, with these words."""
    annotations = {name: field.annotation for name, field in Settings.model_fields.items()}
    chosen = [
        [name, *get_args(kind)] for name, kind in annotations.items() if isinstance((get_args(kind) or (0,))[0], str)
    ]
    rows = [[row[0], *row[1].replace("`", "").split(", ")] for row in table(page("reference/settings.md"), "Choices")]
    assert rows == chosen


def test_limits_are_those_of_the_code() -> None:
    """The table has every limit with its setting and default, and names reasons that there are."""
    rows = table(page("reference/limits.md"), "What a request may hold")
    limits = Limits()
    expected = {f"limit_{name}": str(getattr(limits, name)) for name in Limits.__struct_fields__}
    assert {row[1]: row[2] for row in rows} == expected
    named = {word for row in rows for word in re.findall(r"\b[A-Z]+_[A-Z_]+\b", row[3])}
    assert named <= set(Reason)


def test_kinds_are_those_of_the_code() -> None:
    """The table has every kind of error with its HTTP status."""
    rows = table(page("reference/errors.md"), "Kinds")
    assert [(row[0], row[1]) for row in rows] == [(kind.value, str(STATUS[kind][1])) for kind in Kind]


def test_reasons_are_those_of_the_code() -> None:
    """The table has every reason, in order, with the kind it belongs to and the HTTP status it gets."""
    rows = table(page("reference/errors.md"), "Reasons")
    assert [row[0] for row in rows] == [reason.value for reason in Reason]
    kinds = kinds_by_comment()
    for name, kind, status, _ in rows:
        assert kind in kinds[name], name
        assert int(status) == http_status(CrudError(Kind(kind), Reason(name), "")), name


def kinds_by_comment() -> dict[str, set[str]]:
    """Which kinds the comments in the list of reasons put each reason under."""
    source = (ROOT / "crud_service" / "model" / "errors.py").read_text()
    found: dict[str, set[str]] = {}
    kinds: set[str] = set()
    for line in source.partition("class Reason")[2].partition("class Violation")[0].splitlines():
        if line.strip().startswith("#"):
            kinds = set(re.findall(r"[A-Z_]+", line))
        elif reason := re.fullmatch(r'    ([A-Z_]+) = "\1"', line):
            found[reason[1]] = kinds
    return found


def test_http_operations_are_those_of_the_contract() -> None:
    """The table has every operation with its verb, path, body, query parameters and status, a row for each path."""
    rows = table(page("reference/http.md"), "Operations")
    written = [[name, re.sub(r"\{\w+\}", "*", request), *rest] for name, request, *rest in rows]
    expected = [http_row(method, rule) for method in METHODS for rule in http_rules(method)]
    assert [[cell.replace("`", "") for cell in row] for row in written] == expected


def http_row(method: MethodDescriptor, rule: HttpRule) -> list[str]:
    """What the contract says of one path of an operation over HTTP."""
    path = "/".join(rule.segments) + (f":{rule.custom_verb}" if rule.custom_verb else "")
    body = "the request" if rule.body == "*" else f"the {rule.body}" if rule.body else ""
    bound = {rule.body, rule.path_field.partition(".")[0]}
    fields = [] if rule.body == "*" else [field for field in method.input_type.fields if field.name not in bound]
    query = ", ".join(field.json_name for field in fields if fits_a_query(field))
    return [method.name, f"{rule.verb} /{path}", body, query, "201" if rule.creates else "200"]


def fits_a_query(field: FieldDescriptor) -> bool:
    """Whether a field can be a query parameter: it is one value, a mask or a duration."""
    return field.message_type is None or field.message_type.name in {"FieldMask", "Duration"}


def test_grpc_operations_are_those_of_the_contract() -> None:
    """The table has every method with its service, request and reply."""
    rows = table(page("reference/grpc.md"), "Operations")
    expected = [
        [method.containing_service.name, method.name, method.input_type.name, method.output_type.name]
        for method in METHODS
    ]
    assert rows == expected


async def test_other_paths_are_those_that_answer() -> None:
    """The table of other paths has every document that HTTP answers, but for the parts of its pages."""
    from crud_service.api.documents import documents as served_documents
    from crud_service.model.record import NodeInfo
    from crud_service.model.timestamp import now

    node = NodeInfo("", "", "", "", (), "", now())
    health = Health(1, 1, now, lambda _: None, lambda _: asyncio.sleep(0))
    found = served_documents(node, Limits(), health, metrics=lambda _: ("", b""))
    answered = {path for path in found if "/" not in path[1:]}
    listed = {row[0] for row in table(page("reference/http.md"), "Other paths")}
    assert listed <= answered
    assert {path for path in answered - listed if not path.endswith((".js", ".css", ".svg", ".ico"))} == set()


async def test_the_fields_of_a_log_line_are_those_of_the_code() -> None:
    """The example of a line, and the table below it, have the fields of a failed call's line, in order."""
    lines: list[ActionLine] = []

    async def handler(call: Call, request: object) -> None:
        raise not_found(Reason.RECORD_NOT_FOUND, "")

    call = Call("GetRecord", "grpc", resource="collections/notes/records/x", call_id="1", trace_id="2")
    with pytest.raises(CrudError):
        await ActionLog(lines.append)(handler)(call, None)
    text = page("reference/logs.md")
    example = next(json.loads(block.text) for block in blocks(text) if block.language == "json")
    logged = msgspec.to_builtins(lines[0])
    assert list(example) == list(logged) == [row[0] for row in table(text, "One line a call")]
    steady = ("level", "event", "operation", "transport", "outcome", "principal", "reason", "resource")
    assert {name: example[name] for name in steady} == {name: logged[name] for name in steady}


async def test_the_line_about_what_is_left_out_is_that_of_the_code() -> None:
    """The second example of a line has the fields, the level and the event of a line about calls without one."""
    lines: list[ActionLine | LeftOutLine] = []
    log = ActionLog(lines.append, Sampling(first=0, share=0.0))
    await log(lambda call, request: asyncio.sleep(0))(Call("GetRecord", "grpc"), None)
    log.close()
    example = [json.loads(block.text) for block in blocks(page("reference/logs.md")) if block.language == "json"][1]
    logged = msgspec.to_builtins(lines[0])
    assert list(example) == list(logged)
    assert (example["level"], example["event"]) == (logged["level"], logged["event"])


def shown(default: object) -> str:
    """A default as the tables write it."""
    if default is None:
        return "none"
    return str(default).lower() if isinstance(default, bool) else str(default)
