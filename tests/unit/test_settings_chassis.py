"""The settings of the chassis reach what they are about."""

from pathlib import Path

import pytest

from crud_service.chassis.action_log import Sampling
from crud_service.chassis.admission import AdmissionLimits
from crud_service.chassis.breaker import BreakerLimits
from crud_service.chassis.outgoing import OutgoingLimits
from crud_service.settings import load_settings


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current folder, so that no file of the person who runs the tests counts."""
    monkeypatch.chdir(tmp_path)


def test_rates() -> None:
    """Without a setting there is no rate; with some there is one for every call, and those of single kinds."""
    assert load_settings([]).rates == ()
    settings = load_settings(["--rate-limit", "10", "--rate-limits", "write=1/2,collections/a=3"])
    assert [(rule.scope, rule.rate, rule.burst) for rule in settings.rates] == [
        ("", 10, 200),
        ("write", 1, 2),
        ("collections/a", 3, 6),
    ]
    assert [rule.is_on_collections for rule in settings.rates] == [False, False, True]


def test_what_the_node_calls() -> None:
    """The settings of breaker and retry reach what makes the calls, each in its place, with the same defaults."""
    assert load_settings([]).outgoing == OutgoingLimits()
    names = ("failure-rate", "least-calls", "window", "open", "probes")
    values = ("0.25", "7", "8.5", "9.5", "4")
    flags = [f"--breaker-{name}={value}" for name, value in zip(names, values, strict=True)]
    settings = load_settings([*flags, "--outgoing-attempts=6", "--outgoing-retry-ratio=0.5"])
    assert settings.outgoing == OutgoingLimits(BreakerLimits(0.25, 7, 8.5, 9.5, 4), 6, 0.5)


def test_what_is_logged_and_let_in() -> None:
    """The settings of sampling and admission reach the chassis, with the same defaults."""
    assert load_settings([]).sampling == Sampling()
    assert load_settings([]).admission == AdmissionLimits()
    flags = ["--log-calls-first=5", "--log-calls-share=0.5", "--log-calls-slow=3", "--admission-lag=2"]
    settings = load_settings(flags)
    assert settings.sampling == Sampling(5, 0.5, 3.0)
    assert settings.admission == AdmissionLimits(lag_seconds=2.0)
