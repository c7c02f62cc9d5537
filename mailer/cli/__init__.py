"""The command line."""

import gc

# What is loaded stays: to look through it again and again was a fifth of every command's start.
gc.disable()

from mailer.cli.commands import app, main  # noqa: E402  # while nothing is collected

gc.freeze()
gc.enable()

__all__ = ["app", "main"]
