"""Benchmarks: `make bench` runs them all, `python -m bench sending` one; results as tables and JSON."""

import warnings

# PostgreSQL's package asks for this folder when it is imported, in every process; none is needed.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
