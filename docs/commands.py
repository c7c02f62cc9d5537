"""Writes docs/cli.md from the commands themselves; run it after changing one.

Usage: python docs/commands.py [FILE]; the file is docs/cli.md unless named.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from mailer.cli.commands import Later, app

HEAD = """\
# Commands

<!-- Written by docs/commands.py. -->

`mailer --help`, and `--help` after every command, say the same as this page. Settings come from the
environment or `mailer.toml`: [settings.md](settings.md).

- `…` after a name: it may be given several times. `[ ]`: it may be left out.
- `--json` prints one JSON value on standard output, for programs; everything else said goes to
  standard error.
- A command that fails says why in one sentence on standard error, and ends with one of these:

| status | means | what helps |
|---|---|---|
| 0 | done | |
| 1 | `issue check`: not ready. `issue audit`: the ledger does not balance. `issue send`: not everybody is decided | read what was printed |
| 2 | the input or the command line is wrong | change it |
| 3 | the newsletter, issue or subscriber named does not exist | name another |
| 4 | the state does not allow it, or somebody else was faster | look at the state |
| 5 | a setting, a secret or the database's version is wrong | change it |
| 6 | the database, the relay or the disk does not answer | try again later |
"""


def main(file: Path) -> None:
    """Write the page."""
    file.write_text("\n".join([HEAD, *_sections(get_command(app), "mailer")]), encoding="utf-8")


def _sections(command: Any, path: str) -> Iterator[str]:
    for name, one in command.commands.items():
        one = one.loaded() if isinstance(one, Later) else one
        if hasattr(one, "commands"):
            yield f"## {path} {name}\n\n{one.help}\n"
            yield from _sections(one, f"{path} {name}")
        else:
            level = "##" if path == "mailer" else "###"
            yield f"{level} {path} {name}\n\n{one.help}\n\n```\n{_usage(one, path, name)}\n```\n"
            rows = [_row(parameter) for parameter in one.params]
            if rows:
                yield "\n".join(["| | means | default |", "|---|---|---|", *rows, ""])


def _usage(command: Any, path: str, name: str) -> str:
    words = [path, name]
    for one in command.params:
        word = _spelling(one)
        word = f"{word}…" if one.nargs == -1 or getattr(one, "multiple", False) else word
        words.append(word if one.required else f"[{word}]")
    return " ".join(words)


def _spelling(one: Any) -> str:
    if one.param_type_name == "argument":
        return _metavar(one)
    names = "|".join([max(one.opts, key=len), *one.secondary_opts])
    return names if one.is_flag else f"{names} {_metavar(one)}"


def _metavar(one: Any) -> str:
    return one.metavar or one.name.upper()


def _row(one: Any) -> str:
    if one.param_type_name == "argument":
        names = f"`{_metavar(one)}`"
    else:
        names = ", ".join(f"`{name}`" for name in [*one.opts, *one.secondary_opts])
    return f"| {names} | {(one.help or '').replace('|', chr(92) + '|')} | {_default(one)} |"


def _default(one: Any) -> str:
    if one.required:
        return "needed"
    if getattr(one, "is_flag", False):
        return f"`{one.opts[0]}`" if one.default and one.secondary_opts else ""
    return f"`{one.default}`" if one.default not in (None, "", [], ()) else ""


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "cli.md")
