"""`python -m bench [NAME …] [--recipients N] [--repetitions N]`."""

from __future__ import annotations

import argparse

from bench import sending

_BENCHMARKS = {"sending": sending.run}


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *_BENCHMARKS], metavar="NAME")
    parser.add_argument("--recipients", type=int, default=10_000)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    for name in options.names or _BENCHMARKS:
        _BENCHMARKS[name](options.recipients, options.repetitions).show()


if __name__ == "__main__":
    main()
