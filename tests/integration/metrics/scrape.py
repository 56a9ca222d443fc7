"""What a node says at /metrics, read as Prometheus reads it."""

from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.api.http_client import fetch


class Scrape(NamedTuple):
    """The samples by name and labels, and the type and labels of each metric by the name it has in queries."""

    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float]
    types: dict[str, str]
    labels: dict[str, set[str]]
    about: dict[str, str]

    def value(self, name: str, **labels: str) -> float | None:
        """One sample; None if it is not there."""
        return self.samples.get((name, tuple(sorted(labels.items()))))


async def scrape(port: int) -> Scrape:
    """Ask a node for its metrics."""
    answer = await fetch(port, "GET", "/metrics")
    assert answer.status == 200
    return read(answer.body.decode())


def read(text: str) -> Scrape:
    """The metrics that a text holds."""
    found = Scrape({}, {}, {}, {})
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found.types[name], found.about[name] = family.type, family.documentation
        found.labels[name] = {label for sample in family.samples for label in sample.labels} - {"le"}
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found.samples
            found.samples[key] = sample.value
    return found
