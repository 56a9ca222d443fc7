"""What nobody expected, planted in logic and in the store: a report and a line each, no secret; the node goes on."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from crud_service.bootstrap import Node
from crud_service.chassis.reports import BUILD
from crud_service.library.code_version import commit, version
from crud_service.model.errors import CrudError, Kind, Reason
from crud_service.testing.node import running_node
from tests.integration.parity.conftest import over_both
from tests.integration.parity.transports import Json, Outcome, Transport

CONTENT, TOKEN, DSN = "wombat-4711", "Bearer eyJhbGciOi", "postgres://crud:hunter2@db.internal/prod"
SECRETS = (CONTENT, "eyJhbGciOi", "hunter2", "db.internal")
"""What must appear nowhere, whatever an exception says."""
SAID = f"could not write {CONTENT!r} with token={TOKEN} to {DSN}"
PARENT = "collections/notes"
CREATE: Json = {"parent": PARENT, "record": {"name": CONTENT, "content": {"diary": CONTENT}}}


@asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[tuple[Node, dict[str, Transport]]]:
    """A node that stores reports at once, and the ways to it."""
    async with running_node(log_level="warning", **settings) as node:
        _hurry(node)
        async with over_both(node) as transports:
            yield node, {each.name: each for each in transports}


def _hurry(node: Node) -> None:
    errors = node._reporting.errors
    errors._limits = type(errors._limits)(seconds=0.01)


async def stored(node: Node, transport: Transport, count: int = 1) -> list[Json]:
    """The reports, once there are so many failures in them."""
    async with asyncio.timeout(10):
        while True:
            outcome = await transport.call("ListErrorReports", {})
            if sum(int(each["count"]) for each in outcome.reply["errorReports"]) >= count:
                return list(outcome.reply["errorReports"])
            await asyncio.sleep(0.01)


def fail(*_: object, **__: object) -> None:
    """What is planted."""
    raise RuntimeError(SAID)


async def fail_later(*_: object, **__: object) -> None:
    """What is planted where a coroutine belongs."""
    fail()


def plant_in_logic(node: Node, planted: pytest.MonkeyPatch) -> None:
    planted.setattr("crud_service.logic.edits.created_record", fail)


def plant_in_store(node: Node, planted: pytest.MonkeyPatch) -> None:
    planted.setattr(node.store, "commit", fail_later)


@pytest.mark.parametrize("transport", ["grpc", "http"])
@pytest.mark.parametrize(
    ("plant", "function"),
    [(plant_in_logic, "create.<locals>.rule"), (plant_in_store, "Writer.write")],
    ids=["logic", "store"],
)
async def test_a_failure_has_a_complete_report(
    plant: Callable[..., None], function: str, transport: str, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It says what failed, where, for whom, after what, in which code on which node; the node goes on."""
    async with running() as (node, transports):
        sender = transports[transport]
        missing = await sender.call("GetRecord", {"path": f"{PARENT}/records/none"})
        with monkeypatch.context() as planted:
            plant(node, planted)
            failed = await sender.call("CreateRecord", CREATE)
        (report,) = await stored(node, sender)
        assert (await sender.call("CreateRecord", CREATE)).ok
        found = await sender.call("GetErrorReport", {"path": f"errorReports/{failed.metadata['report']}"})
        assert found.reply == report
    assert (failed.kind, failed.reason) == ("INTERNAL", "INTERNAL")
    assert report["id"] == failed.metadata["report"]
    assert report["link"] == f"/v1/errorReports/{report['id']}" == f"/v1/{report['path']}"
    assert (report["type"], report["operation"], report["count"]) == ("RuntimeError", "CreateRecord", "1")
    assert (report["codeLine"]["function"], report["codeLine"]["line"] > 0) == (function, True)
    assert report["codeLine"]["file"].startswith("crud_service/logic/")
    assert report["stack"][-1]["function"] in ("fail", "fail_later")
    assert report["firstSeenTime"] == report["lastSeenTime"]
    assert report["firstSeenVersion"] == report["lastSeenVersion"] == version()
    (occurrence,) = report["occurrences"]
    assert occurrence["callId"] == failed.call_id
    assert occurrence["traceId"] == failed.trace_id
    assert (occurrence["transport"], occurrence["principal"]) == (transport, "anonymous")
    assert occurrence["resource"] == PARENT
    assert (occurrence["version"], occurrence["commit"], occurrence["build"]) == (version(), commit(), BUILD)
    assert occurrence["nodeId"] == node._info.node_id
    fields = {each["field"]: (each["type"], each["size"]) for each in occurrence["input"]}
    assert fields["record.name"] == ("string", len(CONTENT))
    assert {"parent", "record.content"} <= set(fields)
    (before,) = occurrence["recentCalls"]
    assert (before["operation"], before["outcome"]) == ("GetRecord", "NOT_FOUND")
    assert (before["callId"], before["resource"]) == (missing.call_id, f"{PARENT}/records/none")
    _one_line_each(caplog, [failed])
    _no_secret(failed, report, caplog.text, *[str(record.__dict__) for record in caplog.records])


def _one_line_each(caplog: pytest.LogCaptureFixture, failed: list[Outcome]) -> None:
    lines = [each.__dict__["fields"] for each in caplog.records if each.levelno == logging.ERROR]
    assert [line["call_id"] for line in lines] == [each.call_id for each in failed]
    assert {line["report"] for line in lines} == {each.metadata["report"] for each in failed}


def _no_secret(*told: object) -> None:
    text = "\n".join(map(str, told))
    assert [secret for secret in SECRETS if secret in text] == []


async def test_failures_of_one_cause_are_one_report(monkeypatch: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Over either transport, whatever they say: every caller gets the id of the one report, and finds it."""
    async with running() as (node, transports):
        messages = iter(["first", "second", "third", "fourth"])

        async def other_words(*_: object) -> None:
            raise RuntimeError(next(messages))

        monkeypatch.setattr(node.store, "commit", other_words)
        failed = [await transports[name].call("CreateRecord", CREATE) for name in ("grpc", "http", "grpc", "http")]
        monkeypatch.setattr(node.store, "get_record", fail_later)
        another = await transports["http"].call("GetRecord", {"path": f"{PARENT}/records/a"})
        reports = await stored(node, transports["grpc"], 5)
        monkeypatch.undo()
        narrowed = await transports["http"].call("ListErrorReports", {"operation": "GetRecord", "version": version()})
        of_another = await transports["http"].call("ListErrorReports", {"version": "0.0.0"})
        pages = [await transports[name].call("ListErrorReports", {"pageSize": 1}) for name in ("grpc", "http")]
        token = pages[0].reply["nextPageToken"]
        last = await transports["http"].call("ListErrorReports", {"pageSize": 1, "pageToken": token})
    assert {each.metadata["report"] for each in failed} == {reports[1]["id"]}
    assert reports[0]["id"] == another.metadata["report"] != reports[1]["id"]
    assert reports[1]["count"] == "4"
    assert {each["transport"] for each in reports[1]["occurrences"]} == {"grpc", "http"}
    assert [each["id"] for each in narrowed.reply["errorReports"]] == [reports[0]["id"]]
    assert of_another.reply["errorReports"] == []
    assert [each["id"] for page in (pages[1], last) for each in page.reply["errorReports"]] == [
        report["id"] for report in reports
    ]
    assert last.reply["nextPageToken"] == ""
    _one_line_each(caplog, [*failed, another])


async def test_reports_outlive_a_restart(tmp_path: Path, monkeypatch: Any) -> None:
    """What was reported just before a stop is there after the next start, and goes on being counted."""
    store = f"sqlite:///{tmp_path}/crud.db"
    ids = []
    for _ in range(2):
        async with running_node(store=store, log_level="error") as node, over_both(node) as (sender, _):
            with monkeypatch.context() as planted:
                plant_in_store(node, planted)
                ids.append((await sender.call("CreateRecord", CREATE)).metadata["report"])
    async with running_node(store=store) as node, over_both(node) as (sender, _):
        (report,) = await stored(node, sender, 2)
    assert ids == [report["id"]] * 2
    assert len({each["nodeId"] for each in report["occurrences"]}) == 2


async def test_a_store_that_is_away_gets_them_later(monkeypatch: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Calls are answered and logged as ever; the reports are stored when the store is back."""
    async with running() as (node, transports):
        with monkeypatch.context() as planted:
            plant_in_store(node, planted)
            planted.setattr(node.store, "add_error_reports", fail_later)
            failed = [await transports["http"].call("CreateRecord", CREATE) for _ in range(3)]
            await asyncio.sleep(0.05)
            assert node._reporting.errors.measures.waiting == 1
        (report,) = await stored(node, transports["http"], 3)
    assert report["count"] == "3"
    _one_line_each(caplog, failed)


async def test_a_storm_is_written_at_a_bounded_pace(monkeypatch: Any) -> None:
    """Hundreds of failures of one cause are counted in a few writes, and a few of them kept in detail."""
    async with running_node(log_level="error") as node, over_both(node) as (_, sender):
        writes = []
        add: Callable[..., Awaitable[None]] = node.store.add_error_reports

        async def counted(reports: Any, most: int) -> None:
            writes.append(len(reports))
            await add(reports, most)

        monkeypatch.setattr(node.store, "add_error_reports", counted)
        monkeypatch.setattr(node.store, "commit", fail_later)
        logging.getLogger("crud_service").disabled = True
        try:
            for _ in range(300):
                await sender.call("CreateRecord", CREATE)
        finally:
            logging.getLogger("crud_service").disabled = False
        (report,) = await stored(node, sender, 300)
    assert report["count"] == "300"
    assert len(writes) < 30
    assert len(report["occurrences"]) == 5


async def test_work_in_the_background_is_reported(monkeypatch: Any, caplog: pytest.LogCaptureFixture) -> None:
    """What fails in maintenance has a report too, and its one line says what the node does about it."""
    async with running(sweep_interval=0.01) as (node, transports):
        with monkeypatch.context() as planted:
            planted.setattr(node._maintenance._expiry, "run", fail_later)
            (report,) = await stored(node, transports["http"])
    assert (report["operation"], report["occurrences"][0]["principal"]) == ("Maintenance", "system")
    lines = [each for each in caplog.records if "report" in each.__dict__.get("fields", {})]
    assert [line.message for line in lines] == ["maintenance cannot go on, and tries again"]
    _no_secret(report, *[str(record.__dict__) for record in caplog.records])


async def test_what_nobody_waits_for_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """So is what fails in a task or a callback of its own, and neither the log nor the report has its secrets."""
    async with running() as (node, transports):
        asyncio.get_running_loop().call_soon(fail)
        (report,) = await stored(node, transports["http"])
    assert (report["operation"], report["type"]) == ("EventLoop", "RuntimeError")
    errors = [line.message for line in caplog.records if line.levelname == "ERROR"]
    assert errors == ["something failed that nobody waited for"]
    assert asyncio.get_running_loop().get_exception_handler() is None
    _no_secret(report, *[str(record.__dict__) for record in caplog.records])


@pytest.mark.parametrize("transport", ["grpc", "http"])
async def test_an_error_names_the_hop_that_failed(transport: str, monkeypatch: Any, tmp_path: Path) -> None:
    """An answer that comes from the store says so: what it is, its version, what it did, and for how long."""

    async def away(*_: object) -> None:
        raise CrudError(Kind.UNAVAILABLE, Reason.STORE_UNAVAILABLE, "the data file is locked; try again")

    async with running(store=f"sqlite:///{tmp_path}/crud.db") as (node, transports):
        monkeypatch.setattr(node.store, "commit", away)
        refused = await transports[transport].call("CreateRecord", CREATE)
        monkeypatch.undo()
        own = await transports[transport].call("GetRecord", {"path": f"{PARENT}/records/none"})
    assert refused.reason == "STORE_UNAVAILABLE"
    hop = {name: each for name, each in refused.metadata.items() if name.startswith("hop")}
    assert hop.pop("hopMs").replace(".", "").isdecimal()
    assert hop == {"hopService": "sqlite", "hopVersion": node.store.version, "hopOperation": "commit"}
    assert not any(name.startswith("hop") for name in own.metadata)
    assert str(tmp_path) not in str(refused)
