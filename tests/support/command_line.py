"""The command line within this process: quick, for what does not depend on being a process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailer.cli import app, context
from mailer.errors import MailerError


@dataclass(frozen=True)
class Said:
    """What a command printed, and the sentence it failed with."""

    stdout: str
    stderr: str


class CommandLine:
    """Runs commands in the current folder, with the settings of the environment."""

    def run(self, *arguments: str | Path, status: int = 0) -> Said:
        """Run `mailer` with *arguments*; its exit status must be *status*."""
        result = CliRunner().invoke(app, [str(one) for one in arguments])
        begin_anew()
        error = result.exception if isinstance(result.exception, MailerError) else None
        ended = error.exit_status if error else result.exit_code
        assert ended == status, (arguments, ended, result.output, result.exception)
        return Said(result.stdout, str(error) if error else result.stderr)

    def json(self, *arguments: str | Path, status: int = 0) -> Any:
        """The same with --json, read."""
        return json.loads(self.run(*arguments, "--json", status=status).stdout)


def begin_anew() -> None:
    """The next command reads its settings and opens its database itself, as a process does."""
    if context.mailer.cache_info().currsize:
        context.mailer().engine.dispose()
    context.mailer.cache_clear()


def command_line(
    monkeypatch: pytest.MonkeyPatch, folder: Path, database_url: str, **settings: object
) -> CommandLine:
    """One in *folder*; settings are given without their MAILER_ prefix, in lower case."""
    monkeypatch.chdir(folder)
    for name, value in ({"database_url": database_url} | settings).items():
        monkeypatch.setenv(f"MAILER_{name.upper()}", str(value))
    return CommandLine()
