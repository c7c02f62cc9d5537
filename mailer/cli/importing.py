"""`mailer import`: subscribers out of files, and what became of every row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress as Bar

from mailer.audience import importing
from mailer.audience.importing import FilePlan, Plan, Report
from mailer.cli.context import NewsletterSlug, mailer, parse_pair
from mailer.cli.output import AsJson, console, errors, say

_SHOWN_ROWS = 20  # of a dry run
_SHOWN = 10  # of the invalid rows; --report has them all


def import_file(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="CSV, TSV, .xlsx, JSON (also a line each) or .zip."),
    ],
    newsletter: NewsletterSlug,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="What a column means: Kontakt=address, Ort=field:city."),
    ] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="What people are where the file says nothing.")
    ] = None,
    statuses: Annotated[
        list[str] | None,
        typer.Option("--status", help="What a word of the file means: gold=confirmed."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="If letters look wrong: iso8859-7.")
    ] = None,
    add_fields: Annotated[
        bool, typer.Option("--add-fields", help="Define text fields for columns that are none yet.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write every row's verdict to this CSV file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    plan = importing.inspect(
        *files,
        mapping=dict(map(parse_pair, columns or [])),
        statuses=dict(map(parse_pair, statuses or [])),
        state=state,
        encoding=encoding,
    )
    if not as_json:
        _show_plan(plan)
    if add_fields and not dry_run:
        importing.add_fields(mailer().engine, plan, now=mailer().clock())
    run = importing.dry_run if dry_run else importing.run
    with Bar(console=errors, transient=True, disable=as_json or not console.is_terminal) as bar:
        line = bar.add_task("importing", total=None)
        result = run(
            mailer().engine,
            plan,
            newsletter,
            signer=mailer().signer,
            rules=mailer().address_rules,
            now=mailer().clock(),
            progress=lambda far: bar.update(line, completed=far.done, total=far.rows),
            verdicts=report,
        )
    data = {"files": [_mapping(file) for file in plan.files]} | _data(result, dry_run=dry_run)
    say(_words(result, dry_run=dry_run), data, as_json=as_json)


def _show_plan(plan: Plan) -> None:
    for file in plan.files:
        columns = ", ".join(f"{one.header or one.number} → {one.target}" for one in file.columns)
        say(f"{file.name}{f' ({file.system})' if file.system else ''}: {columns}")
        for problem in file.problems:
            say(f"  note: {problem}")
    for problem in plan.problems:
        say(f"note: {problem}")


def _mapping(file: FilePlan) -> dict[str, object]:
    return {
        "file": file.name,
        "system": file.system,
        "format": file.layout.format,
        "encoding": file.layout.decoding.name,
        "columns": [
            {
                "number": one.number,
                "header": one.header,
                "target": one.target,
                "because": one.because,
                "examples": one.examples,
            }
            for one in file.columns
        ],
        "notes": file.problems,
    }


def _words(result: Report, *, dry_run: bool) -> str:
    counts = ", ".join(f"{count:,} {verdict}" for verdict, count in result.counts.most_common())
    lines = [f"{'Would be: ' if dry_run else ''}{counts or 'no rows'}."]
    lines += [f"  invalid, {reason}: {count:,}" for reason, count in result.reasons.most_common(20)]
    lines += [
        f"  {row.file}, line {row.line}: {row.address or '(no address)'}: {row.reason}"
        for row in result.invalid_rows[:_SHOWN]
    ]
    lines += [
        f"  {row.file}, line {row.line}: {row.address}: {row.verdict}"
        f"{f' ({row.reason})' if row.reason else ''}"
        for row in result.first_rows[:_SHOWN_ROWS]
    ]
    if result.rows > len(result.first_rows[:_SHOWN_ROWS]) and dry_run:
        lines.append("  --report FILE writes the verdict of every row.")
    lines += [f"  note, {note}: {count:,}" for note, count in result.notes.most_common(20)]
    return "\n".join(lines)


def _data(result: Report, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "rows": result.rows,
        "counts": {str(verdict): count for verdict, count in result.counts.items()},
        "reasons": dict(result.reasons),
        "notes": dict(result.notes),
        "invalid_rows": [
            {"file": row.file, "line": row.line, "address": row.address, "reason": row.reason}
            for row in result.invalid_rows
        ],
    } | ({"first_rows": [row._asdict() for row in result.first_rows]} if dry_run else {})
