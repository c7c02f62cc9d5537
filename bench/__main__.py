"""`python -m bench [NAME …] [--recipients N] [--repetitions N]`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NamedTuple

from bench import (
    clicks,
    editing,
    flatness,
    freezing,
    importing,
    latency,
    ledger,
    securing,
    segments,
    sending,
    sharing,
    signing,
)
from bench.report import Report


class Benchmark(NamedTuple):
    """What measures, and by default how many recipients (rows, clicks, previews) how often."""

    run: Callable[[int, int], Report]
    recipients: int
    repetitions: int


# All of them together take about a quarter of an hour; the figures in docs/benchmarks.md say with
# which sizes they were taken.
BENCHMARKS = {
    "sending": Benchmark(sending.run, 50_000, 3),
    "sharing": Benchmark(sharing.run, 40_000, 2),
    "signing": Benchmark(signing.run, 20_000, 3),
    "securing": Benchmark(securing.run, 20_000, 3),
    "flatness": Benchmark(flatness.run, 100_000, 3),
    "latency": Benchmark(latency.run, 500, 1),
    "freezing": Benchmark(freezing.run, 1_000_000, 3),
    "ledger": Benchmark(ledger.run, 50_000, 3),
    "clicks": Benchmark(clicks.run, 50_000, 5),
    "editing": Benchmark(editing.run, 300, 20),
    "importing": Benchmark(importing.run, 100_000, 3),
    "segments": Benchmark(segments.run, 200_000, 3),
}


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], metavar="NAME")
    parser.add_argument("--recipients", type=int, help="how many, instead of its own number")
    parser.add_argument("--repetitions", type=int, help="how often, instead of its own number")
    options = parser.parse_args()
    for name in options.names or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        benchmark.run(
            options.recipients or benchmark.recipients,
            options.repetitions or benchmark.repetitions,
        ).show()


if __name__ == "__main__":
    main()
