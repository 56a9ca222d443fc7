"""Writes the results down: promises first, then every figure, then what one should know about them."""

import statistics
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from environment import BENCHMARKS, ROOT, machine, versions
from rounds import GRPC_CONNECTIONS, GRPC_STREAMS, READERS, RECORDS, WRITERS, Sample, median_ratio
from systems import PAGE, SERVICE, SYSTEMS
from targets import RATIOS, Bound

_LOADS = {
    "HTTP get": f"random ids of {RECORDS:,} records, {READERS} connections",
    "HTTP list": f"the first {PAGE} of {RECORDS:,} records by id, {READERS} connections",
    "HTTP create": f"{WRITERS} connections",
    "gRPC get": f"one id of {RECORDS:,} records, {GRPC_CONNECTIONS} connections with {GRPC_STREAMS} calls each",
    "gRPC create": f"{GRPC_CONNECTIONS} connections with {GRPC_STREAMS} calls each",
}


def render(command: str, rounds: int, seconds: float, samples: Sequence[Sample], bounds: Sequence[Bound]) -> str:
    """The page as Markdown."""
    return "\n".join(
        [
            "# Results",
            "",
            f"`{command}` at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, code {_commit()}, on {machine()}.",
            f"{rounds} rounds of {seconds:g} s a load. Written by the command; how it measures is in README.md.",
            "",
            *(_ratio_table(samples) if samples else []),
            *(_bound_table(bounds) if bounds else []),
            *(_figures(samples) if samples else []),
            "## Systems",
            "",
            *(f"- **{system.name}**: {system.what}" for system in SYSTEMS),
            f"- Versions: {', '.join(versions())}",
            "",
            *(_notes()),
        ]
    )


def _ratio_table(samples: Sequence[Sample]) -> Iterator[str]:
    yield "## Against others: calls a second of crud-service / of the other"
    yield ""
    yield "| load | other | promised | median of the rounds | lowest - highest | |"
    yield "|---|---|---|---|---|---|"
    for target in RATIOS:
        ratio = median_ratio(samples, target.load, SERVICE.name, target.peer)
        if ratio is not None:
            middle, low, high = ratio
            verdict = _verdict(middle >= target.least)
            span = f"{low:.2f} - {high:.2f}"
            yield f"| {target.load} | {target.peer} | >= {target.least:g}x | **{middle:.2f}x** | {span} | {verdict} |"
    yield ""


def _bound_table(bounds: Sequence[Bound]) -> Iterator[str]:
    yield "## Size, memory, start"
    yield ""
    yield "| what | promised | measured | behind it | |"
    yield "|---|---|---|---|---|"
    for bound in bounds:
        promised = "" if bound.most is None else f"<= {bound.most:g} {bound.unit}"
        verdict = "" if bound.most is None else _verdict(bound.held)
        yield f"| {bound.what} | {promised} | **{bound.value:.2f} {bound.unit}** | {bound.detail} | {verdict} |"
    yield ""


def _figures(samples: Sequence[Sample]) -> Iterator[str]:
    yield "## All figures"
    yield ""
    elsewhere = statistics.median(sample.measured.elsewhere for sample in samples)
    yield f"Other programs took {elsewhere:.0%} of the machine meanwhile (median of all measurements)."
    yield "Medians of the rounds. CPU is what a system's processes spend on one call, kernel included."
    for load, how in _LOADS.items():
        rows = [row for system in SYSTEMS if (row := _figure_row(samples, load, system.name))]
        if rows:
            yield from ("", f"**{load}**: {how}", "", "| system | calls/s | CPU us a call | p50 ms | p99 ms |")
            yield "|---|---|---|---|---|"
            yield from rows
    yield ""


def _figure_row(samples: Sequence[Sample], load: str, system: str) -> str:
    measured = [sample.measured for sample in samples if (sample.load, sample.system) == (load, system)]
    if not measured:
        return ""
    rate = statistics.median(m.rate for m in measured)
    cpu = statistics.median(m.cpu_us for m in measured)
    p50, p99 = (_percentile([getattr(m, name) for m in measured]) for name in ("p50_ms", "p99_ms"))
    return f"| {system} | {rate:,.0f} | {cpu:.0f} | {p50} | {p99} |"


def _percentile(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.1f}" if known else "-"


def _verdict(held: bool) -> str:
    return "held" if held else "MISSED"


def _notes() -> list[str]:
    notes = BENCHMARKS / "NOTES.md"
    return [notes.read_text()] if notes.exists() else []


def _commit() -> str:
    run = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return run.stdout.strip() or "not committed"
