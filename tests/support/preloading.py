"""Imported by the process that others are forked from: everything that a command or worker needs."""

from importlib import import_module
from pkgutil import iter_modules

from mailer import cli, working
from tests.support import forking, processes

__all__ = ["forking", "processes", "working"]

for _found in iter_modules(cli.__path__):
    import_module(f"{cli.__name__}.{_found.name}")
