"""The commands that scripts and people rely on are there, and each of them explains itself."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from mailer.cli.commands import Later, app

STAY = """
up web schedule worker upgrade import
newsletter add, newsletter list
subscriber add, subscriber list, subscriber unsubscribe
issue import, issue export, issue preview, issue check, issue schedule, issue send, issue pause
issue resume, issue cancel, issue status, issue audit
"""
# They print an issue, or run until they are stopped: there is no figure to print as JSON.
WITHOUT_FIGURES = {
    "up",
    "web",
    "schedule",
    "worker",
    "incoming",
    "bounces take",
    "issue export",
    "issue preview",
}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, one in group.commands.items():
        one = one.loaded() if isinstance(one, Later) else one
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield " ".join((*path, name)), one


COMMANDS = dict(commands(get_command(app)))


def promised() -> set[str]:
    lines = STAY.strip().splitlines()
    return {
        *lines[0].split(),
        *(name.strip() for line in lines[1:] for name in line.split(",")),
    }


def test_the_commands_that_stay_are_there() -> None:
    assert promised() <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_all_its_options_are_explained(name: str) -> None:
    command = COMMANDS[name]

    assert command.help
    assert [one.name for one in command.params if not one.help] == []
    shown = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert command.help.split(".")[0].split("`")[0].strip() in shown.output


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - WITHOUT_FIGURES))
def test_a_command_that_prints_figures_prints_them_as_json_too(name: str) -> None:
    assert "--json" in {option for one in COMMANDS[name].params for option in one.opts}


def test_the_version_is_said() -> None:
    said = CliRunner().invoke(app, ["--version"])

    assert (said.exit_code, said.output) == (0, f"mailer {version('mailer')}\n")
