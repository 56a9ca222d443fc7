"""Measures crud-service against others on this machine: `python benchmarks/run --help`."""

import argparse
import shlex
import sys
from collections.abc import Iterator

from batches import measure_batch, measure_import
from chassis import measure_chassis
from environment import BENCHMARKS, require_tools
from process import BenchError
from report import render
from rounds import Sample, run_rounds
from scale import measure_scale
from systems import SYSTEMS
from targets import Bound

SCALE, BATCH, IMPORT, CHASSIS = "scale", "batch", "import", "chassis"


def main() -> int:
    """Run what was asked for; the exit code is 0 when everything could be measured, whatever the numbers say."""
    options = _options()
    try:
        require_tools()
        samples, bounds = _speed(options), [*_bounds(options)]
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    command = f'make bench ARGS="{shlex.join(sys.argv[1:])}"' if sys.argv[1:] else "make bench"
    _publish(options, render(command, options.rounds, options.seconds, samples, bounds))
    return 0


def _speed(options: argparse.Namespace) -> list[Sample]:
    systems = [system for system in SYSTEMS if not options.only or system.name in options.only]
    samples = []
    for sample in run_rounds(systems, options.rounds, options.seconds) if systems else ():
        measured = sample.measured
        line = f"{measured.rate:>10,.0f}/s {measured.cpu_us:>8.0f} us CPU a call {measured.elsewhere:>6.0%} elsewhere"
        print(f"round {sample.round + 1}  {sample.system:<14} {sample.load:<12} {line}", flush=True)
        samples.append(sample)
    return samples


def _bounds(options: argparse.Namespace) -> Iterator[Bound]:
    many, creates = (100_000, 20_000) if options.quick else (1_000_000, 100_000)
    parts = {
        CHASSIS: lambda: measure_chassis(options.rounds, options.seconds),
        BATCH: lambda: measure_batch(options.rounds),
        IMPORT: lambda: measure_import(options.rounds),
        SCALE: lambda: measure_scale(options.rounds, options.seconds, many, creates),
    }
    for name, measure in parts.items():
        if options.only and name not in options.only:
            continue
        for bound in measure():
            print(f"{bound.what}: {bound.value:.2f} {bound.unit}  {bound.detail}", flush=True)
            yield bound


def _publish(options: argparse.Namespace, page: str) -> None:
    """A complete run is the new RESULTS.md; a partial one is only shown."""
    if options.only or options.quick:
        print(page)
        return
    results = BENCHMARKS / "RESULTS.md"
    results.write_text(page)
    print(f"written: {results}")


def _options() -> argparse.Namespace:
    names = [*(system.name for system in SYSTEMS), CHASSIS, BATCH, IMPORT, SCALE]
    parser = argparse.ArgumentParser(prog="benchmarks/run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=None, help="how often each system is measured (5)")
    parser.add_argument("--seconds", type=float, default=None, help="how long one load lasts (5)")
    parser.add_argument(
        "--only", action="append", choices=names, help="measure only this, may be repeated; RESULTS.md stays as it is"
    )
    parser.add_argument("--quick", action="store_true", help="2 rounds of 2 s and a tenth of the records, only shown")
    options = parser.parse_args()
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = options.seconds or (2.0 if options.quick else 5.0)
    return options


if __name__ == "__main__":
    sys.exit(main())
