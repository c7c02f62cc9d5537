"""Brings the catalogues in mailer/web/locales up to date: every message of templates, code and composer.

Usage: python docs/messages.py; then translate what is empty in the .po files.
"""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from mailer import errors

ROOT = Path(__file__).parents[1]
WEB = ROOT / "mailer" / "web"
LOCALES = WEB / "locales"
_JINJA = {"trim_blocks": "true", "lstrip_blocks": "true", "encoding": "utf-8"}
_FUNCTIONS: dict[str, Any] = {"_": None, "gettext": None, "ngettext": (1, 2)}

_ERRORS = {
    kind.__name__
    for family in (errors.InvalidInput, errors.NotFound, errors.Conflict)
    for kind in (family, *family.__subclasses__())
}
_SINGULARS = {"_", "gettext", "Sentence", *_ERRORS}
_PLURALS = {"ngettext", "Counted"}
_NEVER_ON_PAGES = {"cli"}

Message = str | tuple[str, str]


def messages() -> dict[Message, set[str]]:
    """Every message, and the files it stands in."""
    found: dict[Message, set[str]] = {}
    for path, message in [*_in_templates(), *_in_code(), *_in_composer()]:
        found.setdefault(message, set()).add(path.relative_to(ROOT).as_posix())
    # gettext finds the singular of what has a plural, too: a message stands once.
    for plural in [one for one in found if isinstance(one, tuple)]:
        found[plural] |= found.pop(plural[0], set())
    return found


def _in_templates() -> Iterator[tuple[Path, Message]]:
    for path in sorted((ROOT / "templates" / "web").rglob("*.html")):
        with path.open("rb") as file:
            for _line, function, said, _comments in babel_extract(
                file, tuple(_FUNCTIONS), (), _JINJA
            ):
                words = [said] if isinstance(said, str) else [one for one in said or () if one]
                plural = function == "ngettext" and len(words) >= 2
                if words:
                    yield path, (words[0], words[1]) if plural else words[0]


def _in_code() -> Iterator[tuple[Path, Message]]:
    """What pages say, and the sentences of errors and findings, which pages can come to say."""
    for path in sorted((ROOT / "mailer").rglob("*.py")):
        if path.relative_to(ROOT).parts[1] in _NEVER_ON_PAGES:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                said = _texts(node.args)
                if node.func.id in _PLURALS and len(said) > 1:
                    yield path, (said[0], said[1])
                elif node.func.id in _SINGULARS and said:
                    yield path, said[0]


def _texts(arguments: list[ast.expr]) -> list[str]:
    """Those at the beginning that are written out: what is put together (f"…") is no message."""
    constants = (one.value if isinstance(one, ast.Constant) else None for one in arguments)
    return list(takewhile(bool, (one if isinstance(one, str) else "" for one in constants)))


def _in_composer() -> Iterator[tuple[Path, Message]]:
    built = WEB / "static" / "dist" / "words.json"
    sources = ROOT / "ui" / "package.json"
    yield from ((sources, words) for words in json.loads(built.read_text(encoding="utf-8")))


def catalogue(path: Path) -> Catalog:
    """A catalogue as it is stored."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def main() -> None:
    """Add what is new, drop what is gone, keep every translation."""
    found = messages()
    for path in sorted(LOCALES.glob("*.po")):
        known = catalogue(path)
        fresh = Catalog(
            path.stem, project="mailer", fuzzy=False, charset="utf-8", header_comment="# mailer"
        )
        for message, places in sorted(found.items(), key=lambda item: _first(item[0])):
            one = known.get(_first(message))
            same = one is not None and isinstance(one.id, tuple) == isinstance(message, tuple)
            fresh.add(
                message, one.string if one and same else "", [(p, None) for p in sorted(places)]
            )
        written = io.BytesIO()
        write_po(written, fresh, width=100, omit_header=False, include_lineno=False)
        path.write_text(_without_dates(written.getvalue().decode()), encoding="utf-8")


def _first(message: Message) -> str:
    return message if isinstance(message, str) else message[0]


def _without_dates(text: str) -> str:
    """The same for the same messages, whenever it is written."""
    kept = ("-Date:", "X-Generator", "Generated-By", "Last-Translator", "Report-Msgid")
    return "".join(
        line for line in text.splitlines(keepends=True) if not any(k in line for k in kept)
    )


if __name__ == "__main__":
    main()
