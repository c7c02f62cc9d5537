"""The command line."""

from mailer.cli.commands import app, main

__all__ = ["app", "main"]
