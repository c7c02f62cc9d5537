"""Benchmarks: `make bench` runs them all, `python -m bench sending` one; results as tables and JSON."""
