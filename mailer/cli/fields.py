"""`mailer field …`: custom fields, what their values are, who may change them."""

from __future__ import annotations

from typing import Annotated

import typer

from mailer.audience import field_uses, fields
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say, show
from mailer.database.engine import reading, transaction
from mailer.database.tables import CustomField
from mailer.field_kinds import EditableBy, FieldKind

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As in [[city]] and in rules.")]
Options = Annotated[
    list[str] | None, typer.Option("--option", help="One of a choice's options, in their order.")
]
Clear = Annotated[
    bool, typer.Option("--clear-unfit", help="Take away values that are not of the kind.")
]


@app.command()
def add(
    name: Name,
    kind: Annotated[FieldKind, typer.Option("--kind", help="What its values are.")] = (
        FieldKind.TEXT
    ),
    label: Annotated[str, typer.Option("--label", help="What people read: Town.")] = "",
    option: Options = None,
    editable_by: Annotated[
        EditableBy, typer.Option("--editable-by", help="reader: they themselves, too.")
    ] = EditableBy.STAFF,
    default: Annotated[
        str | None, typer.Option("--default", help="Where a person has no value.")
    ] = None,
    clear_unfit: Clear = False,
    as_json: AsJson = False,
) -> None:
    """Define a field; values that people have under its name are made to fit."""
    with transaction(mailer().engine) as session:
        made, changed = fields.add(
            session,
            name,
            kind,
            now=mailer().clock(),
            label=label,
            options=option or (),
            editable_by=editable_by,
            default=default,
            clear_unfit=clear_unfit,
        )
    _tell(made, changed, as_json=as_json)


@app.command("list")
def list_fields(as_json: AsJson = False) -> None:
    """All fields."""
    with reading(mailer().engine) as session:
        rows = [
            (
                one.name,
                one.label,
                one.kind.value,
                ", ".join(one.options),
                one.editable_by.value,
                one.default.get("value", ""),
            )
            for one in fields.every(session)
        ]
    columns = ["name", "label", "kind", "options", "editable by", "default"]
    show("", columns, rows, as_json=as_json)


@app.command("set")
def set_field(
    name: Name,
    kind: Annotated[
        FieldKind | None, typer.Option("--kind", help="What its values are from now on.")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="What people read.")] = None,
    option: Options = None,
    editable_by: Annotated[
        EditableBy | None, typer.Option("--editable-by", help="reader: they themselves, too.")
    ] = None,
    default: Annotated[
        str | None, typer.Option("--default", help='Where a person has no value; "": none.')
    ] = None,
    clear_unfit: Clear = False,
    as_json: AsJson = False,
) -> None:
    """Change a field; of a choice, give all the options that it has from now on."""
    with transaction(mailer().engine) as session:
        field, changed = fields.change(
            session,
            name,
            kind=kind,
            label=label,
            options=option,
            editable_by=editable_by,
            default=default,
            clear_unfit=clear_unfit,
        )
    _tell(field, changed, as_json=as_json)


@app.command()
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its name from now on.")],
    as_json: AsJson = False,
) -> None:
    """Call a field otherwise, with people's values, in rules and in forms."""
    with transaction(mailer().engine) as session:
        renamed = field_uses.rename(session, name, new).name
    say(f"{name} is called {renamed}.", {"name": renamed, "before": name}, as_json=as_json)


@app.command()
def remove(
    name: Name,
    with_values: Annotated[
        bool, typer.Option("--with-values", help="Take people's values away, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a field's definition; people keep their values, unless you say otherwise."""
    with transaction(mailer().engine) as session:
        changed = field_uses.remove(session, name, with_values=with_values)
    say(
        f"The field {name} is gone; {changed:,} values were taken away.",
        {"name": name, "values_removed": changed},
        as_json=as_json,
    )


def _tell(field: CustomField, changed: int, *, as_json: bool) -> None:
    say(
        f"{field.name}: {field.kind}, “{field.label}”, changed by {field.editable_by}; "
        f"{changed:,} values were made to fit.",
        {
            "name": field.name,
            "label": field.label,
            "kind": field.kind.value,
            "options": field.options,
            "editable_by": field.editable_by.value,
            "default": field.default.get("value"),
            "values_changed": changed,
        },
        as_json=as_json,
    )
