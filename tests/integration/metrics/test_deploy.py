"""Alert rules, dashboard and documents name what there is, and say what to do."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from crud_service.testing.node import running_node
from tests.e2e.documents import anchors, table
from tests.integration.metrics.promtool import promtool
from tests.integration.metrics.scrape import Scrape, scrape

ALERTS, DASHBOARD = "deploy/prometheus/alerts.yaml", "deploy/grafana/crud-service.json"
NAME = re.compile(r"\b(?:crud|process)_[a-z_]+\b")


@pytest_asyncio.fixture(scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scrape]:
    """The metrics of a node that has all of them: it is on a file, and to be in a registry."""
    store = f"sqlite:///{tmp_path_factory.mktemp('metrics')}/crud.db"
    async with running_node(log_level="warning", store=store, consul_address="127.0.0.1:1") as node:
        yield await scrape(node.http_port)


def alerts(root: Path) -> list[str]:
    """The text of each alert."""
    return re.split(r"^ *- alert: ", (root / ALERTS).read_text(), flags=re.MULTILINE)[1:]


def test_promtool_accepts_the_rules() -> None:
    """Prometheus would load the rules, and knows every function in them."""
    verdict = promtool("check", "rules", ALERTS)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.parametrize("file", [ALERTS, DASHBOARD, "docs/how-to/operate.md"])
async def test_every_metric_that_is_named_is_there(root: Path, found: Scrape, file: str) -> None:
    """What rules, dashboard and guide ask for is what a running node has."""
    named = set(NAME.findall((root / file).read_text())) - {"crud_service"}
    assert named
    assert named - {name for name, _ in found.samples} - found.types.keys() == set()


def test_every_label_that_is_named_is_there(root: Path, found: Scrape) -> None:
    """What rules and dashboard group and choose by is a label of a metric, or one that Prometheus adds."""
    known = {label for labels in found.labels.values() for label in labels} | {"le", "instance", "job"}
    for file in (ALERTS, DASHBOARD):
        text = (root / file).read_text().replace('\\"', '"')
        named = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", text) for label in group.split(",")}
        named |= {
            label for chosen in re.findall(r"_[a-z]+\{([^}]*)\}", text) for label in re.findall(r"(\w+)[!=]", chosen)
        }
        assert named
        assert named <= known


def test_every_alert_says_what_to_do(root: Path) -> None:
    """Each alert has a severity, a summary, and a line in the guide; and the guide has no others."""
    guide = (root / "docs" / "how-to" / "operate.md").read_text()
    names = [alert.splitlines()[0] for alert in alerts(root)]
    assert len(names) == len(set(names)) > 10
    for name, text in zip(names, alerts(root), strict=True):
        assert re.search(r"severity: (?:critical|warning)\b", text), name
        assert re.search(r"summary: '.+'", text), name
        assert f"runbook: docs/how-to/operate.md#{name.lower()}\n" in text
        assert name.lower() in anchors(guide)
    assert re.findall(r"^### (\w+)$", guide, re.MULTILINE) == names


def test_the_dashboard_is_whole(root: Path) -> None:
    """Every panel has a title, a description and a query, and no two lie over each other."""
    panels = json.loads((root / DASHBOARD).read_text())["panels"]
    assert len(panels) > 10
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"]
        assert panel["description"]
        assert all(target["expr"] and target["legendFormat"] for target in panel["targets"])


def test_the_document_lists_every_metric(root: Path, found: Scrape) -> None:
    """The table has each metric with its type, its labels and what it is, as the node itself tells it."""
    rows = table((root / "docs" / "reference" / "metrics.md").read_text(), "List")
    listed = {row[0]: (row[1], set(re.findall(r"\w+", row[2])), row[3]) for row in rows}
    assert listed == {name: (found.types[name], found.labels[name], found.about[name]) for name in found.types}
    assert len(rows) == len(listed)
