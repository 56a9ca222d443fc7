"""What a node calls, as Prometheus sees it: attempts by outcome, retries, and what the breaker does."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from crud_service.model.measures import DependencyMeasures

_STATES = ("closed", "open", "half_open")


def prometheus_dependencies(dependencies: Iterable[DependencyMeasures]) -> Iterator[Metric]:
    """The metrics as they are now."""
    about = "Attempts to call a dependency, by what became of them."
    attempts = CounterMetricFamily("crud_dependency_attempts", about, labels=["dependency", "outcome"])
    about = "Attempts to call a dependency that were made after a first one."
    retries = CounterMetricFamily("crud_dependency_retries", about, labels=["dependency"])
    about = "Retries that the budget of a dependency allows now."
    budget = GaugeMetricFamily("crud_dependency_retry_budget", about, labels=["dependency"])
    about = "Whether the breaker of a dependency is in this state: 1 or 0."
    state = GaugeMetricFamily("crud_dependency_breaker", about, labels=["dependency", "state"])
    for each in dependencies:
        for outcome, count in each.outcomes.items():
            attempts.add_metric((each.name, outcome), count)
        retries.add_metric((each.name,), each.retries)
        budget.add_metric((each.name,), each.budget)
        for name in _STATES:
            state.add_metric((each.name, name), name == each.state)
    yield from (attempts, retries, budget, state)
