"""`mailer archive` and `mailer restore`: the whole account in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as Bar

from mailer.cli.context import mailer
from mailer.cli.output import AsJson, console, errors, say
from mailer.database.engine import open_engine
from mailer.keeping.archives import Manifest
from mailer.keeping.archiving import archive as write_archive
from mailer.keeping.restoring import restore as read_archive
from mailer.secret_key import load_secret_key
from mailer.settings import Settings, load_settings

File = Annotated[Path, typer.Argument(metavar="FILE", help="The archive, a .zip file.")]


def archive(
    file: File,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="The secret key and passwords, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    settings, installation = load_settings(), mailer()
    key = load_secret_key(installation.engine, _given(settings)) if with_secrets else None
    with Bar(console=errors, transient=True, disable=as_json or not console.is_terminal) as bar:
        line = bar.add_task("archiving", total=None)
        manifest = write_archive(
            installation.engine,
            file,
            now=installation.clock(),
            secret_key=key,
            progress=lambda table, rows: bar.update(line, description=f"{table}: {rows:,} rows"),
        )
    words = f"{file}: {_rows(manifest):,} rows of {len(manifest.tables)} tables."
    if not with_secrets:
        words += " The secret key is not in it: keep it elsewhere, or links in old mails are lost."
    say(words, _data(file, manifest), as_json=as_json)


def restore(
    file: File,
    new_key: Annotated[
        bool,
        typer.Option(
            "--new-key",
            help="Begin with a new secret key: links in old mails end, erased people are forgotten.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    settings = load_settings()
    engine = open_engine(settings.database_url)
    with Bar(console=errors, transient=True, disable=as_json or not console.is_terminal) as bar:
        line = bar.add_task("restoring", total=None)
        manifest = read_archive(
            engine,
            file,
            given_key=_given(settings),
            new_key=new_key,
            progress=lambda table, rows: bar.update(line, description=f"{table}: {rows:,} rows"),
        )
    engine.dispose()
    words = f"{_rows(manifest):,} rows of {len(manifest.tables)} tables are back."
    if not manifest.with_secrets and not new_key:
        words += (
            " The secret key was not in the archive: set MAILER_SECRET_KEY, or put it beside the "
            "database, before you start."
        )
    say(words, _data(file, manifest), as_json=as_json)


def _given(settings: Settings) -> str | None:
    return settings.secret_key.get_secret_value() if settings.secret_key else None


def _rows(manifest: Manifest) -> int:
    return sum(one.rows for one in manifest.tables)


def _data(file: Path, manifest: Manifest) -> dict[str, object]:
    return {
        "file": str(file),
        "revision": manifest.revision,
        "engine": manifest.engine,
        "made_at": manifest.made_at,
        "with_secrets": manifest.with_secrets,
        "rows": {one.name: one.rows for one in manifest.tables},
    }
