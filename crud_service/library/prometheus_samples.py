"""Distributions of the model as histograms of Prometheus."""

from collections.abc import Sequence
from itertools import accumulate

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.utils import floatToGoString

from crud_service.model.measures import Distribution


def add_distribution(family: HistogramMetricFamily, labels: Sequence[str], distribution: Distribution) -> None:
    """Add a distribution with these values of the family's labels."""
    bounds = [*map(floatToGoString, distribution.bounds), "+Inf"]
    family.add_metric(labels, list(zip(bounds, accumulate(distribution.counts), strict=True)), distribution.total)
