"""The command line within this process: quick, for what does not depend on being a process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from mailer.cli import app
from mailer.errors import MailerError


@dataclass(frozen=True)
class Said:
    """What a command printed, and the sentence it failed with."""

    stdout: str
    stderr: str


class CommandLine:
    """Runs commands in the current folder, with the settings of the environment."""

    def run(self, *arguments: str, status: int = 0) -> Said:
        """Run `mailer` with *arguments*; its exit status must be *status*."""
        result = CliRunner().invoke(app, list(arguments))
        error = result.exception if isinstance(result.exception, MailerError) else None
        ended = error.exit_status if error else result.exit_code
        assert ended == status, (arguments, ended, result.output, result.exception)
        return Said(result.stdout, str(error) if error else result.stderr)

    def json(self, *arguments: str, status: int = 0) -> Any:
        """The same with --json, read."""
        return json.loads(self.run(*arguments, "--json", status=status).stdout)
